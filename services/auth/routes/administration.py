"""Accounts, for administrators."""

from typing import Any
from uuid import UUID

from flask import Response

from services.auth import directory, passwords, second_factors
from services.auth.directory import Sort, Wanted
from services.auth.routes.guard import administrators_only
from services.auth.routes.pages import page_of
from services.auth.schemas.administration import AccountChange, AccountEntryOut, AccountsWanted, NewAccount, RemovalWanted
from services.auth.schemas.leaving import DeletionOut
from shared.flask_app import client_address, once, signed_in, transaction, world
from shared.identity import Caller

routes = administrators_only("administration", __name__)


@routes.get("/api/admin/users")
@signed_in
@routes.input(AccountsWanted, location="query", arg_name="wanted")
@routes.output(list[AccountEntryOut])  # type: ignore[arg-type]  # it takes lists of models
def list_accounts(wanted: AccountsWanted, caller: Caller) -> Response:
    """Accounts, newest first. `q` searches; `Link` names the next page and `X-Total-Count` how many there are."""
    these = Wanted(text=wanted.q, role=wanted.role, is_active=wanted.is_active)
    with transaction(caller) as db:
        page = directory.search(db, these, sort=Sort(wanted.sort), limit=wanted.limit, cursor=wanted.cursor)
    return page_of(AccountEntryOut, page)


@routes.post("/api/admin/users")
@signed_in
@routes.input(NewAccount, arg_name="new")
@routes.output(AccountEntryOut, status_code=201)
def create_account(new: NewAccount, caller: Caller) -> Response:
    """Make an account; without a password its owner is invited by mail to choose one."""
    password_hash = passwords.chosen(new.password, email=new.email) if new.password else ""
    with transaction(caller) as db:

        def make() -> AccountEntryOut:
            made = directory.create(db, new, password_hash, actor_id=caller.id, address=client_address())
            return AccountEntryOut.model_validate(made)

        return once(db, make, status=201, caller=caller)


@routes.get("/api/admin/users/<uuid:user_id>")
@signed_in
@routes.output(AccountEntryOut)
def show_account(user_id: UUID, caller: Caller) -> AccountEntryOut:
    """One account."""
    with transaction(caller) as db:
        return AccountEntryOut.model_validate(directory.get(db, user_id=user_id))


@routes.put("/api/admin/users/<uuid:user_id>")
@signed_in
@routes.input(AccountChange, arg_name="change")
@routes.output(AccountEntryOut)
def change_account(user_id: UUID, change: AccountChange, caller: Caller) -> AccountEntryOut:
    """Change an account. Disabling one ends every sign-in; who loses or gains a role needs a fresh token."""
    changes = change.model_dump(exclude_unset=True)
    with transaction(caller) as db:
        changed = directory.change(db, changes, user_id=user_id, actor_id=caller.id, address=client_address())
        return AccountEntryOut.model_validate(changed)


@routes.delete("/api/admin/users/<uuid:user_id>")
@signed_in
@routes.input(RemovalWanted, location="query", arg_name="wanted")
@routes.output(DeletionOut, status_code=202)
def remove_account(user_id: UUID, wanted: RemovalWanted, caller: Caller) -> DeletionOut:
    """Have an account deleted, with everything in it; with `at_once=true` its owner is not asked whether they stay."""
    days = 0 if wanted.at_once else world().settings.deletion_days
    with transaction(caller) as db:
        return DeletionOut.model_validate(directory.remove(db, user_id=user_id, days=days, actor_id=caller.id))


@routes.post("/api/admin/users/<uuid:user_id>/disable", endpoint="disable_account", defaults={"is_active": False})
@routes.post("/api/admin/users/<uuid:user_id>/enable", endpoint="enable_account", defaults={"is_active": True})
@signed_in
@routes.output(AccountEntryOut)
def switch_account(user_id: UUID, is_active: bool, caller: Caller) -> AccountEntryOut:
    """Disable an account, which ends every sign-in of it, or enable it again."""
    with transaction(caller) as db:
        changes = {"is_active": is_active}
        changed = directory.change(db, changes, user_id=user_id, actor_id=caller.id, address=client_address())
        return AccountEntryOut.model_validate(changed)


@routes.post("/api/admin/users/<uuid:user_id>/reset-password")
@signed_in
@routes.output({}, status_code=202)
def reset_password(user_id: UUID, caller: Caller) -> Any:
    """Mail the owner a link to choose a new password."""
    with transaction(caller) as db:
        directory.send_new_password(db, user_id=user_id, actor_id=caller.id, address=client_address())
    return Response(status=202)


@routes.post("/api/admin/users/<uuid:user_id>/sign-out")
@signed_in
@routes.output({}, status_code=204)
def sign_out(user_id: UUID, caller: Caller) -> Any:
    """End every sign-in of an account."""
    with transaction(caller) as db:
        directory.sign_out(db, user_id=user_id, actor_id=caller.id, address=client_address())
    return Response(status=204)


@routes.delete("/api/admin/users/<uuid:user_id>/second-factor")
@signed_in
@routes.output({}, status_code=204)
def turn_second_factor_off(user_id: UUID, caller: Caller) -> Any:
    """Let somebody sign in without the second factor that they have lost, with its recovery codes. They are told by mail."""
    with transaction(caller) as db:
        directory.get(db, user_id=user_id)
        second_factors.remove_for(db, user_id=user_id, actor_id=caller.id, address=client_address())
    return Response(status=204)
