#!/bin/sh
# Load auth and media, and print how fast they are beside their bars. `run_load_tests.sh seek job` measures those rows alone.
# Needs the packages of requirements-dev.txt in ../.venv: `make tools`. Listens on 127.0.0.1 alone; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/python ]; then
	echo "There is no .venv yet; run 'make tools' in $(pwd) first." >&2
	exit 1
fi
exec .venv/bin/python -m tests.load "$@"
