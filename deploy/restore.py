"""Make TUTTI_HOME anew from a backup: `make restore FROM=folder`, or `python -m deploy.restore folder`.

Nothing that exists is written over: TUTTI_HOME must be empty or absent, and so must what STORAGE_PATH and DATABASE_URL name,
where these are set. TUTTI_HOME appears once all of it is there; then `make run` serves what was backed up. Only those whose
sign-in was renewed after the backup sign in again.
"""

import sys
from contextlib import ExitStack, nullcontext
from pathlib import Path

from deploy import backup_folder, errands, postgres_tools, secrets
from deploy.backup import store_of, write_secrets
from deploy.backup_folder import DUMP, OBJECTS, SECRETS, Manifest
from deploy.logs import Logs
from deploy.processes import ROOT, Supervisor
from deploy.secrets import Database
from deploy.settings import Settings, Unusable
from shared import migrations, services


async def restore(named: str) -> None:
    """Restore the backup in the folder `named`."""
    if not named:
        raise Unusable("say which backup: make restore FROM=folder.")
    settings, folder = Settings.read(), (ROOT / named).resolve()
    with ExitStack() as opened:
        made = opened.enter_context(errands.appearing(settings.home))
        manifest = backup_folder.read(folder)
        _refuse_what_is_not_known(manifest)
        store = _store(settings, manifest, made, opened)
        masters = _masters(folder / SECRETS, made / "secrets", settings)
        if store:
            await backup_folder.copy(folder / OBJECTS, store)
        logs = Logs(made / "logs")
        await _fill_database(folder / DUMP, made, masters, settings, Supervisor(logs, lambda _: None))
    logs.show(f"{settings.home} holds what was backed up on {manifest.made_at:%Y-%m-%d at %H:%M} UTC. Start it: make run.")


def _refuse_what_is_not_known(manifest: Manifest) -> None:
    known = services.names()
    for service, revision in manifest.services.items():
        if service not in known or not migrations.knows(service, revision):
            raise Unusable(f"revision {revision} of {service} is not known here: restore it with Tutti {manifest.tutti}.")


def _store(settings: Settings, manifest: Manifest, made: Path, opened: ExitStack) -> Path | None:
    """Where the objects of the backup go, if it holds them: a folder of the new TUTTI_HOME, unless STORAGE_PATH names one."""
    store = store_of(settings)
    if manifest.objects is None and store:
        raise Unusable("the objects of this backup are in an S3 of its own: set S3_ENDPOINT to it.")
    if manifest.objects is not None and not store:
        raise Unusable("this backup holds objects, which are not brought into an S3: restore it without S3_ENDPOINT.")
    if store is None or store.is_relative_to(settings.home):
        return store and made / store.relative_to(settings.home)
    return opened.enter_context(errands.appearing(store))


def _masters(source: Path, target: Path, settings: Settings) -> dict[str, str]:
    """Every master secret, those of the backup among them. Raises Unusable where APP_SECRET is set to another one."""
    chosen = settings.chosen.get(secrets.APP_SECRET)
    if chosen and chosen.strip() != (source / secrets.APP_SECRET.lower()).read_text():
        raise Unusable("APP_SECRET is set to another one than the backup's, and would not open what is sealed in it.")
    write_secrets(target / "master", {file.name: file.read_text() for file in source.iterdir()})
    return secrets.make(target, settings.chosen)


async def _fill_database(file: Path, made: Path, masters: dict[str, str], settings: Settings, supervisor: Supervisor) -> None:
    """Roles first, because the dump names them; then the dump; then whatever migrations are newer than it."""
    managed = settings.chosen.get(secrets.DATABASE_URL)
    password = masters[secrets.POSTGRES_PASSWORD]
    async with (
        nullcontext(Database.managed(managed)) if managed else postgres_tools.embedded(made / "postgres", password, supervisor)
    ) as database:
        if there := postgres_tools.schemas(database, services.names()):
            raise Unusable(f"the database of DATABASE_URL is not empty: it has {', '.join(there)}.")
        secrets.deal(made / "secrets", masters, database, settings.chosen)
        await postgres_tools.migrate(made / "secrets" / "migrations", supervisor, "roles")
        await postgres_tools.restore(database, file, supervisor)
        await postgres_tools.migrate(made / "secrets" / "migrations", supervisor)


if __name__ == "__main__":
    errands.run(restore("".join(sys.argv[1:2])))
