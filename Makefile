# The front door. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup packages build unit functional conformance test demo format lint asan tsan fuzz fuzz-coverage \
        statements judge bench image chaos soak crash cgroup-guest clean

AGENT ?= build/bin/ecs-agent
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 300
CRASH_COUNT ?= 20
SOAK_TASKS ?= 10000

# The same file in two checkouts is compiled once.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros

PYTHON := /usr/bin/python3
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider -q
ENGINE := tools/with-engine.sh
# Address and leak findings end a test program with a code that nothing else uses.
export ASAN_OPTIONS ?= detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:exitcode=99
export UBSAN_OPTIONS ?= print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1:exitcode=99

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' Makefile | expand -t 18

setup: ## install the Debian packages that building and testing need (root)
	@tools/setup

packages:
	@tools/setup

build: packages ## the three static programs, in build/bin/
	@cmake --preset release >/dev/null
	@ninja -C build -j $(JOBS) programs

unit: packages
	@cmake --preset release >/dev/null
	@ninja -C build -j $(JOBS)
	@ctest --test-dir build -j $(JOBS) --output-on-failure --no-tests=error

functional: build
	@$(ENGINE) env AGENT=$(AGENT) $(PYTEST) -n 4 --dist loadfile tests/functional

conformance: build
	@tools/conformance $(AGENT)

test: unit functional conformance statements ## unit, functional and conformance tests (root, for an engine)

demo: build ## run examples/hello through the local control plane
	@$(ENGINE) tools/demo $(AGENT)

format: packages ## format the sources in place
	@git ls-files '*.cpp' '*.hpp' | xargs -r clang-format-19 -i

lint: packages ## rules of this project, formatting, clang-tidy
	@tools/lint
	@tools/tidy

statements: ## which testable statements of the specification have no test
	@$(PYTHON) tools/statements

asan: packages ## unit tests under the address and undefined-behaviour sanitizers
	@cmake --preset asan >/dev/null
	@ninja -C build/asan -j $(JOBS) unit_tests
	@ctest --test-dir build/asan -j $(JOBS) --output-on-failure --no-tests=error

tsan: packages ## unit tests under the thread sanitizer
	@cmake --preset tsan >/dev/null
	@ninja -C build/tsan -j $(JOBS) unit_tests
	@ctest --test-dir build/tsan -j $(JOBS) --output-on-failure --no-tests=error

fuzz: packages ## each fuzz target for FUZZ_SECONDS (300)
	@tests/fuzz/run --seconds $(FUZZ_SECONDS)

fuzz-coverage: packages ## line coverage of the parsers by the fuzz corpus, at least 80 %
	@tests/fuzz/run --coverage

judge: build ## plant faults one at a time; each must turn a check red
	@$(ENGINE) $(PYTHON) tests/judge/judge.py

bench: build ## figures beside their limits; fails on a miss
	@cmake --preset release -B build/bench -DECS_BENCH=ON -DECS_STATIC=OFF -DECS_TESTS=OFF >/dev/null
	@ninja -C build/bench -j $(JOBS) task_bench
	@$(ENGINE) $(PYTHON) tests/bench/bench.py --agent $(AGENT)

crash: build ## kill -9 in each window, CRASH_COUNT (20) times
	@$(ENGINE) $(PYTHON) tests/functional/crash.py --agent $(AGENT) --count $(CRASH_COUNT)

chaos: build ## the agent behind proxies that delay, cut and corrupt
	@$(ENGINE) env AGENT=$(AGENT) $(PYTEST) tests/chaos

soak: build ## memory, descriptors and threads over SOAK_TASKS (10000) tasks
	@$(PYTHON) tests/chaos/soak.py --agent $(AGENT) --tasks $(SOAK_TASKS)

cgroup-guest: ## limits of tasks on a real cgroup v2, in a virtual machine (KERNEL=vmlinuz, or downloads Debian's)
	tools/cgroup-guest $(KERNEL)

image: build ## the agent in an image from scratch, ecs-agent:local
	@$(ENGINE) packaging/image/build ecs-agent:local

clean: ## remove what was built
	@rm -rf build
