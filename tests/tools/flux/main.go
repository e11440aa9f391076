// Command flux-manifests reads manifests of Flux on stdin, as YAML documents, into Flux's own types: a field that Flux doesn't
// know, or a kind that isn't GitRepository or Kustomization, is an error.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	source "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(in io.Reader) error {
	reader := documents.NewYAMLReader(bufio.NewReader(in))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = check(document)
		}
		if err != nil {
			return err
		}
	}
}

func check(document []byte) error {
	var given metav1.TypeMeta
	if err := yaml.Unmarshal(document, &given); err != nil {
		return err
	}
	known := map[metav1.TypeMeta]any{
		{APIVersion: source.GroupVersion.String(), Kind: "GitRepository"}:    &source.GitRepository{},
		{APIVersion: kustomize.GroupVersion.String(), Kind: "Kustomization"}: &kustomize.Kustomization{},
	}
	into, ok := known[given]
	if !ok {
		return fmt.Errorf("Flux has no %s %s", given.APIVersion, given.Kind)
	}
	return yaml.UnmarshalStrict(document, into)
}
