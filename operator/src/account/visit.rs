//! One visit to a LambdaAccount: whether its credentials work, what AWS allows it, and who uses it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::api::Api;
use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{FINALIZER, LambdaAccount, LambdaAccountStatus};

use crate::account::controller::Remembered;
use crate::account::status::{self, Findings};
use crate::account::{deletion, desired};
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::memory::reconcile_at;
use crate::engine::pass::{Interrupt, now};
use crate::engine::shared::Shared;
use crate::engine::summary;
use crate::engine::verdict::{self, Verdict};
use crate::k8s::write::{self, WriteError};
use crate::text::sentence;

/// The kind, as the metrics name it.
pub const NAME: &str = "LambdaAccount";

/// A visit under way.
pub struct Visit<'a> {
    pub shared: &'a Shared,
    pub object: Arc<LambdaAccount>,
    pub remembered: &'a mut Remembered,
    /// Between two looks at limits and use; zero: only when the LambdaAccount changes.
    pub refresh: Duration,
}

impl Visit<'_> {
    /// Works on it. `None`: it has been let go.
    ///
    /// # Errors
    /// See [`Interrupt`].
    pub async fn run(&mut self) -> Result<Option<Verdict>, Interrupt> {
        let deleting = self.object.meta().deletion_timestamp.is_some();
        let users = self.shared.accounts.users(&self.object.name_any());
        let mut findings = Findings { used_by: users.len(), ..Findings::default() };
        let verdict = if deleting {
            let Some(held) = deletion::held_by(&users) else {
                self.release().await?;
                return Ok(None);
            };
            held
        } else {
            self.take_in().await?;
            match self.look(&mut findings).await {
                Ok(verdict) => verdict,
                Err(error) if matches!(error.class, Class::NotLeader | Class::ShuttingDown) => {
                    return Err(Interrupt::Stopping);
                }
                Err(error) => verdict::on_error(&error),
            }
        };
        self.conclude(&verdict, &findings).await?;
        Ok(Some(verdict))
    }

    /// Whether the credentials work, and from time to time what AWS says of the account.
    async fn look(&mut self, findings: &mut Findings) -> Result<Verdict, AwsError> {
        let terms = desired::terms(&self.object);
        let scope = self.shared.account_scope(&terms, None).await?;
        findings.account = Some(scope.account().to_owned());
        let whose = terms.role.as_ref().map_or_else(
            || "with the operator's own credentials".to_owned(),
            |role| format!("as {}", role.arn),
        );
        let mut text = format!("The operator works in account {} {whose}.", scope.account());
        if self.is_refresh_due(Instant::now()) {
            match self.settings(&scope, findings).await {
                Ok(()) => {}
                // Only what is shown is missing then.
                Err(error) if error.class == Class::AccessDenied => {
                    self.remembered.unseen = Some(verdict::text_of(&error));
                }
                Err(error) => return Err(error),
            }
            self.remembered.refreshed = Some(Instant::now());
        }
        if let Some(why) = &self.remembered.unseen {
            text = format!("{text} Limits and use aren't shown: {}", sentence(why));
        }
        Ok(Verdict::Settled(Reason::Available, text))
    }

    async fn settings(&mut self, scope: &Scope, findings: &mut Findings) -> Result<(), AwsError> {
        let (limits, usage) = scope.account_settings(Priority::Drift).await?;
        findings.settings = Some((scope.region().to_owned(), limits, usage));
        self.remembered.unseen = None;
        Ok(())
    }

    fn is_refresh_due(&self, now: Instant) -> bool {
        let known = self.object.status.as_ref().is_some_and(|status| {
            (status.limits.is_some() || self.remembered.unseen.is_some())
                && Some(status.observed_generation) == self.object.meta().generation
                && status.last_handled_reconcile_at == reconcile_at(&*self.object)
        });
        let waited = |at: Instant| !self.refresh.is_zero() && now.duration_since(at) >= self.refresh;
        !known || self.remembered.refreshed.is_some_and(waited)
    }

    async fn take_in(&mut self) -> Result<(), Interrupt> {
        if self.object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(());
        }
        self.check_leader()?;
        let object = write::add_finalizer_in(&self.api(), &*self.object).await?;
        self.wrote(object, "finalizer");
        Ok(())
    }

    async fn release(&mut self) -> Result<(), Interrupt> {
        self.check_leader()?;
        match write::remove_finalizer_in(&self.api(), &*self.object).await {
            Ok(_) | Err(WriteError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
        self.shared.metrics.kubernetes_write(NAME, "finalizer");
        Ok(())
    }

    async fn conclude(&mut self, verdict: &Verdict, findings: &Findings) -> Result<(), Interrupt> {
        let before = self.object.status.clone().unwrap_or_default();
        let status: LambdaAccountStatus = status::status(&self.object, verdict, findings, &now());
        if let Some(note) = summary::note_of(&before.conditions, verdict) {
            tracing::info!(reason = note.reason, "{}", note.text);
            self.shared.events.publish(note, self.object.object_ref(&()));
        }
        if status == before {
            return Ok(());
        }
        self.check_leader()?;
        let object = write::status_in(&self.api(), &*self.object, &status).await?;
        self.wrote(object, "status");
        Ok(())
    }

    fn wrote(&mut self, object: LambdaAccount, what: &'static str) {
        self.remembered.memory.wrote(&object);
        self.shared.metrics.kubernetes_write(NAME, what);
        // Objects that wait for it needn't wait for the watch.
        self.shared.accounts.seen(&object);
        self.object = Arc::new(object);
    }

    fn api(&self) -> Api<LambdaAccount> {
        Api::all(self.shared.client.clone())
    }

    fn check_leader(&self) -> Result<(), Interrupt> {
        self.shared.leadership.check().map_err(|_| Interrupt::Stopping)
    }
}
