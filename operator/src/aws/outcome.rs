//! What follows from the answer to a call: the record, the log line, and the consequences for other calls.

use std::error::Error;
use std::time::Duration;

use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_smithy_runtime_api::http::Response;
use tokio::time::Instant;

use super::call::{Call, Kind, Scope};
use super::error::{AwsError, Class};
use super::login::{Refusal, Session};
use super::quota::QuotaClass;
use super::sdk_error;
use super::settings::CallRecord;
use crate::text::sentence;

/// A call on its way.
pub(super) struct Sent {
    pub(super) call: Call,
    /// Who sends it.
    pub(super) session: Session,
    pub(super) at: Instant,
    /// Which of Lambda's quotas it counts with, and how long it waited for that before; `None`: with none of them.
    pub(super) waited: Option<(QuotaClass, Duration)>,
}

/// What became of a call.
pub(super) struct Ended<'a> {
    pub(super) took: Duration,
    /// Which of Lambda's quotas it counted with, and how long it waited for that; `None`: it isn't Lambda's.
    pub(super) waited: Option<(QuotaClass, Duration)>,
    pub(super) request_id: Option<&'a str>,
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'a AwsError>,
}

impl Scope {
    /// Records the answer and draws the consequences for other calls.
    pub(super) async fn conclude<O, E>(
        &self,
        sent: &Sent,
        answer: Result<O, SdkError<E, Response>>,
    ) -> Result<O, AwsError>
    where
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (took, waited) = (sent.at.elapsed(), sent.waited);
        let request_id = answer.request_id().map(str::to_owned);
        let request_id = request_id.as_deref();
        match answer {
            Ok(output) => {
                self.tell(sent.call, &Ended { took, waited, request_id, status: None, error: None });
                self.accepted();
                Ok(output)
            }
            Err(error) => {
                let (error, status) = sdk_error::convert(sent.call.operation, sent.call.kind, &error);
                // Nothing was sent, so there is nothing to tell of.
                if error.class != Class::NotLeader {
                    self.tell(sent.call, &Ended { took, waited, request_id, status, error: Some(&error) });
                }
                Err(self.heed(sent, error, status).await)
            }
        }
    }

    /// Says what became of a call. Texts stay out of records and the log: AWS's may repeat values of the request.
    pub(super) fn tell(&self, call: Call, ended: &Ended<'_>) {
        self.log(call, ended);
        let Ended { took, waited, request_id, status, error } = *ended;
        self.observer().call(&CallRecord {
            operation: call.operation,
            account: self.account().to_owned(),
            region: self.region().to_owned(),
            code: error.map_or_else(|| "OK".to_owned(), |error| error.code.clone()),
            http_status: status,
            seconds: took.as_secs_f64(),
            quota: waited.map(|(class, _)| class),
            quota_wait_seconds: waited.map_or(0.0, |(_, waited)| waited.as_secs_f64()),
            request_id: request_id.map(str::to_owned),
            error: error.map(|error| AwsError { message: String::new(), ..error.clone() }),
        });
    }

    /// One line for every write and every failure.
    fn log(&self, call: Call, ended: &Ended<'_>) {
        let Ended { took, request_id, status, error, .. } = *ended;
        let Call { operation, kind, .. } = call;
        let (account, region) = (self.account(), self.region());
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let span = tracing::Span::current();
        span.record("code", error.map_or("OK", |error| &error.code));
        if let Some(id) = request_id {
            span.record("request_id", id);
        }
        let Some(AwsError { class, code, .. }) = error else {
            if kind == Kind::Read {
                tracing::debug!(took_ms, "done");
            } else {
                tracing::info!(operation, account, region, request_id, took_ms, "call done");
            }
            return;
        };
        let name = class.as_str();
        if matches!(class, Class::Gone | Class::AlreadyExists | Class::InProgress | Class::Lock) {
            tracing::info!(
                operation,
                account,
                region,
                code,
                class = name,
                status,
                request_id,
                took_ms,
                "call refused"
            );
        } else {
            tracing::warn!(
                operation,
                account,
                region,
                code,
                class = name,
                status,
                request_id,
                took_ms,
                "call failed"
            );
        }
    }

    async fn heed(&self, sent: &Sent, error: AwsError, status: Option<u16>) -> AwsError {
        match (error.class, status) {
            (Class::Throttled, _) => {
                let pause = error.retry_after.unwrap_or(Duration::from_secs(1));
                if let Some((class, _)) = sent.waited {
                    self.quota().back_off(class, pause);
                }
                self.accepted();
                error
            }
            (Class::Auth, Some(_)) => Box::pin(self.doubt(sent, error)).await,
            // Without an answer it is not the region that refuses: there are no credentials.
            (Class::Auth | Class::RoleRefused, None) => {
                self.login().condemn(sent.session.generation, &error);
                error
            }
            (_, Some(_)) => {
                self.accepted();
                error
            }
            (_, None) => error,
        }
    }

    /// Codes that condemn credentials also come from regions that aren't enabled for the account, so STS is asked
    /// about the credentials before everybody stops:
    /// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>.
    async fn doubt(&self, sent: &Sent, error: AwsError) -> AwsError {
        let works_in = match self.login().doubt(&sent.session, sent.at, &error).await {
            Refusal::Here { works_in } => works_in,
            Refusal::Everywhere => return error,
            // With those that have taken their place the same call may well succeed: it is worth a try at once.
            Refusal::Outdated => {
                let message = format!(
                    "{} The {} were renewed meanwhile",
                    sentence(&error.message),
                    self.login().whose()
                );
                return AwsError { class: Class::Transient, message, ..error };
            }
        };
        let region = self.region();
        let why = if works_in == region {
            format!("STS accepts the credentials in {region}, but Lambda refuses them there")
        } else {
            let account = self.account();
            format!(
                "The credentials work in {works_in}, so region {region} is probably not enabled for account {account}"
            )
        };
        let message = format!("{} {why}", sentence(&error.message));
        let error = AwsError { class: Class::RegionRefused, message, ..error };
        let (code, request_id) = (&error.code, error.request_id.as_deref());
        tracing::warn!(region, works_in, code, request_id, "nothing is sent to this region for a while");
        self.refused().lock().begin_at(error.clone(), sent.at.into_std(), Instant::now().into_std());
        error
    }

    /// AWS has looked at the request itself, so it accepts the credentials here.
    fn accepted(&self) {
        if self.refused().lock().end() {
            tracing::info!(
                account = self.account(),
                region = self.region(),
                "the region accepts the credentials now"
            );
            self.login().say_resumed();
        }
    }
}
