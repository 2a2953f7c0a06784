"""What a process of Tutti is told in its environment: what the operator set, without the secrets, and what is so here."""

from pathlib import Path

from deploy import leftovers, ports, secrets
from deploy.settings import Settings

NOT_FOR_CHILDREN = {
    "PYTHONDONTWRITEBYTECODE",
    *secrets.NEVER_IN_THE_ENVIRONMENT,
}  # without bytecode six services took 13 s to start, not 5


def of(settings: Settings, process: str, *, port: int = 0) -> dict[str, str]:
    """The environment of a process such as `media` or `media-worker`; its secrets are files."""
    service = process.removesuffix("-worker")
    chosen = {name: value for name, value in settings.chosen.items() if name not in NOT_FOR_CHILDREN}
    return {
        **chosen,
        "PUBLIC_URL": settings.public_url,
        "SERVICE_NAME": service,
        "HOST": ports.LOOPBACK,
        "PORT": str(port),
        "SECRETS_DIR": str(settings.home / "secrets" / process),
        "DATA_DIR": str(made(settings.home / "data" / service)),
        "RUN_DIR": str(settings.home / "run"),
        "PYTHONUNBUFFERED": "1",
        leftovers.MARK: str(settings.home),
    }


def made(folder: Path) -> Path:
    """The folder, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
