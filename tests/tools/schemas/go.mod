module lambda-operator.io/tests/tools/schemas

go 1.26.0

// For their custom resources alone; nothing of them is compiled.
require (
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/source-controller v1.9.6
)
