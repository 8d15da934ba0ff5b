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

# Jobs of a benchmark use one thread each too.
SHARED_JOBS := --engine ray --workers $(shell nproc 2>/dev/null || echo 2)
# Painted clips of other scenes of the same kinds, as many as a row of the table has for the second.
TRUE_CLIPS := --reference sprites-text:test:99488-100000 --perfect sprites-text:test:99360-99488

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

table: install  ## The measured tables of the documentation (64 held-out scenes each; hours on two cores, can be stopped).
	$(BIN)/hitmark bench benchmarks/picture-table.yaml -o out/picture-table $(SHARED_JOBS)
	$(BIN)/hitmark report out/picture-table
	$(BIN)/hitmark bench benchmarks/text-table.yaml -o out/text-table $(SHARED_JOBS)
	$(BIN)/hitmark report out/text-table $(TRUE_CLIPS)
	$(BIN)/hitmark report out/text-table $(TRUE_CLIPS) --baseline peekaboo -o out/text-table/report-peekaboo
	$(BIN)/hitmark report out/text-table $(TRUE_CLIPS) --baseline "peekaboo as_published=paper" -o out/text-table/report-paper

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
