# make demo   the whole story on sample data      make up     RARO on this machine, until Ctrl-C
# make test   what CI runs                        make lint   only the checks that run nothing
# make bench  the measures and their targets      make clean  everything made here, except storage/
#
# PYTHON=/path/to/python chooses the interpreter that .venv is made from.

PYTHON ?= python3
STORAGE ?= storage
WORKERS ?= 4
BIN := .venv/bin
CONSOLE := $(shell find web/src web/public -type f ! -name '*.test.ts') \
	web/index.html web/vite.config.ts web/svelte.config.js web/package-lock.json
# What the console's packages wait for: a PATH without Node gets it from a wheel, in .venv.
NODE_FROM := $(shell scripts/node-here || echo .venv/.ready)
export PYTHON
# Many an image sets it. Each process would compile anew what a thousand modules are made of.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup ready demo up test test-python test-console lint lint-python lint-console soak bench clean

help:
	@sed -n 's/^# //p' Makefile | head -4

setup: .venv/.ready raro/console/index.html

# The same, with what Python and what the console needs at the same time.
ready:
	@$(MAKE) --silent --no-print-directory -j 2 setup

.venv/.ready: pyproject.toml constraints.txt constraints-uv.txt scripts/setup
	@scripts/setup

web/node_modules/.ready: web/package-lock.json web/.npmrc | $(NODE_FROM)
	@echo "setup: the console's packages"
	@scripts/npm ci --silent --no-fund --no-audit
	@touch $@

raro/console/index.html: $(CONSOLE) | web/node_modules/.ready
	@echo "setup: building the console"
	@scripts/npm run --silent build -- --logLevel warn

demo: ready
	@$(BIN)/raro demo

up: ready
	@$(BIN)/raro up --storage $(STORAGE)

# What runs in Python and what runs in Node and a browser leave each other half of the processors.
lint: setup
	@$(MAKE) --no-print-directory -j 2 -O lint-python lint-console

lint-python: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/api-types --check
	@# What the tests import is compiled here by one process, not by each of those that run them.
	@said=$$($(BIN)/pytest -qqq --collect-only 2>&1) || { echo "$$said"; exit 1; }

lint-console: setup
	scripts/npm run --silent lint
	scripts/npm run --silent check

# One after the other: what runs in Python and what runs in a browser keep all processors busy alone, and hinder each other.
test: ready
	@scripts/need-compose
	@scripts/need-browser
	@failed=; for part in lint test-console test-python; do $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; done; \
		test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

test-python: setup
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal

test-console: setup
	scripts/npm run --silent test
	scripts/npm run --silent e2e

soak: setup
	$(BIN)/pytest -q -m soak --timeout 1800

bench: setup
	@$(BIN)/python -m bench

clean:
	rm -rf .venv dist raro/console web/node_modules web/test-results* web/screenshots .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
