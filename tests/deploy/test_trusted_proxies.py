"""Which address a request counts for, behind a proxy and without one: the real Traefik before a server that repeats it."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from deploy import gateway
from deploy.processes import ROOT
from deploy.settings import Settings, Unusable
from shared import addresses, services
from tests.stack import free_ports

CLIENT, OTHER = "203.0.113.9", "203.0.113.10"
AT_ONCE = 2
START_SECONDS = 15
POLL_SECONDS = 0.05

Ask = Callable[..., httpx2.Response]


class Echo(BaseHTTPRequestHandler):
    """Answers with the X-Forwarded-For that it heard."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = ", ".join(self.headers.get_all("X-Forwarded-For", [])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def door(folder: Path, trusted: str) -> Iterator[Ask]:
    """A gateway with these TRUSTED_PROXIES that lets each address ask `AT_ONCE` times."""
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    web, alt = free_ports(2)
    urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{echo.server_port}" for name in services.names()}
    limits = {"GATEWAY_RATE_LIMIT_PER_SECOND": "1", "GATEWAY_RATE_LIMIT_BURST": str(AT_ONCE), "TRUSTED_PROXIES": trusted}
    chosen = Settings.read(limits, folder / "none")
    process = gateway.process(
        folder / "traefik.yml", (f"127.0.0.1:{web}", f"127.0.0.1:{alt}"), chosen.trusted, urls, chosen.chosen
    )
    with (folder / "words").open("wb") as words, httpx2.Client(base_url=f"http://127.0.0.1:{web}", trust_env=False) as http:
        traefik = subprocess.Popen(process.command, cwd=ROOT, env=dict(process.environment), stdout=words, stderr=words)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not listens(http):
                assert traefik.poll() is None and time.monotonic() < deadline, (folder / "words").read_text()
                time.sleep(POLL_SECONDS)
            yield lambda *hops: http.get("/files", headers=[("X-Forwarded-For", hop) for hop in hops])
        finally:
            traefik.kill()
            traefik.wait()
            echo.shutdown()
            echo.server_close()


def listens(http: httpx2.Client) -> bool:
    """Whether it answers; asked on a route that counts apart from those of the tests."""
    try:
        return http.get("/health").status_code in (200, 429)
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The gateway behind a proxy on this machine, which the tests play."""
    with door(tmp_path_factory.mktemp("behind"), "127.0.0.1, 10.0.0.0/8") as ask:
        yield ask


def statuses(ask: Ask, *hops: str, times: int = AT_ONCE + 1) -> list[int]:
    return [ask(*hops).status_code for _ in range(times)]


def test_a_client_is_who_the_trusted_proxy_says_it_is(behind: Ask) -> None:
    heard = behind("203.0.113.1")

    assert heard.text == "203.0.113.1, 127.0.0.1"
    assert addresses.client_address(heard.text, "127.0.0.1", addresses.networks("127.0.0.1")) == "203.0.113.1"


def test_clients_behind_a_trusted_proxy_are_counted_apart(behind: Ask) -> None:
    assert statuses(behind, CLIENT) == [200, 200, 429]
    assert statuses(behind, OTHER) == [200, 200, 429]


def test_a_chain_of_trusted_proxies_is_walked_to_its_first_stranger(behind: Ask) -> None:
    heard = [behind(f"6.6.6.{number}, 203.0.113.20, 10.1.2.3") for number in range(AT_ONCE + 1)]

    assert [each.status_code for each in heard] == [200, 200, 429]


@pytest.mark.parametrize("spoofed", ["6.6.6.{}, 203.0.113.30", "10.0.0.{}, 203.0.113.31", "{}, 203.0.113.32"])
def test_what_a_client_writes_before_its_proxy_does_opens_no_new_bucket(behind: Ask, spoofed: str) -> None:
    heard = [behind(spoofed.format(number)) for number in range(AT_ONCE + 1)]

    assert [each.status_code for each in heard] == [200, 200, 429]


def test_a_proxy_that_adds_a_line_of_its_own_is_understood(behind: Ask) -> None:
    heard = [behind(f"6.6.7.{number}", "203.0.113.40") for number in range(AT_ONCE + 1)]

    assert [each.status_code for each in heard] == [200, 200, 429]
    assert heard[0].text == "6.6.7.0, 203.0.113.40, 127.0.0.1"


@pytest.mark.parametrize("trusted", ["", "192.0.2.0/24"])
def test_nobody_else_is_believed(tmp_path: Path, trusted: str) -> None:
    with door(tmp_path, trusted) as ask:
        heard = [ask(f"203.0.113.{number}") for number in range(AT_ONCE + 1)]

    assert [each.status_code for each in heard] == [200, 200, 429]
    assert heard[0].text == "127.0.0.1"


@pytest.mark.parametrize("listed", ["nonsense", "10.0.0.0/33", "10.0.0.1, proxy.example", "10.0.0.1 10.0.0.2", "::g"])
def test_what_is_no_address_is_refused_by_name(tmp_path: Path, listed: str) -> None:
    with pytest.raises(Unusable, match="TRUSTED_PROXIES must be addresses"):
        Settings.read({"TRUSTED_PROXIES": listed}, tmp_path / "none")


@pytest.mark.parametrize("listed", ["", "127.0.0.1", "10.0.0.0/8, ::1,fd00::/8"])
def test_the_gateway_reads_its_file_with_nothing_else_changed(tmp_path: Path, listed: str) -> None:
    trusted = Settings.read({"TRUSTED_PROXIES": listed}, tmp_path / "none").trusted
    gateway.process(tmp_path / "traefik.yml", ("127.0.0.1:1", "127.0.0.1:2"), trusted, {}, {})

    differing = differences(gateway.STATIC.read_text(), (tmp_path / "traefik.yml").read_text())

    expected = [('    address: ":8000"', '    address: "127.0.0.1:1"'), ('    address: ":9000"', '    address: "127.0.0.1:2"')]
    if listed:
        expected.insert(1, (trusting("[]"), trusting(json.dumps(trusted))))
    assert differing == expected


@pytest.mark.parametrize("listed", ["", "127.0.0.1", "10.0.0.0/8, ::1,fd00::/8"])
def test_the_container_trusts_the_same(tmp_path: Path, listed: str) -> None:
    (tmp_path / "traefik").write_text("#!/bin/sh\n")
    (tmp_path / "traefik").chmod(0o755)
    script = (ROOT / "deploy" / "gateway.sh").read_text().replace("/tmp/", f"{tmp_path}/")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TRUSTED_PROXIES": listed}

    subprocess.run(["sh", "-c", script], cwd=ROOT, env=environment, check=True)

    differing = differences(gateway.STATIC.read_text(), (tmp_path / "traefik.yml").read_text())
    names = [each.strip() for each in listed.split(",")]
    assert differing == ([(trusting("[]"), trusting(json.dumps(names)))] if listed else [])


def trusting(listed: str) -> str:
    return f"      trustedIPs: {listed} # TRUSTED_PROXIES; from anybody else X-Forwarded-* is replaced"


def differences(before: str, after: str) -> list[tuple[str, str]]:
    return [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
