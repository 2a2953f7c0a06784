"""Sessions that go on: sent chunk by chunk, so that what crashes loses half a minute at most."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import httpx2
from sqlalchemy import text

from services.sessions import peers
from services.sessions.settings import Settings
from services.sessions.tasks import recovering
from tests.media import make as sounds
from tests.media.test_chunks import pieces, seconds_of
from tests.people import Person
from tests.sessions import make
from tests.stack import Stack

PATH = "/api/sessions/running"
BEGUN = {"song_name": "Minuet in G", "instrument": "Piano", "tempo_bpm": 90, "notes": "slowly", "xml_content": make.MINUET}


def begun(person: Person, **changes: Any) -> str:
    answer = person.post(PATH, BEGUN | changes)
    assert answer.status_code == 201, answer.text
    session_id: str = answer.json()["id"]
    return session_id


def sent(person: Person, session_id: str, number: int, sound: bytes = b"", **lengths: Any) -> httpx2.Response:
    """A chunk; unless said otherwise, of a session that has half a minute in each."""
    lengths = {"duration_seconds": 30 * (number + 1)} | lengths
    return person.http.put(f"{PATH}/{session_id}/chunks/{number}", content=sound, params=lengths)


def recovered(stack: Stack, *, data_dir: Path | None = None) -> None:
    """What the worker does every minute, as if the stack's idle time were over for whatever is old enough."""
    worker = stack.engine("sessions-worker")
    settings = Settings(
        _secrets_dir=stack.home / "secrets" / "sessions-worker",
        service_name="sessions",
        data_dir=data_dir or stack.home / "data" / "sessions",
        run_dir=stack.home,
        peer_urls={name: stack.service_url(name) for name in ("auth", "media")},
    )
    media = peers.media(settings)
    recovering.recover_sessions.run(SimpleNamespace(engine=worker, settings=settings, media=media))
    media.close()
    worker.dispose()


def left_alone(stack: Stack, session_id: str, *, for_: timedelta = timedelta(minutes=11)) -> None:
    """Whoever sent this session was last heard of so long ago."""
    engine = stack.engine("sessions-worker")
    with engine.begin() as db:
        for statement in (
            "UPDATE sessions SET created_at = created_at - :ago WHERE id = :id",
            "UPDATE chunks SET received_at = received_at - :ago WHERE session_id = :id",
        ):
            db.execute(text(statement), {"ago": for_, "id": session_id})
    engine.dispose()


def test_a_session_is_begun_sent_in_chunks_and_finished_once(stack: Stack, alice: Person) -> None:
    sound = sounds.recorded(seconds=6)
    cut = pieces(sound, 3)
    session_id = begun(alice)
    answers = [sent(alice, session_id, number, cut[number]) for number in (0, 2, 1, 1)]
    paused = sent(alice, session_id, 3, total_practice_seconds=200.6, duration_seconds=125.4)
    running = alice.get(f"{PATH}/{session_id}").json()
    unseen = alice.get(make.PATH).json(), alice.get("/api/stats").json()["total_minutes"]
    told = {"notes": "went well", "sections": [{"first_measure": 1, "last_measure": 4, "seconds": 60}]}
    finished = [alice.post(f"{PATH}/{session_id}/finish", told) for _ in range(2)]
    saved = finished[0].json()

    assert finished[0].status_code == 201, finished[0].text
    assert [each.status_code for each in (*answers, paused, *finished)] == [200] * 5 + [201] * 2
    assert paused.json() == {"number": 3, "duration_seconds": 125, "total_practice_seconds": 201, "size_bytes": 0}
    assert (running["state"], running["chunks"], running["chunk_seconds"]) == ("running", [0, 1, 2, 3], 30)
    assert (running["duration_seconds"], running["size_bytes"]) == (125, len(sound))
    assert unseen == ([], 0)
    assert (saved["id"], saved["song_name"], saved["tempo_bpm"], saved["notes"]) == (session_id, "Minuet in G", 90, "went well")
    assert (saved["duration_seconds"], saved["total_practice_seconds"], saved["recovered"]) == (125, 201, False)
    assert (saved["sections"][0]["last_measure"], saved["streak"], saved["xml_content"]) == (4, 1, make.MINUET)
    assert finished[1].json() | {"audio_url": ""} == saved | {"audio_url": ""}
    assert [each["id"] for each in alice.get(make.PATH).json()] == [session_id]
    assert alice.get(PATH).json() == []
    assert sent(alice, session_id, 4, b"late").json()["code"] == "session_finished"
    place = stack.home / "store" / "harmony-helper-recordings" / str(alice.id) / f"{session_id}.webm"
    assert place.read_bytes() == sound
    assert abs(seconds_of(alice.get(sounds.local(alice, saved["audio_url"])).content) - 6) < 0.2


def test_whoever_vanishes_after_three_chunks_has_their_session_with_the_sound_of_three(stack: Stack, alice: Person) -> None:
    sound = sounds.recorded(seconds=8)
    cut = pieces(sound, 4)
    vanished, silent, empty, hurried = (begun(alice, song_name=name) for name in ("Vanished", "Silent", "Empty", "Hurried"))
    for number in range(3):
        assert sent(alice, vanished, number, cut[number]).status_code == 200
    sent(alice, silent, 0, cut[1])  # the one with the header never came: no player makes sound of it
    sent(alice, hurried, 0, cut[0])
    for each in (vanished, silent, empty):
        left_alone(stack, each)
    recovered(stack)
    recovered(stack)
    saved = {each["song_name"]: each for each in alice.get(make.PATH).json()}
    whole = saved["Vanished"]

    assert saved.keys() == {"Vanished", "Silent"}
    assert [each["recovered"] for each in saved.values()] == [True, True]
    assert (whole["id"], whole["duration_seconds"], saved["Silent"]["duration_seconds"]) == (vanished, 90, 30)
    assert (saved["Silent"]["audio_url"], [each["id"] for each in alice.get(PATH).json()]) == (None, [hurried])
    detail = alice.get(f"{make.PATH}/{vanished}").json()
    levels = f"/files/{detail['recording_id']}/waveform"
    assert sounds.until(lambda: alice.get(levels).status_code, lambda status: status == 200)
    played = alice.get(sounds.local(alice, whole["audio_url"])).content
    assert abs(seconds_of(played) - 6) < 0.2
    with av.open(BytesIO(played)) as opened:
        assert opened.duration is not None and abs(opened.duration / av.time_base - 6) < 0.2
        opened.seek(int(5.8 * av.time_base))
        assert next(opened.decode(audio=0)).time > 4


def test_a_finish_that_was_cut_off_is_taken_up_by_the_next_or_by_the_sweep(stack: Stack, alice: Person) -> None:
    cut = pieces(sounds.recorded(seconds=2), 2)
    mine, ours = begun(alice, song_name="Mine"), begun(alice, song_name="Ours")
    for each in (mine, ours):
        for number in range(2):
            sent(alice, each, number, cut[number])
        with stack.engine("sessions-worker").begin() as db:  # as a process leaves it that was killed in between
            db.execute(text("UPDATE sessions SET state = 'saving', duration_seconds = 77 WHERE id = :id"), {"id": each})
        left_alone(stack, each, for_=timedelta(minutes=21))

    listed = {each["song_name"]: each["state"] for each in alice.get(PATH).json()}
    again = alice.post(f"{PATH}/{mine}/finish", {})
    recovered(stack)

    assert listed == {"Mine": "saving", "Ours": "saving"}
    assert (again.status_code, again.json()["id"], again.json()["duration_seconds"]) == (201, mine, 77)
    assert {each["song_name"]: each["recovered"] for each in alice.get(make.PATH).json()} == {"Mine": False, "Ours": False}
    assert all(each["audio_url"] for each in alice.get(make.PATH).json())


def test_bad_chunks_are_refused_and_what_was_kept_stays(stack: Stack, alice: Person) -> None:
    cut, session_id = pieces(sounds.recorded(seconds=3), 3), begun(alice)
    sent(alice, session_id, 1, cut[1])
    other, large = sent(alice, session_id, 1, cut[2]), sent(alice, session_id, 0, bytes(9 * 1024 * 1024))
    numbers = [sent(alice, session_id, number, b"x", duration_seconds=1).status_code for number in (-1, 2_880)]
    lengths = [sent(alice, session_id, 0, b"x", duration_seconds=each).status_code for each in ("-1", "nan", "1e9", "")]
    unfinished = alice.post(f"{PATH}/{session_id}/finish", {})  # its first chunk never came
    apart = alice.post(f"{PATH}/{session_id}/finish", {"audioBase64": make.encoded(b"sound")})
    wrong = alice.post(f"{PATH}/{session_id}/finish", {"duration_seconds": -1})
    sent(alice, session_id, 0, cut[0])
    finished = alice.post(f"{PATH}/{session_id}/finish")
    unknown = alice.post(PATH, BEGUN | {"colour": "blue"})

    assert (other.status_code, other.json()["code"]) == (409, "chunk_taken")
    assert (large.status_code, large.json()["code"]) == (413, "chunk_too_large")
    assert (numbers, lengths) == ([422] * 2, [422] * 4)
    assert unfinished.status_code == 415
    assert (apart.status_code, wrong.status_code, unknown.status_code) == (422, 422, 422)
    assert (finished.status_code, finished.json()["duration_seconds"]) == (201, 60)
    assert seconds_of(alice.get(sounds.local(alice, finished.json()["audio_url"])).content) > 1.5


def test_chunks_that_come_too_late_are_told_so_however_many_come_at_once(alice: Person) -> None:
    session_id = begun(alice)
    sent(alice, session_id, 0)
    alice.post(f"{PATH}/{session_id}/finish")

    with ThreadPoolExecutor(40) as recorders:
        late = list(recorders.map(lambda number: sent(alice, session_id, number, bytes(500_000)), range(1, 81)))

    assert [(each.status_code, each.json()["code"]) for each in late] == [(409, "session_finished")] * 80


def test_a_running_session_is_thrown_away_with_its_bytes(stack: Stack, alice: Person) -> None:
    key = {"Idempotency-Key": "one"}
    begun_twice = [alice.post(PATH, BEGUN, headers=key).json()["id"] for _ in range(2)]
    session_id = begun_twice[0]
    sent(alice, session_id, 0, b"sound")
    gone = [alice.delete(f"{PATH}/{session_id}").status_code for _ in range(2)]

    assert begun_twice[0] == begun_twice[1]
    assert gone == [204, 404]
    assert {alice.get(f"{each}/{session_id}").status_code for each in (PATH, make.PATH)} == {404}
    assert sent(alice, session_id, 1, b"sound").status_code == 404
    sounds.until(lambda: sounds.objects(stack, alice), lambda found: not found)


def test_a_stranger_cannot_reach_a_running_session(alice: Person, bob: Person, nobody: Person) -> None:
    session_id = begun(alice)
    sent(alice, session_id, 0)
    acts = [
        lambda who: who.get(f"{PATH}/{session_id}"),
        lambda who: sent(who, session_id, 1, b"x"),
        lambda who: who.post(f"{PATH}/{session_id}/finish"),
        lambda who: who.delete(f"{PATH}/{session_id}"),
    ]

    assert [act(bob).status_code for act in acts] == [404] * 4
    assert [act(nobody).status_code for act in acts] == [401] * 4
    assert bob.get(PATH).json() == []
    assert alice.get(f"{PATH}/{session_id}").json()["chunks"] == [0]
    while alice.post(PATH, BEGUN).status_code == 201:
        pass
    assert (len(alice.get(PATH).json()), alice.post(PATH, BEGUN).json()["code"]) == (16, "too_many_running_sessions")
