# Two commands on a fresh machine with Python 3.11+, make and git:
#   make demo   a retailer's year, from raw files to a priority list and a report
#   make test   the tests
# Both make the environment first: .venv, from the versions and hashes in requirements.txt.

VENV := .venv
BIN := $(VENV)/bin
TRYTON := .venv-tryton
# One environment for all: the user's own site-packages and settings for Python stay out of it.
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help env tryton demo test check faults bench docs lock clean

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(VENV)/.installed ## make the environment in .venv (the others do it when needed)

demo: env ## run the main job on a real retailer's year; results in build/demo
	$(BIN)/crm demo build/demo

tryton: $(TRYTON)/.installed ## make the Tryton server that one test reads, in .venv-tryton (make test does it)

test: env tryton ## run the tests
	$(BIN)/python -m pytest

check: env ## format, lint, types, then the tests: what has to pass before a change lands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory test

faults: env ## kill two hundred runs at random moments and look at what is left; some ten minutes, for the night
	KILLS=200 $(BIN)/python -m pytest tests/faults

bench: env ## time the load and the cubes against bare DuckDB
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done
	@echo "== benchmarks/ssb"; $(BIN)/python -m benchmarks.ssb && $(BIN)/python -m benchmarks.ssb.rollups

docs: env ## write docs/cli.md and docs/star.md anew from the code
	$(BIN)/typer crm_analytics.cli utils docs --name crm --title "The crm command line" --output docs/cli.md
	$(BIN)/python -m crm_analytics.warehouse.describe > docs/star.md

lock: ## choose versions anew after a change to pyproject.toml (needs uv)
	@echo "# Written by 'make lock' from pyproject.toml: core, its extras and test, for Python 3.11 and later." > requirements.new
	uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --extra test \
	  --generate-hashes --no-annotate --no-header --no-emit-package crm_analytics pyproject.toml >> requirements.new
	@mv requirements.new requirements.txt
	@echo "# Written by 'make lock': a Tryton server (GPL-3.0), for tests/warehouse/test_tryton.py alone." > requirements.new
	printf 'trytond>=8.2,<8.3\ntrytond_party\ntrytond_sale_opportunity\ntrytond_marketing_email\n' \
	  | uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header - >> requirements.new
	@mv requirements.new requirements-tryton.txt

clean: ## remove everything that was made, the environment too
	rm -rf $(VENV) $(TRYTON) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml requirements.txt requirements-oracle.txt
	@python=; for name in python3.13 python3.12 python3.11 python3; do \
	  if $$name -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "crm_analytics needs Python 3.11 or later with its venv module (on Debian: apt-get install python3-venv)." >&2; exit 1; \
	fi; \
	echo "Making the environment in $(VENV) with $$($$python --version); this takes a minute or two ..."; \
	$$python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-oracle.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# An environment of its own, for nothing of Tryton may get into ours; with an empty database whose modules are active,
# which takes Tryton a quarter of a minute.  Each test copies it.
$(TRYTON)/.installed: requirements-tryton.txt | $(VENV)/.installed
	@echo "Making a Tryton server in $(TRYTON), for the test that reads one; this takes half a minute ..."
	@$(BIN)/python -m venv --clear $(TRYTON)
	@$(TRYTON)/bin/python -m pip install --quiet --require-hashes -r requirements-tryton.txt
	@printf '[database]\nuri = sqlite://\npath = %s\n' '$(CURDIR)/$(TRYTON)' > $(TRYTON)/trytond.conf
	@touch $(TRYTON)/crm.sqlite
	@echo only-for-this-test > $(TRYTON)/password
	@TRYTONPASSFILE=$(TRYTON)/password $(TRYTON)/bin/trytond-admin -c $(TRYTON)/trytond.conf -d crm \
	  -u sale_opportunity marketing_email --activate-dependencies --email admin@example.org
	@touch $@
