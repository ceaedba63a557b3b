# Everything runs in .venv, made with pip from the constraints files and kept until they change.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made-from-constraints
DEV := .venv/.made-from-constraints-dev
COMPILE := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
WORKERS ?= 3
CELLS ?= 5
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
# Bytecode is kept: a suite and a demo start hundreds of programs, each of which would compile all its sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo up test crash-matrix lint bench bench-edits bench-returns bench-sweep chaos rows browser constraints clean

help: ## Show this
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(STAMP) ## A day of orders against fake vendors, from nothing to a summary (a few minutes)
	@$(BIN)/aftercart demo

up: $(STAMP) ## Start everything and keep it running against fake vendors; Ctrl-C stops it
	@$(BIN)/aftercart up --sandbox

test: $(DEV) browser ## Run all tests
	@$(BIN)/python -m pytest -n $(WORKERS) -q

crash-matrix: $(DEV) ## Kill workers at every point of every effect, and write down what became of it (19 minutes on two cores)
	@$(BIN)/python -m tests.crash --workers $(CELLS)

lint: $(DEV) ## Linters, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV) ## Measure the pipeline against its floor (within a quarter of an hour)
	@$(BIN)/python -m bench

bench-edits: $(DEV) ## Measure how long a customer's request takes (within a quarter of an hour)
	@$(BIN)/python -m bench.edits

bench-returns: $(DEV) ## Measure how long a return takes to its label and to its refund (within ten minutes)
	@$(BIN)/python -m bench.returns

bench-sweep: $(DEV) ## Measure how fast carriers are asked about 10,000 due parcels among 100,000 (within ten minutes)
	@$(BIN)/python -m bench.sweep

rows: $(STAMP) ## Which requirements the last test run has proven
	@$(BIN)/aftercart rows

chaos: $(DEV) ## Orders, troubles and kills from a seed, then a reckoning (within a quarter of an hour)
	@$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --orders $(or $(ORDERS),2000) --kills $(or $(KILLS),50) \
	  --database $(or $(DATABASE),sqlite) $(if $(KEEP),--keep $(KEEP))

browser: ## Find a browser for the browser tests
	@.ci/browser

constraints: ## Choose versions anew (needs uv); the files name no registry
	uv pip compile pyproject.toml --extra build $(COMPILE) --upgrade -o constraints.txt
	uv pip compile pyproject.toml --extra dev --extra bench $(COMPILE) --upgrade -c constraints.txt -o constraints-dev.txt \
	  $$(sed -nE 's/^([A-Za-z0-9_.-]+)==.*/--no-emit-package \1/p' constraints.txt)

clean: ## Remove what was installed, built and stored here
	rm -rf .venv build var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(STAMP): constraints.txt pyproject.toml
	@.ci/python $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@cmp -s constraints.txt $(STAMP) || { echo "Installing into .venv (about half a minute) ..."; \
	  $(PIP) --no-compile --require-hashes -r constraints.txt; }
	@$(PIP) --no-build-isolation -e .
	@cp constraints.txt $(STAMP)

$(DEV): $(STAMP) constraints-dev.txt
	@cmp -s constraints-dev.txt $(DEV) || { echo "Installing what tests and linters need ..."; \
	  $(PIP) --no-compile --require-hashes -r constraints-dev.txt; }
	@cp constraints-dev.txt $(DEV)
