PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup check report test coverage test-slow laws quality lint clean docs bench

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

check: setup
	$(BIN)/ftproofs check --ledger .ftproofs/ledger.sqlite

# What `make check` left, as a page (build/report/index.html) and, where there is a TeX, as a PDF beside it.
REPORT := build/report
TYPESET := openin_any=p pdflatex -no-shell-escape -interaction=batchmode main >/dev/null
docs: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo docs/_build/html/index.html

# What ftproofs costs beside its peers: build/bench/bench.json and bench.svg; some three minutes.
bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/ftproofs bench --out build/bench --force

report: setup
	$(BIN)/ftproofs export html --ledger .ftproofs/ledger.sqlite --out $(REPORT) --force
	$(BIN)/ftproofs export latex --ledger .ftproofs/ledger.sqlite --out $(REPORT)/latex --force
	@if command -v pdflatex >/dev/null && command -v bibtex >/dev/null; then \
	  cd $(REPORT)/latex && $(TYPESET) && bibtex main >/dev/null && $(TYPESET) && $(TYPESET) && $(TYPESET) \
	  && cp main.pdf ../ftproofs.pdf && echo "$(REPORT)/ftproofs.pdf"; \
	else echo "no pdflatex and bibtex here: $(REPORT)/latex is not typeset"; fi

# FTPROOFS_QUALITY_SHARD=K picks the twelfth of the audit suite (`make quality`: all), FTPROOFS_LAW_SHARD the part of
# the law suite (`make laws`: all).
test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=15 tests

# Tracing slows symbolic work down by a third and more; the law suite and the audit suite repeat whole checks.
coverage: setup
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term --cov-fail-under=90 --ignore=tests/laws --ignore=tests/quality

test-slow: setup
	$(BIN)/python -m pytest -n 2 -m slow

laws: setup
	$(BIN)/python -m pytest -n 2 -m "laws or not laws" tests/laws

quality: setup
	$(BIN)/python tests/quality/verify.py
	$(BIN)/python -m pytest -n 2 -m "quality or not quality" tests/quality

lint: setup
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests docs examples benchmarks
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .ftproofs build dist docs/_build docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
