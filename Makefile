# Short names for what people do here. The build itself is described in meson.build, the checks in scripts/check.

BUILD := build
JOBS ?= 2
SECONDS ?= 600
ARGS ?=

.PHONY: help build run check quick bench fuzz format screenshots clean install

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

build: ## build build/ucpkid and build/ucpki (installs missing Debian packages)
	@scripts/install-deps build
	@[ -f $(BUILD)/build.ninja ] || scripts/configure $(BUILD) -Dtests=false
	@ninja -C $(BUILD) -j$(JOBS) programs

run: build ## build and start a node in var/node (more arguments: make run ARGS='--log debug')
	@mkdir -p -m 700 var/node
	exec $(BUILD)/ucpkid --data var/node --socket var/node/ucpkid.sock --listen https=127.0.0.1:8443 \
		--listen tftp=127.0.0.1:0 --listen phone-http=127.0.0.1:0 --listen phone-https=127.0.0.1:0 $(ARGS)

check: ## everything: builds, static checks, unit and black-box tests with sanitizers, fuzzing
	@scripts/install-deps check
	@scripts/check

quick: ## build, unit tests, and the quick black-box tests, without sanitizers
	@scripts/install-deps check
	@scripts/check --quick

bench: ## measure against the bare libraries, side by side (a million certificates: make bench ARGS=--full)
	@scripts/install-deps check
	@scripts/configure build-bench -Dtests=false -Dbench=true
	@ninja -C build-bench -j$(JOBS)
	@bench/run $(ARGS)

fuzz: ## fuzz each target for SECONDS=600
	@scripts/install-deps check
	@scripts/check --only fuzz --seconds $(SECONDS)

format: ## format all C files
	@scripts/install-deps check
	@find src tests fuzz bench -name '*.[ch]' -exec clang-format -i {} +

screenshots: build ## make the pictures of docs/console/ anew
	@scripts/install-deps check
	@UCPKI_BUILD=$(BUILD) node --test-reporter=./tests/console/reporter.mjs scripts/screenshots.mjs

install: build ## install the programs (DESTDIR and the prefix of meson are honoured)
	@/usr/bin/meson install -C $(BUILD) --no-rebuild

clean: ## remove what was built, but not var/
	rm -rf build build-*
