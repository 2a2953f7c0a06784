"""Settings: one frozen model per service, read once at start. The environment is read here and nowhere else.

Plain settings come from environment variables. Secrets come from files in the folder that `SECRETS_DIR` names, one file a
setting, so that they show in no process listing; each process has its own folder with just what it may know.
"""

import base64
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import addresses, json, services

TOKEN_SECONDS = 3600  # seed 004: an access token lives for an hour


def _keys(value: Any) -> Any:
    """Read `{"name": "base64"}`, as the secrets folder holds it."""
    named = json.loads(value.encode()) if isinstance(value, str) else value
    return {name: base64.b64decode(key) if isinstance(key, str) else key for name, key in named.items()}


Keys = Annotated[dict[str, bytes], BeforeValidator(_keys)]


class Settings(BaseSettings):
    """What every service reads. A service adds its own in a subclass, in its `app.py`'s folder, named `settings.py`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", enable_decoding=False)

    service_name: str
    app_env: str = "dev"
    log_level: str = "INFO"
    public_url: str = "http://localhost:8000"
    host: str = "127.0.0.1"
    port: int = 0
    data_dir: Path
    run_dir: Path
    service_database_url: SecretStr
    internal_keys: Keys
    sealing_keys: Keys
    database_pool_size: int = Field(default=8, ge=1, le=100)
    access_token_seconds: int = Field(default=TOKEN_SECONDS, ge=60, le=86_400)
    token_issuer: str = "tutti"
    token_audience: str = "tutti-api"
    default_time_zone: str = "UTC"
    api_rate_limit_per_minute: int = Field(default=120, ge=1)
    user_rate_limit_per_minute: int = Field(default=6_000, ge=1)
    rate_limits: bool = True
    trusted_proxies: str = ""
    drain_seconds: float = Field(default=1.5, ge=0)
    stop_seconds: int = Field(default=15, ge=1)
    peer_urls: dict[str, str] = Field(default_factory=lambda: _peer_urls())

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, listed: str) -> str:
        addresses.networks(listed)
        return listed

    @classmethod
    def load(cls) -> Self:
        """Read everything, or end the process with one message that names all that is wrong."""
        try:
            return cls(_secrets_dir=os.environ.get("SECRETS_DIR"))
        except ValidationError as wrong:
            for each in wrong.errors():
                name = ".".join(str(part) for part in each["loc"]).upper()
                sys.stderr.write(f"setting {name}: {each['msg']}\n")
            raise SystemExit(2) from wrong

    @property
    def drain_flag(self) -> Path:
        """The file whose existence says that this service is about to stop."""
        return self.run_dir / f"{self.service_name}-{self.port}.draining"

    @property
    def trusted_networks(self) -> tuple[addresses.Network, ...]:
        """The proxies before the gateway whose word on a client's address counts."""
        return addresses.networks(self.trusted_proxies)

    @property
    def newest_sealing_key(self) -> bytes:
        """The sealing key with the greatest id: what new keys of the service derive from."""
        return self.sealing_keys[max(self.sealing_keys, key=lambda key_id: (len(key_id), key_id))]

    @property
    def is_worker(self) -> bool:
        """Whether these are a worker's settings: only those hold the `_system` role's address."""
        return f"//{self.service_name}_system:" in self.service_database_url.get_secret_value()


class MigrationSettings(BaseSettings):
    """What `shared.migrations` reads: the administrator's address, and the secret that role passwords derive from."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    app_secret: SecretStr

    @classmethod
    def load(cls) -> Self:
        """Read both from the environment or the secrets folder."""
        return cls(_secrets_dir=os.environ.get("SECRETS_DIR"))


AnySettings = TypeVar("AnySettings", bound=Settings)


def _peer_urls() -> dict[str, str]:
    named = {name: os.environ.get(f"{name.upper()}_URL") for name in services.names()}
    return {name: url for name, url in named.items() if url}
