"""Search: by the beginnings of words, whatever their case and accents."""

from typing import Any

from services.media.library import catalogue, search
from services.media.models.catalogue import Found
from services.media.schemas.search import FoundOut, SuggestionOut
from shared import db as database
from shared import ids
from tests.media import make
from tests.people import Person
from tests.stack import Stack

LIBRARY = (
    # title, artist, album
    ("Help!", "The Beatles", "Help!"),
    ("Help Me Rhonda", "The Beach Boys", "Today!"),
    ("Let It Be", "The Beatles", "Past Masters"),
    ("Humoresque", "Antonín Dvořák", "Sokol"),
    ("Sabre Dance", "Helper", "Gayane"),
    ("Straße", "Ørsted", "Øl"),
)


def fill(stack: Stack, person: Person) -> None:
    """A library of these, as if they had been uploaded; the catalogue places them by itself."""
    rows = [(ids.new(), person.id, "a.wav", *each) for each in LIBRARY]
    with stack.engine("media-worker").begin() as db:
        for row in rows:
            db.exec_driver_sql(
                "INSERT INTO audio_files (id, user_id, filename, title, artist, album, duration, file_size, mime_type, kind,"
                " state, bucket, object_key, sha256) VALUES (%s, %s, %s, %s, %s, %s, 1, 1, 'audio/wav', 'upload', 'ready',"
                " 'none', 'none/a.wav', repeat('0', 64))",
                row,
            )
    engine = stack.engine("media-worker")
    with database.transaction(engine, user_id=person.id) as db:
        catalogue.place(db, [row[0] for row in rows], user_id=person.id)
    engine.dispose()


def titles(person: Person, words: str, **asked: Any) -> list[str]:
    answer = person.get("/search/tracks", params={"q": words, **asked})
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()]


def test_a_search_finds_what_is_meant_and_the_best_first(stack: Stack, alice: Person, bob: Person) -> None:
    fill(stack, alice)

    assert titles(alice, "help") == ["Help!", "Help Me Rhonda", "Sabre Dance"]  # the whole title, its beginning, an artist
    assert titles(alice, "HELP rh") == ["Help Me Rhonda"]  # every word, each as a beginning
    assert titles(alice, "dvorak") == titles(alice, "DVOŘÁK hum") == ["Humoresque"]
    assert titles(alice, "strasse orsted") == titles(alice, "straße") == ["Straße"]
    assert titles(alice, "elp") == titles(alice, "!!!") == titles(alice, "help zebra") == []
    assert sorted(titles(alice, "beatles")) == ["Help!", "Let It Be"]
    everything = titles(alice, "")
    assert everything == titles(alice, '""') == sorted(everything)
    assert len(everything) == len(LIBRARY)
    paged = [titles(alice, "h", limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [title for page in paged for title in page] == titles(alice, "h")
    assert [len(each) for each in paged] == [2, 2, 0]
    found = alice.get("/search?q=be").json()
    assert FoundOut.model_validate(found)
    assert sorted(each["name"] for each in found["artists"]) == ["The Beach Boys", "The Beatles"]
    assert [each["name"] for each in alice.get("/search?q=past").json()["albums"]] == ["Past Masters"]
    suggested = [SuggestionOut.model_validate(each) for each in alice.get("/search/suggest?q=hel").json()]
    assert [(each.kind, each.text) for each in suggested][:3] == [
        (Found.ARTIST, "Helper"),
        (Found.ALBUM, "Help!"),
        (Found.TRACK, "Help!"),
    ]
    assert alice.get("/search/suggest").json() == []
    # Nothing of it is Bob's.
    assert titles(bob, "help") == titles(bob, "") == []
    assert bob.get("/search?q=help").json() == {"tracks": [], "albums": [], "artists": []}
    assert bob.get("/search/suggest?q=hel").json() == []


def test_a_stranger_cannot_find_what_alice_uploads_and_she_can(alice: Person, bob: Person, nobody: Person) -> None:
    track = make.uploaded(alice, make.wav(0.1), "Träumerei.wav")

    assert [each["id"] for each in alice.get("/search/tracks?q=traum").json()] == [track["id"]]
    assert bob.get("/search/tracks?q=traum").json() == []
    assert nobody.get("/search?q=traum").status_code == 401
    assert alice.get("/search/tracks", params={"q": "x" * 256}).status_code == 422

    alice.delete(f"/files/{track['id']}")
    assert alice.get("/search/tracks?q=traum").json() == []


def test_strange_words_break_nothing(stack: Stack, alice: Person) -> None:
    fill(stack, alice)

    for words in ("%", "_", "a' OR 1=1 --", "\\", "\U00020000", "*", "help & me", "🎵", " ".join("abcdefghijklmnop")):
        assert alice.get("/search", params={"q": words}).status_code == 200, words


def test_a_page_of_a_common_word_reads_no_more_than_a_page(stack: Stack, alice: Person) -> None:
    """Of 20,000 words that begin so, a few hundred rows are touched: the plan stops early."""
    with stack.engine("media-worker").begin() as db:
        db.exec_driver_sql(
            "INSERT INTO search_words (user_id, found, place, word, target_id) "
            "SELECT %s, 'track', 1 + n %% 3, 'common' || n, gen_random_uuid() FROM generate_series(1, 20000) AS n",
            (alice.id,),
        )
    engine = stack.engine("media")

    with database.transaction(engine, user_id=alice.id) as db:
        facts = {"user_id": alice.id, "found": "track", "low0": "c", "high0": "c" + search.LAST}
        facts |= {"enough": 51, "limit": 51, "offset": 0}
        assert len(search.search(db, "c", user_id=alice.id, limit=50).ids) == 50
        made = search._statement(1).compile(dialect=engine.dialect)
        explained = db.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {made}", made.construct_params(facts))
        [[plan]] = [row[0] for row in explained]
    engine.dispose()

    assert rows_of(plan["Plan"]) < 1_000


def rows_of(plan: dict[str, Any]) -> float:
    """How many rows all nodes of a plan have handled."""
    mine = plan["Actual Rows"] * plan["Actual Loops"] + plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"]
    return mine + sum(rows_of(each) for each in plan.get("Plans", ()))
