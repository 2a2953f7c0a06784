"""What the benchmarks stand on: one Tutti without rate limits, whose gateway also leads to its object store and to an nginx."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import minio
from sqlalchemy import Engine, text

from services.media.models.files import AudioFile
from shared import db, processes
from tests import people
from tests.load.client import Client
from tests.media import make
from tests.people import Person
from tests.stack import ROOT, Stack, free_ports

COPIED = ("services", "shared", "deploy", "gateway")
BUCKET = "tutti"
KEPT_BYTES = 100_000_000  # of an object that media's cache takes ...
UNKEPT_BYTES = 100 * 1024 * 1024  # ... and of one just too large for it, so that every play of it is a first one
CACHE_BYTES = 4 * (KEPT_BYTES + UNKEPT_BYTES) // 2  # no object larger than a quarter of this is kept
QUOTA_BYTES = 1 << 40
PATIENCE_SECONDS = 20
NGINX_PREFIX = "/by-nginx/"
ROUTERS = """
    load-store:
      rule: PathPrefix(`/{bucket}/`)
      service: load-store
      middlewares: [stream]
      priority: 1000
    load-nginx:
      rule: PathPrefix(`{prefix}`)
      service: load-nginx
      middlewares: [stream]
      priority: 1000
"""
SERVICES = """
    load-store: {{loadBalancer: {{servers: [{{url: '{store}'}}]}}}}
    load-nginx: {{loadBalancer: {{servers: [{{url: '{nginx}'}}]}}}}
"""
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  sendfile on; tcp_nopush on; access_log off; keepalive_requests 100000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location {prefix} {{ alias {files}/; }} }}
}}
"""
TRACKS = text(
    """
    INSERT INTO audio_files (id, user_id, filename, title, artist, album, duration, file_size, mime_type, kind, state,
                             bucket, object_key, sha256, cover_key, created_at, measured_at)
    SELECT gen_random_uuid(), :user_id, 'track ' || n || '.flac', 'Track ' || n, 'Artist ' || n % 100, 'Album ' || n % 1000,
           180, 5000000, 'audio/flac', 'upload', 'ready', 'tutti', 'storage/audio/none/' || n, repeat('0', 64),
           'storage/cover/' || n, now() - n * interval '1 minute', now()
    FROM generate_series(1, :count) AS n
    """
)

PRACTICE = text(
    """
    INSERT INTO sessions (id, user_id, song_name, piece, instrument, folded_instrument, duration_seconds,
                          total_practice_seconds, date, time_zone, practised_on, analysis_summary, tempo_bpm, self_rating,
                          score_accuracy, state)
    SELECT gen_random_uuid(), :user_id, 'Piece ' || n % 40, 'piece ' || n % 40, 'Piano', 'piano', 1200 + n % 7 * 300, 1800,
           now() - n * interval '1 day', 'UTC', (now() AT TIME ZONE 'UTC')::date - n, repeat('Steady. ', 20),
           60 + n % 60, 1 + n % 5, n % 101, 'saved'
    FROM generate_series(0, :days - 1) AS n
    """
)

# As the catalogue and a year of listening would have made them.
OF_LIBRARIES = (
    text("UPDATE audio_files SET sort_title = lower(title), catalogued_at = now() WHERE user_id = :user_id"),
    text("""
        INSERT INTO search_words (user_id, found, place, word, target_id)
        SELECT user_id, 'track', place, word, id
        FROM audio_files, LATERAL (
            VALUES (1, 'track'), (2, split_part(title, ' ', 2)), (3, 'artist'), (3, 'album'), (3, 'w' || hashtext(title) % 500)
        ) AS its (place, word)
        WHERE user_id = :user_id
    """),
    text("""
        INSERT INTO annotations (user_id, target, target_id, play_count, completed_count, listened_seconds, played_at)
        SELECT user_id, 'track', id, 1 + abs(hashtext(title)) % 9, 1, 180, created_at FROM audio_files WHERE user_id = :user_id
    """),
    text("""
        INSERT INTO plays (id, user_id, file_id, played_at, listened_seconds, completed, skipped)
        SELECT gen_random_uuid(), user_id, id, created_at, 180, true, false FROM audio_files WHERE user_id = :user_id
    """),
)


class Ground:
    """Everything is made when it is first asked for, and gone with the `with` block."""

    def __enter__(self) -> Self:
        self._leaving = ExitStack()
        self.folder = Path(self._leaving.enter_context(tempfile.TemporaryDirectory(prefix="tutti-load-")))
        self.folder.chmod(0o755)  # nginx looks into it
        return self

    def __exit__(self, *_reason: object) -> None:
        self._leaving.close()

    @cached_property
    def stack(self) -> Stack:
        """The running Tutti, from a copy of the repository, so that its routes may be changed."""
        copy = self.folder / "repository"
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        stack = Stack(
            self.folder / "home",
            root=copy,
            RATE_LIMITS="false",
            GATEWAY_RATE_LIMIT_PER_SECOND="0",
            QUOTA_BYTES=str(QUOTA_BYTES),
            CACHE_BYTES=str(CACHE_BYTES),
            MAKELEVEL="1",  # it then stops with this process, however that ends
        )
        self._leaving.callback(stack.stop)
        return stack.start()

    @cached_property
    def alice(self) -> Person:
        """Someone signed in."""
        return self.person("alice")

    def person(self, name: str) -> Person:
        """Someone new, signed in."""
        person = people.sign_up(self.stack.url, name)
        self._leaving.callback(person.http.close)
        return person

    def client(self, person: Person | None = None, url: str = "") -> Client:
        """A connection to the front door, or to `url`, of someone or of nobody."""
        return self._leaving.enter_context(Client(url or self.stack.url, person.token if person else ""))

    @cached_property
    def kept(self) -> dict[str, Any]:
        """A file of 100 MB that media's cache will hold once it was played."""
        return make.uploaded(self.alice, make.big_wav(KEPT_BYTES), "kept.wav")

    @cached_property
    def unkept(self) -> dict[str, Any]:
        """A file of 100 MB that it never holds."""
        return make.uploaded(self.alice, make.big_wav(UNKEPT_BYTES), "unkept.wav")

    def warm(self) -> None:
        """Play the kept file until the cache has it."""
        with Client(self.stack.url, self.alice.token) as client:
            client.get(f"/files/{self.kept['id']}/stream")
        cache = self.stack.home / "data" / "media" / "cache"
        make.until(lambda: [each for each in cache.glob(f"{self.kept['id']}-*") if each.suffix != ".filling"], bool)

    def presigned(self, file: dict[str, Any]) -> str:
        """Path and query by which the gateway hands on to the object store itself, signed for the gateway's host."""
        self._lead_to_references()
        url = self.store_client(self.stack.url).presigned_get_object(bucket_name=BUCKET, object_name=self.object_key(file))
        return url.removeprefix(self.stack.url)

    def by_nginx(self, file: dict[str, Any]) -> str | None:
        """The path by which the gateway leads to an nginx that serves the file's bytes; None where there is no nginx."""
        if not shutil.which("nginx"):
            return None
        self._lead_to_references()
        served = self.folder / "nginx" / "files" / file["id"]
        if not served.exists():
            os.link(self.stack.home / "store" / BUCKET / self.object_key(file), served)
            served.chmod(0o644)
        return NGINX_PREFIX + file["id"]

    def object_key(self, file: dict[str, Any]) -> str:
        """Where the store has a file's bytes."""
        with db.transaction(self.system) as session:
            found = session.get_one(AudioFile, UUID(file["id"])).object_key
        assert found
        return found

    def store_client(self, url: str = "") -> minio.Minio:
        """A client of the object store, straight or by another address of it."""
        where = url or self.stack.service_url("store")
        keys = [self.stack.secret("media", name) for name in ("s3_access_key", "s3_secret_key")]
        return minio.Minio(where.removeprefix("http://"), *keys, secure=False, region="us-east-1")

    @cached_property
    def system(self) -> Engine:
        """The database as media's worker sees it."""
        engine = self.stack.engine("media-worker")
        self._leaving.callback(engine.dispose)
        return engine

    @cached_property
    def libraries(self) -> tuple[Person, Person]:
        """Someone with 1,000 tracks and someone with 100,000, in a database that has had time to look at them."""
        both = self.person("thousand"), self.person("hundred-thousand")
        with db.transaction(self.system) as session:
            for person, count in zip(both, (1_000, 100_000), strict=True):
                session.execute(TRACKS, {"user_id": person.id, "count": count})
                for statement in OF_LIBRARIES:
                    session.execute(statement, {"user_id": person.id})
        self._look_at_the_database()
        return both

    @cached_property
    def players(self) -> tuple[Person, Person]:
        """Someone who has practised daily for a month, and someone who has for ten years."""
        both = self.person("month"), self.person("ten-years")
        engine = self.stack.engine("sessions-worker")
        self._leaving.callback(engine.dispose)
        with db.transaction(engine) as session:
            for person, days in zip(both, (30, 3_652), strict=True):
                session.execute(PRACTICE, {"user_id": person.id, "days": days})
        self._look_at_the_database()
        return both

    def _look_at_the_database(self) -> None:
        """As the database does by itself after a while."""
        admin = db.make_engine(self.stack.admin_url(), application_name="load")
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
        admin.dispose()

    @cached_property
    def _led(self) -> bool:
        store, (port,) = self.stack.service_url("store"), free_ports(1)
        if shutil.which("nginx"):
            self._start_nginx(port)
        routes = self.stack.root / "gateway" / "routes.yml"
        routers = ROUTERS.format(bucket=BUCKET, prefix=NGINX_PREFIX)
        services = SERVICES.format(store=store, nginx=f"http://127.0.0.1:{port}")
        changed = routes.read_text().replace("\n  routers:\n", f"\n  routers:{routers}", 1)
        changed = changed.replace("\n  services:\n", f"\n  services:{services}", 1)
        routes.write_text(changed)
        with Client(self.stack.url) as client:
            make.until(lambda: client.get(f"/{BUCKET}/none", expect=(403, 404, 400)).body, lambda body: b"<Error" in body)
        return True

    def _lead_to_references(self) -> None:
        """Have the gateway hand on to the store and to nginx; Traefik takes up the changed routes by itself."""
        assert self._led

    def _start_nginx(self, port: int) -> None:
        folder = self.folder / "nginx"
        (folder / "files").mkdir(parents=True)
        user = "user root;" if os.geteuid() == 0 else ""
        facts = {"folder": folder, "port": port, "prefix": NGINX_PREFIX, "files": folder / "files", "user": user}
        (folder / "nginx.conf").write_text(NGINX.format(**facts))
        child = subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], preexec_fn=processes.die_with_parent)
        self._leaving.callback(child.wait, 5)
        self._leaving.callback(child.terminate)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not processes.answers("127.0.0.1", port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("nginx did not start")
            time.sleep(0.02)
