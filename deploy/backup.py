"""Keep a copy of everything: `make backup`, or `python -m deploy.backup [folder]`, while Tutti runs or while it is stopped.

First the database, then the objects. An object is stored before a row claims it and deleted after its row, so every row of the
dump finds its object in the copy, with one exception: a file whose owner deleted it in the moment between. Such a file is
listed again after a restore, does not play, and is gone once its owner deletes it again. What was stored after the dump lies
in the copy without a row, and is in nobody's way.
"""

import os
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy import backup_folder, errands, leftovers, lock, postgres_tools, secrets
from deploy.backup_folder import DUMP, MANIFEST, OBJECTS, SECRETS, Manifest
from deploy.logs import Logs
from deploy.processes import ROOT, Supervisor
from deploy.secrets import Database
from deploy.settings import Settings, Unusable
from shared import clock


async def backup(to: str) -> None:
    """Write a backup of TUTTI_HOME to the folder `to`; where that is empty, to a new one in `backups` beside TUTTI_HOME."""
    settings = Settings.read()
    home, store = settings.home, store_of(settings)
    if not (home / "secrets" / "migrations").is_dir():
        raise Unusable(f"there is nothing to back up: {home} holds no Tutti.")
    if store and not store.is_dir():
        raise Unusable(f"{store} does not exist. Set STORAGE_PATH or S3_ENDPOINT as `make run` has it.")
    target = (ROOT / (to or home.parent / "backups" / f"{clock.now():%Y%m%dT%H%M%SZ}")).resolve()
    if any(target.is_relative_to(folder) for folder in (home, store) if folder):
        raise Unusable(f"{target} lies in what is to be backed up; choose a folder outside.")

    logs = Logs(home / "logs")
    supervisor = Supervisor(logs, lambda _: None)
    with errands.appearing(target) as made:
        async with _database(settings, supervisor) as database:
            services = postgres_tools.revisions(database)
            await postgres_tools.dump(database, made / DUMP, supervisor)
        if store:
            await backup_folder.link(store, made / OBJECTS)
        _copy_secrets(home / "secrets", made / SECRETS)
        manifest = Manifest(
            tutti=tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
            made_at=clock.now(),
            services=services,
            objects=backup_folder.count(made / OBJECTS) if store else None,
            dump_sha256=backup_folder.sha256(made / DUMP),
        )
        (made / MANIFEST).write_text(manifest.model_dump_json(indent=2))
    logs.show(f"Everything is in {target}. It holds the secrets too: whoever has that folder has everything.")
    if not store:
        logs.show("The objects are not in it: they are in the S3 that S3_ENDPOINT names, which is yours to back up.")


def store_of(settings: Settings) -> Path | None:
    """The folder of the embedded object store; None where S3_ENDPOINT names another store."""
    if settings.chosen.get("S3_ENDPOINT"):
        return None
    return Path(settings.chosen.get("STORAGE_PATH") or settings.home / "store").resolve()


@asynccontextmanager
async def _database(settings: Settings, supervisor: Supervisor) -> AsyncIterator[Database]:
    """The database of a running Tutti, or one of the operator's own, or our own started for this alone."""
    home, managed = settings.home, settings.chosen.get(secrets.DATABASE_URL)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    if lock.is_held(home / "run" / "lock"):
        yield Database((home / "secrets" / "migrations" / "database_url").read_text())
    elif managed:
        yield Database.managed(managed)
    elif not (home / "postgres" / "data").is_dir():
        raise Unusable(f"there is no database in {home}. Set DATABASE_URL as `make run` has it.")
    else:
        with lock.hold(home / "run" / "lock"):
            leftovers.clear(home / "run" / "stack.json", home)
            password = (home / "secrets" / "database" / "postgres_password").read_text()
            async with postgres_tools.embedded(home / "postgres", password, supervisor) as database:
                yield database


def _copy_secrets(source: Path, target: Path) -> None:
    """Copy the master secrets; and the one that sealed data needs from where the processes read it, were it set by hand."""
    app_secret = secrets.APP_SECRET.lower()
    kept = {file.name: file.read_text() for file in (source / "master").iterdir() if not file.name.startswith(".")}
    kept[app_secret] = (source / "migrations" / app_secret).read_text()
    write_secrets(target, kept)


def write_secrets(folder: Path, values: dict[str, str]) -> None:
    """Write secrets, one file each, that only we can read."""
    folder.mkdir(mode=0o700, parents=True)
    for name, value in values.items():
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(value)


if __name__ == "__main__":
    errands.run(backup("".join(sys.argv[1:2])))
