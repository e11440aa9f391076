//! How many execution environments a version on a capacity provider has
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_FunctionScalingConfig.html>): what is requested is applied after
//! a delay, settled when somebody looks.

use std::time::Instant;

use serde_json::{Value, json};

use crate::lifecycle::{Access, Due};
use crate::merge::into_object;
use crate::request::Object;
use crate::settings::SettleDelay;

/// The scaling of one version.
#[derive(Clone, Debug)]
pub(crate) struct Scaling {
    requested: Object,
    applied: Object,
    due: Option<Due>,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { requested: Object::new(), applied: default_limits(), due: None }
    }
}

impl Scaling {
    /// Requests limits in the place of those that were requested before; none are the default.
    pub(crate) fn request(&mut self, limits: Object, delay: SettleDelay, now: Instant) {
        self.requested = limits;
        self.due = Some(Due::after(delay, now));
    }

    /// Settles if it is time.
    pub(crate) fn tick(&mut self, access: Access, now: Instant) {
        if self.due.as_mut().is_some_and(|due| due.reached(access, now)) {
            self.settle();
        }
    }

    /// Settles now.
    pub(crate) fn settle(&mut self) {
        if self.due.take().is_some() {
            let none = self.requested.is_empty();
            self.applied = if none { default_limits() } else { self.requested.clone() };
        }
    }

    /// Whether the version is to have no environment, which deactivates it: AWS has the states, the rest is taken from
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionScalingConfig.html>, whose answer has one.
    pub(crate) fn is_none(&self) -> bool {
        let limit = |name: &str| self.applied.get(name).and_then(Value::as_u64);
        limit("MinExecutionEnvironments") == Some(0) && limit("MaxExecutionEnvironments") == Some(0)
    }

    pub(crate) fn shown(&self, arn: &str) -> Value {
        let mut shown = json!({"FunctionArn": arn, "AppliedFunctionScalingConfig": self.applied});
        if !self.requested.is_empty() {
            shown["RequestedFunctionScalingConfig"] = self.requested.clone().into();
        }
        shown
    }
}

/// What has no limits set has three environments at least
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling.html>).
fn default_limits() -> Object {
    into_object(json!({"MinExecutionEnvironments": 3}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_requested_is_applied_later() {
        let (mut scaling, now) = (Scaling::default(), Instant::now());
        let limits = json!({"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 9});
        let defaults = json!({"MinExecutionEnvironments": 3});
        assert_eq!(scaling.shown("arn")["AppliedFunctionScalingConfig"], defaults);
        scaling.request(into_object(limits.clone()), SettleDelay::NEXT_READ, now);
        scaling.tick(Access::Other, now);
        assert_eq!(scaling.shown("arn")["RequestedFunctionScalingConfig"], limits);
        assert_eq!(scaling.shown("arn")["AppliedFunctionScalingConfig"], defaults);
        scaling.tick(Access::Read, now);
        assert_eq!(scaling.shown("arn")["AppliedFunctionScalingConfig"], limits);
        scaling.request(Object::new(), SettleDelay::NEXT_READ, now);
        scaling.settle();
        assert_eq!(
            scaling.shown("arn"),
            json!({"FunctionArn": "arn", "AppliedFunctionScalingConfig": defaults})
        );
    }
}
