#!/bin/sh
# The container `gateway`: Traefik by a copy of gateway/traefik.yml in which `trustedIPs` are TRUSTED_PROXIES. Arguments would be
# ignored beside a file, and the file itself cannot read the environment.
set -eu
trusted=$(printf '%s' "${TRUSTED_PROXIES:-}" | tr -d ' ' | sed 's/,/", "/g; s/..*/"&"/')
sed "s|trustedIPs: \[\]|trustedIPs: [$trusted]|" gateway/traefik.yml >/tmp/traefik.yml
exec traefik --configFile=/tmp/traefik.yml
