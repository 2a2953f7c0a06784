"""Podcasts that are made here are heard in any player; feeds from elsewhere are not followed."""

from sqlalchemy import text

from shared import ids
from tests.media import make
from tests.media.subsonic.player import Player
from tests.people import Person
from tests.stack import Stack


def test_without_podcasts_there_are_none(alice: Person) -> None:
    phone = Player(alice)

    assert phone.sees("getPodcasts") == {"channel": []}
    assert phone.sees("getNewestPodcasts") == {"episode": []}
    assert phone.sees("getInternetRadioStations") == {"internetRadioStation": []}
    assert phone.refused("getPodcasts", id=str(ids.new())) == 70
    phone.told("refreshPodcasts")


def test_an_episode_is_heard_in_a_player_and_by_no_stranger(stack: Stack, alice: Person, bob: Person) -> None:
    files = [make.uploaded(alice, make.wav(pitch_hz=400 + n), f"Episode {n}.wav")["id"] for n in range(2)]
    _become_episodes(stack, files)
    phone, theirs = Player(alice), Player(bob)

    [channel] = phone.sees("getPodcasts")["channel"]
    assert (channel["title"], channel["status"]) == ("Sound talk", "completed")
    assert [each["id"] for each in channel["episode"]] == files[::-1]
    assert [each["id"] for each in phone.sees("getPodcasts", id=channel["id"])["channel"]] == [channel["id"]]
    assert "episode" not in phone.sees("getPodcasts", includeEpisodes="false")["channel"][0]
    assert [each["id"] for each in phone.sees("getNewestPodcasts", count=1)["episode"]] == files[1:]
    episode = phone.sees("getPodcastEpisode", id=files[0])
    assert (episode["channelId"], episode["streamId"], episode["type"]) == (channel["id"], files[0], "podcast")
    phone.told("downloadPodcastEpisode", id=files[0])
    assert theirs.sees("getPodcasts") == {"channel": []}
    for method in ("getPodcastEpisode", "downloadPodcastEpisode", "getPodcasts"):
        assert theirs.refused(method, id=channel["id"] if method == "getPodcasts" else files[0]) == 70


def test_players_manage_neither_podcasts_nor_accounts(alice: Person) -> None:
    phone = Player(alice)
    for method in ("createPodcastChannel", "deletePodcastChannel", "deletePodcastEpisode", "createUser", "deleteUser"):
        assert phone.refused(method, id="1", url="http://169.254.169.254/", username=alice.email) == 50, method


def _become_episodes(stack: Stack, file_ids: list[str]) -> None:
    """As the service that makes podcasts will hand them over."""
    engine = stack.engine("media-worker")
    with engine.begin() as db:
        statement = "UPDATE audio_files SET kind = 'episode', album = 'Sound talk' WHERE id = ANY (:ids)"
        db.execute(text(statement), {"ids": [*map(ids.UUID, file_ids)]})
    engine.dispose()
