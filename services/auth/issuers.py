"""Issuers besides ourselves whose tokens are bearers here: what the operator says of them in FOREIGN_ISSUERS, read strictly.

Which algorithms, keys, audiences and addresses count is said here and never by a token. There is no HS256: a secret that two
sides share would let the app's other servers sign in as anybody.
"""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
KINDS = ("auth0", "clerk", "supabase")  # words that their hosts hold, and that name the provider where nothing else does
VISIBLE = re.compile(r"[!-~]{1,255}")


def _url(text: str) -> str:
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not VISIBLE.fullmatch(text) or not is_safe or not parts.hostname:
        raise ValueError(f"{text!r} is no https address (http is for this machine alone)")
    if parts.username is not None or parts.query or parts.fragment or "\\" in text:
        raise ValueError(f"{text!r} holds more than a host and a path")
    return text


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Url = Annotated[str, AfterValidator(_url)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(max_length=20)]
Algorithm = Literal["RS256", "ES256", "EdDSA"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimMap(_Frozen):
    """Under which names an issuer's tokens tell of a person; several names are a path into objects.

    `email_verified` must name something that the issuer alone writes. Supabase's `user_metadata` is written by the person.
    """

    email: Names = ("email",)
    email_verified: Names = ("email_verified",)
    name: Names = ("name",)
    picture: Names = ("picture",)
    zoneinfo: Names = ("zoneinfo",)


class Issuer(_Frozen):
    """One issuer. Its tokens name it exactly as `issuer` does, to the last slash."""

    issuer: Url
    audience: Names = ()
    authorized_parties: Names = ()  # the `azp` that count: Clerk's tokens have no audience
    jwks_url: Url = ""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256", "EdDSA")
    opaque: bool = False
    userinfo_url: Url = ""
    asked_again_seconds: int = Field(default=300, ge=30, le=3_600)  # how long an answer about an opaque token holds
    provider: str = Field(default="", pattern=r"^[a-z0-9-]{0,30}$")
    claims: ClaimMap = ClaimMap()

    @model_validator(mode="after")
    def _is_bound(self) -> Self:
        if not self.audience and not self.authorized_parties and not self.opaque:
            raise ValueError(f"{self.issuer}: say the audience (or, for Clerk, authorized_parties) that its tokens are for")
        return self

    @property
    def takes_jwts(self) -> bool:
        """Whether there is anything that its signed tokens may be for."""
        return bool(self.audience or self.authorized_parties)

    @property
    def keys_at(self) -> str:
        """Where it publishes its keys."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def userinfo_at(self) -> str:
        """Where it says whose an opaque token is."""
        return self.userinfo_url or f"{self.issuer.rstrip('/')}/userinfo"

    @property
    def short_name(self) -> str:
        """The word that accounts note as their provider."""
        host = urlsplit(self.issuer).hostname or ""
        return self.provider or next((kind for kind in KINDS if kind in host), "oidc")


_LIST: TypeAdapter[tuple[Issuer, ...]] = TypeAdapter(tuple[Issuer, ...])


def parse(text: str) -> tuple[Issuer, ...]:
    """The issuers of the setting. Raises ValueError, naming what is wrong with which."""
    found = _LIST.validate_json(text, strict=True)
    if len({each.issuer for each in found}) < len(found):
        raise ValueError("an issuer is listed twice")
    if sum(each.opaque for each in found) > 1:
        raise ValueError("more than one issuer is opaque: nobody could tell whom to ask about a token")
    return found
