"""What OpenSubsonic says of its answers, as a small table: made of the specification's own files, which are not kept here.

    python -m tests.media.subsonic.specification > tests/media/subsonic/answers.json

The table names for each method the key of its answer, and for each object its fields, their types and which are required.
A type is one of JSON's, "date-time", "a|b" for one of these words, the name of an object, or a list of one of those.
"""

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "opensubsonic" / "openapi"
TABLE = Path(__file__).with_name("answers.json")
UNUSED = (
    "jukebox",
    "transcode",
    "findsonic",
    "getsonic",
    "video",
    "chat",
    "hls",
    "caption",
)  # families that nobody is promised


def table(folder: Path = FOLDER) -> dict[str, Any]:
    """The whole table, sorted, so that two of them compare."""
    answers: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    for path in sorted((folder / "endpoints").glob("*.json")):
        if not any(word in path.stem.lower() for word in UNUSED):
            answers[path.stem] = _answer(path, objects)
    _object(folder / "schemas" / "Error.json", objects)
    return {"answers": answers, "objects": dict(sorted(objects.items()))}


def _answer(path: Path, objects: dict[str, Any]) -> dict[str, Any] | str | None:
    """`{key: type}` of what an answer holds, None where it holds nothing, "binary" where it is no document."""
    said = _read(path)["get"]["responses"]["200"]
    if "$ref" in said:
        return "binary" if said["$ref"].endswith("BinaryResponse.json") else None
    [content] = [value for name, value in said["content"].items() if name == "application/json"] or [None]
    if content is None:
        return "binary"
    whole = (path.parent / content["schema"]["$ref"]).resolve()
    [success] = [each["$ref"] for each in _read(whole)["properties"]["subsonic-response"]["oneOf"] if "Success" in each["$ref"]]
    found = (whole.parent / success).resolve()
    fields: dict[str, Any] = {}
    for part in _read(found)["allOf"]:
        for name, schema in part.get("properties", {}).items():
            fields[name] = _type(schema, found, objects)
    return fields or None


def _object(path: Path, objects: dict[str, Any]) -> str:
    """Put one object into the table, and whatever it holds."""
    if path.stem not in objects:
        objects[path.stem] = made = {"required": [], "fields": {}}
        _fields(_read(path), path, made, objects)
        made["required"] = sorted(set(made["required"]))
    return path.stem


def _fields(schema: dict[str, Any], path: Path, made: dict[str, Any], objects: dict[str, Any]) -> None:
    for part in schema.get("allOf", ()):
        other = (path.parent / part["$ref"]).resolve() if "$ref" in part else path
        _fields(_read(other) if "$ref" in part else part, other, made, objects)
    made["required"] += schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        made["fields"][name] = _type(field, path, objects)


def _type(schema: dict[str, Any], path: Path, objects: dict[str, Any]) -> Any:
    if len(schema.get("allOf", ())) == 1:
        return _type(schema["allOf"][0], path, objects)
    if "$ref" in schema:
        other = (path.parent / schema["$ref"]).resolve()
        found = _read(other)
        return "|".join(map(str, found["enum"])) if "enum" in found else _object(other, objects)
    if schema["type"] == "array":
        return [_type(schema["items"], path, objects)]
    if "enum" in schema and schema["type"] == "string":
        return "|".join(schema["enum"])
    return "date-time" if schema.get("format") == "date-time" else schema["type"]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def written(found: dict[str, Any]) -> str:
    """The table as it is kept: a line for each method and each object."""
    parts = [
        f'  "{part}": {{\n'
        + ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in rows.items())
        + "\n  }"
        for part, rows in found.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(written(table(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)))
