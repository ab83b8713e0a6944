# One Makefile for a laptop, for CI and for a fresh machine: Python (>= 3.11) and make are all it asks for.
#
#   make experiments ARGS="step_sweep --quick"     one experiment, small
#   make test ARGS="-k stencils -x"                some tests
#   make campaign ARGS="--seeds 0:1000"            a long search for errors
#   make lock LOCK_ARGS=--upgrade                  newer versions of everything
#   make experiments-ml ML_PIP_ARGS="…"            JAX, PyTorch and autograd too, with options for their installation

PYTHON ?= python3
UV ?= uv
ARGS ?=
LOCK_ARGS ?=
ML_PIP_ARGS ?=

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
# An environment of its own for the libraries whose gradient checkers are compared: they are large, and only
# `make experiments-ml` needs them.
ML_VENV := .venv-ml
ML_PYTHON := $(ML_VENV)/$(notdir $(VENV_BIN))/python
ML_STAMP := $(ML_VENV)/installed
ML_CUDA := cuda-|nvidia-|triton
# An environment with the oldest versions that pyproject.toml admits, and one with the core alone.
LOWEST_VENV := .venv-lowest
LOWEST_PYTHON := $(LOWEST_VENV)/$(notdir $(VENV_BIN))/python
LOWEST_STAMP := $(LOWEST_VENV)/installed
CORE_VENV := .venv-core
CORE_PYTHON := $(CORE_VENV)/$(notdir $(VENV_BIN))/python
CORE_STAMP := $(CORE_VENV)/installed
CORE_TREE := .cache/core
ML_PIP = $(ML_PYTHON) -m pip install --disable-pip-version-check --quiet --require-hashes
UV_COMPILE = $(UV) pip compile --no-config --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
BENCH_JSON := .bench/benchmark.json
SITE := .cache/site

.DEFAULT_GOAL := help
# Timings are taken alone, also under make -j.
.NOTPARALLEL:
# Containers often set it: then every worker, and every command that a test starts, would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help install experiments experiments-ml atlas measure-cost check-results test test-browser test-core test-lowest \
	campaign bench bench-compare performance docs lint check lock clean

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

# The first list is that of .venv; the further ones replace its mpmath by an older one, as sympy asks, and are installed
# without dependencies: an index may have the build of torch for the CPU alone, which is small; without it, CUDA comes
# last, because the other build for Linux cannot be imported without it.
$(ML_STAMP): requirements.lock requirements-ml.lock requirements-ml-cpu.lock requirements-ml-cuda.lock pyproject.toml
	$(PYTHON) -m venv $(ML_VENV)
	$(ML_PIP) -r requirements.lock
	$(ML_PIP) --no-deps $(ML_PIP_ARGS) -r requirements-ml-cpu.lock || echo "no build of torch for the CPU alone here: taking the other"
	$(ML_PIP) --no-deps $(ML_PIP_ARGS) -r requirements-ml.lock
	$(ML_PYTHON) -c 'import torch' 2>/dev/null || $(ML_PIP) --no-deps $(ML_PIP_ARGS) -r requirements-ml-cuda.lock
	$(ML_PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $(ML_STAMP)

experiments-ml: $(ML_STAMP) ## Run the gradient checkers of JAX, PyTorch and autograd too; rebuild results/ml/
	JAX_PLATFORMS=cpu OMP_NUM_THREADS=1 $(ML_PYTHON) -m pytest -q -p no:cacheprovider tests/gradients/test_libraries.py \
		tests/experiments/gradient_check/test_rules.py
	JAX_PLATFORMS=cpu OMP_NUM_THREADS=1 $(ML_PYTHON) -m experiments.gradient_check.ml --workers $(WORKERS) $(ARGS)

atlas: $(STAMP) ## Split the errors of all 16-bit and 8-bit numbers at all dyadic steps into results/atlas/
	$(VENV_BIN)/python -m experiments.half_precision_atlas $(ARGS)

measure-cost: $(STAMP) ## Measure time and memory of gradients on this machine into results/measured/
	$(VENV_BIN)/python -m experiments.gradient_cost.times $(ARGS)

check-results: $(STAMP) ## Rebuild results/ elsewhere with the other reference engine and compare
	$(VENV_BIN)/python -m experiments.reproducibility $(ARGS)

# The tests run in as many processes as there are cores: threads of a BLAS in each would wait for each other's cores.
test test-core test-lowest campaign: export OPENBLAS_NUM_THREADS := 1

test: $(STAMP) ## Run the tests
	$(VENV_BIN)/python -m pytest -n $(WORKERS) --dist worksteal --benchmark-disable --ignore=tests/browser $(ARGS)

campaign: $(STAMP) ## Look for errors with many seeds of random functions, gradients and damages; the tests take a few
	$(VENV_BIN)/python -m tests.campaign --workers $(WORKERS) $(ARGS)

# NUMDIFF_CHROMIUM names another browser than that of the system, NUMDIFF_REPORT another page than the committed one.
test-browser: $(STAMP) ## Read the report in Chromium: barriers, clipping, links, keyboard, print (skipped without one)
	$(VENV_BIN)/python -m pytest -n $(WORKERS) --benchmark-disable -rs tests/browser $(ARGS)

# The wheel as a stranger installs it, beside NumPy, ml_dtypes and the tools of the tests; the tests run where no
# checkout lends them the package, and choose themselves (tests/conftest.py).
$(CORE_STAMP): requirements-core.lock pyproject.toml
	$(PYTHON) -m venv $(CORE_VENV)
	$(CORE_PYTHON) -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-core.lock
	@touch $(CORE_STAMP)

test-core: $(STAMP) $(CORE_STAMP) ## Run the tests of the core on the built wheel, without the packages of the extras
	rm -rf $(CORE_TREE)
	mkdir -p $(CORE_TREE)
	$(VENV_BIN)/python -m hatchling build -t wheel -d $(CORE_TREE)
	$(CORE_PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --force-reinstall $(CORE_TREE)/*.whl
	cp -R tests pyproject.toml $(CORE_TREE)
	cd $(CORE_TREE) && ../../$(CORE_PYTHON) -m pytest -n $(WORKERS) --ignore=tests/browser -p no:cacheprovider $(ARGS)

$(LOWEST_STAMP): requirements-lowest.lock pyproject.toml
	$(PYTHON) -m venv $(LOWEST_VENV)
	$(LOWEST_PYTHON) -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-lowest.lock
	$(LOWEST_PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $(LOWEST_STAMP)

test-lowest: $(LOWEST_STAMP) ## Run the tests with the oldest versions of all dependencies (Python 3.11 or 3.12)
	$(LOWEST_PYTHON) -m pytest -n $(WORKERS) --benchmark-disable --ignore=tests/browser -p no:cacheprovider $(ARGS)

bench: $(STAMP) ## Measure speed (ratios within one run) and check the limits
	@mkdir -p $(dir $(BENCH_JSON))
	@rm -f $(BENCH_JSON)
	$(VENV_BIN)/python -m pytest bench -n 0 --benchmark-json=$(BENCH_JSON) $(ARGS)
	$(VENV_BIN)/python bench/gates.py --again $(BENCH_JSON)

performance: ## Write what the last make bench measured, and the plan of large sweeps, into results/measured/
	$(VENV_BIN)/python -m bench.performance $(BENCH_JSON)

bench-compare: $(STAMP) ## Compare the speed of this tree with that of a commit, in turns: make bench-compare REV=main
	$(VENV_BIN)/python bench/compare.py $(REV) $(ARGS)

# Every page is made anew, so that what it shows is what this checkout does; a warning ends the build.
docs: $(STAMP) ## Build the site (tutorials, tour, public names, records) into .cache/site
	rm -rf $(SITE)
	$(VENV_BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --fresh-env \
		--doctree-dir .cache/doctrees docs $(SITE) $(ARGS)
	@echo "open $(SITE)/index.html"

lint: $(STAMP) ## Check style, formatting, types and the layers
	$(VENV_BIN)/ruff check .
	$(VENV_BIN)/ruff format --check .
	$(VENV_BIN)/mypy
	$(VENV_BIN)/lint-imports

check: lint test test-browser bench ## All of lint, test, test-browser and bench

# Taken from the interpreter range of pyproject.toml for every platform at once; no index or address is written.
lock: ## Pin every dependency again, with hashes, for all platforms (needs uv)
	$(UV_COMPILE) --extra dev --output-file requirements.lock $(LOCK_ARGS) pyproject.toml
	$(UV_COMPILE) --group pyproject.toml:test --constraint requirements.lock --output-file requirements-core.lock \
		$(LOCK_ARGS) pyproject.toml
	$(UV_COMPILE) --extra dev --group pyproject.toml:symbolic --resolution lowest-direct \
		--output-file requirements-lowest.lock pyproject.toml
	@mkdir -p .cache
	awk '/^[^ ]/ { kept = !/^mpmath==/ } kept' requirements.lock > .cache/ml-constraints.txt
	$(UV_COMPILE) --group pyproject.toml:ml --constraint .cache/ml-constraints.txt --output-file .cache/ml.lock $(LOCK_ARGS)
	awk '/^[^ ]/ { kept = !/^($(ML_CUDA))/ } kept' .cache/ml.lock > requirements-ml.lock
	awk '/^[^ ]/ { kept = /^($(ML_CUDA))/ } kept' .cache/ml.lock > requirements-ml-cuda.lock

clean: ## Remove caches, benchmark output and build products (.venv* and results/ stay)
	rm -rf .bench .benchmarks .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
