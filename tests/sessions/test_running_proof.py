"""What is killed between the chunks of a running session loses nothing that was acknowledged."""

import os
import signal
import time

import pytest

from tests import people
from tests.media import make as sounds
from tests.media.test_chunks import pieces, seconds_of
from tests.people import Person
from tests.sessions.test_running import PATH, begun
from tests.stack import Stack

KILLED = ("sessions", "media", "store", "sessions-worker", "media-worker")
PATIENCE_SECONDS = 60


def sent_until_kept(person: Person, session_id: str, number: int, sound: bytes) -> None:
    """As an app sends a chunk: again, until somebody says that it is kept."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    params = {"duration_seconds": number + 1}
    while person.http.put(f"{PATH}/{session_id}/chunks/{number}", content=sound, params=params).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.3)


@pytest.mark.nightly
def test_nothing_that_was_acknowledged_is_lost_whatever_is_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    stack = Stack(tmp_path_factory.mktemp("killed"), RUNNING_IDLE_MINUTES="1").start()
    try:
        alice = people.sign_up(stack.url)
        cut = pieces(sounds.recorded(seconds=12), 6)
        finished, vanished = begun(alice, song_name="Finished"), begun(alice, song_name="Vanished")
        for number, piece in enumerate(cut[:5]):
            for each in (finished, vanished):
                sent_until_kept(alice, each, number, piece)
            os.kill(stack.processes()[KILLED[number]]["pid"], signal.SIGKILL)
        sent_until_kept(alice, finished, 5, cut[5])
        arrived = [alice.get(f"{PATH}/{each}").json()["chunks"] for each in (finished, vanished)]
        answer = sounds.until(lambda: alice.post(f"{PATH}/{finished}/finish"), lambda said: said.status_code == 201, seconds=60)
        sounds.until(lambda: alice.get(PATH).json(), lambda left: left == [], seconds=200)
        saved = {each["song_name"]: each for each in alice.get("/api/sessions").json()}

        assert arrived == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4]]
        assert answer.json()["id"] == saved["Finished"]["id"] == finished
        assert [saved[name]["recovered"] for name in ("Finished", "Vanished")] == [False, True]
        heard = [seconds_of(alice.get(sounds.local(alice, saved[name]["audio_url"])).content) for name in saved]
        assert sorted(round(each) for each in heard) == [10, 12]
    finally:
        stack.stop()
