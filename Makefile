# The two commands that matter: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

LISTEN ?= 127.0.0.1:8080
DATA ?= data/demo
CARGO ?= cargo
# Where property tests begin: the same commit passes or fails the same way. `make rust-test PROPTEST_RNG_SEED=...` looks
# elsewhere.
PROPTEST_RNG_SEED ?= 2026
export PROPTEST_RNG_SEED
# Where cargo puts what it builds.
TARGET := $(or $(CARGO_TARGET_DIR),target)
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/package-lock.json -type f 2>/dev/null)

.PHONY: help demo serve test lint rust-test web-test e2e web release bench openapi clean

help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

demo: release ## Build everything, start with demo data on http://$(LISTEN)
	@$(TARGET)/release/countersign demo --data $(DATA) --listen $(LISTEN)

serve: release ## Build everything, start an empty installation
	@$(TARGET)/release/countersign serve --data data/main --listen $(LISTEN)

release: web ## Build the release binary with the page inside
	@scripts/need.sh rust
	@echo "building the release binary (the first time takes several minutes)"
	@$(CARGO) build --release --locked -p countersign

web: web/dist/index.html ## Build the page

web/node_modules/.installed: web/package.json web/package-lock.json
	@scripts/need.sh node
	cd web && npm install --no-save --ignore-scripts --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

test: lint rust-test web-test e2e ## Everything: lints, Rust, page, two people in real browsers
	@echo "all tests passed"

lint: web/node_modules/.installed ## Formatting, clippy, documentation, biome, tsc
	$(CARGO) fmt --all --check
	$(CARGO) clippy --profile ci --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --profile ci --workspace --no-deps --locked --quiet
	cd web && npm run lint && npx tsc --noEmit

rust-test: web ## Rust tests on SQLite and PostgreSQL
	@scripts/need.sh rust && scripts/need.sh nextest
	PATH="$$(scripts/need.sh postgres):$$PATH" $(CARGO) nextest run --cargo-profile ci --workspace --locked

web-test: web/node_modules/.installed ## Unit tests of the page
	cd web && npm test

e2e: web ## The page with two people in real browsers, against the real server
	@# With the tests' own features, so that what `rust-test` built is not built once more.
	$(CARGO) test --no-run --profile ci --workspace --locked --test it
	cd web && COUNTERSIGN_BIN="$(abspath $(TARGET))/ci/countersign" CHROMIUM="$$(../scripts/need.sh chromium)" \
		PYTHON="$$(../scripts/need.sh python)" npm run e2e

bench: release ## Head-to-head benchmarks; see bench/README.md
	bench/run

openapi: ## Renew the OpenAPI snapshot and the client made from it
	UPDATE_OPENAPI=1 $(CARGO) test -p countersign-server openapi
	cd web && npm run generate

clean: ## Remove what was built; data stays
	$(CARGO) clean
	rm -rf web/dist web/node_modules
