# One word per habit. Needs make and Python 3.11 or later with venv; everything else goes into .venv.

PYTHON ?= python3
PORT ?= 4566
STAGE ?= prod

BIN := .venv/bin
SWITCHED_ON = $(filter-out 0,$(1))
CHROMIUM := apt-get update && apt-get install --yes --no-install-recommends chromium fonts-inter
NEEDED := Python 3.11 or later is needed, and $(PYTHON) is older or missing. Name another: make PYTHON=python3.12

.PHONY: help run test rights prove matrix browser portal-pictures chromium check scan format package deploy rollback destroy bench

help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.installed ## the stack on this machine, until Ctrl-C; PORT=4566 KEEP=1 EMPTY=1
	@exec $(BIN)/python -m infra.local run --port $(PORT) \
		$(if $(call SWITCHED_ON,$(KEEP)),--keep) $(if $(call SWITCHED_ON,$(EMPTY)),--empty)

test: .venv/.installed ## all tests, those on the deployed stack too, but for the exhaustive ones
	@$(BIN)/python -m pytest -n 2 -m "not prove and not browser" --calls=compare

rights: .venv/.installed ## all tests, and record what functions used of AWS in tests/cases/calls.json
	@$(BIN)/python -m pytest -n 2 -m "not prove and not browser" --calls=record

prove: .venv/.installed ## the exhaustive tests, and the property tests with many more examples; takes minutes
	@PROVE=1 $(BIN)/python -m pytest -n 2 -m "prove or hypothesis"

matrix: .venv/.installed ## all tests, on each Python the project supports and this machine has
	@$(BIN)/python -m infra.matrix

browser: .venv/.installed chromium ## the portal in a real browser, Debian's Chromium, on two deployed stacks; under 5 minutes
	@BROWSER=required $(BIN)/python -m pytest -n 2 -m browser tests/browser

portal-pictures: .venv/.installed chromium ## the same, and keep pictures of the pages in docs/portal
	@BROWSER=required PICTURES=1 $(BIN)/python -m pytest -n 2 -m browser tests/browser

chromium:
	@if ! { command -v chromium || command -v google-chrome; } >/dev/null; then \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
			echo "The portal's tests need Chromium. As root, on Debian, make installs it; else: sudo sh -c '$(CHROMIUM)'" >&2; \
			exit 1; \
		fi; \
		echo "Installing Chromium"; \
		export DEBIAN_FRONTEND=noninteractive; $(CHROMIUM); \
	fi

check: .venv/.installed ## format, lint, types and layers, without changing anything
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

scan: .venv/.installed .venv-scan/.installed ## the template against checkov and cfn-lint, the deployed API against its document; takes minutes
	@$(BIN)/python -m infra.scan

format: .venv/.installed ## put the code in form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

package: .venv/.installed ## the CloudFormation package for AWS, in .build; RUNTIME=3.13 ARCHITECTURE=arm64
	@$(BIN)/python -m infra.package $(if $(RUNTIME),--python $(RUNTIME)) \
		$(if $(ARCHITECTURE),--architecture $(ARCHITECTURE))

deploy: .venv/.installed ## to AWS, shown before it is done; STAGE=prod, OPTIONS="--parameter NAME=VALUE"
	@$(BIN)/python -m infra.deploy up --stage $(STAGE) $(OPTIONS)

rollback: .venv/.installed ## on AWS, to the release before; STAGE=prod
	@$(BIN)/python -m infra.deploy rollback --stage $(STAGE) $(OPTIONS)

destroy: .venv/.installed ## a stack on AWS; STAGE=…, and OPTIONS=--yes-delete-data for its data
	@$(BIN)/python -m infra.deploy destroy --stage $(STAGE) $(OPTIONS)

bench: .venv/.installed ## all benchmarks, under ten minutes; tables and charts go to benchmarks/results
	@$(BIN)/python -m benchmarks

.venv/.installed: .venv/bin/python requirements.txt requirements-dev.txt
	@$(BIN)/python -m infra.install requirements-dev.txt
	@touch $@

.venv-scan/.installed: .venv/bin/python requirements-scan.txt
	@$(BIN)/python -m venv .venv-scan
	@.venv-scan/bin/python -m infra.install requirements-scan.txt
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(NEEDED)" >&2; exit 1; }
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv
