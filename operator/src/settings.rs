//! The operator's settings as plain data, checked. Made from the command line by [`crate::cli`], and by
//! tests with `Settings { .., ..Settings::default() }`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::runtime::leader::LeaderSettings;
use crate::runtime::telemetry::LogFormat;

/// Calls to AWS that a visit may make, at most, between two signs of life: one, and those that find out about credentials.
const STEP: u32 = 5;

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How AWS is reached and how much of its quotas is used.
    pub aws: AwsSettings,
    /// What is watched in the cluster.
    pub watch: WatchSettings,
    /// How drift is looked for.
    pub drift: DriftSettings,
    /// When an object that isn't as it should be is looked at again.
    pub rechecks: RecheckSettings,
    /// Names this cluster in ownership tags; `None`: the UID of the namespace kube-system.
    pub cluster_id: Option<String>,
    /// Reconciles at the same time, for each kind.
    pub concurrency: u16,
    /// Invocations of functions at the same time.
    pub concurrent_invocations: u16,
    /// The lease; `None`: no leader election.
    pub election: Option<LeaderSettings>,
    /// Where metrics and probes are served.
    pub metrics_address: SocketAddr,
    /// How long a visit may make no progress before the process counts as stuck. No flag: it follows from the time limits
    /// of calls, which are far shorter.
    pub stuck_after: Duration,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Where traces go (OTLP over HTTP, as protobuf), without `/v1/traces`; `None`: there are none.
    pub otlp_endpoint: Option<String>,
    /// Which cluster.
    pub kubernetes: KubernetesSettings,
}

/// How AWS is reached and how much of its quotas is used.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsSettings {
    /// Endpoint of all services; `None`: AWS's own.
    pub endpoint_url: Option<String>,
    /// Region of objects that name none; `None`: what the SDK finds (profile, instance metadata).
    pub region: Option<String>,
    /// Limit of a call to AWS.
    pub timeout: Duration,
    /// Whether calls are kept below AWS's quotas.
    pub quotas: bool,
    /// The operator's share of the quotas, above 0 up to 1.
    pub quota_share: f64,
}

/// What is watched in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// Namespaces; empty: all.
    pub namespaces: Vec<String>,
    /// Labels of the LambdaAccounts that concern this operator, as a selector; `None`: all do.
    pub account_selector: Option<String>,
    /// Whether Secrets and ConfigMaps are watched (as metadata).
    pub secrets: bool,
    /// How often referenced ones are read when they aren't watched.
    pub reference_check_interval: Duration,
}

/// How drift is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftSettings {
    /// Time between two sweeps over the lists of an account and region; `None`: off.
    pub sweep_interval: Option<Duration>,
    /// Time in which GetFunction visits every owned function once; `None`: off.
    pub rotation_interval: Option<Duration>,
    /// The part of Lambda's shared rate that may be spent on reading what no list shows, above 0, at most 1.
    pub read_share: f64,
    /// Time between two looks at the limits and the use of an account; `None`: only when its LambdaAccount changes.
    pub account_interval: Option<Duration>,
    /// Time between two looks at the source of an object's code, in S3 or ECR; `None`: only when its spec changes.
    pub source_interval: Option<Duration>,
}

/// When an object that isn't as it should be is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecheckSettings {
    /// First pause for credentials, access, role, dependency, quota, ownership and blocked deletion; doubles.
    pub min: Duration,
    /// Longest pause for these.
    pub max: Duration,
    /// Pause for a spec that AWS refused.
    pub refused: Duration,
    /// First pause while a change propagates through AWS; doubles.
    pub propagation_min: Duration,
    /// Longest pause while it propagates.
    pub propagation_max: Duration,
    /// How long an error counts as propagation.
    pub propagation_window: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// Level, or directives as for [`crate::runtime::telemetry::init`].
    pub level: String,
}

/// Which cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubernetesSettings {
    /// A kubeconfig file; `None`: `$KUBECONFIG`, `~/.kube/config`, or the Pod's ServiceAccount.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it; `None`: its current one.
    pub context: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            aws: AwsSettings::default(),
            watch: WatchSettings::default(),
            drift: DriftSettings::default(),
            rechecks: RecheckSettings::default(),
            cluster_id: None,
            concurrency: 128,
            concurrent_invocations: 16,
            election: Some(LeaderSettings::default()),
            metrics_address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            stuck_after: Duration::from_mins(10),
            log: LogSettings::default(),
            otlp_endpoint: None,
            kubernetes: KubernetesSettings::default(),
        }
    }
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            region: None,
            timeout: Duration::from_secs(30),
            quotas: true,
            quota_share: 0.66,
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            account_selector: None,
            secrets: true,
            reference_check_interval: Duration::from_mins(10),
        }
    }
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self {
            sweep_interval: Some(Duration::from_mins(5)),
            rotation_interval: Some(Duration::from_mins(30)),
            read_share: 0.05,
            account_interval: Some(Duration::from_mins(10)),
            source_interval: Some(Duration::from_mins(10)),
        }
    }
}

impl Default for RecheckSettings {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(30),
            max: Duration::from_mins(5),
            refused: Duration::from_hours(1),
            propagation_min: Duration::from_secs(1),
            propagation_max: Duration::from_secs(30),
            propagation_window: Duration::from_mins(5),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: "info".to_owned() }
    }
}

/// Settings that don't go together. The message names the flags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSettings(pub String);

impl Settings {
    /// Checks what concerns more than one setting, or isn't in the type of one.
    ///
    /// # Errors
    /// At the first thing that is wrong; the message names the flag and says what to do.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        let share = self.aws.quota_share;
        require(share > 0.0 && share <= 1.0, || {
            format!("--quota-share must be above 0 and at most 1, not {share}; for example 0.66")
        })?;
        let share = self.drift.read_share;
        require(share > 0.0 && share <= 1.0, || {
            format!("--drift-read-share must be above 0 and at most 1, not {share}; for example 0.05")
        })?;
        require(self.concurrency > 0, || "--concurrency must be at least 1".to_owned())?;
        require(self.concurrent_invocations > 0, || {
            "--concurrent-invocations must be at least 1".to_owned()
        })?;
        require(self.aws.timeout > Duration::ZERO && self.aws.timeout * STEP <= self.stuck_after, || {
            let most = humantime::format_duration(self.stuck_after / STEP);
            format!("--aws-timeout must be above 0 and at most {most}: a longer call counts as stuck")
        })?;
        require(self.watch.reference_check_interval > Duration::ZERO, || {
            "--reference-check-interval must be above 0".to_owned()
        })?;
        let rechecks = &self.rechecks;
        require(rechecks.refused > Duration::ZERO, || "--recheck-refused must be above 0".to_owned())?;
        ordered("--recheck-min", rechecks.min, "--recheck-max", rechecks.max)?;
        ordered(
            "--propagation-min",
            rechecks.propagation_min,
            "--propagation-max",
            rechecks.propagation_max,
        )?;
        if let Some(namespace) = self.watch.namespaces.iter().find(|name| name.trim().is_empty()) {
            return Err(InvalidSettings(format!("--watch-namespace has an empty name: {namespace:?}")));
        }
        self.election.as_ref().map_or(Ok(()), check_election)
    }
}

fn check_election(lease: &LeaderSettings) -> Result<(), InvalidSettings> {
    require(!lease.name.is_empty(), || "--lease-name must not be empty".to_owned())?;
    require(!lease.namespace.is_empty(), || "--lease-namespace must not be empty".to_owned())?;
    require(!lease.identity.is_empty(), || "--identity must not be empty".to_owned())?;
    ordered("--lease-retry-period", lease.retry_period, "--lease-renew-deadline", lease.renew_deadline)?;
    ordered("--lease-renew-deadline", lease.renew_deadline, "--lease-duration", lease.lease_duration)?;
    require(lease.retry_period < lease.renew_deadline && lease.renew_deadline < lease.lease_duration, || {
        "--lease-retry-period, --lease-renew-deadline and --lease-duration must each be longer than the one \
         before; for example 2s, 10s and 15s"
            .to_owned()
    })
}

fn ordered(low: &str, least: Duration, high: &str, most: Duration) -> Result<(), InvalidSettings> {
    require(least > Duration::ZERO, || format!("{low} must be above 0"))?;
    require(least <= most, || {
        let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
        format!("{low} ({least}) must not be longer than {high} ({most})")
    })
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), InvalidSettings> {
    if holds { Ok(()) } else { Err(InvalidSettings(message())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn a_message_names_the_flag() {
        type Change = fn(&mut Settings);
        let cases: [(&str, Change); 13] = [
            ("--quota-share", |s| s.aws.quota_share = 0.0),
            ("--drift-read-share", |s| s.drift.read_share = 0.0),
            ("--quota-share", |s| s.aws.quota_share = 1.5),
            ("--quota-share", |s| s.aws.quota_share = f64::NAN),
            ("--concurrency", |s| s.concurrency = 0),
            ("--concurrent-invocations", |s| s.concurrent_invocations = 0),
            ("--aws-timeout", |s| s.aws.timeout = Duration::ZERO),
            ("--aws-timeout", |s| s.aws.timeout = Duration::from_mins(3)),
            ("--recheck-min", |s| s.rechecks.min = Duration::from_hours(1)),
            ("--propagation-max", |s| s.rechecks.propagation_max = Duration::ZERO),
            ("--watch-namespace", |s| s.watch.namespaces = vec![String::new()]),
            ("--lease-duration", |s| lease(s).lease_duration = Duration::from_secs(10)),
            ("--lease-retry-period", |s| lease(s).retry_period = Duration::from_secs(11)),
        ];
        for (flag, change) in cases {
            let mut settings = Settings::default();
            change(&mut settings);
            let message = settings.check().unwrap_err().to_string();
            assert!(message.contains(flag), "{message}");
        }
    }

    fn lease(settings: &mut Settings) -> &mut LeaderSettings {
        settings.election.as_mut().unwrap()
    }
}
