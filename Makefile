# Every target sets up its own environment from the lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test check bench campaign crash foreign foreign-ready scanner clean
help:            ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(READY)   ## build a working world in ./malan-home/demo and print the tour
	$(BIN)/malan demo --home malan-home/demo

# Asked for both, `make check test` runs each test once.
DOCS := tests/test_docs.py tests/test_tidy.py tests/test_tidy_pages.py
test: $(READY)   ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile tests $(if $(filter check,$(MAKECMDGOALS)),$(DOCS:%=--ignore=%))

scanner: $(READY) ## fetch the pinned library that reads QR codes in any browser (optional)
	$(BIN)/python -m registry.scanner_library

check: $(READY)  ## ruff, mypy --strict, the tidy and the docs tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(DOCS)

bench: $(READY)  ## measure; JSON lines on stdout
	$(BIN)/python -m tests.bench

campaign: $(READY) ## the long versions of the tamper campaigns
	MALAN_CAMPAIGN=full $(BIN)/python -m pytest -n 2 -m slow tests

crash: $(READY)  ## the long versions of kills, failing system calls and cuts of power (needs strace)
	MALAN_CAMPAIGN=full $(BIN)/python -m pytest -n 2 tests/crash

foreign: foreign-ready ## other people's implementations, in an environment of their own
	$(BIN)/python -m pytest -m foreign tests

foreign-ready: $(READY) ## that environment; `make test` runs what it finds there
	$(PYTHON) -m tests.foreign.setup

clean:           ## remove what the targets made
	rm -rf $(VENV) .venv-foreign .pytest_cache .mypy_cache .ruff_cache .hypothesis build malan-home
