"""The life of a player: an independent client library (py-opensonic) does what phones do, through the gateway."""

import asyncio
from urllib.parse import urlsplit

import pytest
from libopensonic import AsyncConnection, errors

from tests.media import make
from tests.media.make import MINUET
from tests.media.subsonic.player import Player
from tests.people import Person
from tests.stack import Stack

BYTES = MINUET.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def music(ada: Person) -> None:
    """One piece of it."""
    make.uploaded(ada)


def test_a_published_client_lives_here_with_an_api_key(stack: Stack, ada: Person) -> None:
    asyncio.run(_live(stack, {"api_key": Player(ada).key}, by_get=True))


def test_a_published_client_lives_here_with_an_app_password(stack: Stack, ada: Person) -> None:
    """As token and salt, and by form."""
    asyncio.run(_live(stack, {"username": ada.email, "password": Player(ada).password}, by_get=False))


async def _live(stack: Stack, shown: dict[str, str], *, by_get: bool) -> None:
    address = urlsplit(stack.url)
    client = AsyncConnection(f"http://{address.hostname}", port=address.port, use_get=by_get, app_name="Car", **shown)
    try:
        for part in (
            _looks_around,
            _searches,
            _says_what_it_likes,
            _makes_a_playlist,
            _plays,
            _goes_on_elsewhere,
            _meets_errors,
        ):
            await part(client)
    finally:
        await client.cleanup()


async def _looks_around(client: AsyncConnection) -> None:
    assert await client.ping()
    assert (await client.get_license())["license"]["valid"]
    assert {each.name for each in await client.get_open_subsonic_extensions()} >= {"formPost", "apiKeyAuthentication"}
    [album] = await client.get_album_list2("newest")
    assert (album.name, album.song_count) == ("First Rehearsal", 1)
    [song] = (await client.get_album(album.id)).song
    assert (song.title, song.artist, song.duration) == ("Minuet in G", "The Tutti Ensemble", 21)
    [index] = (await client.get_artists()).index
    [artist] = index.artist
    assert [each.id for each in (await client.get_artist(artist.id)).album] == [album.id]
    assert [each.song_count for each in await client.get_genres()] in ([], [1])
    assert [each.id for each in await client.get_random_songs()] == [song.id]


async def _searches(client: AsyncConnection) -> None:
    found = await client.search3("minue")
    assert [song.title for song in found.song] == ["Minuet in G"]
    everything = await client.search3("")
    assert [len(each) for each in (everything.artist, everything.album, everything.song)] == [1, 1, 1]


async def _says_what_it_likes(client: AsyncConnection) -> None:
    song = await _song(client)
    before = song.play_count or 0

    await client.star(sids=[song.id], album_ids=[song.album_id], artist_ids=[song.artist_id])
    await client.set_rating(song.id, 4)
    await client.scrobble(song.id, submission=False)
    [playing] = [each for each in await client.get_now_playing() if each.player_name == "Car"]
    assert playing.id == song.id
    listened_at = 1_700_000_000 + before * 60
    for _ in range(2):  # the answer to the first was lost
        await client.scrobble(song.id, listen_time=listened_at)

    starred = await client.get_starred2()
    assert [len(each) for each in (starred.artist, starred.album, starred.song)] == [1, 1, 1]
    song = await _song(client)
    assert (song.user_rating, song.play_count) == (4, before + 1)
    await client.unstar(sids=[song.id], album_ids=[song.album_id], artist_ids=[song.artist_id])
    assert not (await client.get_starred2()).song


async def _makes_a_playlist(client: AsyncConnection) -> None:
    song = await _song(client)
    assert await client.create_playlist(name="On the road", song_ids=[song.id, song.id])
    [made] = [each for each in await client.get_playlists() if each.name == "On the road"]
    await client.update_playlist(made.id, name="On & on", song_ids_to_add=[song.id], song_indices_to_remove=[0])

    found = await client.get_playlist(made.id)
    assert (found.name, [each.id for each in found.entry]) == ("On & on", [song.id, song.id])
    assert made.id in [each.id for each in await client.get_playlists()]
    await client.delete_playlist(made.id)
    assert made.id not in [each.id for each in await client.get_playlists()]


async def _plays(client: AsyncConnection) -> None:
    song = await _song(client)
    whole = await (await client.stream(song.id)).read()
    assert whole == BYTES
    sought = await client.stream(song.id, tformat="raw", byte_range="bytes=1000-1999")
    assert (sought.status, await sought.read()) == (206, BYTES[1000:2000])
    assert await (await client.download(song.id)).read() == BYTES
    cover = await client.get_cover_art(song.cover_art)
    assert cover.content_type == "image/jpeg" and (await cover.read())[:3] == b"\xff\xd8\xff"
    assert (await _song(client)).play_count == song.play_count, "a stream is no play"


async def _goes_on_elsewhere(client: AsyncConnection) -> None:
    song = await _song(client)
    await client.save_play_queue([song.id], current=song.id, position=9_000)
    queue = await client.get_play_queue()
    assert (queue.current, queue.position, queue.changed_by) == (song.id, 9_000, "Car")
    await client.create_bookmark(song.id, 4_000, "the trio")
    [mark] = await client.get_bookmarks()
    assert (mark.position, mark.entry.id) == (4_000, song.id)
    await client.delete_bookmark(song.id)
    assert await client.get_podcasts() == []


async def _meets_errors(client: AsyncConnection) -> None:
    with pytest.raises(errors.DataNotFoundError):
        await client.get_song("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.DataNotFoundError):
        await client.stream("nothing")
    with pytest.raises(errors.AuthError):
        await client.create_user("eve", "secret", "eve@example.com")


async def _song(client: AsyncConnection):  # type: ignore[no-untyped-def]
    [song] = await client.get_random_songs()
    return song
