"""A failure's name is its code, its docstring its message."""

from shared import errors
from shared.errors import Conflict, Malformed, TooMany


class UploadIncomplete(Conflict):
    """The bytes have not all arrived.
    Send the rest, then finish again.
    """


def test_a_problem_document_says_what_rfc_9457_asks() -> None:
    document = UploadIncomplete(received_bytes=3).document()

    assert document == {
        "type": "urn:tutti:problem:upload_incomplete",
        "title": "Conflict",
        "status": 409,
        "detail": "The bytes have not all arrived. Send the rest, then finish again.",
        "code": "upload_incomplete",
        "received_bytes": 3,
    }


def test_detail_is_a_string_even_when_many_fields_are_wrong() -> None:
    wrong = [{"field": "email", "message": "is no address"}, {"field": "", "message": "ends too early"}]

    assert Malformed(errors=wrong).document()["detail"] == "email: is no address; ends too early"


def test_waiting_time_becomes_a_header() -> None:
    assert TooMany(retry_after_seconds=7).response_headers()["Retry-After"] == "7"


def test_every_kind_has_a_status_and_a_message() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.Problem)]

    assert all(400 <= kind.status < 600 and kind.detail() for kind in kinds)
