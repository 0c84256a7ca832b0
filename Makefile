# make demo   the whole story on sample data      make up     RARO on this machine, until Ctrl-C
# make test   what CI runs                        make lint   only the checks that run nothing
# make bench  the measures and their targets      make clean  everything made here, except storage/
#
# PYTHON=/path/to/python chooses the interpreter that .venv is made from.

PYTHON ?= python3
STORAGE ?= storage
WORKERS ?= 2
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint bench clean

help:
	@sed -n 's/^# //p' Makefile | head -4

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt constraints-uv.txt scripts/setup
	@scripts/setup

demo: setup
	@$(BIN)/raro demo

up: setup
	@$(BIN)/raro up --storage $(STORAGE)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	@scripts/need-compose
	$(BIN)/pytest -q -n $(WORKERS)

bench: setup
	@$(BIN)/python -m bench

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
