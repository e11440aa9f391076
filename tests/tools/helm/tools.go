//go:build tools

// Package tools pins Helm, which renders and installs the charts in the tests.
// Nothing here is compiled into lambda-operator.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
