//! How many execution environments a version on a capacity provider has.

use std::fmt;

use lambda_operator_crds::{FunctionScaling, ScalingLimits, ScalingStatus};

use super::model::Value;

/// Limits; what AWS doesn't say is `None`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionScalingConfig.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// As many are there at least.
    pub min: Option<i32>,
    /// As many are there at most.
    pub max: Option<i32>,
}

impl Limits {
    /// Of a version that is deactivated.
    pub const NONE: Self = Self { min: Some(0), max: Some(0) };

    /// `None` for no limits.
    pub fn some(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    fn shown(self) -> ScalingLimits {
        let Self { min, max } = self;
        ScalingLimits { min_execution_environments: min, max_execution_environments: max }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => f.write_str("nothing yet"),
        }
    }
}

/// How far AWS is.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionScalingConfig.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaling {
    /// What was asked for; `None`: AWS's default.
    pub requested: Option<Limits>,
    /// What is in force.
    pub applied: Limits,
}

impl Scaling {
    /// What was asked for is in force.
    pub fn applied(limits: Limits) -> Self {
        Self { requested: Some(limits), applied: limits }
    }

    /// AWS is at work.
    pub fn is_moving(&self) -> bool {
        self.requested.is_some_and(|requested| requested != self.applied)
    }

    /// What the status shows.
    pub fn shown(&self) -> ScalingStatus {
        ScalingStatus { requested: self.requested.map(Limits::shown), applied: self.applied.shown() }
    }
}

/// What the spec says.
pub(super) fn of_spec(spec: &FunctionScaling) -> Option<Value> {
    let FunctionScaling { min_execution_environments, max_execution_environments } = spec;
    Limits { min: Some(*min_execution_environments), max: Some(*max_execution_environments) }
        .some()
        .map(Value::Scaling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_at_work_until_what_was_asked_for_is_in_force() {
        let limits = |min, max| Limits { min: Some(min), max: Some(max) };
        let default = Limits { min: Some(3), max: None };
        let moving = |requested, applied| Scaling { requested, applied }.is_moving();
        assert!(moving(Some(limits(1, 9)), default) && !moving(Some(limits(1, 9)), limits(1, 9)));
        assert!(!moving(None, default), "nobody asked for anything");
        assert_eq!(Limits::default().some(), None);
        assert_eq!((limits(1, 9).to_string(), default.to_string()), ("1 to 9".into(), "at least 3".into()));
    }
}
