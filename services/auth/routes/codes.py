"""Exchanging a sign-in code for tokens."""

from apiflask import APIBlueprint
from flask import request

from services.auth import codes
from services.auth.schemas.codes import SignInCode
from services.auth.schemas.sign_ins import TokensOut
from shared.flask_app import client_address, world

routes = APIBlueprint("codes", __name__)


@routes.post("/api/auth/token")
@routes.input(SignInCode, arg_name="presented")
@routes.output(TokensOut)
def exchange_code(presented: SignInCode) -> TokensOut:
    """Sign in with the code that a browser brought back from another provider; it is good once and for a minute."""
    device = request.headers.get("User-Agent", "")
    verifier = presented.code_verifier or ""
    admission = codes.exchange(world(), presented.code, address=client_address(), device=device, code_verifier=verifier)
    return TokensOut.model_validate(admission)
