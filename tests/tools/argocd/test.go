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
	check := func(what, input string, judge func(*unstructured.Unstructured) error) {
		object, err := object(folder, input)
		if err == nil {
			err = judge(object)
		}
		if err == nil {
			passed++
		} else {
			failures = append(failures, fmt.Errorf("%s of %s: %w", what, input, err))
		}
	}
	for _, test := range ofHealth.Tests {
		check("health", test.InputPath, func(object *unstructured.Unstructured) error {
			found, err := customized.healthOf(object)
			return errors.Join(err, equal(&test.HealthStatus, found))
		})
	}
	for _, test := range ofActions.DiscoveryTests {
		wanted := map[string]appv1.ResourceAction{}
		for _, action := range test.Result {
			wanted[action.Name] = action
		}
		check("actions", test.InputPath, func(object *unstructured.Unstructured) error {
			found, err := customized.offered(object)
			return errors.Join(err, equal(wanted, found))
		})
	}
	for _, test := range ofActions.ActionTests {
		check(test.Action, test.InputPath, func(before *unstructured.Unstructured) error {
			after, err := customized.after(test.Action, before)
			if test.ExpectedErrorMessage != "" {
				return equal(test.ExpectedErrorMessage, fmt.Sprint(err))
			}
			if err != nil {
				return err
			}
			expected, err := object(folder, test.ExpectedOutputPath)
			if err != nil {
				return err
			}
			return equal(timeless(expected), timeless(after))
		})
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(failures))
	return errors.Join(failures...)
}

// Without the time of the action. Numbers are integers on one side and floats on the other, so both are read anew.
func timeless(object *unstructured.Unstructured) any {
	annotations := object.GetAnnotations()
	for _, time := range times {
		if annotations[time] != "" {
			annotations[time] = "now"
		}
	}
	object.SetAnnotations(annotations)
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
