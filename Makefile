# SyncFlow on one machine. `make` lists what there is; ARGS="..." is passed on.

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.installed
ARGS ?=
SECONDS ?= 600
# Tests at a time: one more than there are cores, as some of them wait.
TESTS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))

.PHONY: help setup demo up app trial bench bench-api fuzz soak mutants test e2e screenshots lint pytest client settings lock clean

help: ## list these
	@echo "SyncFlow. Pass options to a command with ARGS=\"...\"."
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
	    | while IFS='|' read -r name words; do printf '  make %-11s %s\n' "$$name" "$$words"; done

setup: $(STAMP) ## make the virtual environment with everything in it

demo: $(STAMP) ## start everything with two sandbox shops and watch sales flow
	@$(BIN)/syncflow demo $(ARGS)

up: $(STAMP) ## start the product
	@$(BIN)/syncflow up $(ARGS)

app: $(STAMP) ## build the web app that `make demo` and `make up` serve
	@$(BIN)/syncflow app $(ARGS)

trial: $(STAMP) ## rehearse the main job on throw-away services and judge it
	@$(BIN)/syncflow trial $(ARGS)

bench: $(STAMP) ## measure (ARGS=--json for one JSON object)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-api: $(STAMP) ## measure the REST API on a merchant with a million orders (ARGS=--json)
	@$(BIN)/python -m benchmarks.api $(ARGS)

fuzz: $(STAMP) ## ask every operation of the REST API 300 times for what it does and does not take
	@FUZZ_EXAMPLES=300 $(BIN)/pytest -n $(TESTS) --dist worksteal tests/api/test_fuzz.py $(ARGS)

soak: $(STAMP) ## random histories under a virtual clock until SECONDS are over (SEED=...)
	@$(BIN)/python -m tests.simulation.soak --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

mutants: $(STAMP) ## break the engine's rules one by one, and see the simulation notice
	@$(BIN)/python -m tests.simulation.mutants $(ARGS)

test: lint pytest ## lint, then run all tests

pytest: $(STAMP) ## run the tests alone
	$(BIN)/pytest -n $(TESTS) --dist worksteal $(ARGS)

e2e: $(STAMP) ## drive the web app in chromium against the running system
	$(BIN)/pytest tests/e2e $(ARGS)

screenshots: $(STAMP) ## make pictures of every screen of the web app, in frontend/screenshots
	SCREENSHOTS=frontend/screenshots $(BIN)/pytest tests/e2e $(ARGS)

lint: $(STAMP) ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

client: $(STAMP) ## make the API's TypeScript types, frontend/src/api/schema.d.ts (node 20)
	@$(BIN)/python -c 'from syncflow.web_build import install; install(print)'
	@$(BIN)/syncflow openapi > frontend/openapi.json
	@cd frontend && npm run --silent client && npm run --silent check

settings: $(STAMP) ## make the page of settings for operators
	@$(BIN)/syncflow settings > docs/operators/settings.md

lock: ## pin what pyproject.toml asks for: requirements.lock, and of it what runs in production, requirements.txt
	@$(BIN)/uv pip compile -q pyproject.toml --universal --extra embedded --extra dev --generate-hashes --no-header -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -c requirements.lock -o requirements.txt

clean: ## remove the embedded services' data and all caches
	@if [ -x $(BIN)/syncflow ]; then $(BIN)/syncflow clean --yes; fi
	rm -rf .syncflow .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist frontend/dist frontend/.node
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# The first Python from 3.11 on, asked for by PYTHON or found. uv installs from the lock, by its own
# configuration; where that does not lead to the packages (a mirror that only pip is told of), pip does.
$(STAMP): pyproject.toml requirements.lock
	@set -e; \
	for python in $(PYTHON) python3 python3.15 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then echo "SyncFlow needs Python 3.11 or newer (set PYTHON to it)." >&2; exit 1; fi; \
	$(BIN)/python -c '' 2>/dev/null || rm -rf .venv; \
	"$$python" -m venv .venv || { echo "Python's venv module does not work here; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	if ! $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock; then \
	    echo "uv could not install the packages; trying pip." >&2; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	touch $(STAMP)
