"""Recordings that arrive while somebody practises, chunk by chunk."""

from io import BytesIO
from typing import Any
from uuid import UUID

import av
import pytest

from services.media.tasks import chunks
from services.media.tasks.queue import Work
from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack

CLUSTER = b"\x1f\x43\xb6\x75"  # of Matroska: a second of sound, as recorders cut it


def pieces(sound: bytes, count: int) -> list[bytes]:
    """A recording cut as `MediaRecorder` cuts it: the first piece has the header, the others are clusters alone."""
    head, *clusters = sound.split(CLUSTER)
    cut = [CLUSTER + each for each in clusters]
    share = -(-len(cut) // count)
    runs = [b"".join(cut[at : at + share]) for at in range(0, len(cut), share)]
    return [head + runs[0], *runs[1:]]


def sent(sessions: Any, session_id: UUID, number: int, piece: bytes) -> int:
    status: int = sessions.put(f"/internal/recordings/{session_id}/chunks/{number}", content=piece).status_code
    return status


def seconds_of(sound: bytes) -> float:
    """How long it sounds, decoded to its end."""
    with av.open(BytesIO(sound)) as opened:
        return sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))


def used_bytes(stack: Stack, person: Person) -> int:
    worker = stack.engine("media-worker")
    with worker.begin() as db:
        used = db.exec_driver_sql("SELECT used_bytes FROM storage_use WHERE user_id = %s", (person.id,)).scalar()
    worker.dispose()
    return used or 0


def test_chunks_in_any_order_become_the_recording_that_they_were_cut_from(stack: Stack, alice: Person) -> None:
    session_id, sound = ids.new(), make.recorded(seconds=6)
    cut = pieces(sound, 3)
    with make.as_service(stack, alice) as sessions:
        arrived = [sent(sessions, session_id, number, cut[number]) for number in (2, 0, 0, 1)]
        counted = used_bytes(stack, alice)
        joined = [sessions.post(f"/internal/recordings/{session_id}/join") for _ in range(2)]
        late = sessions.put(f"/internal/recordings/{session_id}/chunks/3", content=b"late")
    kept = joined[0].json()

    assert arrived == [204] * 4
    assert counted == len(sound) == used_bytes(stack, alice)
    assert (kept["duration"], kept["size_bytes"], kept["mime_type"]) == (6, len(sound), "audio/webm")
    assert joined[1].json() == kept
    assert (late.status_code, late.json()["code"]) == (409, "another_recording")
    place = stack.home / "store" / "harmony-helper-recordings" / str(alice.id) / f"{session_id}.webm"
    assert place.read_bytes() == sound
    levels = make.until(lambda: alice.get(f"/files/{kept['id']}/waveform"), lambda answer: answer.status_code == 200)
    played = alice.get(f"/files/{kept['id']}/stream").content  # the twin: it names its duration and finds every second
    with av.open(BytesIO(played)) as twin:
        assert twin.duration is not None and abs(twin.duration / av.time_base - 6) < 0.1
        twin.seek(int(5.8 * av.time_base))
        assert next(twin.decode(audio=0)).time > 4
    assert levels.json()["buckets"] > 0
    make.until(lambda: [each.name for each in make.objects(stack, alice) if "uploads" in str(each)], lambda left: left == [])


def test_a_recording_plays_without_a_chunk_that_never_came_and_with_a_recorder_begun_again(stack: Stack, alice: Person) -> None:
    gap, again, sound = ids.new(), ids.new(), make.recorded(seconds=6)
    cut = pieces(sound, 3)
    with make.as_service(stack, alice) as sessions:
        for number, piece in ((0, cut[0]), (2, cut[2])):
            sent(sessions, gap, number, piece)
        for number, piece in enumerate([*cut[:2], *cut]):  # the browser died, and a new recorder went on
            sent(sessions, again, number, piece)
        without, whole = (sessions.post(f"/internal/recordings/{each}/join").json() for each in (gap, again))

    assert (without["duration"], whole["duration"]) == (6, 10)
    assert abs(seconds_of(alice.get(f"/files/{without['id']}/stream").content) - 4) < 0.2
    make.until(lambda: alice.get(f"/files/{whole['id']}/waveform").status_code, lambda status: status == 200)
    played = alice.get(f"/files/{whole['id']}/stream").content
    with av.open(BytesIO(played)) as twin:
        assert twin.duration is not None and abs(twin.duration / av.time_base - 10) < 0.2
    assert abs(seconds_of(played) - 10) < 0.2


def test_chunks_that_make_no_audio_are_said_to_be_none_and_are_thrown_away(stack: Stack, alice: Person, work: Work) -> None:
    assert alice.id
    session_id = ids.new()
    path = f"/internal/recordings/{session_id}"
    with make.as_service(stack, alice) as sessions:
        nothing = sessions.post(f"{path}/join")
        sessions.put(f"{path}/chunks/1", content=pieces(make.recorded(), 3)[1])  # the one with the header never came
        replaced = sessions.put(f"{path}/chunks/1", content=b"words")
        refused = sessions.post(f"{path}/join")
        too_large = sessions.put(f"{path}/chunks/2", content=bytes(9 * 1024 * 1024))
        gone = [sessions.delete(f"{path}/chunks").status_code for _ in range(2)]
        make.until(lambda: make.objects(stack, alice), lambda found: not found)
        key = f"{chunks.folder(session_id, user_id=alice.id)}2-cut-off"  # put just before media was killed
        work.store.put("tutti", key, BytesIO(b"sound"), size_bytes=5, mime_type="application/octet-stream")
        sessions.delete(f"{path}/chunks")

    assert (nothing.status_code, replaced.status_code, refused.status_code, too_large.status_code) == (404, 204, 415, 413)
    assert gone == [204, 204]
    assert used_bytes(stack, alice) == 0
    make.until(lambda: make.objects(stack, alice), lambda found: not found)


def test_chunks_go_with_their_session_or_after_two_days_and_never_by_a_stranger(
    stack: Stack, alice: Person, bob: Person
) -> None:
    deleted, resting, fresh = ids.new(), ids.new(), ids.new()
    event: dict[str, Any] = {"event_id": str(ids.new()), "kind": "session.deleted"}
    event["facts"] = {"session_id": str(deleted), "user_id": str(alice.id)}
    with make.as_service(stack, alice) as sessions, make.as_service(stack, bob) as for_bob:
        for each in (deleted, resting, fresh):
            sent(sessions, each, 0, b"sound")
        strange = for_bob.post(f"/internal/recordings/{fresh}/join").status_code
        for_bob.delete(f"/internal/recordings/{fresh}/chunks")
        sessions.post("/internal/events", json=event)
    worker = stack.engine("media-worker")
    with worker.begin() as db:
        old = "UPDATE recording_chunks SET stored_at = now() - interval '49 hours' WHERE session_id = %s"
        db.exec_driver_sql(old, (resting,))
    chunks.sweep_chunks.run(type("Work", (), {"engine": worker})())
    worker.dispose()

    assert strange == 404
    left = make.until(lambda: make.objects(stack, alice), lambda found: len(found) == 1)
    assert left[0].parent.name == str(fresh)
    assert used_bytes(stack, alice) == len(b"sound")


def streamed(container: str, codec: str, mark: bytes, *, lead: int = 0, **options: str) -> list[bytes]:
    """Ten seconds as a recorder streams them, cut in three where it could be: `lead` bytes before a `mark`."""
    made = make.Live()
    with av.open(BytesIO(make.wav(10, rate_hz=48_000)), format="wav") as source:
        with av.open(made, "w", format=container, options=options) as target:
            stream = target.add_stream(codec, rate=48_000)
            stream.layout = "mono"
            for frame in source.decode(audio=0):
                frame.pts = None
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
    sound = made.getvalue()
    cuts = [sound.index(mark, len(sound) * third // 3) - lead for third in (1, 2)]
    return [sound[: cuts[0]], sound[cuts[0] : cuts[1]], sound[cuts[1] :]]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("container", "codec", "mark", "lead", "options", "mime_type"),
    [
        ("mp4", "aac", b"moof", 4, {"movflags": "frag_every_frame+empty_moov+default_base_moof"}, "audio/mp4"),  # Safari
        ("ogg", "libopus", b"OggS", 0, {"page_duration": "500000"}, "audio/ogg"),  # Firefox, before it had WebM
    ],
)
def test_what_other_browsers_record_in_chunks_plays_seeks_and_is_measured(
    alice: Person,
    stack: Stack,
    container: str,
    codec: str,
    mark: bytes,
    lead: int,
    options: dict[str, str],
    mime_type: str,
) -> None:
    session_id = ids.new()
    with make.as_service(stack, alice) as sessions:
        for number, piece in enumerate(streamed(container, codec, mark, lead=lead, **options)):
            assert sent(sessions, session_id, number, piece) == 204
        kept = sessions.post(f"/internal/recordings/{session_id}/join").json()
    levels = make.until(lambda: alice.get(f"/files/{kept['id']}/waveform"), lambda answer: answer.status_code == 200)
    played = alice.get(f"/files/{kept['id']}/stream")

    assert (kept["duration"], kept["mime_type"], played.headers["content-type"]) == (10, mime_type, mime_type)
    assert levels.json()["buckets"] > 100
    assert max(levels.json()["peaks"]) > 20
    assert abs(seconds_of(played.content) - 10) < 0.2
    with av.open(BytesIO(played.content)) as opened:
        opened.seek(8 * av.time_base)
        assert next(opened.decode(audio=0)).time > 6
