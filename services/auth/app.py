"""The web process of auth."""

from apiflask import APIFlask
from flask import Response
from flask_jwt_extended import JWTManager

import services.auth
from services.auth import exchange, keys, peers, providers, revocations, tasks, tokens
from services.auth.dialects import echogen, harmony, sinuzoid, sinuzoid_client
from services.auth.foreign import Registry
from services.auth.keys import Signing
from services.auth.routes import (
    accounts,
    administration,
    beginnings,
    codes,
    documentation,
    exports,
    history,
    identities,
    leaving,
    limits,
    links,
    mail,
    parameters,
    players,
    profiles,
    recovery,
    second_factor,
    sign_ins,
    trust,
)
from services.auth.settings import Settings
from services.auth.world import World
from shared import flask_app
from shared.db import engine_of, transaction
from shared.foreign import Exchange
from shared.identity import KeySet, Revocations, Verifier
from shared.limits import Limiter, PostgresStorage
from shared.sealing import Seals


def create() -> APIFlask:
    """Read the settings and make the application. It runs in the process that serves."""
    settings = Settings.load()
    engine = engine_of(settings)
    world = World(
        settings=settings,
        engine=engine,
        signing=Signing(engine, Seals(settings.sealing_keys)),
        failures=Limiter(PostgresStorage(engine), enabled=settings.rate_limits),
        peers=peers.all_of(settings),
        providers=providers.all_of(settings),
        foreign=Registry(settings.foreign_issuers),
    )
    app = flask_app.create(
        about=services.auth.__doc__ or "",
        settings=settings,
        engine=engine,
        verifier=_verifier(world),
        blueprints=[
            accounts.routes,
            recovery.routes,
            links.routes,
            mail.routes,
            profiles.routes,
            sign_ins.routes,
            codes.routes,
            leaving.routes,
            exports.routes,
            identities.routes,
            players.routes,
            second_factor.routes,
            sinuzoid.routes,
            sinuzoid_client.routes,
            harmony.routes,
            echogen.routes,
            trust.routes,
            documentation.routes,
            administration.routes,
            beginnings.routes,
            history.routes,
            history.own_routes,
            parameters.routes,
            parameters.internal_routes,
        ],
        world=world,
        events=tasks.events,
        checks={"signing key": lambda: world.signing.active() and None},
    )
    app.config.update(tokens.config(settings))
    tokens.teach(JWTManager(app))
    app.before_request(limits.count_by_address)
    app.after_request(_keep_nothing)
    return app


def _verifier(world: World) -> Verifier:
    """The same verification as everywhere, fed from our own tables."""

    def find_keys() -> dict[str, object]:
        with transaction(world.engine) as db:
            return keys.jwks(db) | {"foreign": world.foreign.published()}

    def find_revocations(after: str) -> dict[str, object]:
        with transaction(world.engine) as db:
            return revocations.since(db, after)

    published = KeySet(find_keys)
    return Verifier(
        issuer=world.settings.token_issuer,
        audience=world.settings.token_audience,
        max_lifetime_seconds=world.settings.access_token_seconds,
        keys=published,
        revocations=Revocations(find_revocations),
        foreign=Exchange(lambda token: exchange.resolve(world, token), published.foreign),
    )


def _keep_nothing(response: Response) -> Response:
    """Tokens and profiles are kept by no cache."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
