"""What an operator may set of accounts and sign-ins."""

from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field, SecretStr, field_validator, model_validator

import shared.config
from services.auth import issuers

PROVIDERS = {
    "Google": ("google_client_id", "google_client_secret"),
    "Apple": ("apple_client_id", "apple_team_id", "apple_key_id", "apple_private_key"),
    "Facebook": ("facebook_client_id", "facebook_client_secret"),
}


class Settings(shared.config.Settings):
    """The settings of auth. `API_RATE_LIMIT_...` and the like are in the parent."""

    refresh_grace_seconds: int = Field(default=60, ge=0, le=300)  # 300: what Ory Hydra allows at most
    sign_in_idle_days: int = Field(default=30, ge=1)
    sign_in_max_days: int = Field(default=180, ge=1)
    sign_ins_per_user: int = Field(default=20, ge=1)  # more end the one that was not used for longest
    sign_in_failures_per_account: int = Field(default=10, ge=1)
    sign_in_failures_per_address: int = Field(default=60, ge=1)
    sign_in_window_seconds: int = Field(default=300, ge=1)
    strangers_failures_per_hour: int = Field(default=20, ge=1)  # of one account, from places it never signed in from
    mails_per_recipient_per_hour: int = Field(default=5, ge=1)  # of each kind, to an address that somebody typed
    mails_per_address_per_hour: int = Field(default=30, ge=1)  # asked for from one network address
    registrations_per_address: int = Field(default=300, ge=1)  # in an hour; a school behind one address has its first lesson
    posts_per_address_per_minute: int = Field(default=1_200, ge=1)  # of a process of auth; an office refreshes its tokens
    email_confirmation_required: bool = False
    deletion_days: int = Field(default=30, ge=0)
    key_published_ahead_seconds: int = Field(default=900, ge=10)  # every service knows it within 5 s
    mail_from: str = "Tutti <tutti@localhost>"
    smtp_url: SecretStr | None = None  # smtp://user:password@host:587, or smtps://; none is a folder of files
    app_urls: str = ""  # where a browser may be sent back to: exact addresses, by commas
    google_client_id: str = ""
    google_client_secret: SecretStr | None = None
    google_issuer: str = "https://accounts.google.com"
    apple_client_id: str = ""
    apple_team_id: str = ""
    apple_key_id: str = ""
    apple_private_key: SecretStr | None = None
    apple_issuer: str = "https://appleid.apple.com"
    facebook_client_id: str = ""
    facebook_client_secret: SecretStr | None = None
    facebook_url: str = "https://www.facebook.com"
    facebook_graph_url: str = "https://graph.facebook.com"
    foreign_issuers: str = "[]"  # JSON; see services/auth/README.md

    @model_validator(mode="after")
    def _are_whole(self) -> Self:
        """A provider that is set up by half would look like one that is not set up at all."""
        for provider, needed in PROVIDERS.items():
            missing = [name.upper() for name in needed if not getattr(self, name)]
            if missing and len(missing) < len(needed):
                raise ValueError(f"{provider} needs {', '.join(missing)} too")
        return self

    @field_validator("apple_private_key")
    @classmethod
    def _is_a_key(cls, sealed: SecretStr | None) -> SecretStr | None:
        """An environment variable has its lines joined by \\n."""
        if sealed is None or not sealed.get_secret_value():
            return None
        text = sealed.get_secret_value().replace("\\n", "\n")
        try:
            key = serialization.load_pem_private_key(text.encode(), password=None)
        except ValueError:
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("the text of Apple's .p8 file, a private key of P-256")
        return SecretStr(text)

    @field_validator("foreign_issuers")
    @classmethod
    def _are_issuers(cls, text: str) -> str:
        issuers.parse(text)
        return text
