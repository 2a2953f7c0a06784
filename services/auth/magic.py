"""Signing in by a link in a mail."""

from services.auth import asking, codes, confirming, entry, one_time
from services.auth.asking import Asked
from services.auth.entry import Admission
from services.auth.errors import NoAppToGoTo, RedirectNotAllowed
from services.auth.one_time import Purpose
from services.auth.settings import Settings
from services.auth.tasks import mail
from services.auth.world import World
from shared.db import transaction


def request(world: World, email: str, *, address: str, redirect_to: str = "") -> None:
    """Have a link sent, where there is an account with this address; the answer is the same where there is none.

    `redirect_to` is where the link's page goes on to, one of APP_URLS exactly. Raises RedirectNotAllowed, TooMany.
    """
    if redirect_to and redirect_to not in _apps(world.settings):
        raise RedirectNotAllowed
    asking.count(world, Asked.MAGIC_LINK, email=email, address=address)
    with transaction(world.engine) as db:
        mail.send_if_known(db, "magic_link", to=email, link=Purpose.MAGIC_LINK, redirect_to=redirect_to)


def redeem(world: World, secret: str, *, address: str, device: str) -> Admission:
    """Sign in with the secret of a link. It shows that the address is its owner's. Raises OneTimeTokenInvalid."""
    with transaction(world.engine) as db:
        redeemed = one_time.redeem(db, Purpose.MAGIC_LINK, secret)
        user_id = confirming.go_on_as(db, redeemed)
        confirming.reads_the_mail(db, user_id=user_id, email=redeemed.facts["email"])
    return entry.admit(world, user_id=user_id, address=address, device=device)


def follow(world: World, secret: str) -> str:
    """Where the browser that opened a link goes on to: the app's address with a sign-in code, for the secret of the link.

    Raises OneTimeTokenInvalid; NoAppToGoTo where APP_URLS names none, and the secret then stays good.
    """
    with transaction(world.engine) as db:
        place = one_time.find(db, Purpose.MAGIC_LINK, secret).facts.get("redirect_to") or next(iter(_apps(world.settings)), "")
        if place not in _apps(world.settings):
            raise NoAppToGoTo
        redeemed = one_time.redeem(db, Purpose.MAGIC_LINK, secret)
        user_id = confirming.go_on_as(db, redeemed)
        confirming.reads_the_mail(db, user_id=user_id, email=redeemed.facts["email"])
        code = codes.issue(db, user_id=user_id)
    return f"{place}{'&' if '?' in place else '?'}code={code}"


def _apps(settings: Settings) -> list[str]:
    return [each.strip() for each in settings.app_urls.split(",") if each.strip()]
