"""How often an address may ask for what needs no account, so that one cannot fill the database or keep the service busy."""

from flask import request

from services.auth import guesses
from shared.flask_app import client_address, world
from shared.limits import Limiter

REGISTRATIONS, POSTS = "registrations from an address", "requests from an address"
HOUR, MINUTE = 3600, 60
JOINING = ("/register", "/signup")  # in the words of each app

_posts = Limiter()  # of this process: what it protects is this process


def count_by_address() -> None:
    """Before every request: count those that change something, and registrations besides. Raises TooMany."""
    settings = world().settings
    if request.method != "POST" or request.path.startswith("/internal/") or not settings.rate_limits:
        return
    who = guesses.network_of(client_address())
    _posts.hit(POSTS, at_most=settings.posts_per_address_per_minute, per_seconds=MINUTE, who=who)
    if request.path.rstrip("/").endswith(JOINING):
        world().failures.hit(REGISTRATIONS, at_most=settings.registrations_per_address, per_seconds=HOUR, who=who)
