"""The web process of media."""

from anyio import CapacityLimiter
from fastapi import FastAPI

from services import media
from services.media.dialects.subsonic import rest
from services.media.errors import TooManyEncodings, TooManyStreams, TooManyUploads, TooManyZips
from services.media.listening.answers import Answers
from services.media.players import Players
from services.media.playing import memory
from services.media.playing.cache import Cache
from services.media.playing.places import Places
from services.media.playing.playable import Playables
from services.media.playing.turns import Turns
from services.media.routes import (
    annotations,
    archives,
    audiences,
    catalogue,
    files,
    internal,
    metadata,
    pictures,
    play,
    playing,
    playlists,
    processing,
    search,
    shares,
    statistics,
    tracks,
    tus,
    uploads,
)
from services.media.settings import Settings
from services.media.sharing.tokens import ShareTokens
from services.media.store import Store
from services.media.tasks.queue import events
from services.media.world import World
from shared import db as database
from shared import trust
from shared.fastapi_app import app as fastapi_app
from shared.fastapi_app.reception import Arrivals

ARRIVING = 16  # large uploads on their way at once, of everybody; so many caps' worth of disk
ARRIVING_OF_ONE = 6  # and of one person: as many connections as a browser opens
WAIT_SECONDS = 30  # that one more waits for its turn, unread
STORING = 8  # bodies of resumable uploads that are written just now: a spooled part, or one on its way to the store
ZIPS = 16  # on their way to everybody: each holds a read of the store, 4 MiB, for as long as whoever downloads pauses
ZIPS_OF_ONE = 3  # on their way to one person at once
ENCODINGS = 24  # processes that encode while somebody listens: a player that pauses costs 10 MB and no time
ENCODINGS_OF_ONE = 4
STREAMS_OF_ONE = 30  # a household's players, and a page that preloads
FINISHING = 6  # bodies looked at and stored at once: twice the inspector's places, and a few at the store


def create() -> FastAPI:
    """Read the settings, connect, and put it together."""
    memory.give_back_large_pieces()
    settings = Settings.load()
    engine = database.engine_of(settings)
    peers = trust.peers(settings)
    verifier = trust.verifier(settings, peers["auth"])
    store = Store(settings)
    cache = Cache(settings.cache_folder, store, engine, size_bytes=settings.cache_bytes)
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    playables = Playables(
        settings.sealing_keys,
        public_url=settings.public_url,
        lifetime_seconds=settings.playable_seconds,
        revocations=verifier.revocations,
    )
    arrivals = Arrivals(of_all=ARRIVING, of_one=ARRIVING_OF_ONE, wait_seconds=WAIT_SECONDS, too_many=TooManyUploads)
    return fastapi_app.create(
        about=media.__doc__ or "",
        settings=settings,
        engine=engine,
        verifier=verifier,
        routers=[  # tried in this order: what is asked for most, and fastest, comes first
            playing.router,
            play.router,
            annotations.router,
            tracks.router,
            metadata.router,
            catalogue.router,
            tus.router,
            uploads.router,
            playlists.router,
            processing.router,
            shares.router,
            pictures.router,
            files.router,
            archives.router,
            internal.router,
            audiences.router,
            statistics.router,
            search.router,
            rest.router,
        ],
        checks={"store": store.ping},
        world=World(
            finishing=CapacityLimiter(FINISHING),
            storing=CapacityLimiter(STORING),
            settings=settings,
            store=store,
            cache=cache,
            playables=playables,
            shares=ShareTokens(settings.sealing_keys, public_url=settings.public_url),
            places=Places(),
            players=Players(peers["auth"], verifier.revocations),
            arrivals=arrivals,
            encoding=Turns(of_one=ENCODINGS_OF_ONE, of_all=ENCODINGS, too_many=TooManyEncodings),
            zipping=Turns(of_one=ZIPS_OF_ONE, of_all=ZIPS, too_many=TooManyZips),
            streaming=Turns(of_one=STREAMS_OF_ONE, too_many=TooManyStreams),
            answers=Answers(),
            spool=spool,
        ),
        events=events,
        renders={rest.PREFIX: rest.render},
        closing=[cache.close, *(peer.close for peer in peers.values())],
    )
