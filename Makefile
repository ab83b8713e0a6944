# One Makefile for a laptop, for CI and for a fresh machine: Python (>= 3.11) and make are all it asks for.
#
#   make experiments ARGS="step_sweep --quick"     one experiment, small
#   make test ARGS="-k stencils -x"                some tests
#   make lock LOCK_ARGS=--upgrade                  newer versions of everything

PYTHON ?= python3
UV ?= uv
ARGS ?=
LOCK_ARGS ?=

ifndef WORKERS
WORKERS := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
endif

VENV := .venv
ifeq ($(OS),Windows_NT)
VENV_BIN := $(VENV)/Scripts
else
VENV_BIN := $(VENV)/bin
endif
STAMP := $(VENV)/installed
BENCH_JSON := .bench/benchmark.json

.DEFAULT_GOAL := help
# Timings are taken alone, also under make -j.
.NOTPARALLEL:
.PHONY: help install experiments measure-cost check-results test bench lint check lock clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Create .venv with the pinned, hash-checked dependencies and this package

# The stamp is written last: an interrupted installation is done again.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(VENV_BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(VENV_BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

experiments: $(STAMP) ## Run all experiments and rebuild results/ (report, tables, figures)
	$(VENV_BIN)/python -m experiments --workers $(WORKERS) $(ARGS)

measure-cost: $(STAMP) ## Measure time and memory of gradients on this machine into results/measured/
	$(VENV_BIN)/python -m experiments.gradient_cost_times $(ARGS)

check-results: $(STAMP) ## Rebuild results/ elsewhere with the other reference engine and compare
	$(VENV_BIN)/python -m experiments.check_results $(ARGS)

test: $(STAMP) ## Run the tests
	$(VENV_BIN)/python -m pytest -n $(WORKERS) --benchmark-disable $(ARGS)

bench: $(STAMP) ## Measure speed (ratios within one run) and check the limits
	@mkdir -p $(dir $(BENCH_JSON))
	@rm -f $(BENCH_JSON)
	$(VENV_BIN)/python -m pytest bench -n 0 --benchmark-json=$(BENCH_JSON) $(ARGS)
	$(VENV_BIN)/python bench/gates.py $(BENCH_JSON)

lint: $(STAMP) ## Check style, formatting, types and the layers
	$(VENV_BIN)/ruff check .
	$(VENV_BIN)/ruff format --check .
	$(VENV_BIN)/mypy
	$(VENV_BIN)/lint-imports

check: lint test bench ## All of lint, test and bench

# Taken from the interpreter range of pyproject.toml for every platform at once; no index or address is written.
lock: ## Pin every dependency again, with hashes, for all platforms (needs uv)
	$(UV) pip compile --no-config --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --all-extras --quiet \
		--output-file requirements.lock $(LOCK_ARGS) pyproject.toml

clean: ## Remove caches, benchmark output and build products (.venv and results/ stay)
	rm -rf .bench .benchmarks .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
