"""Password hashes of other systems, which people bring along: read at an import, matched until their next sign-in.

    bcrypt      `$2a$`, `$2b$`, `$2y$` (Supabase, Auth0, Clerk, Symfony)
    argon2      `$argon2id$`, `$argon2i$` at any cost within bounds (PHC; Symfony, Kratos)
    PBKDF2      `pbkdf2_sha256$...` (Django), `pbkdf2:sha256:...` (Werkzeug), `$pbkdf2-sha256$...` (PHC, passlib)
    scrypt      Firebase's own, kept as `$firebase-scrypt$`, see `of_firebase`

Each costs what the hash says, so the import refuses those that would cost too much: a row is no way to keep us busy. Matching
takes as long for a wrong password as for a right one; it takes another time than our own hashes do, until the first sign-in
has replaced them, so until then it can be told by time that such an account exists.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

import bcrypt
from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

LONGEST = 255  # characters: what the column holds
BCRYPT_COST = range(4, 15)  # 14: a second
BCRYPT_BYTES = 72  # of a password: bcrypt never saw the rest
ARGON2_KIB, ARGON2_PASSES, ARGON2_LANES = range(8, 131_073), range(1, 11), range(1, 9)  # 128 MiB
PBKDF2_ROUNDS = range(1, 2_000_001)  # Django's 6.0 does 1,200,000 in half a second
SCRYPT_COST, SCRYPT_ROUNDS = range(10, 16), range(1, 17)  # 2**15 blocks of 16 * 128 bytes are 64 MiB
SCRYPT_BYTES = 128 * 1024 * 1024  # what OpenSSL may take
DIGESTS = {"sha1": 20, "sha256": 32, "sha512": 64}  # bytes
SUM_BYTES, SALT_BYTES = range(16, 65), range(4, 65)
KEY_BYTES, STREAM_BYTES = 32, 64  # AES-256; a signer key of Firebase

BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
DJANGO = re.compile(r"pbkdf2_(sha1|sha256|sha512)\$(\d{1,10})\$([^$]{1,64})\$([A-Za-z0-9+/]+=*)")
WERKZEUG = re.compile(r"pbkdf2:(sha1|sha256|sha512):(\d{1,10})\$([^$]{1,64})\$([0-9a-f]+)")
PHC = re.compile(r"\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,10})(?:,l=\d+)?\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)")
FIREBASE = re.compile(r"\$firebase-scrypt\$m=(\d{1,2}),r=(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")

_argon2 = PasswordHasher()


class NotTaken(ValueError):
    """This hash is not taken; the text says why, without the hash."""


@dataclass(frozen=True, slots=True)
class FirebaseProject:
    """The hash parameters of a Firebase project, as its console shows them."""

    signer_key: bytes
    salt_separator: bytes
    rounds: int
    memory_cost: int


@dataclass(frozen=True, slots=True)
class _Kind:
    """How hashes of one kind begin, what refuses one, and what matches one."""

    begins: tuple[str, ...]
    check: Callable[[str], None]
    matches: Callable[[str, str], bool]


def check(kept: str) -> str:
    """The hash, if it can be matched at a bearable cost. Raises NotTaken."""
    if len(kept) > LONGEST:
        raise NotTaken(f"the hash has more than {LONGEST} characters")
    kind = _kind(kept)
    if kind is None:
        raise NotTaken("the hash is of no kind that is known")
    kind.check(kept)
    return kept


def is_foreign(kept: str) -> bool:
    """Whether this is a hash of another kind than our own argon2id."""
    return _kind(kept) is not None and not kept.startswith("$argon2id$")


def matches(password: str, kept: str) -> bool:
    """Whether `kept`, which has passed `check`, is the hash of `password`."""
    kind = _kind(kept)
    try:
        return kind is not None and kind.matches(password, kept)
    except (ValueError, MemoryError):
        return False


def of_firebase(project: FirebaseProject, *, salt: str, password_hash: str) -> str:
    """Firebase's scrypt hash of one user, as it is kept here. Raises NotTaken.

    Theirs is the project's signer key, encrypted (AES-CTR) with the scrypt of the password. What the key was encrypted with
    is kept, as a SHA-256, so that neither the signer key nor anything that shows it has to be kept beside it.
    """
    sealed = _url_or_plain(password_hash, "the hash")
    if len(sealed) != len(project.signer_key) or len(sealed) != STREAM_BYTES:
        raise NotTaken("the hash is not as long as a signer key of Firebase")
    stream = bytes(a ^ b for a, b in zip(sealed, project.signer_key, strict=True))
    salted = base64.b64encode(_url_or_plain(salt, "the salt") + project.salt_separator).decode()
    kept = base64.b64encode(hashlib.sha256(stream).digest()).decode()
    return check(f"$firebase-scrypt$m={project.memory_cost},r={project.rounds}${salted}${kept}")


def _check_bcrypt(kept: str) -> None:
    _within(int(_parts(BCRYPT, kept)[0]), BCRYPT_COST, "bcrypt's cost")


def _matches_bcrypt(password: str, kept: str) -> bool:
    return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], kept.encode())


def _check_argon2(kept: str) -> None:
    try:
        found: Parameters = extract_parameters(kept)
    except (InvalidHashError, ValueError) as reason:
        raise NotTaken("the hash is not argon2's") from reason
    _within(found.memory_cost, ARGON2_KIB, "argon2's memory")
    _within(found.time_cost, ARGON2_PASSES, "argon2's passes")
    _within(found.parallelism, ARGON2_LANES, "argon2's lanes")
    _within(found.hash_len, SUM_BYTES, "the length of argon2's sum")
    _within(found.salt_len, SALT_BYTES, "the length of argon2's salt")


def _matches_argon2(password: str, kept: str) -> bool:
    try:
        return _argon2.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _check_pbkdf2(kept: str) -> None:
    _read_pbkdf2(kept)


def _matches_pbkdf2(password: str, kept: str) -> bool:
    digest, rounds, salt, kept_sum = _read_pbkdf2(kept)
    found = hashlib.pbkdf2_hmac(digest, password.encode(), salt, rounds, len(kept_sum))
    return hmac.compare_digest(found, kept_sum)


def _read_pbkdf2(kept: str) -> tuple[str, int, bytes, bytes]:
    """Digest, rounds, salt and sum. Raises NotTaken."""
    if kept.startswith("pbkdf2_"):
        digest, rounds, salt, found = _parts(DJANGO, kept)
        read = (digest, int(rounds), salt.encode(), _b64(found, "the hash"))
    elif kept.startswith("pbkdf2:"):
        digest, rounds, salt, found = _parts(WERKZEUG, kept)
        read = (digest, int(rounds), salt.encode(), bytes.fromhex(found) if len(found) % 2 == 0 else b"")
    else:
        digest, rounds, salt, found = _parts(PHC, kept)
        salted, sum_ = (each.replace(".", "+") for each in (salt, found))  # passlib writes a dot for a plus
        read = (digest or "sha1", int(rounds), _b64(salted, "the salt"), _b64(sum_, "the hash"))
    _within(read[1], PBKDF2_ROUNDS, "PBKDF2's rounds")
    _within(len(read[2]), SALT_BYTES, "the length of PBKDF2's salt")
    if len(read[3]) not in SUM_BYTES or len(read[3]) > DIGESTS[read[0]]:
        raise NotTaken("PBKDF2's sum is of another length than its digest's")
    return read


def _check_firebase(kept: str) -> None:
    memory_cost, rounds, salt, found = _parts(FIREBASE, kept)
    _within(int(memory_cost), SCRYPT_COST, "scrypt's memory cost")
    _within(int(rounds), SCRYPT_ROUNDS, "scrypt's rounds")
    _within(len(_b64(salt, "the salt")), SALT_BYTES, "the length of scrypt's salt")
    if len(_b64(found, "the hash")) != hashlib.sha256().digest_size:
        raise NotTaken("the hash is of another length than a SHA-256")


def _matches_firebase(password: str, kept: str) -> bool:
    memory_cost, rounds, salt, found = _parts(FIREBASE, kept)
    cost, block = 1 << int(memory_cost), int(rounds)
    salted = base64.b64decode(salt)
    key = hashlib.scrypt(password.encode(), salt=salted, n=cost, r=block, p=1, maxmem=SCRYPT_BYTES, dklen=KEY_BYTES)
    stream = Cipher(AES(key), CTR(bytes(AES.block_size // 8))).encryptor().update(bytes(STREAM_BYTES))
    return hmac.compare_digest(hashlib.sha256(stream).digest(), base64.b64decode(found))


KINDS = (
    _Kind(("$2a$", "$2b$", "$2y$"), _check_bcrypt, _matches_bcrypt),
    _Kind(("$argon2id$", "$argon2i$"), _check_argon2, _matches_argon2),
    _Kind(("pbkdf2_", "pbkdf2:", "$pbkdf2"), _check_pbkdf2, _matches_pbkdf2),
    _Kind(("$firebase-scrypt$",), _check_firebase, _matches_firebase),
)


def _kind(kept: str) -> _Kind | None:
    return next((each for each in KINDS if kept.startswith(each.begins)), None)


def _parts(shape: re.Pattern[str], kept: str) -> tuple[str, ...]:
    found = shape.fullmatch(kept)
    if found is None:
        raise NotTaken("the hash is cut short or has another shape than its beginning says")
    return found.groups("")


def _within(value: int, bounds: range, what: str) -> None:
    if value not in bounds:
        raise NotTaken(f"{what} is {value}; taken are {bounds.start} to {bounds.stop - 1}")


def _b64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError) as reason:
        raise NotTaken(f"{what} is no base64") from reason


def _url_or_plain(text: str, what: str) -> bytes:
    """Firebase's exports write either alphabet."""
    return _b64(text.replace("-", "+").replace("_", "/"), what)
