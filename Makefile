# The commands of this repository. They need Rust and Go, and `make test` also Python 3.12 or 3.13.

SHELL := bash
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lambda-operator
# CI starts from a fresh clone: what should stay warm lives under the user's cache directory.
ifdef CI
export CARGO_TARGET_DIR ?= $(CACHE)/target
endif

.PHONY: help demo test generate lint book bench image tools emulator
# Also under `make -j`: the Go tools are built before Rust, not beside it, and cargo uses all cores by itself.
.NOTPARALLEL:

# What these run needs no more than a control plane: they don't wait until Helm and Argo CD's code are built.
demo bench: export LAMBDA_OPERATOR_TOOLS := etcd kube-apiserver kube-controller-manager kubectl

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: tools ## Run the operator on a real API server and show what it does (KEEP=1 stays up, CONTEXT=… uses your cluster)
	@cargo run --quiet --package demo -- $(if $(KEEP),--keep) $(if $(CONTEXT),--context $(CONTEXT)) $(if $(AWS),--aws $(AWS))

test: tools emulator lint image ## Formatting, lints, and every suite, against a real API server
	tests/run

lint: tools ## Formatting, lints, and generated files that are out of date
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
	cargo run --quiet --package lambda-operator-crds --bin crdgen -- "$$fresh" "$$fresh" && \
	diff <(cd crds && grep '' /dev/null *.yaml) <(cd "$$fresh" && grep '' /dev/null *.yaml) >&2 && \
	diff <(cd docs/reference && grep '' /dev/null *.md) <(cd "$$fresh" && grep '' /dev/null *.md) >&2 || \
	{ echo "error: crds/*.yaml or docs/reference are not what the types say; run 'make generate'" >&2; exit 1; }
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && cp -R charts "$$fresh" && charts/generate "$$fresh/charts" && \
	diff -r charts "$$fresh/charts" >&2 || \
	{ echo "error: copies or READMEs in charts/ are out of date; run 'make generate'" >&2; exit 1; }

generate: tools ## Write the generated files: manifests, reference pages, IAM policies, copies and READMEs of the charts
	cargo run --quiet --package lambda-operator-crds --bin crdgen -- crds docs/reference
	cargo run --quiet --package lambda-operator -- docs docs
	cargo run --quiet --package lambda-operator -- iam-policy >config/iam/policy.json
	cargo run --quiet --package lambda-operator -- iam-policy --adoption >config/iam/policy-with-adoption.json
	charts/generate

book: ## Build the documentation as a site
	cargo run --quiet --package documentation -- target/book

image: ## Check the Dockerfile, and the image's binary where that is quick (ARGS=--build: in any case)
	image/check $(ARGS)

bench: tools ## Time to Ready, calls, writes, CPU and memory for 100 and 1,000 functions and for applications (ARGS=--check fails when a target is missed)
	cargo run --quiet --release --package lambda-operator-bench -- $(ARGS)

tools:
	@tests/tools/ensure >/dev/null

emulator:
	@tests/emulator/ensure >/dev/null
