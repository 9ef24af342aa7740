# Everything between `git clone` and a result. Each step does only what is missing; `scripts/` says how.
#
#   make reproduce ARGS="--budget 0.5"     options for `winnow reproduce`
#   make test ARGS="--filter TorchTests"   options for `swift test`
#
# One configuration for all of them, so that nothing is built twice.

SWIFT_BUILD := swift build -c release
WINNOW := .build/release/winnow
SOURCES := Package.swift $(wildcard Sources Tests Examples Fuzzing)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build test reproduce fuzz parquet lint doctor libraries test-tools

help: ## Print this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: build ## Fetch the default model and corpus, build, and prepare the corpus
	@scripts/default-model.sh
	@scripts/plotly.sh
	@scripts/champ.sh
	@scripts/default-corpus.sh
	@scripts/default-shards.sh $(WINNOW)

build: libraries ## Build the winnow command: .build/release/winnow
	@$(SWIFT_BUILD) --product winnow

test: lint setup test-tools ## Build and run every test; on Linux, fuzz each reader of files for 3 s
	@$(SWIFT_BUILD) --build-tests
	@scripts/test.sh $(ARGS)
	@$(if $(ARGS)$(filter-out Linux,$(shell uname)),,JOBS=2 scripts/fuzz.sh 3)

reproduce: setup ## Run the default study and write its report
	@$(WINNOW) reproduce $(ARGS)

fuzz: libraries ## Fuzz the readers of files: make fuzz ARGS="60 gguf"
	@scripts/fuzz.sh $(ARGS)

parquet: ## Fetch what reads Parquet and Arrow files: 48 MB; needs no rebuild
	@scripts/libarrow.sh

lint: ## Check the formatting of the sources
	@swift format lint --strict --parallel --recursive $(SOURCES)

doctor: ## Say what is installed and what is missing
	@$(SWIFT_BUILD) --product winnow >&2 && $(WINNOW) doctor $(ARGS)

# What a build needs.
libraries:
	@scripts/requirements.sh
	@scripts/libtorch.sh

# What only the tests need.
test-tools:
	@scripts/requirements.sh tests
	@scripts/libarrow.sh
	@scripts/test-peers.sh
	@scripts/nvrtc.sh
	@scripts/test-vocabularies.sh
