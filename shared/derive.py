"""Keys that follow from the secrets of the first run, so that only those have to be kept and backed up (HKDF, RFC 5869)."""

import base64

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32  # 256 bits, what AES-256 and HMAC-SHA256 both take


def derive(secret: bytes, purpose: str) -> bytes:
    """The 32-byte key for `purpose`; another purpose gives an unrelated key. The same input gives the same key for ever."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=b"tutti", info=purpose.encode()).derive(secret)


def role_password(app_secret: bytes, role: str) -> str:
    """The password of a database role: URL-safe text, so that it needs no escaping in an address."""
    return base64.urlsafe_b64encode(derive(app_secret, f"database role {role}")).decode().rstrip("=")


def pair_key(jwt_secret: bytes, one: str, other: str) -> bytes:
    """The key that two services share, whichever of them asks. No third service is given it."""
    return derive(jwt_secret, "service pair " + " ".join(sorted((one, other))))
