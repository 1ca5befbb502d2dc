# Development tasks; `make` alone lists them.
#
# Taken for granted: CPython 3.10 or newer with venv, make, git. Everything else goes into .venv, by hash.

PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
CHECKED := $(wildcard extension layer sample_function benchmarks tests tools/*.py)
SHELL_SCRIPTS := $(wildcard build.sh .ci/run layer/extensions/preheat tools/find-python)
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help venv lock build lint types tests test soak format emulator sam cdk bench bench-check fuzz audit clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED)  ## make .venv with everything in requirements/dev.txt

# Made anew, not updated: what the lock no longer names must not linger.
$(INSTALLED): requirements/dev.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

lock:  ## bring requirements/{dev,sam,cdk}.txt up to date (the newest versions; uv from PyPI does it)
	$(PYTHON) -m venv --clear .cache/uv
	.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
	for name in dev sam cdk; do \
		.cache/uv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.10 \
			--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
			--output-file requirements/$$name.txt requirements/$$name.in || exit; \
	done

build:  ## write dist/layer.zip
	./build.sh

test: lint types tests  ## what has to pass: lint, types, tests

lint: $(INSTALLED)  ## ruff (rules and format) and shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet --diff .
	$(BIN)/shellcheck $(SHELL_SCRIPTS)

types: $(INSTALLED)  ## mypy, strict for extension/ and layer/
	$(BIN)/mypy $(CHECKED)

tests: $(INSTALLED) emulator sam  ## pytest alone; ARGS="-k name" narrows it
	$(PYTEST) $(ARGS)

soak: $(INSTALLED)  ## 1,000 freezes and thaws with rotation going on, 1,000 weeks of virtual time: 5 minutes
	SOAK_CYCLES=1000 SOAK_WEEKS=1000 $(PYTEST) tests/integration/test_freeze_and_thaw.py tests/unit/store/test_week.py $(ARGS)

format: $(INSTALLED)  ## sort imports, format
	$(BIN)/ruff check --quiet --select I --fix .
	$(BIN)/ruff format .

emulator: $(INSTALLED)  ## fetch AWS's Runtime Interface Emulator once, into .cache
	@$(BIN)/python -m tests.emulator.binary

# Tools that do not go together with .venv, by hash too. Where one cannot be had its tests are skipped, and say so.
sam: .cache/sam/installed  ## install AWS SAM, in an environment of its own

cdk: .cache/cdk/installed  ## install the AWS CDK likewise; `make tests` uses it, but does not install so much

.cache/%/installed: requirements/%.txt | $(INSTALLED)
	@$(BIN)/uv venv --quiet --no-cache --clear --python $(BIN)/python $(@D) && \
	$(BIN)/uv pip install --quiet --no-cache --python $(@D)/bin/python --require-hashes --requirement $< && \
	touch $@ || echo "WARNING: could not install $<" >&2

bench: $(INSTALLED) build emulator  ## measure beside what else one could use; writes docs/benchmarks.md; ARGS=--quick tries it
	@$(BIN)/python -m benchmarks.provider
	$(BIN)/python -m benchmarks $(ARGS)

bench-check: $(INSTALLED) build emulator  ## measure, and fail where a budget is exceeded
	$(BIN)/python -m benchmarks --check

audit:  ## ask a database of advisories about what is locked; needs the Internet, so it is no part of the checks
	@$(PYTHON) tools/audit.py

SECONDS := 300
fuzz: $(INSTALLED)  ## look for what breaks the parsers, SECONDS=300 each; keeps the inputs that reach something new
	@mkdir -p .cache/fuzz
	for target in requests answers references; do \
		$(BIN)/python -m tests.fuzz $$target .cache/fuzz -max_total_time=$(SECONDS) || exit; \
	done
	$(BIN)/python -m tests.fuzz.corpus .cache/fuzz

clean:  ## remove what make, build.sh and the tools made
	rm -rf $(VENV) .cache dist
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: demo
CHECKED += $(wildcard demo)

# Layer and emulator are made by the program, which says so, and goes on with a stand-in where the emulator can't be had.
demo:  ## see it work: a cold start with Preheat beside one with boto3; ARGS=--stand-in does without the emulator
	@$(MAKE) -s --no-print-directory -q $(INSTALLED) || echo "Installing what it needs into .venv, once: a minute" >&2
	@$(MAKE) -s --no-print-directory $(INSTALLED) || \
		{ echo "That needs PyPI: see above; behind a proxy set HTTPS_PROXY or PIP_INDEX_URL" >&2; exit 1; }
	@$(BIN)/python -m demo $(ARGS)
