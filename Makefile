# Both targets set everything up themselves, in a virtual environment of their own.
PYTHON ?= python3
VENV ?= .venv
DEMO_DIR ?= .demo
PEERS ?= .peers
RELEASE ?= .release
# In the order of collection, where tests/conftest.py puts what takes long first.
PARALLEL := -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin
# What is imported is compiled then; all of TensorFlow would take as long as to install it.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	-c constraints.txt
# Compiled modules are kept, whatever the shell says: hundreds of processes read the same ones.
export PYTHONDONTWRITEBYTECODE :=

# pip would say ResolutionImpossible.
CHECK_PYTHON = @$(PYTHON) -c 'import sys; v = sys.version_info; (3, 11) <= v[:2] <= (3, 13) or sys.exit("$(PYTHON) is Python %d.%d, but qtf needs 3.11, 3.12 or 3.13; name one: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12" % v[:2])'

.PHONY: demo docs test test-long test-install test-all checks pytest-quick pytest-all format bench bench-peers dist audit release reproduce ground-states growth open-systems samplers full-scale clean help

help:
	@echo "make demo    generate, train, evaluate, export, predict, serve; under 10 minutes"
	@echo "make test    formatting, lint, types, import rules and all quick tests"
	@echo "make test-long  whole commands killed and continued, servers under attack, JAX"
	@echo "make test-install  every extra in an environment of its own; gigabytes from the index"
	@echo "make test-all   both at once, for continuous integration"
	@echo "make reproduce  every number of docs/results.md; hours, resumable (BUDGET=short, full, tiny)"
	@echo "make ground-states  docs/ground_state_results.md: seven ground states; an hour"
	@echo "make growth         docs/growth_results.md: a chain and a square that grow; two hours"
	@echo "make open-systems   docs/open_system_results.md: fourteen open systems; two hours"
	@echo "make samplers       docs/sampler_results.md: direct samples against chains; 20 minutes"
	@echo "make full-scale     docs/full_scale.md: what takes days, started and resumed; two hours"
	@echo "make docs    the site of the documentation, build/site/index.html; two minutes"
	@echo "make bench   docs/benchmarks.md and docs/serving_results.md: speed on this machine; half an hour"
	@echo "make bench-peers  the same work by PyTorch, sru, NetKet and QuTiP, in an environment of their own"
	@echo "make dist    wheel, sdist and bill of materials in dist, and a look for known holes"
	@echo "make audit   known holes in the pinned packages, by what the registry publishes"
	@echo "make release VERSION=1.0.0  that version everywhere, the tests, and make dist"
	@echo "make format  format the code and sort its imports"

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py --out_dir=$(DEMO_DIR)

test-install: $(VENV)/.test
	$(BIN)/python -m pytest -m install tests

# The checks while pytest runs, which waits for processes now and then.
test: $(VENV)/.test
	$(MAKE) --jobs=2 checks pytest-quick

test-long: $(VENV)/.test
	$(BIN)/python -m pytest $(PARALLEL) -m "long and not slow and not install" tests

test-all: $(VENV)/.test
	$(MAKE) --jobs=2 checks pytest-all

pytest-quick: $(VENV)/.test
	$(BIN)/python -m pytest $(PARALLEL)

pytest-all: $(VENV)/.test
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not install" --durations=25

checks: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.load

bench-peers: $(VENV)/.test $(PEERS)/.installed
	$(BIN)/python -m benchmarks --peers=$(PEERS)/bin/python

dist: $(RELEASE)/.installed
	$(RELEASE)/bin/python -m release dist

audit: $(RELEASE)/.installed
	$(RELEASE)/bin/python -m release audit

# A version that fails the tests is taken back by: git restore .
release:
	@test -n "$(VERSION)" || { echo "Say which: make release VERSION=1.0.0" >&2; exit 2; }
	$(MAKE) $(RELEASE)/.installed
	$(RELEASE)/bin/python -m release version $(VERSION)
	$(MAKE) test
	$(MAKE) dist
	@echo "Now: git commit --all --message 'Version $(VERSION)' && git tag v$(VERSION)"

BUDGET ?= short
reproduce: $(VENV)/.reproduce
	$(BIN)/python -m reproduce --budget=$(BUDGET)

ground-states: $(VENV)/.reproduce
	$(BIN)/python -m reproduce ground_states

growth: $(VENV)/.reproduce
	$(BIN)/python -m reproduce growth

open-systems: $(VENV)/.reproduce
	$(BIN)/python -m reproduce open_systems

samplers: $(VENV)/.reproduce
	$(BIN)/python -m reproduce samplers

full-scale: $(VENV)/.reproduce
	$(BIN)/python -m reproduce full_scale

# Warnings are errors: no link is dead, and every docstring can be read.
docs: $(VENV)/.test
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs build/site

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.demo: setup.py constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[data,train,serve]'
	touch $@

$(VENV)/.reproduce: setup.py constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[data,train,serve,probability]'
	touch $(VENV)/.demo $@

$(PEERS)/.installed: benchmarks/peers/requirements.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r $<
	touch $@

$(RELEASE)/.installed: release/requirements.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What most tests import is compiled once, and not by all workers at a time.
$(VENV)/.test: setup.py constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[test]'
	$(BIN)/python -c 'import hypothesis, keras, scipy.stats, tensorboard, uvicorn; from matplotlib import pyplot'
	touch $(VENV)/.demo $(VENV)/.reproduce $@

clean:
	rm -rf $(VENV) $(DEMO_DIR) $(PEERS) $(RELEASE)
