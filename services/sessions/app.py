"""The process of the sessions service."""

from fastapi import FastAPI

import services.sessions
from services.sessions import peers
from services.sessions.errors import (
    BodyTooLarge,
    ChunkTooLarge,
    ImportTooLarge,
    ScoreTooLarge,
    TooManyImports,
    TooManyRecordings,
)
from services.sessions.practice.bodies import Bodies
from services.sessions.routes import analyses, calendars, goals, moving, planning, running, scores, sessions, stats
from services.sessions.scores import reading
from services.sessions.settings import MIB, Settings
from services.sessions.tasks.queue import events
from services.sessions.world import World
from shared import db, trust
from shared.errors import TooLarge, TooMany
from shared.fastapi_app import app as shell

BESIDE_THE_RECORDING_BYTES = 11 * MIB  # of JSON: the score, the analysis, the words
MAX_IMPORT_BYTES = 96 * MIB  # one at a time in memory, where JSON takes four times as much
MAX_CHUNK_BYTES = 8 * MIB  # 30 s at 2.2 Mbit/s: even uncompressed sound has no more
CHUNKS_AT_ONCE = 8  # large ones in memory, on their way to media


def create() -> FastAPI:
    """The application."""
    settings = Settings.load()
    media, others = peers.media(settings), peers.all_of(settings)

    def bodies(
        max_bytes: int,
        too_large: type[TooLarge],
        *,
        at_once: int = settings.recordings_at_once,
        too_many: type[TooMany] = TooManyRecordings,
    ) -> Bodies:
        slowest, patience_seconds = settings.slowest_bytes_per_second, settings.patience_seconds
        return Bodies(
            settings.data_dir,
            max_bytes=max_bytes,
            at_once=at_once,
            slowest_bytes_per_second=slowest,
            patience_seconds=patience_seconds,
            too_large=too_large,
            too_many=too_many,
        )

    return shell.create(
        about=services.sessions.__doc__ or "",
        settings=settings,
        engine=db.engine_of(settings),
        verifier=trust.verifier(settings, others["auth"]),
        routers=[  # what has a name stands before the sessions, whose ids take every other word
            running.router,
            planning.router,
            moving.router,
            sessions.router,
            analyses.router,
            scores.router,
            stats.router,
            goals.router,
            calendars.router,
        ],
        checks={},
        world=World(
            settings,
            media,
            bodies=bodies(settings.max_recording_bytes * 4 // 3 + BESIDE_THE_RECORDING_BYTES, BodyTooLarge),
            scores=bodies(reading.MAX_SENT_BYTES, ScoreTooLarge, at_once=reading.AT_ONCE),
            imports=bodies(MAX_IMPORT_BYTES, ImportTooLarge, at_once=1, too_many=TooManyImports),
            chunks=bodies(MAX_CHUNK_BYTES, ChunkTooLarge, at_once=CHUNKS_AT_ONCE),
            endings=bodies(BESIDE_THE_RECORDING_BYTES, BodyTooLarge),
        ),
        events=events,
        closing=[media.close, *(peer.close for peer in others.values())],
    )
