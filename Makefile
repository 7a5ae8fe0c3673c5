# Needs python3 (3.11 or newer) and make; the first target that is asked for sets up .venv, and after that nothing
# needs the network again. Another Python: make test PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# One stamp for each dependency group and version of Python: a newer pyproject.toml makes it due again.
TEST := $(VENV)/.test-$(VERSION)
LINT := $(VENV)/.lint-$(VERSION)
RELEASE := $(VENV)/.release-$(VERSION)
BROWSER := $(VENV)/.browser-$(VERSION)
BENCH := $(VENV)/.bench-$(VERSION)
DOCS := $(VENV)/.docs-$(VERSION)
TOX := $(VENV)/.tox-$(VERSION)
# Of the linters for scripts and style sheets, which need Node.js and are in no environment of Python.
NODE_MODULES := frontend/node_modules
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help test coverage docs browser tox fuzz mutations chaos bench review-speed shift screenshots lint lint-assets lint-assets-with-node release-check messages format demo clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: $(TEST) ## run the tests on SQLite, on all cores; ARGS="-k webhook" are pytest's
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)

coverage: $(TEST) ## run the same tests, slower, and report which branches they reach; fails when there are too few
	$(BIN)/python -m pytest -q -n auto --dist worksteal --cov --cov-report=term

docs: $(DOCS) ## build the documents as HTML in docs/_build; what Sphinx warns of, and links to nowhere, are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

browser: $(BROWSER) ## run the browser tests in an installed Chromium
	$(BIN)/python -m pytest -m browser $(ARGS)

tox: $(TOX) ## run the tests on every Python, Django and database of tox.ini that is there; ARGS="-e py311-django52-sqlite" PARALLEL=2
	$(BIN)/tox $(if $(PARALLEL),run-parallel --parallel $(PARALLEL),run) $(ARGS)

fuzz: $(TEST) ## feed the payload parser 100,000 hostile bodies
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/copyleaks/test_payload_fuzzing.py $(ARGS)

mutations: $(TEST) ## disable each protection in turn and see that its tests notice
	$(BIN)/python -m robustness.mutations $(ARGS)

chaos: $(BENCH) ## upload under kills and faults and count what went wrong; UPLOADS=200 SEED=7 DATABASE_URL=postgres://…
	$(BIN)/python -m robustness.chaos $(if $(UPLOADS),--uploads $(UPLOADS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: $(BENCH) ## measure, and compare with the goals; ONLY="heatmap upload"
	$(BIN)/python -m benchmarks $(ONLY)

lint: $(LINT) ## check style, formatting, spelling, types, migrations, and the workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	git ls-files '*.py' | xargs $(BIN)/django-upgrade --target-version 5.2 --check
	git ls-files '*/templates/*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	git ls-files '*.rst' | xargs $(BIN)/sphinx-lint
	$(BIN)/typos
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/pre-commit validate-config
	$(BIN)/mypy
	cd example_project && MYPYPATH=.. ../$(BIN)/mypy --config-file mypy.ini
	$(BIN)/python -m django makemigrations --check --dry-run --settings tests.settings copyleaks_image
	$(BIN)/python example_project/manage.py makemigrations --check --dry-run

lint-assets: ## check scripts and style sheets, and test the review desk's script; needs Node.js, and without it says so
	@if node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 1818 ? 1 : 0)' 2>/dev/null; then \
		$(MAKE) --no-print-directory lint-assets-with-node; \
	else \
		echo "Skipped: scripts and style sheets need Node.js 18.18 or newer. On Debian and Ubuntu: apt install nodejs npm"; \
	fi

lint-assets-with-node: $(NODE_MODULES)/.package-lock.json
	$(NODE_MODULES)/.bin/eslint --config frontend/eslint.config.js django_copyleaks_image/static frontend
	$(NODE_MODULES)/.bin/stylelint --config frontend/stylelint.config.js --config-basedir frontend '*/**/static/**/*.css'
	node --test --test-reporter=spec frontend/*.test.js

release-check: $(RELEASE) ## build what would be released and check it in empty environments; ARGS="--all" on each Python that is there
	$(BIN)/python -m release $(ARGS)

review-speed: $(BROWSER) ## time fifty decisions at the review desk in Chromium, from the key to the next picture
	$(BIN)/python -m benchmarks.review_speed

shift: $(BROWSER) ## let two moderators decide about 520 pictures of all kinds in Chromium; PICTURES=88 takes two rounds of the kinds
	$(BIN)/python -m robustness.shift

screenshots: $(BROWSER) ## take the pictures in docs/screenshots anew, of the demo in an installed Chromium
	cd example_project && ../$(BIN)/python -m demo --screenshots ../docs/screenshots

messages: $(TEST) ## collect the texts to translate, and compile the translations; needs GNU gettext
	cd django_copyleaks_image && ../$(BIN)/python -m django makemessages --all --no-obsolete --no-location
	cd django_copyleaks_image && ../$(BIN)/python -m django compilemessages

format: $(LINT) ## format the code and mend what can be mended by a machine
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	git ls-files '*.py' | xargs $(BIN)/django-upgrade --target-version 5.2 --exit-zero-even-if-changed
	git ls-files '*/templates/*.html' | xargs $(BIN)/djade --target-version 5.2 || true

demo: $(TEST) ## run the example site with a local Copyleaks; ONCE=1 ends after the table, PORT=8080 chooses the port
	@cd example_project && exec ../$(BIN)/python -m demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

clean: ## remove everything that the other targets have made
	rm -rf $(VENV) $(NODE_MODULES) .tox .demo build dist docs/_build htmlcov .coverage .coverage.* .hypothesis
	rm -f benchmarks/results.json .tests.log .mutations.log
	rm -rf .mypy_cache .ruff_cache .pytest_cache example_project/data example_project/.mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(NODE_MODULES)/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund --silent
	@touch $@

$(VENV)/.%-$(VERSION): pyproject.toml
	@$(if $(VERSION),,echo "There is no $(PYTHON). Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is version $(VERSION), and 3.11 is needed. Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python$(VERSION)-venv" >&2; \
		exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' 2>/dev/null || { \
		echo "Making $(VENV) with Python $(VERSION) ..."; \
		$(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing what '$*' needs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group $*
	@touch $@
