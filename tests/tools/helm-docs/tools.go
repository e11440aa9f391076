//go:build tools

// Package tools pins helm-docs, which writes the charts' READMEs from the comments
// of their values. Nothing here is compiled into lambda-operator.
package tools

import _ "github.com/norwoodj/helm-docs/cmd/helm-docs"
