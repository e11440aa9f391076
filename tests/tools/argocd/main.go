// Command argocd-customizations does with an argocd-cm ConfigMap what Argo CD does with it, by Argo CD's own packages:
//
//	argocd-customizations CONFIGMAP health          health of each object on stdin (JSON): a line {"status", "message"} each
//	argocd-customizations CONFIGMAP action NAME     the merge patch that Argo CD sends for an action on the object on stdin
//	argocd-customizations CONFIGMAP test FOLDER     health_test.yaml and action_test.yaml of the folder, in the format of
//	                                                Argo CD's resource_customizations
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/gitops-engine/pkg/health"
	jsonpatch "github.com/evanphx/json-patch"
	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"
)

type overrides map[string]appv1.ResourceOverride

func main() {
	logrus.SetLevel(logrus.ErrorLevel)
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	if len(arguments) < 2 {
		return errors.New("usage: argocd-customizations CONFIGMAP health | action NAME | test FOLDER")
	}
	command, rest := arguments[1], arguments[2:]
	customized, err := read(arguments[0])
	if err != nil {
		return err
	}
	switch {
	case command == "health" && len(rest) == 0:
		return customized.health(in, out)
	case command == "action" && len(rest) == 1:
		return customized.action(rest[0], in, out)
	case command == "test" && len(rest) == 1:
		return customized.test(rest[0], out)
	}
	return fmt.Errorf("unknown command %q", arguments[1:])
}

// What a ConfigMap customizes, as Argo CD reads it.
func read(path string) (overrides, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var given corev1.ConfigMap
	if err := yaml.UnmarshalStrict(text, &given); err != nil {
		return nil, err
	}
	// Argo CD finds its own by name, namespace and label, and wants its Secret beside it.
	part := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "argocd-secret", Namespace: given.Namespace, Labels: part},
		Data:       map[string][]byte{"admin.password": nil, "server.secretkey": nil},
	}
	client := fake.NewSimpleClientset(&given, &secret)
	return settings.NewSettingsManager(context.Background(), client, given.Namespace).GetResourceOverrides()
}

func (customized overrides) health(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(out)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		found, err := customized.healthOf(object)
		if err != nil {
			return err
		}
		if err := encoder.Encode(found); err != nil {
			return err
		}
	}
}

func (customized overrides) healthOf(object *unstructured.Unstructured) (*health.HealthStatus, error) {
	found, err := health.GetResourceHealth(object, lua.ResourceHealthOverrides(customized))
	if err == nil && found == nil {
		err = fmt.Errorf("Argo CD knows no health of %s", object.GetKind())
	}
	return found, err
}

func (customized overrides) action(name string, in io.Reader, out io.Writer) error {
	object := &unstructured.Unstructured{}
	if err := json.NewDecoder(in).Decode(&object.Object); err != nil {
		return err
	}
	before, err := json.Marshal(object)
	if err != nil {
		return err
	}
	result, err := customized.after(name, object)
	if err != nil {
		return err
	}
	after, err := json.Marshal(result)
	if err != nil {
		return err
	}
	patch, err := jsonpatch.CreateMergePatch(before, after)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", patch)
	return err
}

// The object after an action, which has to be one that Argo CD offers for it.
func (customized overrides) after(name string, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	offered, err := customized.offered(object)
	if err != nil {
		return nil, err
	}
	if action, ok := offered[name]; !ok || action.Disabled {
		return nil, fmt.Errorf("%s isn't offered for %s", name, object.GetName())
	}
	vm := lua.VM{ResourceOverrides: customized}
	action, err := vm.GetResourceAction(object, name)
	if err != nil {
		return nil, err
	}
	impacted, err := vm.ExecuteResourceAction(object, action.ActionLua, nil)
	if err != nil {
		return nil, err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return nil, fmt.Errorf("%s isn't a change of one object", name)
	}
	return impacted[0].UnstructuredObj, nil
}

func (customized overrides) offered(object *unstructured.Unstructured) (map[string]appv1.ResourceAction, error) {
	vm := lua.VM{ResourceOverrides: customized}
	scripts, err := vm.GetResourceActionDiscovery(object)
	if err != nil {
		return nil, err
	}
	actions, err := vm.ExecuteResourceActionDiscovery(object, scripts)
	if err != nil {
		return nil, err
	}
	offered := map[string]appv1.ResourceAction{}
	for _, action := range actions {
		offered[action.Name] = action
	}
	return offered, nil
}
