"""Confirming an address, signing in by a mail's link, a new password, a new address.

Every answer to an address that somebody typed is the same whether or not there is an account with it.
"""

from apiflask import APIBlueprint
from flask import Response, request

from services.auth import confirming, magic, mailboxes, recovering
from services.auth.schemas.recovery import (
    Address,
    EmailChangeOut,
    EmailChangeRequest,
    LinkSecret,
    MagicLinkRequest,
    PasswordChange,
    PasswordReset,
    PlaceOut,
)
from services.auth.schemas.sign_ins import TokensOut
from shared.flask_app import client_address, signed_in, world
from shared.identity import Caller

routes = APIBlueprint("recovery", __name__)

ACCEPTED, DONE = 202, 204


@routes.post("/api/auth/confirm")
@routes.input(LinkSecret, arg_name="sent")
@routes.output({}, status_code=DONE)
def confirm(sent: LinkSecret) -> Response:
    """Confirm the address of an account, with the token of the mail's link."""
    confirming.confirm(world(), sent.token)
    return Response(status=DONE)


@routes.post("/api/auth/resend")
@routes.input(Address, arg_name="wanted")
@routes.output({}, status_code=ACCEPTED)
def resend(wanted: Address) -> Response:
    """Have the mail that confirms an address sent again."""
    confirming.resend(world(), wanted.email, address=client_address())
    return Response(status=ACCEPTED)


@routes.post("/api/auth/magic-link")
@routes.input(MagicLinkRequest, arg_name="wanted")
@routes.output({}, status_code=ACCEPTED)
def send_magic_link(wanted: MagicLinkRequest) -> Response:
    """Have a link sent that signs its reader in, once, within 15 minutes."""
    magic.request(world(), wanted.email, address=client_address(), redirect_to=wanted.redirect_to)
    return Response(status=ACCEPTED)


@routes.post("/api/auth/magic-link/redeem")
@routes.input(LinkSecret, arg_name="sent")
@routes.output(TokensOut)
def redeem_magic_link(sent: LinkSecret) -> TokensOut:
    """Sign in with the token of a mail's link."""
    device = request.headers.get("User-Agent", "")
    admission = magic.redeem(world(), sent.token, address=client_address(), device=device)
    return TokensOut.model_validate(admission)


@routes.post("/api/auth/magic-link/follow")
@routes.input(LinkSecret, arg_name="sent")
@routes.output(PlaceOut)
def follow_magic_link(sent: LinkSecret) -> PlaceOut:
    """Exchange the token of a mail's link for the app's address with a sign-in code: what the link's page does."""
    return PlaceOut(location=magic.follow(world(), sent.token))


@routes.post("/api/auth/request-password-reset")
@routes.input(Address, arg_name="wanted")
@routes.output({}, status_code=ACCEPTED)
def request_password_reset(wanted: Address) -> Response:
    """Have a link sent to choose a new password."""
    recovering.request_reset(world(), wanted.email, address=client_address())
    return Response(status=ACCEPTED)


@routes.post("/api/auth/reset-password")
@routes.input(PasswordReset, arg_name="wanted")
@routes.output({}, status_code=DONE)
def reset_password(wanted: PasswordReset) -> Response:
    """Choose a new password, with the token of the mail's link. Every sign-in ends."""
    recovering.reset(world(), wanted.token, wanted.new_password, address=client_address())
    return Response(status=DONE)


@routes.post("/api/auth/change-password")
@signed_in
@routes.input(PasswordChange, arg_name="wanted")
@routes.output({}, status_code=DONE)
def change_password(wanted: PasswordChange, caller: Caller) -> Response:
    """Choose a new password, with the present one."""
    current, new = wanted.current_password, wanted.new_password
    recovering.change_password(world(), caller, current, new, address=client_address(), end_others=wanted.end_others)
    return Response(status=DONE)


@routes.post("/api/auth/change-email")
@signed_in
@routes.input(EmailChangeRequest, arg_name="wanted")
@routes.output({}, status_code=ACCEPTED)
def change_email(wanted: EmailChangeRequest, caller: Caller) -> Response:
    """Change your address. A mail to the old one and a mail to the new one each ask to confirm it."""
    mailboxes.request_change(world(), caller, wanted.new_email, wanted.current_password, address=client_address())
    return Response(status=ACCEPTED)


@routes.post("/api/auth/change-email/confirm")
@routes.input(LinkSecret, arg_name="sent")
@routes.output(EmailChangeOut)
def confirm_email_change(sent: LinkSecret) -> EmailChangeOut:
    """Confirm a change of address, from the old or the new one. It is done once both have."""
    return EmailChangeOut(is_done=mailboxes.confirm_change(world(), sent.token))
