# Needs Python 3.11 and make. Each target builds the environment first where it is missing.
# Another interpreter: make test PYTHON=/path/to/python3.11

PYTHON ?= $(shell command -v python3.11 || command -v python3)
WORKERS ?= 2
SCENARIO := japan-2022-10-04

ENV := .venv
BUILT := $(ENV)/.built
IN_ENV := $(ENV)/bin/python -m
PIP_INSTALL := $(IN_ENV) pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test soak check bench validation lock clean

help:  ## show these lines
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-17s %s\n' "$$name" "$$text"; done

demo: $(BUILT)  ## replay 4 October 2022 under every arrangement of sharing, write the report
	$(ENV)/bin/noroshi run $(SCENARIO) --out out/$(SCENARIO) --spread 6

test: $(BUILT)  ## all tests but the long ones (at most 12 minutes on 2 cores)
	$(IN_ENV) pytest -m "not soak" -n $(WORKERS) --dist loadfile

soak: $(BUILT)  ## the long tests: many seeds, many histories
	$(IN_ENV) pytest -m soak -n $(WORKERS)

check: $(BUILT)  ## lint, format, types, import contracts
	$(IN_ENV) ruff check .
	$(IN_ENV) ruff format --check .
	$(IN_ENV) mypy
	$(ENV)/bin/lint-imports

bench: $(BUILT)  ## every benchmark as a table, and out/bench.json
	$(IN_ENV) benchmarks

validation: $(BUILT)  ## our flights beside published ones: docs/validation.md and out/validation.json
	$(IN_ENV) tests.reference

lock: $(BUILT)  ## choose the newest versions that fit and write requirements.lock
	$(PIP_INSTALL) uv
	$(IN_ENV) uv pip compile pyproject.toml --extra live --extra test --python-version 3.11 --generate-hashes --upgrade \
		--custom-compile-command "make lock" --output-file requirements.lock --quiet

clean:  ## remove the environment, out/ and the caches
	rm -rf $(ENV) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Built once, from locked versions checked by hash; again when the lock or the project's own needs change.
# An environment that does not work (interrupted, moved, of another Python) is made afresh.
$(BUILT): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
		echo 'noroshi: no Python 3.11 with its venv module at "$(PYTHON)".' >&2; \
		echo '  Install Python 3.11, or name it: make $(or $(MAKECMDGOALS),test) PYTHON=/path/to/python3.11' >&2; \
		exit 1; }
	@$(IN_ENV) pip --version 2>/dev/null | grep -q 'python 3.11' || "$(PYTHON)" -m venv --clear $(ENV)
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@
