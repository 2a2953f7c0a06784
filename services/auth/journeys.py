"""Journeys to a provider and back: begun, finished, each finished once, in the browser that began it.

The state in the address is a one-time secret. Beside it the browser keeps a cookie with another one, under a name of that
journey alone, so that two tabs do not meet; who brings the state without the cookie began elsewhere. What comes back to the
app is our own code, never a token.

Connecting a provider to an account has a step more at either end: the app fetches a ticket as its user, and when the browser
is back hands in the code as the same user. So nobody can be sent through somebody else's journey, either way.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from services.auth import codes, identities, one_time, providers, proving
from services.auth.arrivals import Arrival
from services.auth.errors import OneTimeTokenInvalid, RedirectNotAllowed, StateInvalid
from services.auth.guesses import network_of
from services.auth.one_time import MINUTE, Purpose, Redeemed
from services.auth.providers.journey import SECRET_BYTES, Journey
from services.auth.settings import Settings
from services.auth.world import World
from shared.db import transaction
from shared.errors import Problem
from shared.identity import Caller

LIFETIME_SECONDS = 10 * MINUTE
TICKET_SECONDS = MINUTE
CODE_SECONDS = MINUTE
PLACE = "/api/auth/oauth"
STARTS = "journeys to providers"
STARTS_PER_MINUTE = 120  # of one address: each writes a row


@dataclass(frozen=True, slots=True)
class Cookie:
    """What the browser keeps until it is back. An empty value is a cookie to forget."""

    name: str
    value: str
    is_secure: bool
    path: str
    same_site: str


@dataclass(frozen=True, slots=True)
class Step:
    """Where the browser goes next, and what it keeps."""

    url: str
    cookie: Cookie


def begin(world: World, provider: str, *, redirect_to: str, code_challenge: str, ticket: str, address: str) -> Step:
    """Send a browser to a provider. Raises NotFound, ProviderNotConfigured, ProviderUnavailable, RedirectNotAllowed, TooMany,
    OneTimeTokenInvalid for a ticket that does not count.
    """
    there = providers.named(world.providers, provider)
    _refuse_elsewhere(world.settings, redirect_to)
    world.failures.hit(STARTS, at_most=STARTS_PER_MINUTE, per_seconds=MINUTE, who=network_of(address))
    journey = Journey.new(
        provider=provider,
        callback=callback(world.settings, provider),
        redirect_to=redirect_to,
        code_challenge=code_challenge,
    )
    browser = secrets.token_urlsafe(SECRET_BYTES)
    with transaction(world.engine) as db:
        user_id = one_time.redeem(db, Purpose.OAUTH_TICKET, ticket).user_id if ticket else None
        facts: dict[str, Any] = {"journey": asdict(journey), "browser": _digest(browser)}
        state = one_time.issue(db, Purpose.OAUTH_STATE, user_id=user_id, seconds=LIFETIME_SECONDS, **facts)
    cookie = cookie_of(world.settings, state, browser, posts_back=there.posts_back)
    return Step(there.departure(journey, state), cookie)


def finish(world: World, provider: str, answer: Mapping[str, str], cookies: Mapping[str, str], *, address: str) -> Step:
    """Take a browser back from a provider, and send it on to the app: with a code, or with the code of what went wrong.

    Raises NotFound, ProviderNotConfigured, StateInvalid: then it is not known where the browser should go.
    """
    there = providers.named(world.providers, provider)
    state = answer.get("state", "")
    forgotten = cookie_of(world.settings, state, "", posts_back=there.posts_back)
    journey, user_id = _resumed(world, state, cookies.get(forgotten.name, ""))
    if journey.provider != provider:
        raise StateInvalid
    try:
        who = there.arrival(journey, answer)
        told = _connecting(world, journey, who, user_id) if user_id else _signing_in(world, journey, who, address)
    except Problem as reason:
        told = {"error": reason.code()}
    return Step(_with(journey.redirect_to, told), forgotten)


def ticket(world: World, provider: str, caller: Caller, *, password: str | None, redirect_to: str, code_challenge: str) -> str:
    """The address that a browser opens to connect a provider to the caller's account. A token alone is not enough: whoever
    steals one would stay for ever. Raises as `begin` and `proving.person` do.
    """
    providers.named(world.providers, provider)
    _refuse_elsewhere(world.settings, redirect_to)
    proving.person(world, caller, password)
    with transaction(world.engine) as db:
        secret = one_time.issue(db, Purpose.OAUTH_TICKET, user_id=caller.id, seconds=TICKET_SECONDS)
    asked = {"redirect_to": redirect_to, "ticket": secret} | ({"code_challenge": code_challenge} if code_challenge else {})
    return f"{_home(world.settings)}{PLACE}/{provider}?{urlencode(asked)}"


def connect(world: World, code: str, *, user_id: UUID, code_verifier: str, address: str) -> None:
    """Connect what a journey came back with. Raises OneTimeTokenInvalid, IdentityTaken, EmailUnconfirmed."""
    with transaction(world.engine) as db:
        redeemed = one_time.redeem(db, Purpose.OAUTH_LINK, code)
    if redeemed.user_id != user_id or not codes.is_proved(code_verifier, redeemed.facts["code_challenge"]):
        raise OneTimeTokenInvalid
    with transaction(world.engine, user_id=user_id) as db:
        identities.connect(db, Arrival(**redeemed.facts["arrival"]), user_id=user_id, address=address)


def callback(settings: Settings, provider: str) -> str:
    """Where a provider sends browsers back to: what is to be registered there."""
    return f"{_home(settings)}{PLACE}/{provider}/callback"


def cookie_of(settings: Settings, state: str, value: str, *, posts_back: bool) -> Cookie:
    """Over HTTPS it is bound to this host. Strict it cannot be: the browser comes from the provider's site. A form that comes
    from there (Apple's) brings only cookies with SameSite=None, which browsers take over HTTPS alone, as Apple does.
    """
    is_secure = settings.public_url.startswith("https://")
    name = f"tutti_oauth_{_digest(state)[:16]}"
    if is_secure:
        return Cookie(f"__Host-{name}", value, True, "/", "None" if posts_back else "Lax")
    return Cookie(name, value, False, PLACE, "Lax")


def _signing_in(world: World, journey: Journey, who: Arrival, address: str) -> dict[str, str]:
    user_id = identities.arrive(world, who, address=address)
    with transaction(world.engine) as db:
        return {"code": codes.issue(db, user_id=user_id, code_challenge=journey.code_challenge)}


def _connecting(world: World, journey: Journey, who: Arrival, user_id: UUID) -> dict[str, str]:
    facts: dict[str, Any] = {"arrival": asdict(who), "code_challenge": journey.code_challenge}
    with transaction(world.engine) as db:
        return {"link_code": one_time.issue(db, Purpose.OAUTH_LINK, user_id=user_id, seconds=CODE_SECONDS, **facts)}


def _resumed(world: World, state: str, browser: str) -> tuple[Journey, UUID | None]:
    try:
        with transaction(world.engine) as db:
            begun: Redeemed = one_time.redeem(db, Purpose.OAUTH_STATE, state)
    except OneTimeTokenInvalid as reason:
        raise StateInvalid from reason
    if not hmac.compare_digest(_digest(browser), str(begun.facts["browser"])):
        raise StateInvalid
    return Journey(**begun.facts["journey"]), begun.user_id


def _refuse_elsewhere(settings: Settings, redirect_to: str) -> None:
    if redirect_to not in {each.strip() for each in settings.app_urls.split(",") if each.strip()}:
        raise RedirectNotAllowed


def _home(settings: Settings) -> str:
    return settings.public_url.rstrip("/")


def _with(url: str, told: dict[str, str]) -> str:
    """An address of an app with more in its query.

    >>> _with("https://app.example/in?lang=de#top", {"code": "x"})
    'https://app.example/in?lang=de&code=x#top'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(told)]))))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
