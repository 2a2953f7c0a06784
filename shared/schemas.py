"""The parents of JSON in and out, and the kinds of text, for services of both shells."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from shared import json
from shared.errors import Malformed

MAX_TEXT_CHARACTERS = 255

Model = TypeVar("Model", bound=BaseModel)


def _no_control_characters(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text) or "\x7f" in text:
        raise ValueError("holds a control character")
    return text


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as reason:
        raise ValueError("is no instant of the years 1 to 9999 in UTC") from reason


NoControlCharacters = AfterValidator(_no_control_characters)  # after other bounds, or those speak of items for characters
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Text = Annotated[str, NoControlCharacters]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARACTERS),
    NoControlCharacters,
]


class In(BaseModel):
    """The parent of every `New...` and `...Change`: unknown fields are refused, NaN too."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Out(BaseModel):
    """The parent of every `...Out`."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def read(model: type[Model], body: bytes) -> Model:
    """What a body of JSON says. Raises Malformed with the fields that are wrong, without what was sent.

    >>> read(In, b"{}")
    In()
    """
    return checked(model, parsed(body))


def parsed(body: bytes) -> Any:
    """A body of JSON, whatever it holds. Raises Malformed."""
    try:
        return json.loads(body)
    except json.BadJson as reason:
        raise Malformed(errors=[{"field": "", "message": reason.msg}]) from reason


def checked(model: type[Model], sent: Any) -> Model:
    """What was parsed, as a model. Raises Malformed."""
    try:
        return model.model_validate(sent)
    except ValidationError as reason:
        raise Malformed(errors=problems(reason.errors(include_input=False))) from reason


def problems(errors: Any) -> list[dict[str, str]]:
    """Pydantic's errors as `{field, message}`, without the values that were sent."""
    found = []
    for each in errors:
        place = [str(part) for part in each.get("loc", ()) if part not in {"body", "query", "path", "header"}]
        is_json = each.get("type") == "json_invalid"
        message = str(each.get("ctx", {}).get("error", "")) if is_json else str(each.get("msg", "is not valid"))
        found.append({"field": "" if is_json else ".".join(place), "message": message.removeprefix("Value error, ")})
    return found
