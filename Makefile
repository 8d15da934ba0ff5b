# Needs only Python 3.11 or newer, pip and make. The first call makes a virtual environment in .venv and fills it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

export HF_HUB_OFFLINE ?= 1
export OMP_NUM_THREADS ?= $(shell nproc 2>/dev/null || echo 2)
# Threads that wait sleep; else they take the processor from those that work.
export OMP_WAIT_POLICY ?= PASSIVE

# Without it every process of the tests compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

# Tests use one thread each, so that the cores share them; a file's tests stay together.
SHARED := -n auto --maxprocesses 4 --dist loadfile

.PHONY: demo test unit check install table clean

demo: $(VENV)/.runs  ## Six scenes with and without control on the embedded models; prints a table and where the page is.
	$(BIN)/hitmark demo -o out/demo --force

test: install check  ## All checks and tests.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests $(SHARED)

unit: install  ## The quick tests only.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -m "not efficacy" $(SHARED)

check: install  ## Style, types, import layers.
	$(BIN)/ruff check hitmark tests
	$(BIN)/ruff format --check hitmark tests
	$(BIN)/basedpyright
	$(BIN)/lint-imports

table: install  ## The measured table of the documentation (64 held-out scenes; about half an hour on two cores).
	$(BIN)/python -m hitmark.bench.table --clips 64 -o out/table

install: $(VENV)/.installed

# What the commands need, and no more.
$(VENV)/.runs: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "hitmark needs Python 3.11 or newer; run make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt torch==2.13.0
	$(PIP) install --quiet -c constraints.txt -e .
	touch $@

# What the tests and checks need too.
$(VENV)/.installed: $(VENV)/.runs
	$(PIP) install --quiet -c constraints.txt -e ".[dev]"
	touch $@

clean:  ## Removes the environment and what the commands wrote to out/.
	rm -rf $(VENV) out
