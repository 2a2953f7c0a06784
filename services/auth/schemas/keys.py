"""What others verify our tokens with."""

from shared.schemas import Out


class PublicKeyOut(Out):
    """A public key of P-256 (RFC 7517)."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class KeysOut(Out):
    """The keys that access tokens are verified with."""

    keys: list[PublicKeyOut]
