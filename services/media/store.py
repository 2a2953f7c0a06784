"""The object store: the only module that knows S3. Every request is short, bounded and gives up within seconds.

Content type, size and digest of an object live in our rows and are never asked of the store: the embedded one forgets them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, BinaryIO, NamedTuple, TypeVar
from urllib.parse import urlsplit

import minio
import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error

from services.media.errors import BytesLost, StoreUnavailable
from services.media.reads import SIGNED_SECONDS, RangeRefused, Ranges
from services.media.settings import Settings
from shared import clock
from shared.logs import log

CONNECT_SECONDS = 2
READ_SECONDS = 5  # of silence; a store that stopped is noticed by then
PART_BYTES = 8 * 1024 * 1024  # what one upload holds in memory; S3's smallest part is 5 MiB
READ_BYTES = 4 * 1024 * 1024  # of one range read: measured as fast as one long GET, and nothing stays open between two
CONNECTIONS = 32  # more wait
TRIPS_AFTER = 5  # failures in a row
TRIPPED_SECONDS = 10
NOT_SATISFIABLE = 416  # it is shorter than we know it
FAILED = "InternalError"  # S3 says to ask again; the embedded store where a folder's last object goes just as this one comes
GONE = frozenset({"NoSuchKey", "NoSuchBucket"})
RESTART_SECONDS = 2.0  # for which a store that broke off is tried again: the embedded one is back within one
BETWEEN_SECONDS = 0.2
BROKEN_OFF = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError)
UNANSWERED = (urllib3.exceptions.HTTPError, HTTPException, InvalidResponseError, MinioException, OSError)

Result = TypeVar("Result")


class Listed(NamedTuple):
    """An object that a bucket holds."""

    key: str
    size_bytes: int
    stored_at: datetime


class Store:
    """One S3 endpoint. Threads may share it. Every method raises StoreUnavailable when it is not answering."""

    def __init__(self, settings: Settings) -> None:
        address = urlsplit(settings.s3_endpoint)
        self._client = minio.Minio(
            endpoint=address.netloc,
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=address.scheme == "https",
            region=settings.s3_region,
            http_client=_Connections(
                maxsize=CONNECTIONS,
                block=True,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=urllib3.Retry(total=1, connect=1, read=0),
            ),
        )
        self._ranges = Ranges(settings.s3_endpoint, self._sign, timeout_seconds=READ_SECONDS, at_most=CONNECTIONS)
        self._main_bucket = settings.storage_bucket
        self._reading, self._writing = _Breaker(), _Breaker()  # a store that is full refuses what is written, and plays
        self._asking = threading.Lock()  # whether it is back
        self._buckets: set[str] = set()

    def put(self, bucket: str, key: str, data: BinaryIO, *, size_bytes: int = -1, mime_type: str) -> None:
        """Store everything that `data` reads, in constant memory; it appears whole or not at all. Overwrites.

        What is larger than a part goes as a multipart upload, which the client aborts where it fails. One whose process is
        killed stays unfinished in a real S3, unseen but paid for, and the client has no public call to list such uploads: give
        the bucket a lifecycle rule (AbortIncompleteMultipartUpload, 1 day). The embedded store forgets them when it restarts.
        """
        self._make_bucket(bucket)

        begin = data.tell()

        def put() -> Any:
            data.seek(begin)
            return self._client.put_object(
                bucket_name=bucket,
                object_name=key,
                data=data,
                length=size_bytes,
                content_type=mime_type,
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )

        def put_again() -> Any:
            try:
                return put()
            except S3Error as reason:
                if reason.code != FAILED:
                    raise
                return put()

        self._ask(lambda: _through_a_restart(put_again), self._writing)

    def read(self, bucket: str, key: str, *, start: int, length: int) -> bytes:
        """`length` bytes from `start`, by one request that is over when this returns. Raises BytesLost."""

        found = self._ask(lambda: self._ranges.read(bucket, key, start=start, length=length))
        if len(found) != length:
            raise BytesLost
        return found

    def read_all(self, bucket: str, key: str, *, at_most: int) -> bytes:
        """A small object, whole. Raises BytesLost, also for one that is larger than `at_most` bytes."""

        def read() -> bytes:
            response = self._client.get_object(bucket_name=bucket, object_name=key)
            try:
                return bytes(response.read(at_most + 1))
            finally:
                response.close()
                response.release_conn()

        found = self._ask(read)
        if len(found) > at_most:
            raise BytesLost
        return found

    def copy_to(self, file: BinaryIO, bucket: str, key: str, *, size_bytes: int) -> None:
        """Write the object's `size_bytes` bytes to `file`, a bounded read at a time. Raises BytesLost."""
        for start in range(0, size_bytes, READ_BYTES):
            file.write(self.read(bucket, key, start=start, length=min(READ_BYTES, size_bytes - start)))

    def delete(self, bucket: str, key: str) -> None:
        """Delete; what is not there is no failure, so it may be repeated."""

        def delete() -> None:
            self._client.remove_object(bucket_name=bucket, object_name=key)

        try:
            self._ask(delete)
        except BytesLost:
            log(__name__).info("object.already_gone", bucket=bucket)

    def listed(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """What the bucket holds under a prefix, a page at a time; nothing where there is no such bucket."""
        found = self._client.list_objects(bucket_name=bucket, prefix=prefix, recursive=True)
        while True:
            try:
                each = self._ask(lambda: next(found, None))
            except BytesLost:
                return
            if each is None:
                return
            yield Listed(each.object_name or "", each.size or 0, each.last_modified or clock.now())

    def expect_bytes(self) -> None:
        """Raises StoreUnavailable where they would be refused just now: before a body is read for nothing.

        A store that refused the last ones is asked whether it is back, by one caller at a time; the others hear no meanwhile.
        Where nobody listens that is not counted, so that a store that starts again is found at once; silence is.
        """
        self._writing.check()
        if not self._writing.has_failed:
            return
        if not self._asking.acquire(blocking=False):
            raise StoreUnavailable
        try:
            self._client.bucket_exists(bucket_name=self._main_bucket)
        except UNANSWERED as reason:
            if not _is_broken_off(reason):
                self._writing.failed(reason)
            raise StoreUnavailable from reason
        finally:
            self._asking.release()

    def ping(self) -> str:
        """Ask the store one thing."""
        self._ask(lambda: self._client.bucket_exists(bucket_name=self._main_bucket))
        return "ok"

    def _make_bucket(self, bucket: str) -> None:
        if bucket in self._buckets:
            return

        def make() -> None:
            if not self._client.bucket_exists(bucket_name=bucket):
                try:
                    self._client.make_bucket(bucket_name=bucket)
                except S3Error as reason:
                    if reason.code not in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
                        raise

        self._ask(make, self._writing)
        self._buckets.add(bucket)

    def _sign(self, bucket: str, key: str) -> str:
        lifetime = timedelta(seconds=SIGNED_SECONDS)
        return self._client.get_presigned_url("GET", bucket_name=bucket, object_name=key, expires=lifetime)

    def _ask(self, call: Callable[[], Result], breaker: "_Breaker | None" = None) -> Result:
        breaker = breaker or self._reading
        breaker.check()
        try:
            result = call()
        except S3Error as reason:
            if reason.code in GONE:
                breaker.worked()
                raise BytesLost from reason
            breaker.failed(reason)
            raise StoreUnavailable from reason
        except RangeRefused as reason:
            if any(f"<Code>{code}</Code>".encode() in reason.said for code in GONE) or reason.status == NOT_SATISFIABLE:
                breaker.worked()
                raise BytesLost from reason
            breaker.failed(reason)
            raise StoreUnavailable from reason
        except UNANSWERED as reason:
            breaker.failed(reason)
            raise StoreUnavailable from reason
        breaker.worked()
        return result


def _through_a_restart(call: Callable[[], Result]) -> Result:
    """Call again for a moment where the store broke off or nobody listens; a silent one has taken its time already."""
    ends_at = time.monotonic() + RESTART_SECONDS
    while True:
        try:
            return call()
        except urllib3.exceptions.HTTPError as reason:
            if not _is_broken_off(reason) or time.monotonic() > ends_at:
                raise
        time.sleep(BETWEEN_SECONDS)


def _is_broken_off(reason: Exception) -> bool:
    return isinstance(reason, urllib3.exceptions.MaxRetryError) and isinstance(reason.reason, BROKEN_OFF)


class _Connections(urllib3.PoolManager):
    """The client reads an error only where it is called application/xml; the embedded store calls it text/xml.

    Without this a missing object would look like a store that is not answering, and a few of them like one that is down.
    """

    def urlopen(self, *arguments: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        """As its parent does."""
        response = super().urlopen(*arguments, **options)
        if response.headers.get("Content-Type", "").startswith("text/xml"):
            response.headers["Content-Type"] = "application/xml"
        return response


class _Breaker:
    """After five failures in a row the store is left alone for ten seconds, and every request is refused at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_again_at = 0.0

    @property
    def has_failed(self) -> bool:
        """Whether the last request did."""
        return self._failures > 0

    def check(self) -> None:
        with self._lock:
            if time.monotonic() < self._closed_again_at:
                raise StoreUnavailable

    def worked(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self, reason: Exception) -> None:
        log(__name__).warning("store.failed", reason=repr(reason)[:300])
        with self._lock:
            self._failures += 1
            if self._failures >= TRIPS_AFTER:
                self._closed_again_at = time.monotonic() + TRIPPED_SECONDS
