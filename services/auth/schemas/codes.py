"""Sign-in codes."""

from typing import Annotated

from pydantic import StringConstraints

from shared.schemas import In


class SignInCode(In):
    """A code that a browser brought back, and the verifier of the challenge that the app began with, if it did."""

    code: Annotated[str, StringConstraints(max_length=128)]
    code_verifier: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{43,128}$")] | None = None  # RFC 7636, 4.1
