# Everything a person does here, by name. `make` alone lists it. Needs Python 3.11 or newer, make and git.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test test-nightly lint bench migrate types lock runtime tools
.PHONY: backup restore admin keys import fsck

BIN := .venv/bin
# The first Python that is new enough; `make PYTHON=/path/to/python3` chooses another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: runtime ## start everything on this machine; SERVICE=media RELOAD=1 reloads that service when it changes
	@$(BIN)/python -m deploy.local

test: tools lint ## everything a change must pass
	@$(BIN)/python -m pytest -m "not nightly"

test-nightly: tools ## what kills processes, measures times or takes long
	@$(BIN)/python -m pytest -m nightly

lint: tools ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: tools ## measure speed and memory beside their bars
	@tests/run_load_tests.sh

migrate: runtime ## bring the database up to date, of a running Tutti or of one that is stopped
	@$(BIN)/python -m deploy.local migrate

backup: runtime ## keep a copy of everything, of a running Tutti or of one that is stopped; TO=folder chooses where
	@$(BIN)/python -m deploy.backup "$(TO)"

restore: runtime ## make TUTTI_HOME, which must be empty or absent, anew from the backup FROM=folder
	@$(BIN)/python -m deploy.restore "$(FROM)"

admin: runtime ## while there is no administrator: show how to become the first one of a running Tutti
	@$(BIN)/python -m deploy.inside services.auth.first_admin

keys: runtime ## show the signing keys of a running Tutti; ROTATE=1 begins a rotation, NOW=1 withdraws a stolen key
	@$(BIN)/python -m deploy.inside services.auth.signing_keys $(if $(NOW),now,$(if $(ROTATE),rotate))

fsck: runtime ## compare every row of files with the objects of a running Tutti; REPAIR=1 repairs, QUICK=1 reads no bytes
	@$(BIN)/python -m deploy.inside services.media.fsck $(if $(REPAIR),repair) $(if $(QUICK),quick)

import: runtime ## bring users with their password hashes from FROM=file (CSV or JSON lines); OPTIONS="--dry-run --help"
	@$(BIN)/python -m deploy.inside services.auth.import_users $(OPTIONS) "$(FROM)"

types: tools ## make the TypeScript types of the sessions service anew
	@$(BIN)/python -m tests.sessions.typescript.package

lock: ## pin every version and hash anew from the two .in files; needs uv
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header -o requirements.txt requirements.in
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header -c requirements.txt -o requirements-dev.txt requirements-dev.in

# Installed only when the lock differs from the copy kept of the last one that was installed. Compiling at once, because a first
# start would otherwise do it, service by service: measured 13 s instead of 5.
define install
	@cmp -s $(1) .venv/$(1) || { \
		$(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r $(1) && \
		{ $(BIN)/python -m compileall -q -j 0 .venv >/dev/null 2>&1 || true; } && cp $(1) .venv/$(1); }
endef

runtime: .venv/bin/python
	$(call install,requirements.txt)

tools: .venv/bin/python
	$(call install,requirements-dev.txt)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Tutti needs Python 3.11 or newer."; exit 1; }
	$(PYTHON) -m venv .venv
