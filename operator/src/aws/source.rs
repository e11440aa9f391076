//! The seam of the calls that look at what packages are made from: S3 and ECR, which have quotas of their own. They read
//! only, wait for nothing of Lambda's, and are paced, so that a restart or an apply of many objects is no rush.
//!
//! That they are refused says nothing of the credentials as such: calls to Lambda find that out.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_smithy_runtime_api::http::Response;
use parking_lot::Mutex;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tracing::Instrument as _;

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::outcome::Ended;
use super::quota::Priority;
use super::sdk_error;
use crate::runtime::watchdog;
use crate::source::{Found, NamedSource, Place};

/// Looks a second in an account and region, far below what S3 and ECR allow.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>,
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>
const RATE: u32 = 100;

/// The clients of credentials in a region, each made when it is first needed.
#[derive(Default)]
pub(super) struct Clients {
    pub(super) s3: Built<aws_sdk_s3::Client>,
    pub(super) ecr: Built<aws_sdk_ecr::Client>,
    /// Lambda's, for calls that last.
    pub(super) lasting: Built<aws_sdk_lambda::Client>,
}

/// A client, and the generation of the credentials that it was built with.
pub(super) struct Built<C>(Mutex<Option<(u64, C)>>);

impl<C> Default for Built<C> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<C: Clone> Built<C> {
    /// The client for these credentials.
    pub(super) fn client(&self, generation: u64, make: impl FnOnce() -> C) -> C {
        let mut built = self.0.lock();
        match &*built {
            Some((of, client)) if *of == generation => client.clone(),
            _ => built.insert((generation, make())).1.clone(),
        }
    }
}

/// Spreads the looks of an account and region.
pub(super) struct Pace(tokio::sync::Mutex<Interval>);

impl Default for Pace {
    fn default() -> Self {
        let mut interval = tokio::time::interval(Duration::from_secs(1) / RATE);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(tokio::sync::Mutex::new(interval))
    }
}

impl Pace {
    async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}

impl Scope {
    /// What a source is at present.
    ///
    /// # Errors
    /// What AWS answered; `Class::DependencyMissing` when there is no such source.
    pub async fn look_at(&self, source: &NamedSource) -> Result<Found, AwsError> {
        match &source.place {
            Place::Object { bucket, key } => self.head_object(bucket, key).await,
            Place::Image(image) => self.get_image(image).await,
        }
    }

    /// Sends one such call. `missing` says of an error that there is no such source, and how to put that.
    pub(super) async fn look<O, E, F>(
        &self,
        operation: &'static str,
        send: impl FnOnce(u64, SdkConfig) -> F,
        missing: impl FnOnce(&SdkError<E, Response>) -> Option<String>,
    ) -> Result<O, AwsError>
    where
        F: Future<Output = Result<O, SdkError<E, Response>>>,
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let call = Call::read(operation, Priority::Drift);
        self.session(call).await?;
        watchdog::unhurried(self.place().looks.turn()).await;
        let session = self.session(call).await?;
        async {
            let asked = Instant::now();
            let answer = Box::pin(send(session.generation, session.config)).await;
            watchdog::progress();
            let request_id = answer.request_id().map(str::to_owned);
            let (result, status) = match answer {
                Ok(output) => (Ok(output), None),
                Err(error) => {
                    let (converted, status) = sdk_error::convert(operation, call.kind, &error);
                    let error = match missing(&error) {
                        Some(message) => AwsError { class: Class::DependencyMissing, message, ..converted },
                        None => converted,
                    };
                    (Err(error), status)
                }
            };
            let (request_id, error) = (request_id.as_deref(), result.as_ref().err());
            self.tell(call, &Ended { took: asked.elapsed(), waited: None, request_id, status, error });
            result
        }
        .instrument(self.span(call))
        .await
    }
}
