//! The settings of the command `run`: flags, environment variables, defaults, and the [`Settings`] they mean.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser};
use clap::{ArgAction, Args};

use crate::runtime::leader::LeaderSettings;
use crate::runtime::telemetry::{self, LogFormat};
use crate::settings::{
    AwsSettings, DriftSettings, InvalidSettings, KubernetesSettings, LogSettings, RecheckSettings, Settings,
    WatchSettings,
};

/// Every setting of `run`.
#[derive(Args, Debug)]
#[allow(missing_docs, reason = "the help text below is the documentation")]
pub struct RunArgs {
    /// URL of the AWS endpoint for all services, for an emulator or a private endpoint. Also read from
    /// AWS_ENDPOINT_URL. One for a single service, such as AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL_ECR in the environment,
    /// goes before it. Default: AWS's own.
    #[arg(help_heading = "AWS", long, env = "LAMBDA_OPERATOR_AWS_ENDPOINT_URL", value_name = "URL", value_parser = url)]
    pub aws_endpoint_url: Option<String>,

    /// Region of objects that name none. Also read from AWS_REGION. Default: what the AWS SDK finds.
    #[arg(help_heading = "AWS", long, env = "LAMBDA_OPERATOR_AWS_REGION", value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    pub aws_region: Option<String>,

    /// How long a call to AWS may take.
    #[arg(help_heading = "AWS", long, env = "LAMBDA_OPERATOR_AWS_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub aws_timeout: Duration,

    /// Keep calls below AWS's quotas. Turn it off only for an endpoint that has none.
    #[arg(help_heading = "AWS", long, env = "LAMBDA_OPERATOR_QUOTAS", value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub quotas: bool,

    /// The operator's share of AWS's quotas (15 calls a second in an account and region), above 0 up to 1;
    /// the rest is left to other tools.
    #[arg(
        help_heading = "AWS",
        long,
        env = "LAMBDA_OPERATOR_QUOTA_SHARE",
        value_name = "SHARE",
        default_value = "0.66"
    )]
    pub quota_share: f64,

    /// Names this cluster in the ownership tags in AWS; keep it when the cluster is rebuilt. Default: the UID
    /// of the namespace kube-system.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_CLUSTER_ID", value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub cluster_id: Option<String>,

    /// A namespace to watch; can be repeated, or several with commas between them. Default: all.
    #[arg(
        help_heading = "Cluster",
        long,
        env = "LAMBDA_OPERATOR_WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    pub watch_namespace: Vec<String>,

    /// Labels of the LambdaAccounts that this operator looks after, as a selector such as `operator=a`. Set it where
    /// several operators work in one cluster. Default: all of them.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_ACCOUNT_SELECTOR", value_name = "SELECTOR", value_parser = NonEmptyStringValueParser::new())]
    pub account_selector: Option<String>,

    /// Watch the metadata of Secrets and ConfigMaps, so that a changed value rolls out at once. When off, the
    /// operator needs only `get` on them and checks at --reference-check-interval.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_WATCH_SECRETS", value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub watch_secrets: bool,

    /// With --watch-secrets=false: how often referenced Secrets and ConfigMaps are read.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_REFERENCE_CHECK_INTERVAL", value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub reference_check_interval: Duration,

    /// Kubeconfig file. Default: KUBECONFIG, ~/.kube/config, or the Pod's ServiceAccount.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig. Default: its current one.
    #[arg(help_heading = "Cluster", long, env = "LAMBDA_OPERATOR_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,

    /// Reconciles at the same time, for each kind. Most of them wait for the quota, which decides who goes first.
    #[arg(
        help_heading = "Cluster",
        long,
        env = "LAMBDA_OPERATOR_CONCURRENCY",
        value_name = "NUMBER",
        default_value = "128"
    )]
    pub concurrency: u16,

    /// Invocations of functions (LambdaInvocation) at the same time; further ones wait. Each keeps a whole answer in memory,
    /// 6 MB at most
    #[arg(
        help_heading = "Cluster",
        long,
        env = "LAMBDA_OPERATOR_CONCURRENT_INVOCATIONS",
        value_name = "NUMBER",
        default_value = "16"
    )]
    pub concurrent_invocations: u16,

    /// Time between two sweeps that look for changes behind the operator's back; 0 turns them off.
    #[arg(help_heading = "Drift", long, env = "LAMBDA_OPERATOR_DRIFT_INTERVAL", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub drift_interval: Duration,

    /// Time in which every owned function is also read once on its own, for what lists lack; 0 turns it off.
    #[arg(help_heading = "Drift", long, env = "LAMBDA_OPERATOR_ROTATION_INTERVAL", value_name = "DURATION", default_value = "30m", value_parser = duration)]
    pub rotation_interval: Duration,

    /// Time between two looks at the limits and the use of each LambdaAccount's account; 0 turns them off.
    #[arg(help_heading = "Drift", long, env = "LAMBDA_OPERATOR_ACCOUNT_INTERVAL", value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub account_interval: Duration,

    /// Time between two looks at the S3 object or the image tag that the code of a function or layer comes from, so that
    /// new code under the same name rolls out; 0: only when the spec changes.
    #[arg(help_heading = "Drift", long, env = "LAMBDA_OPERATOR_SOURCE_CHECK_INTERVAL", value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub source_check_interval: Duration,

    /// Part of Lambda's shared quota that may be spent on reading what no list shows, such as code-signing
    /// configurations.
    #[arg(
        help_heading = "Drift",
        long,
        env = "LAMBDA_OPERATOR_DRIFT_READ_SHARE",
        value_name = "FRACTION",
        default_value_t = 0.05
    )]
    pub drift_read_share: f64,

    /// First pause before a problem of credentials, access, role, dependency, quota, ownership or a blocked
    /// deletion is looked at again; doubles each time.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_RECHECK_MIN", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub recheck_min: Duration,

    /// Longest such pause.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_RECHECK_MAX", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub recheck_max: Duration,

    /// Pause before a spec that AWS refused is sent again unchanged.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_RECHECK_REFUSED", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub recheck_refused: Duration,

    /// First pause while something new, such as a role, isn't known to all of AWS yet; doubles each time.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_PROPAGATION_MIN", value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub propagation_min: Duration,

    /// Longest such pause.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_PROPAGATION_MAX", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub propagation_max: Duration,

    /// How long such an error is taken for propagation; afterwards the pauses are those of --recheck-min.
    #[arg(help_heading = "Rechecks", long, env = "LAMBDA_OPERATOR_PROPAGATION_WINDOW", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub propagation_window: Duration,

    /// Work only while holding the leader lease. Turn it off only where a single process runs.
    #[arg(help_heading = "Leader election", long, env = "LAMBDA_OPERATOR_LEADER_ELECTION", value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub leader_election: bool,

    /// Name of the Lease.
    #[arg(
        help_heading = "Leader election",
        long,
        env = "LAMBDA_OPERATOR_LEASE_NAME",
        value_name = "NAME",
        default_value = "lambda-operator"
    )]
    pub lease_name: String,

    /// Namespace of the Lease. Default: POD_NAMESPACE, that of the Pod's ServiceAccount, or
    /// lambda-operator-system.
    #[arg(
        help_heading = "Leader election",
        long,
        env = "LAMBDA_OPERATOR_LEASE_NAMESPACE",
        value_name = "NAMESPACE"
    )]
    pub lease_namespace: Option<String>,

    /// How long others wait, without seeing a renewal, before they take over.
    #[arg(help_heading = "Leader election", long, env = "LAMBDA_OPERATOR_LEASE_DURATION", value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub lease_duration: Duration,

    /// How long a leader goes on without a successful renewal; shorter than --lease-duration.
    #[arg(help_heading = "Leader election", long, env = "LAMBDA_OPERATOR_LEASE_RENEW_DEADLINE", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub lease_renew_deadline: Duration,

    /// Time between two renewals.
    #[arg(help_heading = "Leader election", long, env = "LAMBDA_OPERATOR_LEASE_RETRY_PERIOD", value_name = "DURATION", default_value = "2s", value_parser = duration)]
    pub lease_retry_period: Duration,

    /// Who holds the Lease; a random suffix is added, so that a restarted process isn't taken for its former
    /// self. Default: POD_NAME or the host's name.
    #[arg(help_heading = "Leader election", long, env = "LAMBDA_OPERATOR_IDENTITY", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub identity: Option<String>,

    /// Address for /metrics, /healthz and /readyz; port 0 takes any free one.
    #[arg(
        help_heading = "Process",
        long,
        env = "LAMBDA_OPERATOR_METRICS_ADDRESS",
        value_name = "ADDRESS:PORT",
        default_value = "0.0.0.0:8080"
    )]
    pub metrics_address: SocketAddr,

    /// Format of log lines, which go to stderr: text or json.
    #[arg(
        help_heading = "Process",
        long,
        env = "LAMBDA_OPERATOR_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// error, warn, info, debug or trace; or directives such as `info,kube=debug`.
    #[arg(help_heading = "Process", long, env = "LAMBDA_OPERATOR_LOG_LEVEL", value_name = "LEVEL", default_value = "info", value_parser = log_level)]
    pub log_level: String,

    /// Where to send traces: the URL of a collector that takes OTLP over HTTP, without /v1/traces. Also read from
    /// OTEL_EXPORTER_OTLP_ENDPOINT; other OTEL_ variables (headers, sampler, resource attributes) work too. Default: nowhere.
    #[arg(help_heading = "Process", long, env = "LAMBDA_OPERATOR_OTLP_ENDPOINT", value_name = "URL", value_parser = url)]
    pub otlp_endpoint: Option<String>,
}

/// Where settings that no flag gives are looked up: the process's environment, or a test's.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// An environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The namespace that a Pod's ServiceAccount is in.
    pub service_account_namespace: &'a dyn Fn() -> Option<String>,
    /// The host's name.
    pub host: &'a dyn Fn() -> Option<String>,
}

impl RunArgs {
    /// The settings that these arguments mean in this process's environment.
    ///
    /// # Errors
    /// When they don't go together; the message names the flags.
    pub fn settings(self) -> Result<Settings, InvalidSettings> {
        const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
        self.settings_in(Surroundings {
            variable: &|name| std::env::var(name).ok(),
            service_account_namespace: &|| std::fs::read_to_string(NAMESPACE).ok(),
            host: &|| hostname::get().ok()?.into_string().ok(),
        })
    }

    /// The same in given surroundings.
    ///
    /// # Errors
    /// As [`RunArgs::settings`].
    pub fn settings_in(self, surroundings: Surroundings<'_>) -> Result<Settings, InvalidSettings> {
        let variable = |name| (surroundings.variable)(name).filter(|value| !value.trim().is_empty());
        let settings = Settings {
            election: self.leader_election.then(|| self.election(surroundings)),
            aws: AwsSettings {
                endpoint_url: self.aws_endpoint_url.or_else(|| variable("AWS_ENDPOINT_URL")),
                region: self.aws_region.or_else(|| variable("AWS_REGION")),
                timeout: self.aws_timeout,
                quotas: self.quotas,
                quota_share: self.quota_share,
            },
            watch: WatchSettings {
                namespaces: self.watch_namespace,
                account_selector: self.account_selector,
                secrets: self.watch_secrets,
                reference_check_interval: self.reference_check_interval,
            },
            drift: DriftSettings {
                sweep_interval: unless_zero(self.drift_interval),
                rotation_interval: unless_zero(self.rotation_interval),
                account_interval: unless_zero(self.account_interval),
                source_interval: unless_zero(self.source_check_interval),
                read_share: self.drift_read_share,
            },
            rechecks: RecheckSettings {
                min: self.recheck_min,
                max: self.recheck_max,
                refused: self.recheck_refused,
                propagation_min: self.propagation_min,
                propagation_max: self.propagation_max,
                propagation_window: self.propagation_window,
            },
            cluster_id: self.cluster_id,
            concurrency: self.concurrency,
            concurrent_invocations: self.concurrent_invocations,
            metrics_address: self.metrics_address,
            otlp_endpoint: self.otlp_endpoint.or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT")),
            log: LogSettings { format: self.log_format, level: self.log_level },
            kubernetes: KubernetesSettings { kubeconfig: self.kubeconfig, context: self.context },
            ..Settings::default()
        };
        settings.check()?;
        Ok(settings)
    }

    fn election(&self, surroundings: Surroundings<'_>) -> LeaderSettings {
        let known = |value: Option<String>| value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let variable = |name| known((surroundings.variable)(name));
        let defaults = LeaderSettings::default();
        let identity = self.identity.clone().or_else(|| variable("POD_NAME"));
        let identity = identity.or_else(|| known((surroundings.host)()));
        let namespace = self.lease_namespace.clone().or_else(|| variable("POD_NAMESPACE"));
        let namespace = namespace.or_else(|| known((surroundings.service_account_namespace)()));
        LeaderSettings {
            namespace: namespace.unwrap_or(defaults.namespace),
            name: self.lease_name.clone(),
            identity: identity
                .map_or(defaults.identity.clone(), |name| format!("{name}_{}", defaults.identity)),
            lease_duration: self.lease_duration,
            renew_deadline: self.lease_renew_deadline,
            retry_period: self.lease_retry_period,
        }
    }
}

/// A duration such as `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a duration such as 500ms, 30s, 5m or 1h30m"))
}

fn unless_zero(duration: Duration) -> Option<Duration> {
    Some(duration).filter(|duration| !duration.is_zero())
}

/// A URL such as `http://localhost:4566`.
pub(crate) fn url(text: &str) -> Result<String, String> {
    let parsed = text.parse::<axum::http::Uri>().map_err(|error| error.to_string())?;
    match (parsed.scheme_str(), parsed.authority()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        _ => Err("write an http or https URL such as http://localhost:4566".to_owned()),
    }
}

fn log_level(text: &str) -> Result<String, String> {
    telemetry::filter(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(flags: &[&str]) -> Result<Box<RunArgs>, clap::Error> {
        match Cli::try_parse_from(["lambda-operator", "run"].iter().chain(flags))?.command {
            Command::Run(args) => Ok(args),
            other => panic!("parsed as {other:?}"),
        }
    }

    fn settings_among(variables: &[(&str, &str)], flags: &[&str]) -> Settings {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let surroundings =
            Surroundings { variable: &variable, service_account_namespace: &|| None, host: &|| None };
        args(flags).unwrap().settings_in(surroundings).unwrap()
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        let mut settings = settings_among(&[], &[]);
        let election = settings.election.as_mut().unwrap();
        let mut defaults = Settings::default();
        election.identity.clone_from(&defaults.election.as_mut().unwrap().identity);
        assert_eq!(settings, defaults);
    }

    #[test]
    fn flags_reach_their_settings() {
        let settings = settings_among(
            &[
                ("AWS_REGION", "us-east-1"),
                ("AWS_ENDPOINT_URL", "http://elsewhere:1"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ],
            &[
                "--aws-region=eu-west-1",
                "--aws-endpoint-url=http://localhost:4566",
                "--watch-namespace=a,b",
                "--watch-namespace=c",
                "--watch-secrets=false",
                "--quotas=no",
                "--quota-share=1",
                "--drift-interval=0",
                "--rotation-interval=1h30m",
                "--source-check-interval=0",
                "--leader-election=false",
                "--metrics-address=127.0.0.1:0",
                "--log-format=json",
            ],
        );
        assert_eq!(settings.aws.region.as_deref(), Some("eu-west-1"));
        assert_eq!(settings.aws.endpoint_url.as_deref(), Some("http://localhost:4566"));
        assert_eq!(settings.watch.namespaces, ["a", "b", "c"]);
        assert!(!settings.watch.secrets && !settings.aws.quotas);
        assert_eq!(settings.drift.sweep_interval, None);
        assert_eq!(settings.drift.rotation_interval, Some(Duration::from_mins(90)));
        assert_eq!(settings.drift.source_interval, None);
        assert_eq!(settings.election, None);
        assert_eq!(settings.metrics_address.port(), 0);
        assert_eq!(settings.otlp_endpoint.as_deref(), Some("http://collector:4318"));
        assert_eq!(settings.log.format, LogFormat::Json);
    }

    #[test]
    fn what_no_flag_gives_comes_from_the_surroundings() {
        let settings = settings_among(
            &[
                ("AWS_REGION", "us-east-1"),
                ("AWS_ENDPOINT_URL", ""),
                ("POD_NAMESPACE", "ops"),
                ("POD_NAME", "pod-1"),
            ],
            &[],
        );
        assert_eq!(settings.aws.region.as_deref(), Some("us-east-1"));
        assert_eq!(settings.aws.endpoint_url, None);
        let election = settings.election.unwrap();
        assert_eq!(election.namespace, "ops");
        assert!(election.identity.starts_with("pod-1_"), "{}", election.identity);

        let surroundings = Surroundings {
            variable: &|_| None,
            service_account_namespace: &|| Some("from-file\n".to_owned()),
            host: &|| Some("host".to_owned()),
        };
        let election = args(&[]).unwrap().settings_in(surroundings).unwrap().election.unwrap();
        assert_eq!(election.namespace, "from-file");
        assert!(election.identity.starts_with("host_"), "{}", election.identity);
    }

    #[test]
    fn two_processes_never_share_an_identity() {
        let identity = || settings_among(&[], &["--identity=me"]).election.unwrap().identity;
        assert_ne!(identity(), identity());
    }

    #[test]
    fn a_bad_value_is_explained_with_its_flag() {
        for (flag, value, hint) in [
            ("--drift-interval", "5", "5m"),
            ("--aws-timeout", "soon", "30s"),
            ("--quota-share", "much", "float"),
            ("--aws-endpoint-url", "localhost:4566", "http://localhost:4566"),
            ("--metrics-address", "8080", "socket address"),
            ("--log-format", "xml", "text or json"),
            ("--log-level", "a=b=c", "debug"),
            ("--watch-secrets", "perhaps", "boolean"),
        ] {
            let message = args(&[&format!("{flag}={value}")]).unwrap_err().to_string();
            assert!(message.contains(flag) && message.contains(hint), "{message}");
        }
        let message = args(&["--quota-share=2"]).unwrap().settings().unwrap_err().to_string();
        assert!(message.contains("--quota-share"), "{message}");
    }
}
