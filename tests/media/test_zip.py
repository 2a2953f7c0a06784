"""Albums and playlists as a ZIP."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.media.errors import TooManyZips
from services.media.playing.turns import Turns
from services.media.store import Store
from shared import ids
from tests.media import make
from tests.media.make import MINUET
from tests.people import Person
from tests.stack import Stack

TITLES = ("Ouvertüre", '../"CON" <evil>?', "Ouvertüre", "." * 300)


def shelve(stack: Stack, person: Person, files: list[dict[str, Any]], titles: tuple[str, ...]) -> UUID:
    """Files as an album, in the reverse order of their ids."""
    album = ids.new()
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql(
            "INSERT INTO albums (id, user_id, name, sort_name, artist, sort_artist, cover_file_id)"
            " VALUES (%s, %s, 'One / Two', 'one two', 'A', 'a', %s)",
            (album, person.id, files[0]["id"]),
        )
        for number, (file, title) in enumerate(zip(reversed(files), titles, strict=True), 1):
            change = "UPDATE audio_files SET album_id = %s, track_number = %s, title = %s WHERE id = %s"
            db.exec_driver_sql(change, (album, number, title[:255], file["id"]))
    return album


def test_an_album_comes_whole_in_order_and_under_names_that_are_safe(
    stack: Stack, alice: Person, bob: Person, tmp_path: Path
) -> None:
    sounds = [make.wav(0.1, pitch_hz=300 + n) for n in range(3)] + [MINUET.read_bytes()]
    files = [make.uploaded(alice, sound, f"{n}.wav") for n, sound in enumerate(sounds)]
    album = shelve(stack, alice, files, TITLES)

    answer = alice.get(f"/files/albums/{album}/zip")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"].startswith('attachment; filename="One _ Two.zip"')
    with zipfile.ZipFile(BytesIO(answer.content)) as opened:
        assert opened.namelist() == ["01 - Ouvertüre.flac", "02 - _CON_ _evil_.wav", "03 - Ouvertüre.wav", "04 - audio.wav"]
        assert [opened.read(each) for each in opened.namelist()] == sounds[::-1]
    assert bob.get(f"/files/albums/{album}/zip").status_code == 404
    assert bob.get(f"/files/albums/{album}/cover").status_code == 404

    lost = next(each for each in make.objects(stack, alice) if files[0]["id"] in each.name)
    Store(make.settings(stack, tmp_path)).delete("tutti", str(lost.relative_to(stack.home / "store" / "tutti")))
    with zipfile.ZipFile(BytesIO(alice.get(f"/files/albums/{album}/zip").content)) as opened:
        assert "lost.txt" in opened.namelist()
        assert len(opened.namelist()) == 4


def test_so_many_zips_at_once_and_no_more() -> None:
    zipping, alice, bob = Turns(of_one=2, of_all=3, too_many=TooManyZips), ids.new(), ids.new()

    with zipping.one(alice), zipping.one(alice):
        with pytest.raises(TooManyZips), zipping.one(alice):
            pass
        with zipping.one(bob), pytest.raises(TooManyZips), zipping.one(bob):
            pass

    with zipping.one(alice), zipping.one(alice):
        pass
