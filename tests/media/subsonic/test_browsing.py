"""Players browse: artists, albums, songs and lists of them, the same in JSON and in XML, as the specification has them."""

from typing import Any

import pytest
from sqlalchemy import insert

from services.media.models.catalogue import Found
from services.media.models.listening import Annotation
from shared import clock
from shared import db as database
from tests.media import make
from tests.media.subsonic.player import Player
from tests.media.test_catalogue import kept, track
from tests.people import Person
from tests.stack import Stack

ABBEY = {"album": "Abbey Road", "artist": "The Beatles", "album_artist": "The Beatles", "genre": "Rock", "year": 1969}
SOUNDS = {
    "bit_depth": 16,
    "sample_rate_hz": 44_100,
    "channels": 2,
    "bit_rate_kbps": 900,
    "loudness_lufs": -12.5,
    "true_peak_dbtp": -1.0,
    "bpm": 165.4,
    "isrc": "GBAYE0601690",
    "composer": "Lennon; McCartney",
}
LARGO = {"title": "Largo", "artist": "Dvořák", "album": "New World"}
SONGS = [
    {**ABBEY, **SOUNDS, "title": "Come Together", "track_number": 1, "disc_number": 1},
    {**ABBEY, "title": "Something", "track_number": 2, "disc_number": 1},
    {
        "lyrics": "Going home",
        "synced_lyrics": "[00:02.50]Going\n[00:03]home",
        "title": "Largo",
        "artist": "Dvořák",
        "album": "New World",
        "genre": "Classical",
        "year": 1893,
    },
    {"title": "Cheek to Cheek", "artist": "Ella Fitzgerald; Louis Armstrong", "album": "Ella and Louis", "genre": "Jazz"},
    {"filename": "untitled & <b>.mp3"},
]
SEVERAL = dict.fromkeys(key for song in SONGS for key in song if key != "filename")


@pytest.fixture
def phone(alice: Person) -> Player:
    """Of somebody new in each test: what she has is all that there is to find."""
    return Player(alice)


@pytest.fixture
def songs(stack: Stack, alice: Person) -> list[str]:
    """Alice's library: five songs, four albums."""
    engine = stack.engine("media-worker")
    assert alice.id
    made = kept(engine, alice.id, *(track(alice.id, **{**SEVERAL, **song}) for song in SONGS))
    engine.dispose()
    return [str(each) for each in made]


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in entries]


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [each.get("name") or each["title"] for each in entries]


def test_from_artists_to_songs(phone: Player, songs: list[str]) -> None:
    letters = phone.sees("getArtists")["index"]
    artists = {artist["name"]: artist for letter in letters for artist in letter["artist"]}
    beatles = phone.sees("getArtist", id=artists["The Beatles"]["id"])
    album = phone.sees("getAlbum", id=beatles["album"][0]["id"])
    song = phone.sees("getSong", id=songs[0])

    assert [letter["name"] for letter in letters] == ["B", "D", "E", "#"]
    assert "Louis Armstrong" not in artists and artists["The Beatles"]["albumCount"] == 1
    assert ids(album["song"]) == songs[:2] and album["songCount"] == 2 and album["duration"] == 2
    assert song["title"] == "Come Together" and song["albumId"] == album["id"] and song["coverArt"] == f"al-{album['id']}"
    assert song["replayGain"] == {"trackGain": -5.5, "trackPeak": 0.891251}
    assert song["isrc"] == ["GBAYE0601690"] and song["bpm"] == 165 and song["genres"] == [{"name": "Rock"}]
    assert [each["artist"]["name"] for each in song["contributors"]] == ["Lennon", "McCartney"]
    assert (song["samplingRate"], song["bitDepth"], song["channelCount"], song["bitRate"]) == (44_100, 16, 2, 900)


def test_from_folder_to_folder(phone: Player, songs: list[str]) -> None:
    [folder] = phone.sees("getMusicFolders")["musicFolder"]
    top = phone.sees("getMusicDirectory", id=folder["id"])
    indexed = [artist["id"] for letter in phone.told("getIndexes")["indexes"]["index"] for artist in letter["artist"]]
    artist = next(each for each in top["child"] if each["title"] == "The Beatles")
    [album] = phone.sees("getMusicDirectory", id=artist["id"])["child"]
    inside = phone.sees("getMusicDirectory", id=album["id"])

    assert sorted(indexed) == sorted(ids(top["child"]))
    assert album["isDir"] and album["title"] == "Abbey Road" and album["parent"] == artist["id"]
    assert ids(inside["child"]) == songs[:2] and inside["parent"] == artist["id"]
    assert inside["child"][0]["path"] == "The Beatles/Abbey Road/01 - Come Together"
    assert phone.refused("getMusicDirectory", id="7") == 70


def test_albums_are_listed_in_every_order(stack: Stack, alice: Person, phone: Player, songs: list[str]) -> None:
    found = {song["title"]: song["albumId"] for song in (phone.told("getSong", id=each)["song"] for each in songs)}
    abbey, largo, ella = found["Something"], found["Largo"], found["Cheek to Cheek"]
    listen(stack, alice, (abbey, 3, 5), (ella, 9, 2))

    def listed(kind: str, **asked: Any) -> list[str]:
        return ids(phone.told("getAlbumList2", type=kind, **asked)["albumList2"]["album"])

    by_name = listed("alphabeticalByName")
    assert set(by_name) == set(found.values()) == set(listed("random")) == set(listed("newest"))
    assert listed("alphabeticalByName", size=2, offset=1) == by_name[1:3] and listed("newest", size=0) == []
    assert (
        listed("newest", offset=2**63 - 1) == [] == phone.told("search3", query="", songOffset=2**62)["searchResult3"]["song"]
    )
    assert listed("alphabeticalByArtist") == [found["untitled & <b>"], abbey, largo, ella]  # brackets, B, D, E
    assert listed("frequent") == [ella, abbey] and listed("highest") == [abbey, ella]
    assert listed("recent") == listed("starred") == [ella, abbey]
    assert listed("byYear", fromYear=1800, toYear=2000) == [largo, abbey] == listed("byYear", fromYear=2000, toYear=1800)[::-1]
    assert listed("byGenre", genre="rOCK") == [abbey]
    assert phone.sees("getAlbumList", type="starred")["album"][0]["userRating"] == 2
    assert phone.refused("getAlbumList2", type="best") == 0 and phone.refused("getAlbumList2") == 10
    assert phone.refused("getAlbumList2", type="byYear") == 10


def test_songs_are_listed_by_chance_by_genre_by_star_and_by_likeness(
    stack: Stack, alice: Person, phone: Player, songs: list[str]
) -> None:
    listen(stack, alice, (songs[1], 4, 4), target=Found.TRACK)
    beatles = phone.told("getSong", id=songs[0])["song"]["artistId"]

    assert set(ids(phone.sees("getRandomSongs", size=0).get("song", []))) == set()
    assert set(ids(phone.told("getRandomSongs")["randomSongs"]["song"])) == set(songs)
    asked = {"genre": "rock", "fromYear": 1960, "toYear": 1970}
    assert set(ids(phone.told("getRandomSongs", **asked)["randomSongs"]["song"])) == set(songs[:2])
    assert ids(phone.sees("getSongsByGenre", genre="Rock", count=1, offset=1)["song"]) == songs[1:2]
    assert ids(phone.sees("getTopSongs", artist="the beatles")["song"]) == [songs[1], songs[0]]
    assert ids(phone.sees("getSimilarSongs", id=songs[0])["song"]) == [songs[1]]
    assert len(phone.told("getSimilarSongs2", id=beatles, count=5)["similarSongs2"]["song"]) == 2
    assert ids(phone.sees("getStarred2")["song"]) == songs[1:2] == ids(phone.sees("getStarred")["song"])
    assert {each["value"] for each in phone.sees("getGenres")["genre"]} == {"Rock", "Classical", "Jazz"}
    assert phone.sees("getScanStatus") == {"scanning": False, "count": 5}
    assert phone.sees("getArtistInfo2", id=beatles) == phone.sees("getArtistInfo", id=songs[0])
    assert phone.sees("getAlbumInfo2", id=songs[0])["notes"] == ""


def test_words_find_artists_albums_and_songs(phone: Player, songs: list[str]) -> None:
    found = phone.sees("search3", query="bea")
    everything = [phone.sees("search3", query=text) for text in ("", '""')]
    second = phone.told("search3", query="", songCount=2, songOffset=2, albumCount=0, artistCount=0)["searchResult3"]

    assert names(found["artist"]) == ["The Beatles"] and names(found["album"]) == ["Abbey Road"]
    assert set(ids(found["song"])) == set(songs[:2])
    assert set(ids(everything[0]["song"])) == set(songs) and everything[0] == everything[1]
    assert ids(second["song"]) == ids(everything[0]["song"])[2:4] and second["album"] == second["artist"] == []
    assert ids(phone.sees("search2", query="LARGO dvorak")["song"]) == songs[2:3]
    assert phone.refused("search3") == 10 and phone.refused("search3", query="x", songCount="many") == 0


def test_lyrics_are_shown_line_by_line(phone: Player, songs: list[str]) -> None:
    synced, plain = phone.sees("getLyricsBySongId", id=songs[2])["structuredLyrics"]

    assert synced["line"] == [{"start": 2500, "value": "Going"}, {"start": 3000, "value": "home"}] and synced["synced"]
    assert plain["line"] == [{"value": "Going home"}] and plain["displayArtist"] == "Dvořák" and not plain["synced"]
    assert phone.sees("getLyrics", artist="dvorak", title="LARGO")["value"] == "Going home"
    assert phone.sees("getLyrics", artist="Nobody", title="Largo")["value"] == ""
    assert phone.sees("getLyricsBySongId", id=songs[0])["structuredLyrics"] == []
    assert phone.refused("getLyricsBySongId", id="none") == 70


def test_an_empty_library_is_lists_of_nothing(phone: Player) -> None:
    for method, asked in (
        ("getArtists", {}),
        ("getGenres", {}),
        ("getAlbumList2", {"type": "newest"}),
        ("getAlbumList", {"type": "random"}),
        ("getRandomSongs", {}),
        ("getStarred2", {}),
        ("getTopSongs", {"artist": "Nobody"}),
        ("getSongsByGenre", {"genre": "none"}),
        ("getSimilarSongs2", {"id": "1"}),
    ):
        lists = [value for value in phone.sees(method, **asked).values() if not isinstance(value, str)]
        assert lists and all(value == [] for value in lists), method


def test_a_stranger_cannot_browse(bob: Person, phone: Player, songs: list[str]) -> None:
    theirs = Player(bob)
    song = phone.told("getSong", id=songs[0])["song"]

    assert theirs.refused("getSong", id=songs[0]) == 70
    assert theirs.refused("getAlbum", id=song["albumId"]) == theirs.refused("getArtist", id=song["artistId"]) == 70
    assert theirs.refused("stream", id=songs[0]) == theirs.refused("download", id=songs[0]) == 70
    assert theirs.told("getSimilarSongs", id=songs[0])["similarSongs"]["song"] == []
    assert theirs.refused("getAlbum", id="not an id") == 70 and theirs.refused("getAlbum") == 10
    assert theirs.get("getCoverArt", id=songs[0]).headers["content-type"] == "image/png"


def test_a_song_plays_whole_in_part_and_is_kept(alice: Person, phone: Player) -> None:
    file = make.uploaded(alice)
    whole = phone.get("stream", id=file["id"], format="raw")
    part = phone.get("stream.view", id=file["id"], range="bytes=10-19")
    cover = phone.get("getCoverArt", id=f"tr-{file['id']}", size=300)

    assert whole.content == make.MINUET.read_bytes() and whole.headers["content-type"] == "audio/flac"
    assert part.status_code == 206 and part.content == whole.content[10:20]
    assert phone.get("stream", id=file["id"], range="bytes=99999999-").status_code == 416
    for answer in (whole, part, cover, phone.get("getAvatar")):  # players on pages of any site
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["access-control-allow-origin"] == "*"
    assert "minuet.flac" in phone.get("download", id=file["id"]).headers["content-disposition"]
    assert cover.headers["content-type"] == "image/jpeg" and len(cover.content) > 100
    listed = phone.told("createPlaylist", name="Minuets", songId=file["id"])["playlist"]
    song = phone.told("getSong", id=file["id"])["song"]
    for covered in (listed["coverArt"], song["albumId"], f"ar-{song['artistId']}", file["id"]):
        assert phone.get("getCoverArt", id=covered).content == phone.get("getCoverArt", id=file["id"]).content, covered
    assert phone.get("stream", id=file["id"], format="mp3", timeOffset=1, maxBitRate=64).headers["content-type"] == "audio/mpeg"
    assert phone.told("getSong", id=file["id"])["song"]["playCount"] == 0
    assert phone.get("stream", id="none").headers["content-type"].startswith("text/xml")
    assert phone.refused("getCoverArt") == 10 and phone.refused("getCoverArt", id=file["id"], size="big") == 0


def test_a_list_ends_however_far_one_skips(phone: Player, songs: list[str]) -> None:
    far = 2**31

    assert phone.sees("getAlbumList2", type="newest", offset=far) == {"album": []}
    assert phone.sees("getSongsByGenre", genre="Rock", offset=far) == {"song": []}
    skipped = dict.fromkeys(("artistOffset", "albumOffset", "songOffset"), far)
    assert phone.sees("search3", query="", **skipped) == {"artist": [], "album": [], "song": []}


def listen(stack: Stack, person: Person, *heard: tuple[str, int, int], target: Found = Found.ALBUM) -> None:
    """Stars, play counts and ratings, the later ones newer."""
    engine = stack.engine("media-worker")
    fields = ("target_id", "play_count", "rating")
    with database.transaction(engine, user_id=person.id) as db:
        for each in heard:
            now = clock.now()
            made = dict(zip(fields, each, strict=True)) | {"user_id": person.id, "target": target.value}
            db.execute(insert(Annotation).values(**made, starred_at=now, rated_at=now, played_at=now))
    engine.dispose()
