//go:build tools

// Package tools pins the Kubernetes programs that the cluster tests and the
// demo run. Nothing here is compiled into lambda-operator.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
