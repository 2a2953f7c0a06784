"""The second factor: turned on and off by its owner, and asked for after a password."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import entry, proving, second_factors, sign_ins
from services.auth.schemas.second_factors import (
    Challenged,
    Code,
    FirstCode,
    Proof,
    ProofAndCode,
    ProposalOut,
    RecoveryCodesOut,
    SecondFactorOut,
)
from services.auth.schemas.sign_ins import TokensOut
from shared.flask_app import client_address, signed_in, transaction, world
from shared.identity import Caller

routes = APIBlueprint("second_factor", __name__)


@routes.post("/api/auth/second-factor")
@routes.input(Challenged, arg_name="challenged")
@routes.output(TokensOut)
def pass_second_factor(challenged: Challenged) -> TokensOut:
    """Finish a sign-in that was answered with `second_factor_needed`. A recovery code will do too."""
    device, address = request.headers.get("User-Agent", ""), client_address()
    return TokensOut.model_validate(
        entry.pass_second_factor(world(), challenge=challenged.challenge, code=challenged.code, address=address, device=device)
    )


@routes.get("/api/user/second-factor")
@signed_in
@routes.output(SecondFactorOut)
def show(caller: Caller) -> SecondFactorOut:
    """Whether your sign-ins need a second factor, and how many recovery codes you have left."""
    with transaction(caller) as db:
        return SecondFactorOut.model_validate(second_factors.state(db, user_id=caller.id))


@routes.post("/api/user/second-factor")
@signed_in
@routes.input(Proof, arg_name="proof")
@routes.output(ProposalOut, status_code=201)
def propose(proof: Proof, caller: Caller) -> ProposalOut:
    """Get a secret for your authenticator; another one each time. Without a password: within five minutes of signing in."""
    proving.person(world(), caller, proof.current_password)
    with transaction(caller) as db:
        return ProposalOut.model_validate(second_factors.propose(db, world().seals, user_id=caller.id))


@routes.post("/api/user/second-factor/confirm")
@signed_in
@routes.input(FirstCode, arg_name="first")
@routes.output(RecoveryCodesOut)
def confirm(first: FirstCode, caller: Caller) -> RecoveryCodesOut:
    """Turn it on with the first code that the authenticator shows."""
    with proving.code(world(), user_id=caller.id), transaction(caller) as db:
        codes = second_factors.confirm(db, world().seals, first.code, user_id=caller.id, address=client_address())
        if first.end_others:
            sign_ins.end_all(db, user_id=caller.id, but=caller.session_id)
    return RecoveryCodesOut(recovery_codes=codes)


@routes.post("/api/user/second-factor/recovery-codes")
@signed_in
@routes.input(Code, arg_name="proof")
@routes.output(RecoveryCodesOut)
def renew_recovery_codes(proof: Code, caller: Caller) -> RecoveryCodesOut:
    """Get new recovery codes for a code, or for one of those before; none of those counts any longer."""
    with proving.code(world(), user_id=caller.id), transaction(caller) as db:
        second_factors.use(db, world().seals, proof.code, user_id=caller.id)
        codes = second_factors.renew_recovery_codes(db, user_id=caller.id, address=client_address())
    return RecoveryCodesOut(recovery_codes=codes)


@routes.delete("/api/user/second-factor")
@signed_in
@routes.input(ProofAndCode, arg_name="proof")
@routes.output({}, status_code=204)
def turn_off(proof: ProofAndCode, caller: Caller) -> Any:
    """Turn it off, with your password and a code. Without a password: within five minutes of signing in."""
    proving.person(world(), caller, proof.current_password)
    with proving.code(world(), user_id=caller.id), transaction(caller) as db:
        second_factors.use(db, world().seals, proof.code, user_id=caller.id)
        second_factors.remove(db, user_id=caller.id, address=client_address())
        if proof.end_others:
            sign_ins.end_all(db, user_id=caller.id, but=caller.session_id)
    return Response(status=204)
