"""Listing files: newest first, page by page."""

from tests.media import make
from tests.people import Person


def upload_many(person: Person, count: int) -> list[str]:
    files = [("file", (f"{n}.wav", make.wav(0.1, pitch_hz=200 + n))) for n in range(count)]
    return [file["id"] for file in person.post("/files/upload", files=files).json()]


def test_the_list_is_newest_first_and_says_how_many(alice: Person) -> None:
    made = upload_many(alice, 5)

    answer = alice.get("/files")

    assert [file["id"] for file in answer.json()] == made[::-1]
    assert answer.headers["x-total-count"] == "5"
    assert "link" not in answer.headers


def test_pages_follow_one_another_by_their_links(alice: Person) -> None:
    made = upload_many(alice, 5)
    seen, path = [], "/files?limit=2"
    while path:
        answer = alice.get(path)
        seen += [file["id"] for file in answer.json()]
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert seen == made[::-1]


def test_a_client_may_skip(alice: Person) -> None:
    made = upload_many(alice, 4)

    for word in ("skip", "offset"):
        assert [file["id"] for file in alice.get(f"/files?limit=2&{word}=1").json()] == made[::-1][1:3]


def test_what_makes_no_sense_is_refused(alice: Person) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "skip=-1", "kind=secret", "offset=99999999999999999999"):
        assert alice.get(f"/files?{query}").status_code == 422
    assert alice.get("/files?cursor=nonsense").status_code == 400


def test_both_slash_forms_answer(alice: Person) -> None:
    assert alice.get("/files/").json() == alice.get("/files").json() == []
