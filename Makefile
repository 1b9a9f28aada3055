# Each target does all of its own set-up from a fresh clone; only Python 3.10+ and make are assumed.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

.PHONY: demo test check bench clean

demo: $(VENV)/.installed
	$(VENV)/bin/mixtrace demo -o demo-out

test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(VENV)/.installed-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff check --select F821 benchmarks docs
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright
	$(VENV)/bin/python -m pytest tests/test_architecture.py

bench: $(VENV)/.installed-bench
	$(VENV)/bin/python benchmarks/bench.py

clean:
	rm -rf $(VENV) build demo-out src/*.egg-info

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "mixtrace needs Python 3.10 or newer; pass PYTHON=python3.x to make.")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[test,media,oracle,graphs,ray,refine]'
	touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test requirements-bench.txt
	$(PIP) install --no-deps -r requirements-bench.txt
	touch $@
