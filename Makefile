# What a newcomer types. Everything installs into .venv from a lock with hashes; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
UV_VERSION := 0.13.9

# litellm is large and slow to install, so it comes only when there is a key it could use.
LOCK := $(if $(strip $(ANTHROPIC_API_KEY)$(OPENAI_API_KEY)$(GEMINI_API_KEY)),full,lean)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check format bench chaos mutate mutants lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(VENV)/.installed-$(LOCK)  ## prepare .venv; quick when there is nothing to do

setup-dev: $(VENV)/.installed-dev  ## the same, with the tools that test and check need

demo: setup  ## two tenants on an embedded Postgres: sandbox phone, web chats, desk
	@$(VENV)/bin/convo demo

test: setup-dev  ## every test
	@$(RUN) -m pytest

check: setup-dev  ## what CI checks without running anything
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-logo

format: setup-dev  ## rewrite the code in the one format
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

bench: setup-dev  ## measured ratios, interleaved, with medians and spread
	@$(RUN) -m tests.bench

chaos: setup-dev  ## break a deployment at random: SECONDS=60 SEED=1
	@$(RUN) -m drills.chaos --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)

mutate: setup-dev  ## take every rule, and each statement of it that reports, out: a test must turn red
	@$(RUN) -m tests.mutation.rules

mutants: setup-dev  ## take every guardrail, and every rule of one and of the packs, out: something must turn red
	@$(RUN) -m tests.mutation.guards

lock:  ## resolve the three locks again from pyproject.toml
	@requirements/lock $(PYTHON) $(UV_VERSION)

clean:  ## remove what the other targets made
	rm -rf $(VENV) .lock-tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

# A virtual environment knows its own path, so a moved or copied folder needs another.
MOVED := $(shell [ "$$(cat $(VENV)/.home 2>/dev/null)" = "$$(pwd -P)" ] || echo moved)
.PHONY: moved

$(VENV)/.installed-%: requirements/%.txt pyproject.toml requirements/install $(MOVED)
	@requirements/install $(PYTHON) $(VENV) $*
