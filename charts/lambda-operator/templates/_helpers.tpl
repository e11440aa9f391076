{{/* Names, labels, and what several objects say alike. */}}

{{- define "lambda-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "lambda-operator.fullname" -}}
{{- $name := include "lambda-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "lambda-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "lambda-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lambda-operator.labels" -}}
{{ include "lambda-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: lambda-operator
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "lambda-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "lambda-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "lambda-operator.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag }}
{{- .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "lambda-operator.leaseName" -}}
{{- default "lambda-operator" .Values.settings.leaseName }}
{{- end }}

{{/* Each setting that isn't null, as the environment variable of its flag. Of the same name as in `run --help`. */}}
{{- define "lambda-operator.settings" -}}
{{- range $name, $value := .Values.settings }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
- name: LAMBDA_OPERATOR_{{ $name | snakecase | upper }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* An access key from a Secret that exists. */}}
{{- define "lambda-operator.accessKey" -}}
{{- with .Values.aws.existingSecret }}
{{- $secret := .name }}
{{- if $secret }}
{{- $variables := dict "AWS_ACCESS_KEY_ID" .accessKeyIdKey "AWS_SECRET_ACCESS_KEY" .secretAccessKeyKey "AWS_SESSION_TOKEN" .sessionTokenKey }}
{{- range $variable, $key := $variables }}
{{- if $key }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The kinds of the group that belong to a namespace. */}}
{{- define "lambda-operator.kinds" -}}
[capacityproviders, codesigningconfigs, eventsourcemappings, lambdaaliases, lambdafunctions, lambdainvocations, lambdalayers]
{{- end }}

{{/* Those that own something in AWS, and have a finalizer. */}}
{{- define "lambda-operator.owners" -}}
{{- without (include "lambda-operator.kinds" . | fromYamlArray) "lambdainvocations" | toJson }}
{{- end }}

{{/* What the operator may do where it works: in the whole cluster, or in a namespace of settings.watchNamespace. */}}
{{- define "lambda-operator.rules" -}}
{{- $kinds := include "lambda-operator.kinds" . | fromYamlArray }}
{{- $finalized := include "lambda-operator.owners" . | fromJsonArray }}
{{- if not .Values.settings.watchNamespace }}
{{- $kinds = append $kinds "lambdaaccounts" | sortAlpha }}
{{- $finalized = append $finalized "lambdaaccounts" | sortAlpha }}
{{- end -}}
# `patch` is for the finalizer; the operator never writes spec.
- apiGroups: [lambda-operator.io]
  resources:
  {{- range $finalized }}
  - {{ . }}
  {{- end }}
  verbs: [list, watch, patch]
# They have no finalizer. `delete` is for ttlSecondsAfterFinished.
- apiGroups: [lambda-operator.io]
  resources: [lambdainvocations]
  verbs: [list, watch, delete]
- apiGroups: [lambda-operator.io]
  resources:
  {{- range $kinds }}
  - {{ . }}/status
  {{- end }}
  verbs: [patch]
# Values that functions refer to. The watch asks for metadata only, which RBAC can't express.
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: {{ eq (toString .Values.settings.watchSecrets) "false" | ternary "[get]" "[get, list, watch]" }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if not .Values.settings.watchNamespace }}
# Their labels say which may use a LambdaAccount. As metadata, which RBAC can't express.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- if not .Values.settings.clusterId }}
# Its UID names the cluster in ownership tags.
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}
{{- end }}
{{- end }}

{{/* The settings of every Pod of the chart. */}}
{{- define "lambda-operator.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}

{{/* How a short task of the operator's own program runs. */}}
{{- define "lambda-operator.task" -}}
image: {{ include "lambda-operator.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  requests:
    cpu: 10m
    memory: 32Mi
  limits:
    memory: 64Mi
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{/* Checks of checkov that the Pods fail with reason, as annotations. */}}
{{- define "lambda-operator.skips" -}}
checkov.io/skip1: CKV_K8S_11=No CPU limit, which would slow the operator down just when there is work
checkov.io/skip2: CKV_K8S_15=A tag of a release doesn't move; image.pullPolicy is a value
checkov.io/skip3: CKV_K8S_43=image.digest pins the image; who builds it knows its digest
{{- end }}
