"""The table that answers are held against, and what holds them: each can say no."""

import json
from typing import Any

import httpx2
import pytest

from tests.media.subsonic import conformance, specification

OK = {"status": "ok", "version": "1.16.1", "type": "tutti", "serverVersion": "1", "openSubsonic": True}
SONG = {"id": "1", "isDir": False, "title": "Minuet"}
XML = '<subsonic-response xmlns="http://subsonic.org/restapi" status="ok" version="1.16.1" type="tutti" serverVersion="1" {}'


def test_the_table_is_what_the_specification_says() -> None:
    if not specification.FOLDER.is_dir():
        pytest.skip(f"no schemas in {specification.FOLDER}: answers are held against the committed table ALONE in this run")

    assert json.loads(specification.TABLE.read_text()) == specification.table()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("ping", {**OK, "openSubsonic": "true"}),  # the type of one of the five
        ("ping", {name: value for name, value in OK.items() if name != "type"}),  # one of the five missing
        ("getSong", OK),  # nothing in it
        ("getSong", {**OK, "song": [SONG]}),  # a list of one
        ("getSong", {**OK, "song": {"id": "1", "isDir": False}}),  # no title
        ("getSong", {**OK, "song": {**SONG, "album": None}}),  # null
        ("getSong", {**OK, "song": {**SONG, "year": "1999"}}),  # a number as text
        ("getSong", {**OK, "song": {**SONG, "colour": "red"}}),  # what nobody knows
        ("getSong", {**OK, "song": {**SONG, "created": "yesterday"}}),
        ("getSong", {**OK, "song": {**SONG, "mediaType": "tape"}}),
        ("getGenres", {**OK, "genres": {"genre": {"value": "Jazz", "songCount": 1, "albumCount": 1}}}),  # one, not in a list
        ("getBookmarks", {**OK, "bookmarks": []}),  # an empty list where an object is
        ("ping", {**OK, "status": "failed"}),  # no error
        ("ping", {**OK, "status": "failed", "error": {"message": "No"}}),  # no code
    ],
)
def test_an_answer_that_does_not_hold_is_refused(method: str, answer: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        conformance.holds(method, answer)


@pytest.mark.parametrize(
    "inside",
    [
        "<song><id>1</id></song>",  # an element where an attribute is
        '<song id="1" isDir="no" title="Minuet"/>',
        '<song xmlns="" id="1" isDir="false" title="Minuet"/>',  # outside the namespace
        '<song id="1" isDir="false" title="Minuet" genres="Jazz"/>',  # an attribute where elements are
    ],
)
def test_xml_that_does_not_hold_is_refused(inside: str) -> None:
    whole = XML.format('openSubsonic="true">') + inside + "</subsonic-response>"
    answer = httpx2.Response(200, text=whole, headers={"content-type": "text/xml"})

    with pytest.raises(AssertionError):
        conformance.held("getSong", answer)
