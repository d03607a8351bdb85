# Every target works on a fresh clone by itself: the environment is made when it is missing or older than pyproject.toml.
#
#   make setup      everything for work on jax-slim, in .venv
#   make demo       train a small net on handwritten digits, evaluate it, draw what it learned
#   make test       the fast tests          make test-all   all of them
#   make lint       what CI checks          make format     put it right where a tool can
#   make docs     the site, in build/docs/html: look at it with a browser, no server needed
#   make dist       sdist and wheel in dist/, checked, and the wheel tried in an environment of its own
#   make bench      the benchmarks          make bench-nets whole nets beside other libraries (it installs them)
#
# uv is used where it is installed, else venv and pip. `make VENV=/elsewhere PYTHON=python3.12 setup` chooses both.

VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
HAS_UV = uv --version >/dev/null 2>&1

# Tried one after the other by running it: a name on the PATH may be too old, or a shim with nothing behind it.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)

.PHONY: setup demo test test-slow test-all lint format docs dist bench bench-nets clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

# $(call install,WHAT): makes the environment where there is none, then installs WHAT into it.
define install
	@if [ ! -x $(BIN)/python ]; then \
		if $(HAS_UV); then uv venv --quiet $(if $(PYTHON),--python $(PYTHON)) $(VENV); \
		elif [ -n "$(PYTHON)" ]; then $(PYTHON) -m venv $(VENV); \
		else \
			echo "jax-slim needs Python 3.11 or newer, and no python3 found here is." >&2; \
			echo "Install one, or uv (which brings its own), or name one: make PYTHON=/path/to/python3.12 setup" >&2; \
			exit 1; \
		fi; \
	fi
	@echo "Installing jax-slim into $(VENV) ..."
	@if $(HAS_UV); then uv pip install --python $(BIN)/python $(1); \
	else \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; \
		$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" && $(BIN)/python -m pip install --quiet $(1); \
	fi
endef

$(VENV)/.installed-demo: pyproject.toml
	$(call install,--editable ".[demo]")
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(call install,--editable ".[demo]" --group dev)
	@touch $@ $(VENV)/.installed-demo

$(VENV)/.installed-docs: pyproject.toml
	$(call install,--editable ".[demo]" --group docs)
	@touch $@

setup: $(VENV)/.installed-dev

demo: $(VENV)/.installed-demo
	$(BIN)/python examples/digits.py

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m slow

test-all: test test-slow

lint: $(VENV)/.installed-dev
	@failed=0; \
	for check in "ruff format --check ." "ruff check ." "pyright --pythonpath $(BIN)/python"; do \
		echo "$$check"; $(BIN)/$$check || failed=1; \
	done; exit $$failed

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Warnings are errors. Notebooks are run, those that have changed since the last build.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --jobs $(WORKERS) --doctree-dir build/docs/doctrees docs build/docs/html
	@echo "The site: build/docs/html/index.html"

# The environment that the wheel is tried in has nothing but what the wheel asks for.
dist: $(VENV)/.installed-dev
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python -m twine check --strict dist/*
	rm -rf dist/tried && $(BIN)/python -m venv dist/tried
	dist/tried/bin/python -m pip install --quiet dist/*.whl
	cd dist/tried && bin/jax-slim --version && bin/jax-slim models "lenet*" && \
		echo "import tensorflow as tf; print(tf.Session().run(tf.constant('the room tf1 runs')))" > program.py && \
		bin/python -m jax_slim.tf1 program.py
	rm -rf dist/tried

BENCHMARKS_OF_NETS := benchmarks/nets.py benchmarks/inference.py benchmarks/tf1_programs.py benchmarks/gpu.py benchmarks/gpu_checks.py
bench: $(VENV)/.installed-dev
	@for file in $(filter-out $(BENCHMARKS_OF_NETS),$(wildcard benchmarks/*.py)); do \
		echo "== $$file" && $(BIN)/python "$$file" || exit 1; done

bench-nets: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/nets.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/tf1_programs.py

clean:
	rm -rf .venv .cache .pytest_cache .ruff_cache .hypothesis build dist docs/made
