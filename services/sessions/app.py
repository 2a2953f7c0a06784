"""The process of the sessions service."""

from fastapi import FastAPI

import services.sessions
from services.sessions import peers
from services.sessions.errors import ScoreTooLarge
from services.sessions.practice.bodies import Bodies
from services.sessions.routes import calendars, goals, planning, scores, sessions, stats
from services.sessions.scores import reading
from services.sessions.settings import MIB, Settings
from services.sessions.tasks.queue import events
from services.sessions.world import World
from shared import db, trust
from shared.fastapi_app import app as shell

BESIDE_THE_RECORDING_BYTES = 11 * MIB  # of JSON: the score, the analysis, the words


def create() -> FastAPI:
    """The application."""
    settings = Settings.load()
    media, others = peers.media(settings), peers.all_of(settings)
    bodies = Bodies(
        settings.data_dir,
        max_bytes=settings.max_recording_bytes * 4 // 3 + BESIDE_THE_RECORDING_BYTES,
        at_once=settings.recordings_at_once,
        slowest_bytes_per_second=settings.slowest_bytes_per_second,
        patience_seconds=settings.patience_seconds,
    )
    sent_scores = Bodies(
        settings.data_dir,
        max_bytes=reading.MAX_SENT_BYTES,
        at_once=reading.AT_ONCE,
        slowest_bytes_per_second=settings.slowest_bytes_per_second,
        patience_seconds=settings.patience_seconds,
        too_large=ScoreTooLarge,
    )
    return shell.create(
        about=services.sessions.__doc__ or "",
        settings=settings,
        engine=db.engine_of(settings),
        verifier=trust.verifier(settings, others["auth"]),
        routers=[  # what is next stands before the sessions: their ids take every other word
            planning.router,
            sessions.router,
            scores.router,
            stats.router,
            goals.router,
            calendars.router,
        ],
        checks={},
        world=World(settings, media, bodies, sent_scores),
        events=events,
        closing=[media.close, *(peer.close for peer in others.values())],
    )
