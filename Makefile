# Everything a contributor runs. `make test` and `make demo` need nothing but Python 3.11, git and make.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SEED   ?= $(shell date -u +%Y%m%d)
JOBS   ?= 2
# How often a test that failed beside others has to pass on its own before it is called unsteady instead of failed.
AGAIN  ?= 3
PYTEST  = $(BIN)/python -m pytest --seed=$(SEED) --hypothesis-seed=$(SEED) $(if $(SLICE),--slice=$(SLICE)) --again=$(AGAIN) $(ARGS)
TESTS   = $(PYTEST) -n $(JOBS) --dist worksteal
# A test that hangs is ended with a traceback: after the time in pyproject.toml, a long one after this many seconds.
LONG    = -o faulthandler_timeout=1200
# A command line that may not keep what it compiled compiles all modules anew: a third of the time of the acceptance tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-slow test-stalls test-all lint format bench chaos schema statements states conformance journals clean

help:
	@echo 'make demo       boot the example, kill its node, start it again, check every side effect (KILLS=n)'
	@echo 'make test       the tests of every day, about seven minutes'
	@echo 'make test-slow  the long ones only (SLICE=k/n for a share, SEED=n to repeat, AGAIN=0: no second chance)'
	@echo 'make test-all   both'
	@echo 'make test-stalls  those of every day while everything stands still at random moments (SEED=n to repeat)'
	@echo 'make lint       ruff, mypy, import-linter'
	@echo 'make format     let ruff rewrite what it can'
	@echo 'make bench      measure this machine'
	@echo 'make chaos      break nodes, database and network for MINUTES=n under load, and see that the laws hold (SEED=n,'
	@echo '                STORE=postgres or mariadb, NAMESPACES=1; docs/chaos.md)'
	@echo 'make schema     write the JSON Schema of the registry files'
	@echo 'make statements record the statements for SQLite, which a node reads instead of compiling them'
	@echo 'make states     draw docs/states.md from the table of states'
	@echo 'make journals   record golden journals of this release beside the older ones (RELEASE=name)'
	@echo 'make conformance  write docs/conformance.md from the registered tests'

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'actorflow needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' \
	    || { echo 'this Python has no venv module; on Debian and Ubuntu install the package python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: setup
	$(BIN)/actorflow demo $(if $(KILLS),--kills $(KILLS))

test: setup
	$(TESTS) -m 'not slow and not alone'
	$(PYTEST) -m 'alone and not slow' || [ $$? -eq 5 ]  # 5: ARGS names none of them

test-slow: setup
	$(TESTS) $(LONG) -m 'slow and not alone' || [ $$? -eq 5 ]
	$(PYTEST) $(LONG) -m 'slow and alone' || [ $$? -eq 5 ]

test-stalls: setup
	$(TESTS) $(LONG) -m 'not slow and not alone' --stalls --again=0

test-all: setup
	$(TESTS) $(LONG) -m 'not alone'
	$(PYTEST) -m alone || [ $$? -eq 5 ]  # 5: ARGS names none of them

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup
	$(BIN)/actorflow bench

chaos: setup
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),1) --seed $(SEED) --store $(or $(STORE),postgres) \
	    $(if $(NAMESPACES),--namespaces)

schema: setup
	$(BIN)/python -m actorflow.registry.schema > docs/schema/registry.schema.json
	$(BIN)/python -m actorflow.registry.schema node > docs/schema/node.schema.json

statements: setup
	$(BIN)/python -m actorflow.store.recorded > recorded.new && mv recorded.new actorflow/store/recorded_sqlite.json

states: setup
	$(BIN)/python -m actorflow.run.diagram > docs/states.md

conformance: setup
	$(BIN)/python -m tests.apps.conformance

journals: setup
	$(BIN)/python -m tests.vectors.journals.generate $(RELEASE)

clean:
	rm -rf $(VENV) dist build .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
