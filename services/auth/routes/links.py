"""The page that a mail's link opens, one for each purpose.

Opening it changes nothing, so no scanner of mails uses a link up: the secret stands behind the #, where no server and no log
sees it, and is sent when its reader presses the button. All of it is served from here, and works without internet.
"""

from dataclasses import dataclass
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, render_template_string, send_from_directory

from services.auth.one_time import Purpose
from shared.errors import NotFound

PAGES = Path(__file__).parent.parent / "mail" / "pages"
CACHE_SECONDS = 3600
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "same-origin"}

routes = APIBlueprint("links", __name__)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says, where its button sends the secret, and under which name a new password, where it asks for one."""

    title: str
    text: str
    button: str
    done: str
    endpoint: str
    asks_for: str = ""


CHANGE_DONE = "Both addresses have confirmed it: your address is changed."

BY_PURPOSE = {
    Purpose.CONFIRM_EMAIL: Page(
        title="Confirm your address",
        text="Did you make an account with this address? Then confirm it.",
        button="Confirm this address",
        done="Your address is confirmed. You can close this page.",
        endpoint="../confirm",
    ),
    Purpose.MAGIC_LINK: Page(
        title="Sign in",
        text="Did you ask for a link to sign in? Then go on.",
        button="Sign in",
        done="You can close this page.",
        endpoint="../magic-link/follow",
    ),
    Purpose.RESET_PASSWORD: Page(
        title="Choose a new password",
        text="At least 8 characters. It ends every sign-in; then sign in with it.",
        button="Keep this password",
        done="Your new password holds. Sign in with it.",
        endpoint="../reset-password",
        asks_for="new_password",
    ),
    Purpose.INVITATION: Page(
        title="Welcome",
        text="Choose the password of your account: at least 8 characters.",
        button="Keep this password",
        done="Your account is ready. Sign in with it.",
        endpoint="../accept-invitation",
        asks_for="password",
    ),
    Purpose.CHANGE_EMAIL_OLD: Page(
        title="Change your address",
        text="Did you ask for your account's address to change? Then confirm it.",
        button="Yes, change it",
        done=CHANGE_DONE,
        endpoint="../change-email/confirm",
    ),
    Purpose.CHANGE_EMAIL_NEW: Page(
        title="Confirm your new address",
        text="Did you ask to use this address for your account? Then confirm it.",
        button="Confirm this address",
        done=CHANGE_DONE,
        endpoint="../change-email/confirm",
    ),
}


@routes.get("/api/auth/links/<purpose>")
def show_link(purpose: str) -> Response:
    """The page that a mail's link opens."""
    page = next((page for each, page in BY_PURPOSE.items() if each.value.replace("_", "-") == purpose), None)
    if page is None:
        raise NotFound
    body = render_template_string((PAGES / "link.html").read_text(), page=page)
    return Response(body, headers=HEADERS, content_type="text/html; charset=utf-8")


@routes.get("/api/auth/links/parts/<name>")
def show_part(name: str) -> Response:
    """Its script and its style sheet."""
    return send_from_directory(PAGES, name, max_age=CACHE_SECONDS)
