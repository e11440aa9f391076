//! What the AWS side is told at the start, and what it calls back.

use std::time::Duration;

use aws_config::Region;

use super::{APPLICATION, AwsError, Listed, Mode, QuotaClass};

/// Settings of [`Aws`](super::Aws).
#[derive(Clone)]
pub struct AwsSettings {
    /// How requests name the program: the `app/` of their user agent, which CloudTrail keeps.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html>
    pub application: &'static str,
    /// The profile with the credentials; by default `AWS_PROFILE`, or whatever else the SDK's chain finds.
    pub profile: Option<String>,
    /// Replaces AWS's endpoints of Lambda and STS, for emulators. `AWS_ENDPOINT_URL` in the environment does too.
    pub endpoint_url: Option<String>,
    /// The region of objects that name none; by default the SDK's chain (environment, profile, instance metadata).
    pub region: Option<String>,
    /// The part of Lambda's control-plane rates that the operator may use, above 0, at most 1.
    pub quota_share: f64,
    /// Whether the operator keeps to the share at all.
    pub quotas_enabled: bool,
    /// How long one call may take, with everything in it.
    pub call_timeout: Duration,
    /// How long refused credentials are left alone before they are tried again, the first time.
    pub probe_min: Duration,
    /// The longest that this doubles to.
    pub probe_max: Duration,
    /// An access key id and its secret instead of the SDK's chain, for tests and the demo.
    pub static_credentials: Option<(String, String)>,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            application: APPLICATION,
            profile: None,
            endpoint_url: None,
            region: None,
            quota_share: 2.0 / 3.0,
            quotas_enabled: true,
            call_timeout: Duration::from_mins(1),
            probe_min: Duration::from_secs(5),
            probe_max: Duration::from_mins(5),
            static_credentials: None,
        }
    }
}

/// Asked right before every write.
pub trait WriteGate: Send + Sync {
    /// `Err` with the reason when nothing may be written, e.g. because the leader lease has run out.
    fn check(&self) -> Result<(), String>;
}

/// Lets everything through.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

impl WriteGate for OpenGate {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Told of every call and sweep, for metrics.
pub trait CallObserver: Send + Sync {
    /// A call that was sent has ended.
    fn call(&self, record: &CallRecord);

    /// So many calls of a class wait for the operator's own quota now.
    fn waiting(&self, _account: &str, _region: &str, _class: QuotaClass, _calls: usize) {}

    /// A sweep of an account and region is complete; the next one is made in this way.
    fn swept(&self, _account: &str, _region: &str, _listed: Listed, _next: Mode) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl CallObserver for NoObserver {
    fn call(&self, _: &CallRecord) {}
}

/// One call that was sent.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The API operation, e.g. `GetFunction`.
    pub operation: &'static str,
    /// The account, 12 digits; empty for the calls to STS that find it out.
    pub account: String,
    /// The region.
    pub region: String,
    /// `OK` or the error's code.
    pub code: String,
    /// The status of an error answer; `None` when the call succeeded or had no answer.
    pub http_status: Option<u16>,
    /// How long AWS took, in seconds.
    pub seconds: f64,
    /// The bucket that the call took from; `None`: it counts against no quota of Lambda's.
    pub quota: Option<QuotaClass>,
    /// How long the call waited for the operator's own quota before, in seconds.
    pub quota_wait_seconds: f64,
    /// AWS's id of the request.
    pub request_id: Option<String>,
    /// The error, when there was one, without AWS's text, which may repeat values of the request.
    pub error: Option<AwsError>,
}

impl CallRecord {
    /// A call to STS, which counts against no quota of Lambda's.
    pub(super) fn of_sts(
        operation: &'static str,
        region: &Region,
        seconds: f64,
        error: Option<&(AwsError, Option<u16>)>,
    ) -> Self {
        Self {
            operation,
            account: String::new(),
            region: region.to_string(),
            code: error.map_or_else(|| "OK".to_owned(), |(error, _)| error.code.clone()),
            http_status: error.and_then(|(_, status)| *status),
            seconds,
            quota: None,
            quota_wait_seconds: 0.0,
            request_id: error.and_then(|(error, _)| error.request_id.clone()),
            error: error.map(|(error, _)| error.clone()),
        }
    }
}
