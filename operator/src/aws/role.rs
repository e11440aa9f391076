//! Credentials of an IAM role: sts:AssumeRole with the operator's own credentials.
//!
//! `login` has one [`Assumed`] per LambdaAccount with a role. All clients of the account share its session, which is
//! renewed when it is about to end.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sts::types::Tag;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::call::Kind;
use super::error::{AwsError, Class};
use super::sdk_error;
use super::settings::{CallObserver, CallRecord};
use crate::text::sentence;

const ASSUME_ROLE: &str = "AssumeRole";

/// What is left of a session when the next one is asked for.
const RENEWED: Duration = Duration::from_mins(5);

/// A role to work as, and how a session of it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The LambdaAccount that names it, for texts.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// The session's name, as CloudTrail shows it.
    pub session_name: String,
    /// The session's tags.
    pub tags: BTreeMap<String, String>,
}

/// A role with its present session.
pub(super) struct Assumed {
    role: Role,
    /// With the operator's own credentials.
    client: aws_sdk_sts::Client,
    region: Region,
    observer: Arc<dyn CallObserver>,
    session: Mutex<Option<Credentials>>,
}

impl Assumed {
    /// `config` holds the operator's own credentials. Sends nothing yet.
    pub(super) fn new(
        role: Role,
        config: &SdkConfig,
        region: Region,
        observer: Arc<dyn CallObserver>,
    ) -> Self {
        let config = aws_sdk_sts::config::Builder::from(config).region(region.clone());
        let client = aws_sdk_sts::Client::from_conf(config.build());
        Self { role, client, region, observer, session: Mutex::default() }
    }

    /// The present session, or a new one where that is about to end.
    pub(super) async fn credentials(&self) -> Result<Credentials, AwsError> {
        let mut session = self.session.lock().await;
        if let Some(lasting) = session.as_ref().filter(|session| lasts(session)) {
            return Ok(lasting.clone());
        }
        let new = self.assume().await?;
        *session = Some(new.clone());
        Ok(new)
    }

    async fn assume(&self) -> Result<Credentials, AwsError> {
        let Role { arn, external_id, session_name, tags, .. } = &self.role;
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Result<Vec<Tag>, _> = tags.collect();
        let tags = tags.map_err(|error| self.refused("InvalidRequest", &error.to_string()))?;
        let started = Instant::now();
        let request = self.client.assume_role().role_arn(arn).role_session_name(session_name);
        let request = request.set_external_id(external_id.clone());
        let answer = request.set_tags((!tags.is_empty()).then_some(tags)).send().await;
        let seconds = started.elapsed().as_secs_f64();
        let answer = answer.map_err(|error| sdk_error::convert(ASSUME_ROLE, Kind::Read, &error));
        self.observer.call(&CallRecord::of_sts(ASSUME_ROLE, &self.region, seconds, answer.as_ref().err()));
        let answer = answer.map_err(|(error, _)| self.explained(error))?;
        let given = answer.credentials.ok_or_else(|| {
            AwsError::new(ASSUME_ROLE, Class::Transient, "InvalidAnswer", "STS gave no credentials")
        })?;
        let end = SystemTime::try_from(given.expiration).ok();
        let token = Some(given.session_token);
        Ok(Credentials::new(given.access_key_id, given.secret_access_key, token, end, "AssumeRole"))
    }

    /// What is neither a passing trouble nor the operator's own has to be mended before anybody can work as the role.
    fn explained(&self, error: AwsError) -> AwsError {
        match error.class {
            Class::Transient | Class::Throttled | Class::Auth => error,
            _ => AwsError { request_id: error.request_id, ..self.refused(&error.code, &error.message) },
        }
    }

    fn refused(&self, code: &str, text: &str) -> AwsError {
        let Role { account, arn, .. } = &self.role;
        let message = format!(
            "{} Check spec.roleArn ({arn}), spec.externalId and spec.sessionTags of LambdaAccount {account}, and that \
             the role's trust policy lets the operator's own identity call sts:AssumeRole, with session tags also \
             sts:TagSession",
            sentence(text)
        );
        AwsError::new(ASSUME_ROLE, Class::RoleRefused, code, message)
    }
}

/// Whether a session may still be handed out.
fn lasts(session: &Credentials) -> bool {
    session.expiry().is_none_or(|end| end > SystemTime::now() + RENEWED)
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let answer: provider::Result = self.credentials().await.map_err(CredentialsError::provider_error);
            answer
        })
    }
}

impl fmt::Debug for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assumed({})", self.role.arn)
    }
}
