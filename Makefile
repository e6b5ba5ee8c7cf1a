# Two commands do everything: `make run` and `make test`. The rest is for developers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
OUT := out

.PHONY: run test test-long install check bench pictures clean help

help:
	@echo "make run      install, then the window on resnet50; without a screen the main job, into $(OUT)/"
	@echo "make test     install, then every check and test"
	@echo "make test-long  what takes twenty minutes more: every model, in real numbers"
	@echo "make check    ruff, mypy and the architecture test: seconds"
	@echo "make pictures the README's pictures, of the real window"
	@echo "make bench    the benchmarks: us and the peers in one run"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Modelwright needs Python 3.11 or newer; $(PYTHON) is older. Try make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "The venv module is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m app.system --install
	@touch $@

run: install
	$(BIN)/python -m app.main_job $(OUT)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py

test: check
	$(BIN)/pytest -n 2 --dist worksteal -m "not long"

test-long: install
	$(BIN)/pytest -n 2 --dist worksteal -m long

bench: install
	@failed=0; for script in benchmarks/shapes_first.py benchmarks/shapes_after_edit.py benchmarks/large.py benchmarks/tree.py benchmarks/window.py benchmarks/checkpoints.py benchmarks/sheets.py benchmarks/dataflow.py benchmarks/flow_window.py; do \
	  echo "== $$script"; $(BIN)/python $$script || failed=1; done; exit $$failed

pictures: install
	$(BIN)/python resources/pictures.py

clean:
	rm -rf $(VENV) $(OUT) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
