"""What another issuer says of somebody: a provider that a browser went to, or whoever signed a token that is not ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom another issuer vouches for. `provider` is our short word for the issuer: google, auth0."""

    issuer: str
    subject: str
    provider: str
    email: str = ""
    is_email_verified: bool = False
    name: str = ""
    picture: str = ""
