"""Our own gateway: Traefik with the two files of `gateway/`, the very ones that Docker uses."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.object_store import program
from deploy.processes import ROOT, Process

NAME = "gateway"
STATIC = ROOT / "gateway" / "traefik.yml"
DOORS = (":8000", ":9000")  # the addresses in that file
NOBODY = "trustedIPs: []"  # whose word counts, in that file
READS = ("CORS_", "GATEWAY_", "TRUSTED_PROXIES", "TUTTI_HOME")  # how the names of its own settings begin
STOP_SECONDS = 10  # for what is in flight; a stream that plays on is cut


def process(
    copy: Path, addresses: tuple[str, str], trusted: Sequence[str], urls: Mapping[str, str], chosen: Mapping[str, str]
) -> Process:
    """Traefik listening on `addresses` instead of DOORS and trusting `trusted` instead of NOBODY.

    It reads a copy of the static file in which nothing else differs.
    """
    text = STATIC.read_text().replace(NOBODY, f"trustedIPs: {json.dumps(list(trusted))}")
    for door, address in zip(DOORS, addresses, strict=True):
        text = text.replace(f'address: "{door}"', f'address: "{address}"')
    made = copy.with_suffix(".new")
    made.write_text(text)
    made.replace(copy)
    own = {name: value for name, value in chosen.items() if name.startswith(READS)}
    return Process(
        name=NAME,
        command=[program("traefik"), f"--configFile={copy}"],
        environment={"PATH": os.defpath, **own, **urls},
        port=int(addresses[0].rpartition(":")[2]),
        stop_seconds=STOP_SECONDS,
    )
