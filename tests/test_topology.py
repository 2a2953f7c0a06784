"""Everything that lists services says the same: services/, docker-compose.yml, gateway/routes.yml, deploy/local.py.

There is no Docker engine where this runs, so what compose says is held against its schema, against what `make run` does, and
against the settings that the services really read.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import secrets
from deploy.local import Stack as LocalStack
from deploy.settings import Settings as LocalSettings
from shared import services
from tests.stack import ROOT

NAMES = services.names()
CONTAINERS = {name: "api" if name == "media" else name for name in NAMES}  # seed 004 calls media `api`
ONE_PER_CONTAINER = {"service_name", "host", "port", "data_dir", "run_dir", "peer_urls"}  # decided by whoever starts it
GIVEN = {name.lower() for names in secrets.GIVEN.values() for name in names}
FROM_SECRETS = {"service_database_url", "internal_keys", "sealing_keys", "s3_access_key", "s3_secret_key"} | GIVEN
OF_THE_GATEWAY = {
    "CORS_ORIGINS",
    "CORS_ORIGIN_REGEX",
    "GATEWAY_RATE_LIMIT_PER_SECOND",
    "GATEWAY_RATE_LIMIT_BURST",
    "GATEWAY_HEALTH_INTERVAL",
    "TRUSTED_PROXIES",
}


@cache
def compose(file: str = "docker-compose.yml") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())
    return found


def container(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def app_containers() -> dict[str, dict[str, Any]]:
    """The containers of services and workers, by the name of their process in `make run`."""
    entries = compose()["services"]
    web = {name: entries[CONTAINERS[name]] for name in NAMES}
    return web | {f"{name}-worker": entries[f"{name}-worker"] for name in NAMES}


def subfolder(entry: dict[str, Any], volume: str) -> str:
    [mount] = [each for each in entry["volumes"] if each["source"] == volume]
    return str(mount.get("volume", {}).get("subpath", ""))


def settings_of(service: str) -> set[str]:
    """The settings that an operator may set of a service."""
    fields = services.module(service, "settings").Settings.model_fields
    return {name.upper() for name in fields if name not in ONE_PER_CONTAINER | FROM_SECRETS}


@pytest.fixture
def local(tmp_path: Path) -> LocalStack:
    """What `make run` would start, not started."""

    async def made() -> LocalStack:
        return LocalStack(LocalSettings.read({"TUTTI_HOME": str(tmp_path / "home")}, tmp_path / "no.env"))

    return asyncio.run(made())


@pytest.mark.parametrize("name", NAMES)
def test_every_service_is_in_compose_and_in_the_routes(name: str) -> None:
    entries = compose()["services"]
    routes = (ROOT / "gateway" / "routes.yml").read_text()
    listed = re.search(r"\$services := list (.*?) \}\}", routes)

    assert CONTAINERS[name] in entries, f"docker-compose.yml forgot {CONTAINERS[name]}"
    assert f"{name}-worker" in entries, f"docker-compose.yml forgot {name}-worker"
    assert f"{name.upper()}_URL" in compose()["x-addresses"], f"x-addresses of docker-compose.yml forgot {name}"
    assert listed and f'"{name}"' in listed[1], f"the first line of gateway/routes.yml forgot {name}"
    assert re.search(rf"service: {name}\b", routes), f"gateway/routes.yml sends nothing to {name}"


def test_neither_compose_nor_the_routes_names_a_service_that_is_not_there() -> None:
    commands = [entry["command"] for entry in compose()["services"].values() if isinstance(entry.get("command"), list)]
    started = {each[3] for each in commands if each[1:2] == ["-m"] and each[2] in ("shared.serve", "shared.worker")}
    routed = re.search(r"\$services := list (.*?) \}\}", (ROOT / "gateway" / "routes.yml").read_text())

    assert started == set(NAMES)
    assert {f"{name.upper()}_URL" for name in NAMES} == set(compose()["x-addresses"])
    assert routed and routed[1].replace('"', "").split() == NAMES


def test_containers_run_the_commands_of_make_run(local: LocalStack) -> None:
    commands = {process.name: ["python", *process.command[1:]] for process in local._services()}

    assert {name: entry["command"] for name, entry in app_containers().items()} == commands


def test_containers_get_the_variables_of_make_run(local: LocalStack) -> None:
    of_the_container = {"SERVICE_NAME", "PYTHONUNBUFFERED", "TUTTI_HOME"}  # the command and the image say these

    for name, entry in app_containers().items():
        decided = set(local._environment(name, 1)) - of_the_container
        assert decided - set(entry["environment"]) == set(), name


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_reaches_its_container_and_nothing_else_does(name: str) -> None:
    fixed = {each.upper() for each in ONE_PER_CONTAINER} | {"SECRETS_DIR"} | set(compose()["x-addresses"])

    for entry in (app_containers()[name], app_containers()[f"{name}-worker"]):
        passed = set(entry["environment"])
        assert settings_of(name) - passed == set(), f"docker-compose.yml passes no such setting to {name}"
        assert passed - fixed - settings_of(name) == set(), f"{name} reads no such setting"


@pytest.mark.parametrize("name", [*NAMES, "gateway"])
def test_every_setting_is_in_the_example(name: str) -> None:
    example = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    wanted = OF_THE_GATEWAY if name == "gateway" else settings_of(name)

    assert wanted - example == set(), ".env.example forgot these"


@pytest.mark.parametrize("name", NAMES)
def test_the_example_shows_the_defaults(name: str) -> None:
    example = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    fields = services.module(name, "settings").Settings.model_fields
    defaults = {each: fields[each.lower()].default for each in settings_of(name) if not fields[each.lower()].is_required()}

    assert {each: example[each].lower() for each in defaults} == {each: str(value).lower() for each, value in defaults.items()}


def test_the_gateway_gets_every_setting_it_reads() -> None:
    read = re.findall(r'env "([A-Z_]+)"', (ROOT / "gateway" / "routes.yml").read_text())

    assert set(read) == OF_THE_GATEWAY
    assert set(container("gateway")["environment"]) >= OF_THE_GATEWAY


def test_a_container_mounts_its_own_secrets_alone(local: LocalStack) -> None:
    dealt = {path.name for path in (local.home / "secrets").iterdir()} - {"master"}
    expected = {name: name for name in app_containers()}

    assert {name: subfolder(entry, "secrets") for name, entry in app_containers().items()} == expected
    assert subfolder(container("migrate"), "secrets") == "migrations"
    assert subfolder(container("db"), "secrets") == "database"
    assert subfolder(container("store"), "secrets") == "store"
    assert dealt == {*expected, "migrations", "database", "store"}


def test_no_container_but_the_first_hears_a_secret() -> None:
    for name, entry in compose()["services"].items():
        heard = set(entry.get("environment") or {}) & set(secrets.NEVER_IN_THE_ENVIRONMENT)
        assert not heard or name == "init", name
    assert set(secrets.NEVER_IN_THE_ENVIRONMENT) <= set(container("init")["environment"])


def test_only_the_gateway_is_reached_from_outside() -> None:
    published = {name: entry["ports"] for name, entry in compose()["services"].items() if "ports" in entry}

    assert set(published) == {"gateway", "mailpit"}
    assert [each.rpartition(":")[2] for each in published["gateway"]] == ["8000", "9000"]
    assert all(each.startswith(("${TUTTI_BIND:-127.0.0.1}:", "127.0.0.1:")) for ports in published.values() for each in ports)


def networks(name: str) -> set[str]:
    """The networks that a container is in."""
    return set(container(name).get("networks", ["default"]))


def test_the_store_is_reached_by_media_alone() -> None:
    assert {name for name in compose()["services"] if "store" in networks(name)} == {"store", "api", "media-worker"}
    assert networks("store") == {"store"}
    assert compose()["networks"]["store"] == {"internal": True}


def test_the_database_is_reached_by_those_alone_who_hold_a_role_of_it() -> None:
    holders = {CONTAINERS.get(name, name) for name in app_containers()} | {"migrate"}

    assert {name for name in compose()["services"] if "database" in networks(name)} == {"db"} | holders
    assert networks("db") == {"database"}
    assert compose()["networks"]["database"] == {"internal": True}


def test_whoever_calls_a_service_meets_it() -> None:
    for name in ("gateway", *(CONTAINERS.get(each, each) for each in app_containers())):
        assert "default" in networks(name), name
    assert networks("gateway") == {"default"}


def test_our_containers_can_do_little() -> None:
    for name, entry in app_containers().items():
        assert entry["read_only"] and entry["cap_drop"] == ["ALL"], name
        assert entry["security_opt"] == ["no-new-privileges:true"] and "user" not in entry, name


def test_starting_auth_and_api_opens_both_doors() -> None:
    entries, started, waiting = compose()["services"], set(), ["auth", "api"]
    while waiting:
        name = waiting.pop()
        started.add(name)
        waiting += set(entries[name].get("depends_on", {})) - started

    assert started == {"auth", "auth-worker", "api", "media-worker", "gateway", "migrate", "init", "db", "store"}


def test_seed_004_finds_what_it_asks_for() -> None:
    assert container("auth")["environment"]["PORT"] == "80"
    assert compose()["x-addresses"]["AUTH_URL"] == "http://auth:80"
    assert container("api")["networks"]["default"]["aliases"] == ["media"]
    assert container("db")["environment"]["POSTGRES_DB"] == "${POSTGRES_DB:-sinuzoid_db}"
    assert "curl" in (ROOT / "deploy" / "Dockerfile").read_text()


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.prod.yml", "deploy/docker-compose.prod.yml"])
def test_compose_files_fit_the_specification(file: str) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file]

    checked = subprocess.run(checker, cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_production_changes_nothing_that_is_not_there() -> None:
    assert set(compose("deploy/docker-compose.prod.yml")["services"]) <= set(compose()["services"])


def test_the_image_is_built_as_hadolint_likes_it() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint

    checked = subprocess.run([hadolint, "deploy/Dockerfile"], cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_the_image_holds_what_its_commands_need() -> None:
    copied = re.findall(r"^COPY (\S+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}

    assert set(copied) == kept
    assert all((ROOT / each).exists() for each in copied)


def test_the_container_init_deals_every_secret(tmp_path: Path) -> None:
    """The container's own script, with its three folders elsewhere and nobody to hand them to."""
    (tmp_path / "bin").mkdir()
    chown = tmp_path / "bin" / "chown"
    chown.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/chowned\n')
    chown.chmod(0o755)
    script = (ROOT / "deploy" / "init.sh").read_text()
    for folder in ("secrets", "data", "store"):
        (tmp_path / folder).mkdir()
        script = re.sub(rf'(?<=[ "])/{folder}\b', f"{tmp_path}/{folder}", script)
    environment = {"PATH": f"{tmp_path}/bin:{os.defpath}", "POSTGRES_DB": "sinuzoid_db", "PYTHONPATH": str(ROOT)}

    for _ in range(2):  # it runs at every `up`
        subprocess.run(["sh", "-c", script.replace("python -m", f"{sys.executable} -m")], cwd=ROOT, env=environment, check=True)

    handed = dict(line.removeprefix("-R ").split()[::-1] for line in (tmp_path / "chowned").read_text().splitlines())
    assert {path.name for path in (tmp_path / "data").iterdir()} == set(NAMES)
    assert handed[f"{tmp_path}/secrets/database/"] == "999:999"
    assert handed[f"{tmp_path}/secrets/media-worker/"] == "10001:10001"
    assert f"{tmp_path}/secrets/master/" not in handed
    assert "@db:5432/sinuzoid_db" in (tmp_path / "secrets" / "migrations" / "database_url").read_text()
    assert "//auth_system:" in (tmp_path / "secrets" / "auth-worker" / "service_database_url").read_text()


def test_the_container_store_hands_seaweedfs_its_key(tmp_path: Path) -> None:
    (tmp_path / "rclone_auth_key").write_text('"a key,a secret"')
    weed = tmp_path / "weed"
    weed.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/arguments\n')
    weed.chmod(0o755)
    script = (ROOT / "deploy" / "seaweedfs.sh").read_text()
    script = script.replace("/secrets/", f"{tmp_path}/").replace("/tmp/s3.json", f"{tmp_path}/s3.json")

    subprocess.run(["sh", "-c", script], env={"PATH": f"{tmp_path}:{os.defpath}"}, check=True)

    [identity] = json.loads((tmp_path / "s3.json").read_text())["identities"]
    assert identity["credentials"] == [{"accessKey": "a key", "secretKey": "a secret"}]
    assert f"-s3.config={tmp_path}/s3.json" in (tmp_path / "arguments").read_text()
