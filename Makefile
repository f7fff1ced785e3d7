# trainyard: a desk in front of meson and ninja. `make help` tells what there is.
# Each target installs the Debian packages that it needs (tools/packages) and nothing twice.

MESON  = /usr/bin/meson
NINJA  = ninja
PYTHON = /usr/bin/python3
BUILD  = build
ASAN   = build/asan
OPT    = build/opt
CLANG  = build/clang
PREFIX = /usr/local
SEED   =
ROUNDS = 100
SCHEDULES = 20000

.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
ifneq ($(wildcard $(MESON)),$(MESON))
MESON := $(shell command -v meson || echo $(MESON))
endif

## all      build the three programs, optimised and hardened, into build/ (the default)
.PHONY: all
all: need-build $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD)
	@echo "built: $(BUILD)/trainyard $(BUILD)/trainyardd $(BUILD)/trainyard-runner"

## run      the demo: a server, a real training, its loss falling; Ctrl-C ends it
.PHONY: run
run: all
	@tools/demo $(BUILD)

## test     everything that a change must pass; ends with the count; SUITES="unit e2e" for some
.PHONY: test
test: need-build-test-tidy
	@$(PYTHON) tests/run $(SUITES)

# The same with sanitizers, for the tests; and with the other compiler, only to see it pass.
.PHONY: sanitized with-clang
sanitized: $(ASAN)/build.ninja
	@$(NINJA) -C $(ASAN)
with-clang: $(CLANG)/build.ninja
	@$(NINJA) -C $(CLANG)

## check    the fast part of the tests, under a minute
.PHONY: check
check: need-build-test-tidy
	@$(PYTHON) tests/run --fast

## tidy     floors, libraries, sizes, banned calls, lone headers, formatting
.PHONY: tidy
tidy: need-build-tidy
	@$(PYTHON) tools/tidy

## fmt      format every C file in place
.PHONY: fmt
fmt: need-tidy
	@$(PYTHON) tools/fmt

## sim      the core under random crashes; SEED=n replays one schedule
.PHONY: sim
sim: optimised
	@$(OPT)/tests/sim/sim $(if $(SEED),--seed $(SEED),--schedules $(SCHEDULES))

## faults   kill -9 at random instants, judged by a ledger; ROUNDS=n, goes on where it was
.PHONY: faults
faults: optimised
	@echo "seeds and verdicts: build/faults.results"
	@$(PYTHON) tests/faults/faults.py --build $(OPT) --rounds $(ROUNDS) \
		--results build/faults.results

## soak     a million schedules and 2000 rounds of faults, in the background
.PHONY: soak
soak: optimised
	@tools/soak $(OPT)

## bench    every claim beside its limit and its peer, in one run
.PHONY: bench
bench: need-build-test-bench optimised
	@tools/bench $(OPT)

# The hardened build with simulator, fault worker and benchmarks.
.PHONY: optimised
optimised: need-build-test $(OPT)/build.ninja
	@$(NINJA) -C $(OPT) --quiet

## fresh    try the project on an empty Debian 12, as root and as a sudo user
.PHONY: fresh
fresh: need-fresh
	@tools/fresh

## install  install under PREFIX (/usr/local), below DESTDIR if that is set
.PHONY: install
install: all
	@grep -q '"name": "prefix", "value": "$(PREFIX)"' \
		$(BUILD)/meson-info/intro-buildoptions.json || \
		{ $(call setup,$(BUILD),--prefix="$(PREFIX)" -Dtests=false); }
	@DESTDIR="$(DESTDIR)" $(MESON) install -C $(BUILD) --no-rebuild

## clean    remove build/, demo and all
.PHONY: clean
clean:
	rm -rf build

## help     this list
.PHONY: help
help:
	@sed -n 's/^## /  make /p' Makefile

# need-build-test installs the groups build and test.
need-%:
	@tools/need $(subst -, ,$*)

# Configuring speaks only when it fails. A meson.build that came or changed configures again.
MESON_FILES := $(wildcard meson.build meson_options.txt $(foreach d,* */* */*/*,$(d)/meson.build))
setup = mkdir -p $(1) && echo "configuring $(1)" && \
	{ $(MESON) setup $$(test -f $(1)/build.ninja && echo --reconfigure) $(1) $(2) \
		>$(1)/setup.log 2>&1 || { cat $(1)/setup.log >&2; exit 1; }; }

$(BUILD)/build.ninja: $(MESON_FILES)
	@$(call setup,$(BUILD),--prefix=$(PREFIX) -Dtests=false)

$(OPT)/build.ninja: $(MESON_FILES)
	@$(call setup,$(OPT))

$(ASAN)/build.ninja: $(MESON_FILES)
	@$(call setup,$(ASAN),-Dsanitize=true)

$(CLANG)/build.ninja: $(MESON_FILES)
	@CC=clang && export CC && $(call setup,$(CLANG))
