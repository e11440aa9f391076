//! Provisioned concurrency of a version or an alias
//! (<https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>): allocated after a delay, settled
//! when somebody looks. An alias that moves to another version sends all of its traffic to the former one until the
//! allocation is done, which it shows as weights of its own
//! (<https://github.com/hashicorp/terraform-provider-aws/pull/48116>).

use std::time::Instant;

use serde_json::{Value, json};

use crate::function::{now_text, touch_alias};
use crate::lifecycle::{Access, Due, Failures};
use crate::request::Object;
use crate::settings::SettleDelay;

/// The provisioned concurrency of one version or alias.
#[derive(Clone, Debug)]
pub(crate) struct Provisioned {
    pub(crate) requested: u64,
    /// Allocated and available, which are never different here.
    ready: u64,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    status: String,
    reason: Option<String>,
    last_modified: String,
    due: Option<Due>,
    /// The version that has the traffic of a moved alias meanwhile.
    serving: Option<String>,
}

impl Provisioned {
    /// A request was accepted.
    pub(crate) fn requested(count: u64, delay: SettleDelay, now: Instant) -> Self {
        let mut new = Self {
            requested: count,
            ready: 0,
            status: String::new(),
            reason: None,
            last_modified: String::new(),
            due: None,
            serving: None,
        };
        new.begin(delay, now);
        new
    }

    /// Another number was requested. What is there already stays.
    pub(crate) fn request(&mut self, count: u64, delay: SettleDelay, now: Instant) {
        self.requested = count;
        self.ready = self.ready.min(count);
        self.begin(delay, now);
    }

    /// Its alias was moved: everything is allocated anew, and `serving` goes on to serve.
    pub(crate) fn moved(&mut self, serving: Option<String>, delay: SettleDelay, now: Instant) {
        self.ready = 0;
        self.serving = serving;
        self.begin(delay, now);
    }

    pub(crate) fn is_in_progress(&self) -> bool {
        self.status == "IN_PROGRESS"
    }

    /// The version that has the traffic of a moved alias, while it has.
    pub(crate) fn serving(&self) -> Option<&str> {
        self.serving.as_deref()
    }

    fn begin(&mut self, delay: SettleDelay, now: Instant) {
        "IN_PROGRESS".clone_into(&mut self.status);
        self.reason = None;
        self.last_modified = now_text();
        self.due = Some(Due::after(delay, now));
    }

    /// Somebody else sets the status. Nothing follows from it.
    pub(crate) fn force(&mut self, status: &str, reason: Option<&str>) {
        self.due = None;
        self.end(status, reason);
    }

    fn end(&mut self, status: &str, reason: Option<&str>) {
        status.clone_into(&mut self.status);
        self.reason = reason.map(ToOwned::to_owned);
        self.ready = if status == "READY" { self.requested } else { 0 };
    }

    /// Settles if it is time; true if something changed.
    pub(crate) fn tick(&mut self, access: Access, now: Instant, failures: Failures<'_>) -> bool {
        let reached = self.due.as_mut().is_some_and(|due| due.reached(access, now));
        reached && self.settle(failures)
    }

    /// Settles now; true if there was something to settle.
    pub(crate) fn settle(&mut self, failures: Failures<'_>) -> bool {
        let pending = self.due.take().is_some();
        match failures.provisioned {
            _ if !pending => {}
            Some(reason) => self.end("FAILED", Some(reason)),
            None => self.end("READY", None),
        }
        pending
    }

    /// Gives a moved alias its traffic back once the allocation is done. After a failure the former version goes on
    /// to serve.
    pub(crate) fn end_shift(&mut self, alias: &mut Object) {
        if self.status == "READY" {
            self.release(alias);
        }
    }

    /// Gives a moved alias its traffic back.
    pub(crate) fn release(&mut self, alias: &mut Object) {
        if let Some(serving) = self.serving.take()
            && alias.get("RoutingConfig") == Some(&routing(&serving))
        {
            alias.remove("RoutingConfig");
            touch_alias(alias);
        }
    }

    pub(crate) fn shown(&self) -> Value {
        let mut shown = json!({
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AllocatedProvisionedConcurrentExecutions": self.ready,
            "AvailableProvisionedConcurrentExecutions": self.ready,
            "Status": self.status,
            "LastModified": self.last_modified,
        });
        if let Some(reason) = &self.reason {
            shown["StatusReason"] = reason.clone().into();
        }
        shown
    }
}

/// The routing of an alias whose traffic a version has.
pub(crate) fn routing(serving: &str) -> Value {
    json!({"AdditionalVersionWeights": {serving: 1.0}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocated(provisioned: &Provisioned) -> (Value, Value) {
        let shown = provisioned.shown();
        (shown["Status"].clone(), shown["AvailableProvisionedConcurrentExecutions"].clone())
    }

    #[test]
    fn an_allocation_is_ready_or_has_failed_in_the_end() {
        let (now, none) = (Instant::now(), Failures::default());
        let mut provisioned = Provisioned::requested(5, SettleDelay::NEXT_READ, now);
        assert!(!provisioned.tick(Access::Other, now, none));
        assert_eq!(allocated(&provisioned), (json!("IN_PROGRESS"), json!(0)));
        assert!(provisioned.tick(Access::Read, now, none));
        assert_eq!(allocated(&provisioned), (json!("READY"), json!(5)));
        provisioned.request(3, SettleDelay::NEXT_READ, now);
        assert_eq!(allocated(&provisioned), (json!("IN_PROGRESS"), json!(3)));
        assert!(provisioned.settle(Failures { provisioned: Some("no room"), ..none }));
        assert_eq!(provisioned.shown()["StatusReason"], "no room");
        assert_eq!(allocated(&provisioned), (json!("FAILED"), json!(0)));
        assert!(!provisioned.settle(none), "it settles once");
    }

    #[test]
    fn a_moved_alias_gets_its_traffic_when_the_allocation_is_done() {
        let (now, none) = (Instant::now(), Failures::default());
        let mut alias = Object::new();
        alias.insert("RoutingConfig".into(), routing("1"));
        let mut provisioned = Provisioned::requested(1, SettleDelay::NEXT_READ, now);
        provisioned.moved(Some("1".to_owned()), SettleDelay::NEXT_READ, now);
        provisioned.settle(Failures { provisioned: Some("no room"), ..none });
        provisioned.end_shift(&mut alias);
        assert!(alias.contains_key("RoutingConfig"), "the old version serves");
        provisioned.moved(Some("1".to_owned()), SettleDelay::NEXT_READ, now);
        provisioned.settle(none);
        provisioned.end_shift(&mut alias);
        assert!(!alias.contains_key("RoutingConfig") && alias.contains_key("RevisionId"));
    }
}
