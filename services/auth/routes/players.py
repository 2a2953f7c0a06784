"""Players for Subsonic and others: added and taken back by their owner, verified for other services."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response

from services.auth import players
from services.auth.players import Shown
from services.auth.schemas.players import AddedPlayerOut, NewPlayer, PlayersOut, ShownByPlayer, VerifiedPlayerOut
from shared.flask_app import client_address, internal, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("players", __name__)


@routes.get("/api/user/players")
@signed_in
@routes.output(PlayersOut)
def list_players(caller: Caller) -> PlayersOut:
    """The players that play from your library, the newest first."""
    with transaction(caller) as db:
        return PlayersOut.model_validate(players.of_user(db, user_id=caller.id))


@routes.post("/api/user/players")
@signed_in
@routes.input(NewPlayer, arg_name="new")
@routes.output(AddedPlayerOut, status_code=201)
def add_player(new: NewPlayer, caller: Caller) -> AddedPlayerOut:
    """Let a player in, by an API key or an app password. Both are shown this once, so a repetition adds another player."""
    with transaction(caller) as db:
        added = players.add(db, world().seals, new.name, caller=caller, address=client_address())
    return AddedPlayerOut.model_validate(added)


@routes.delete("/api/user/players/<uuid:player_id>")
@signed_in
@routes.output({}, status_code=204)
def remove_player(player_id: UUID, caller: Caller) -> Any:
    """Let a player in no more. It is out everywhere within five seconds."""
    with transaction(caller) as db:
        players.remove(db, player_id, user_id=caller.id, address=client_address())
    return Response(status=204)


@routes.post("/internal/players/verify")
@internal
@routes.input(ShownByPlayer, arg_name="shown")
@routes.output(VerifiedPlayerOut)
def verify_player(shown: ShownByPlayer, peer: object) -> VerifiedPlayerOut:
    """Who a player plays for."""
    if shown.api_key is not None:
        return VerifiedPlayerOut.model_validate(players.by_key(world(), shown.api_key))
    by = Shown(shown.password, shown.token, shown.salt)
    return VerifiedPlayerOut.model_validate(players.by_password(world(), shown.username or "", by, address=shown.address))
