# Everything a person does with the project. `make` alone lists it.
PYTHON ?= python3
PORT ?= 8000
export PORT
BIN := .venv/bin
# For pytest: make test ARGS="-k sync"
ARGS ?=

.PHONY: help setup run test test-peers lint lint-style lint-types lint-layers lint-security format lock \
	wheel clean

help: ## this list
	@echo "Integration hub for the media centres of North Rhine-Westphalia. Start with: make run"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8000     where make run serves       ARGS=\"-k sync\"   for pytest in make test"
	@echo "  PYTHON=python3 makes the environment (3.11 or newer)"

setup: ## virtual environment, packages, front-end files (all other targets do it by themselves)
	@$(PYTHON) scripts/bootstrap.py

run: setup ## the demonstration network on http://127.0.0.1:8000 (PORT changes it)
	@exec $(BIN)/hub demo --serve

test: setup ## all tests, on SQLite and PostgreSQL, with coverage
	$(BIN)/python -m pytest -n logical --cov --cov-report=term:skip-covered $(ARGS)

test-peers: setup ## tests against real servers and other programs (tests/peers)
	@if find tests/peers -name 'test_*.py' 2>/dev/null | grep -q .; then \
		$(BIN)/python -m pytest tests/peers -ra $(ARGS); \
	else \
		echo "No peer tests yet: tests/peers holds none."; \
	fi

lint: lint-style lint-types lint-layers lint-security ## style, types, layers, security

lint-style: setup
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .

lint-types: setup
	$(BIN)/mypy

lint-layers: setup
	@$(BIN)/lint-imports --no-cache --no-logo

lint-security: setup
	$(BIN)/bandit --quiet --recursive --severity-level medium --confidence-level medium \
		hub plugins connectors scripts

format: setup ## put the code into the common form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: setup ## lock the dependencies anew after a change in setup.cfg or package.json (ARGS=--upgrade: newest versions)
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet uv
	PATH="$(CURDIR)/$(BIN):$$PATH" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--all-extras --no-emit-index-url --no-annotate --no-header $(ARGS) --output-file requirements.lock setup.cfg
	rm -rf *.egg-info  # left by uv, and read in place of what is installed
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

wheel: setup ## dist/*.whl with templates, static files, migrations and config
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist .
	@ls dist/*.whl

clean: ## remove what was built, and the environment
	rm -rf .venv build dist *.egg-info node_modules hub/web/static/vendor hub/web/static/vendor.new \
		.coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .bootstrap.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
