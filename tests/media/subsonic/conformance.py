"""Holds an answer of `/rest` against the specification: the committed table always, the whole schemas where they are there."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.media.subsonic import specification

_TABLE = json.loads(specification.TABLE.read_text())
ANSWERS: dict[str, Any] = _TABLE["answers"]
OBJECTS: dict[str, Any] = _TABLE["objects"]
NAMESPACE = "{http://subsonic.org/restapi}"
ENVELOPE = {"status": "ok|failed", "version": "string", "type": "string", "serverVersion": "string", "openSubsonic": "boolean"}
TEXT = "value"  # what an element of XML holds between its tags
# Fields of one value that are elements of XML and no attributes, as subsonic-rest-api-1.16.1.xsd has it.
ELEMENTS = {"biography", "notes", "musicBrainzId", "lastFmUrl", "smallImageUrl", "mediumImageUrl", "largeImageUrl"}
INFO = {"AlbumInfo", "ArtistInfo", "ArtistInfo2"}
JSON_TYPES = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}


def held(method: str, answer: httpx2.Response) -> dict[str, Any]:
    """The answer as JSON has it, whatever its format, once all of it holds. Failures hold too."""
    assert answer.status_code == 200, f"{method}: {answer.status_code} {answer.text[:300]}"
    kind = answer.headers["content-type"].split(";")[0]
    found = answer.json()["subsonic-response"] if kind == "application/json" else _of_xml(method, answer, kind)
    holds(method, found)
    return dict(found)


def holds(method: str, found: dict[str, Any]) -> None:
    """Raises AssertionError naming the first thing that is wrong."""
    _fields(method, found, {"required": list(ENVELOPE), "fields": _answer_fields(method, found)})
    if specification.FOLDER.is_dir():
        wrong = sorted(_schema(method).iter_errors({"subsonic-response": found}), key=lambda error: error.json_path)
        assert not wrong, f"{method}: {wrong[0].json_path}: {wrong[0].message[:300]} {list(wrong[0].context or ())[:1]}"


def _answer_fields(method: str, found: dict[str, Any]) -> dict[str, Any]:
    if found.get("status") == "failed":
        assert "error" in found, f"{method}: it failed and says no error"
        return {**ENVELOPE, "error": "Error"}
    said = ANSWERS.get(method)
    expected = said if isinstance(said, dict) else {}
    assert expected.keys() <= found.keys(), f"{method}: no {set(expected) - set(found)}"
    return {**ENVELOPE, **expected}


def _fields(where: str, found: Any, wanted: dict[str, Any]) -> None:
    assert isinstance(found, dict), f"{where} is no object: {found!r:.100}"
    assert set(wanted["required"]) <= found.keys(), f"{where} lacks {set(wanted['required']) - found.keys()}"
    assert found.keys() <= wanted["fields"].keys(), f"{where} has {found.keys() - wanted['fields'].keys()}"
    for name, value in found.items():
        _value(f"{where}.{name}", value, wanted["fields"][name])


def _value(where: str, value: Any, kind: Any) -> None:
    if isinstance(kind, list):
        assert isinstance(value, list), f"{where} is no array: {value!r:.100}"
        for number, each in enumerate(value):
            _value(f"{where}[{number}]", each, kind[0])
    elif kind in OBJECTS:
        _fields(where, value, OBJECTS[kind])
    elif "|" in kind:
        assert value in kind.split("|"), f"{where} is {value!r}, not {kind}"
    elif kind == "date-time":
        assert isinstance(value, str) and len(value) >= 20 and value[10] == "T" and value.endswith("Z"), f"{where}: {value!r}"
    else:
        is_right = isinstance(value, JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
        assert is_right, f"{where} is no {kind}: {value!r:.100}"


def _of_xml(method: str, answer: httpx2.Response, kind: str) -> dict[str, Any]:
    assert kind in ("text/xml", "application/xml"), kind
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{NAMESPACE}subsonic-response", root.tag
    fields = _answer_fields(method, {**root.attrib, **{each.tag.removeprefix(NAMESPACE): 1 for each in root}})
    return _of_element(root, method, {"fields": fields})


def _of_element(element: ElementTree.Element, where: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """An element as JSON would have it. Attributes and elements are where the specification's XML has them."""
    made: dict[str, Any] = {}
    fields, info = wanted["fields"], wanted.get("name") in INFO
    for name, text in element.attrib.items():
        assert name in fields, f"{where} has an attribute {name}"
        assert isinstance(fields[name], str) and fields[name] not in OBJECTS, f"{where}.{name} is an attribute"
        assert not (info and name in ELEMENTS), f"{where}.{name} is an attribute"
        made[name] = _scalar(text, fields[name])
    for child in element:
        name = child.tag.removeprefix(NAMESPACE)
        assert child.tag.startswith(NAMESPACE) and name in fields, f"{where} has an element {child.tag}"
        kind = fields[name]
        of = kind[0] if isinstance(kind, list) else kind
        is_text = isinstance(kind, list) or (info and name in ELEMENTS)
        assert of in OBJECTS or is_text, f"{where}.{name} is an element"
        inner = {**OBJECTS[of], "name": of} if of in OBJECTS else None
        value = _of_element(child, f"{where}.{name}", inner) if inner else _scalar(child.text or "", of)
        if isinstance(kind, list):
            made.setdefault(name, []).append(value)
        else:
            assert name not in made, f"{where} has two {name}"
            made[name] = value
    for name in wanted.get("required", ()):
        if isinstance(fields[name], list):
            made.setdefault(name, [])  # an empty list is no elements
    if TEXT in fields:
        made[TEXT] = element.text or ""
    return made


def _scalar(text: str, kind: str) -> Any:
    if kind == "boolean":
        assert text in ("true", "false"), text
        return text == "true"
    return int(text) if kind == "integer" else float(text) if kind == "number" else text


def same(one: Any, other: Any) -> bool:
    """Whether two answers say the same: XML cannot tell an empty list from none, nor 1.0 from 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        kept = [{name: value for name, value in each.items() if value != []} for each in (one, other)]
        return kept[0].keys() == kept[1].keys() and all(same(value, kept[1][name]) for name, value in kept[0].items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


@cache
def _schema(method: str) -> Draft4Validator:
    """The specification's own schema of one answer; that of a failure, where the answer is no document."""
    endpoint = specification.FOLDER / "endpoints" / f"{method}.json"
    said = json.loads(endpoint.read_text())["get"]["responses"]["200"] if endpoint.exists() else {}
    content = said.get("content", {}).get("application/json")
    path = endpoint.parent / content["schema"]["$ref"] if content else specification.FOLDER / "schemas/SubsonicResponse.json"
    registry: Registry[Any] = Registry(retrieve=_retrieve)
    return Draft4Validator({"$ref": path.resolve().as_uri()}, registry=registry)


def _retrieve(uri: str) -> Resource[Any]:
    return Resource(json.loads(Path(uri.removeprefix("file://")).read_text()), DRAFT4)
