"""The guestbook's process."""

from fastapi import FastAPI

import services.guestbook
from services.guestbook import peers, routes, tasks
from services.guestbook.settings import Settings
from shared import db, trust
from shared.fastapi_app import app as shell


def create() -> FastAPI:
    """The application."""
    settings = Settings.load()
    others = peers.all_of(settings)
    return shell.create(
        about=services.guestbook.__doc__ or "",
        settings=settings,
        engine=db.engine_of(settings),
        verifier=trust.verifier(settings, others["auth"]),
        routers=[routes.guestbook],
        checks={},
        events=tasks.events,
    )
