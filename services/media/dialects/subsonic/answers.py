"""An answer in the format that was asked for: XML unless `f` says json or jsonp. Nothing is null, lists are lists.

The XML is the same tree: what is a text or a number becomes an attribute, what is an object or a list becomes elements of that
name, `value` becomes the text of its element. `ELEMENTS` names the few objects whose texts are elements in the protocol's XSD.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import Response

from services.media.dialects.subsonic import failures
from services.media.dialects.subsonic.failures import ParameterMissing, ParameterWrong
from services.media.dialects.subsonic.parameters import Parameters
from shared import clock, json
from shared.errors import NotSatisfiable, Problem

Payload = Mapping[str, Any]

VERSION = "1.16.1"  # of the protocol
SERVER_VERSION = "0.1.0"
NAMESPACE = "http://subsonic.org/restapi"
ABOUT = {"version": VERSION, "type": "tutti", "serverVersion": SERVER_VERSION, "openSubsonic": True}
FORMATS = ("xml", "json", "jsonp")
CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,127}", re.ASCII)
ELEMENTS = frozenset({"artistInfo", "artistInfo2", "albumInfo"})
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}


def succeeded(payload: Payload, parameters: Parameters) -> Response:
    """The answer of a method that did what was asked."""
    return _rendered({"status": "ok", **ABOUT, **payload}, parameters)


def failed(problem: Problem, parameters: Parameters) -> Response:
    """The answer of one that did not: HTTP 200 as the protocol has it, but for a range that lies outside."""
    error = {"code": failures.number_of(problem), "message": failures.message_of(problem)}
    answer = _rendered({"status": "failed", **ABOUT, "error": error}, parameters)
    for name, value in problem.response_headers().items():
        if name != "WWW-Authenticate":
            answer.headers[name] = value
    answer.status_code = problem.status if isinstance(problem, NotSatisfiable) else 200
    return answer


def check(parameters: Parameters) -> None:
    """Raises ParameterWrong, ParameterMissing where no answer could be rendered as it is asked for."""
    form = parameters.text("f", "xml")
    if form not in FORMATS:
        raise ParameterWrong(parameter=f"f is none of {', '.join(FORMATS)}")
    if form == "jsonp" and "callback" not in parameters:
        raise ParameterMissing(parameter="callback")
    if form == "jsonp" and not CALLBACK.fullmatch(parameters.text("callback")):
        raise ParameterWrong(parameter="callback is no name of a function")


def _rendered(answer: Payload, parameters: Parameters) -> Response:
    form = (parameters.all("f") or ["xml"])[0]
    if form not in {"json", "jsonp"}:
        return Response(xml(answer), headers=HEADERS, media_type="text/xml; charset=utf-8")
    document = json.dumps({"subsonic-response": _known(answer)}, str)
    callback = (parameters.all("callback") or [""])[0]
    if form == "jsonp" and CALLBACK.fullmatch(callback):
        script = b"/**/" + callback.encode() + b"(" + document + b");"
        return Response(script, headers=HEADERS, media_type="application/javascript; charset=utf-8")
    return Response(document, headers=HEADERS, media_type="application/json")


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _known(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return clock.iso(value) if isinstance(value, datetime) else value


def xml(answer: Payload) -> bytes:
    """The answer as XML.

    >>> xml({"status": "ok", "genres": {"genre": [{"songCount": 1, "value": "R&B"}]}}).decode().partition(">")[2]
    '<subsonic-response xmlns="http://subsonic.org/restapi" status="ok"><genres><genre songCount="1">R&amp;B</genre></genres></subsonic-response>'
    """  # noqa: E501 - one line, as it is sent
    parts = _element("subsonic-response", {"xmlns": NAMESPACE, **answer})
    return ('<?xml version="1.0" encoding="UTF-8"?>' + "".join(parts)).encode()


def _element(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"<{name}>{escape(_text(value))}</{name}>"
        return
    inside: list[str] = []
    yield f"<{name}"
    for key, each in value.items():
        if each is None:
            continue
        if key == "value":
            inside.append(escape(_text(each)))
        elif isinstance(each, list | tuple):
            for one in each:
                inside += _element(key, one)
        elif isinstance(each, Mapping) or name in ELEMENTS:
            inside += _element(key, each)
        else:
            yield f" {key}={quoteattr(_text(each))}"
    yield f">{''.join(inside)}</{name}>" if inside else "/>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return clock.iso(value)
    return NOT_XML.sub("\ufffd", str(value))
