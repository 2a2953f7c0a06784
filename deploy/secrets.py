"""The secrets of an installation: made at the first run, kept for ever, dealt out so that each process sees only its own.

`<folder>/master/` holds what everything derives from; lose it and sealed data is lost. Every other folder is written at each
start: `<service>/` for a web process, `<service>-worker/` for its worker, `migrations/`, and `database/` and `store/` for those
servers. Containers run `python -m deploy.secrets --home /secrets --database db:5432/tutti` once, before everything else.
"""

import argparse
import base64
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from shared import derive, services

SECRET_BYTES = 32  # 256 bits: what HKDF-SHA256 and HMAC-SHA256 take whole
SHORTEST = 32  # characters of a secret that keys derive from; RFC 7518 asks as many bytes of an HS256 key
SHORTEST_PASSWORD = 8  # characters; guessing is bounded because both servers listen on inner addresses alone
SHORTEST_ACCESS_KEY = 3  # characters; rclone refuses shorter ones
PLACEHOLDERS = ("change", "replace", "your", "example", "placeholder", "secret", "password", "minioadmin", "ecretf0rt3st")

APP_SECRET, JWT_SECRET, POSTGRES_PASSWORD = "APP_SECRET", "JWT_SECRET", "POSTGRES_PASSWORD"
S3_ACCESS_KEY, S3_SECRET_KEY, DATABASE_URL = "S3_ACCESS_KEY", "S3_SECRET_KEY", "DATABASE_URL"
MASTERS = {
    APP_SECRET: SHORTEST,
    JWT_SECRET: SHORTEST,
    POSTGRES_PASSWORD: SHORTEST_PASSWORD,
    S3_ACCESS_KEY: SHORTEST_ACCESS_KEY,
    S3_SECRET_KEY: SHORTEST_PASSWORD,
}
GIVEN = {"auth": ("SMTP_URL", "GOOGLE_CLIENT_SECRET", "APPLE_PRIVATE_KEY", "FACEBOOK_CLIENT_SECRET")}
"""Secrets that others made, by the service that reads them: none where the operator sets none."""
NEVER_IN_THE_ENVIRONMENT = (*MASTERS, DATABASE_URL, *(name for names in GIVEN.values() for name in names))
"""Of a service: each is handed the files it may read instead."""
STORE_OWNER = "media"  # the only service that speaks to the object store


class Unfit(Exception):
    """A secret that the operator set is missing, too short or a placeholder."""


@dataclass(frozen=True)
class Database:
    """Where Postgres answers, as an administrator's address. Role addresses are this one with another name and password."""

    url: str

    @classmethod
    def embedded(cls, where: str, password: str) -> "Database":
        """Our own Postgres at `host:port/name`."""
        return cls(f"postgresql://postgres:{quote(password, safe='')}@{where}")

    @classmethod
    def managed(cls, url: str) -> "Database":
        """Somebody's Postgres, by the address of its administrator; a SQLAlchemy driver in the scheme is dropped."""
        parts = urlsplit(url)
        if parts.scheme.partition("+")[0] not in ("postgres", "postgresql") or not parts.hostname or len(parts.path) < 2:
            raise Unfit(f"{DATABASE_URL} must read postgresql://user:password@host:port/database.")
        return cls(urlunsplit(parts._replace(scheme="postgresql")))

    def as_role(self, role: str, password: str) -> str:
        """The same database for another role; options such as `sslmode` stay."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))


def make(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Every master secret: the operator's where `settings` has one, else the one kept in `folder`, else a new one.

    Any number of first starts at once end with the same set. Raises Unfit, naming everything that is wrong at once.
    """
    outside_store = bool(settings.get("S3_ENDPOINT"))
    wrong, given = [], {}
    for name, shortest in MASTERS.items():
        value = settings.get(name, "").strip()
        if outside_store and name in (S3_ACCESS_KEY, S3_SECRET_KEY):
            if not value:
                wrong.append(f"{name} is needed because S3_ENDPOINT is set")
        elif value and (fault := _fault(value, shortest)):
            wrong.append(f"{name} {fault}")
        if value:
            given[name] = value
    if wrong:
        raise Unfit("; ".join(wrong) + ". Leave a secret out and Tutti makes one.")

    _make_folder(folder)
    _make_folder(folder / "master")
    return {name: given.get(name) or _keep_or_make(folder / "master" / name.lower()) for name in MASTERS}


def deal(folder: Path, masters: Mapping[str, str], database: Database, settings: Mapping[str, str]) -> None:
    """Write every process's own folder, `settings` being what the operator set. May be repeated; a file that already says
    the same is left alone, and one that the operator has taken back is removed.
    """
    app, jwt = masters[APP_SECRET].encode(), masters[JWT_SECRET].encode()
    names = services.names()
    for name in names:
        sealing = {"1": _text(derive.derive(app, f"sealing {name}"))}
        peers = {peer: _text(derive.pair_key(jwt, name, peer)) for peer in names if peer != name}
        same = {"internal_keys": json.dumps(peers), "sealing_keys": json.dumps(sealing)}
        if name == STORE_OWNER:
            same |= {"s3_access_key": masters[S3_ACCESS_KEY], "s3_secret_key": masters[S3_SECRET_KEY]}
        given = {each: settings.get(each, "").strip() for each in GIVEN.get(name, ())}
        same |= {each.lower(): value for each, value in given.items() if value}
        for process, role in ((name, name), (f"{name}-worker", f"{name}_system")):
            address = database.as_role(role, derive.role_password(app, role))
            _write_folder(folder / process, same | {"service_database_url": address})
            for taken_back in (each for each, value in given.items() if not value):
                (folder / process / taken_back.lower()).unlink(missing_ok=True)
    _write_folder(folder / "migrations", {"database_url": database.url, "app_secret": masters[APP_SECRET]})
    _write_folder(folder / "database", {"postgres_password": masters[POSTGRES_PASSWORD]})
    # rclone reads one variable, `"key,secret"` with the quotes, because its value is a list in CSV.
    _write_folder(folder / "store", {"rclone_auth_key": f'"{masters[S3_ACCESS_KEY]},{masters[S3_SECRET_KEY]}"'})


def _fault(value: str, shortest: int) -> str:
    if len(value) < shortest:
        return f"is shorter than {shortest} characters"
    if len(set(value)) < min(shortest, 5) or any(word in value.lower() for word in PLACEHOLDERS):
        return "looks like a placeholder"
    return ""


def _keep_or_make(file: Path) -> str:
    """The secret in `file`, made if there is none. The name appears on the whole file or not at all, so none is half read."""
    with suppress(FileNotFoundError):
        return _kept(file)
    made = file.with_name(f".{file.name}.{os.urandom(8).hex()}")
    _write_new(made, base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).decode().rstrip("="))
    try:
        with suppress(FileExistsError):
            os.link(made, file)
    finally:
        made.unlink()
    _sync(file.parent)
    return _kept(file)


def _kept(file: Path) -> str:
    if file.stat().st_mode & 0o077:
        raise Unfit(f"{file} can be read by others; `chmod 600` it.")
    value = file.read_text().strip()
    if not value:
        raise Unfit(f"{file} is empty; restore it from a backup, since data is sealed with it.")
    return value


def _write_folder(folder: Path, values: Mapping[str, str]) -> None:
    _make_folder(folder)
    for name, value in values.items():
        file = folder / name
        if file.exists() and file.read_text() == value:
            continue
        made = folder / f".{name}.{os.urandom(8).hex()}"
        _write_new(made, value)
        made.replace(file)
    _sync(folder)


def _write_new(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sync(folder: Path) -> None:
    """Make the names in `folder` survive a power failure, as fsync on the files does for what is in them."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def main() -> None:
    """Make and deal the secrets in one go, for containers: settings come from the environment."""
    words = argparse.ArgumentParser(prog="python -m deploy.secrets", description=main.__doc__)
    words.add_argument("--home", type=Path, required=True, help="the folder that holds every process's folder")
    words.add_argument("--database", default="db:5432/tutti", help="host:port/name of Postgres, unless DATABASE_URL is set")
    chosen = words.parse_args()
    try:
        masters = make(chosen.home, os.environ)
        url = os.environ.get(DATABASE_URL)
        database = Database.managed(url) if url else Database.embedded(chosen.database, masters[POSTGRES_PASSWORD])
        deal(chosen.home, masters, database, os.environ)
    except Unfit as reason:
        sys.exit(f"Tutti cannot start: {reason}")


if __name__ == "__main__":
    main()
