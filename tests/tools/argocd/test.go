package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// As in Argo CD's util/lua/health_test.go and custom_actions_test.go.
type healthTests struct {
	Tests []struct {
		InputPath    string              `json:"inputPath"`
		HealthStatus health.HealthStatus `json:"healthStatus"`
	} `json:"tests"`
}

type actionTests struct {
	DiscoveryTests []struct {
		InputPath string                 `json:"inputPath"`
		Result    []appv1.ResourceAction `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action               string `json:"action"`
		InputPath            string `json:"inputPath"`
		ExpectedOutputPath   string `json:"expectedOutputPath"`
		ExpectedErrorMessage string `json:"expectedErrorMessage"`
	} `json:"actionTests"`
}

// Annotations whose value is the time of the action.
var times = []string{"lambda-operator.io/reconcile-at"}

func (customized overrides) test(folder string, out io.Writer) error {
	var ofHealth healthTests
	var ofActions actionTests
	if err := errors.Join(
		load(filepath.Join(folder, "health_test.yaml"), &ofHealth),
		load(filepath.Join(folder, "action_test.yaml"), &ofActions),
	); err != nil {
		return err
	}
	passed, failures := 0, []error{}
	check := func(what string, err error) {
		if err == nil {
			passed++
		} else {
			failures = append(failures, fmt.Errorf("%s: %w", what, err))
		}
	}
	for _, test := range ofHealth.Tests {
		check("health of "+test.InputPath, customized.checkHealth(folder, test.InputPath, test.HealthStatus))
	}
	for _, test := range ofActions.DiscoveryTests {
		check("actions of "+test.InputPath, customized.checkOffered(folder, test.InputPath, test.Result))
	}
	for _, test := range ofActions.ActionTests {
		what := test.Action + " of " + test.InputPath
		check(what, customized.checkAction(folder, test.Action, test.InputPath, test.ExpectedOutputPath, test.ExpectedErrorMessage))
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(failures))
	return errors.Join(failures...)
}

func (customized overrides) checkHealth(folder, input string, expected health.HealthStatus) error {
	object, err := object(folder, input)
	if err != nil {
		return err
	}
	found, err := customized.healthOf(object)
	if err != nil {
		return err
	}
	return equal(expected, *found)
}

func (customized overrides) checkOffered(folder, input string, expected []appv1.ResourceAction) error {
	object, err := object(folder, input)
	if err != nil {
		return err
	}
	found, err := customized.offered(object)
	if err != nil {
		return err
	}
	wanted := map[string]appv1.ResourceAction{}
	for _, action := range expected {
		wanted[action.Name] = action
	}
	return equal(wanted, found)
}

func (customized overrides) checkAction(folder, action, input, output, refusal string) error {
	before, err := object(folder, input)
	if err != nil {
		return err
	}
	after, err := customized.after(action, before)
	if refusal != "" {
		if err == nil || err.Error() != refusal {
			return fmt.Errorf("expected the error %q, found %v", refusal, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	expected, err := object(folder, output)
	if err != nil {
		return err
	}
	for _, object := range []*unstructured.Unstructured{expected, after} {
		annotations := object.GetAnnotations()
		for _, time := range times {
			if annotations[time] != "" {
				annotations[time] = "now"
			}
		}
		object.SetAnnotations(annotations)
	}
	return equal(plain(expected), plain(after))
}

// Numbers are integers on one side and floats on the other.
func plain(object *unstructured.Unstructured) any {
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		return err
	}
	var plain any
	if err := yaml.Unmarshal(text, &plain); err != nil {
		return err
	}
	return plain
}

func equal(expected, found any) error {
	if !reflect.DeepEqual(expected, found) {
		return fmt.Errorf("expected %+v, found %+v", expected, found)
	}
	return nil
}

func object(folder, path string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	return object, load(filepath.Join(folder, path), &object.Object)
}

func load(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(text, into)
}
