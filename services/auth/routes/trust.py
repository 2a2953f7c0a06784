"""What others need to know whom to trust: the public keys, and for services what was revoked."""

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import keys, revocations
from services.auth.schemas.bearers import ForeignBearer
from services.auth.schemas.keys import KeysOut
from shared import json
from shared.flask_app import internal, shell, transaction, world
from shared.foreign import Exchange

JWKS_CACHE = "public, max-age=300"  # as long as our own services keep the keys

routes = APIBlueprint("trust", __name__)


@routes.get("/.well-known/jwks.json")
@routes.output(KeysOut)
def show_keys() -> Response:
    """The public keys that access tokens are verified with (RFC 7517)."""
    with transaction() as db:
        body = json.dumps(keys.jwks(db))
    return Response(body, headers={"Cache-Control": JWKS_CACHE}, content_type="application/json")


@routes.get("/internal/keys")
@internal
def internal_keys(peer: object) -> Response:
    """The same for the other services, and whose tokens count besides."""
    with transaction() as db:
        found = keys.jwks(db) | {"foreign": world().foreign.published()}
    return Response(json.dumps(found), content_type="application/json")


@routes.post("/internal/identities/resolve")
@internal
@routes.input(ForeignBearer, arg_name="bearer")
def resolve_identity(bearer: ForeignBearer, peer: object) -> Response:
    """Whom a bearer of another issuer names."""
    bearers = shell().verifier.foreign
    assert isinstance(bearers, Exchange)  # ours is
    found = bearers.resolve(bearer.token)
    return Response(json.dumps(found.document()), content_type="application/json")


@routes.get("/internal/revocations")
@internal
def internal_revocations(peer: object) -> Response:
    """What was revoked since `after`."""
    with transaction() as db:
        return Response(json.dumps(revocations.since(db, request.args.get("after", ""))), content_type="application/json")
