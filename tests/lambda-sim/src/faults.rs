//! Injected faults: what goes wrong, at which call.

use serde::{Deserialize, Serialize};

/// A fault of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The operation's name, e.g. `CreateFunction`; `*` is every one.
    pub operation: String,
    /// Only calls about what has this name in the ledger, or about a part of it: `hello` are also those about the
    /// alias `hello:live`.
    #[serde(default)]
    pub resource: Option<String>,
    /// The first call that it concerns, counted from 1 since the injection. None is the first.
    #[serde(default)]
    pub nth: Option<u32>,
    /// How many calls it concerns. None is one if `nth` is given, and otherwise every call until the faults are
    /// cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub effect: FaultEffect,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultEffect {
    /// Answers an error, and nothing is done.
    Error(FaultError),
    /// Does what was asked for and answers an error.
    ErrorAfterEffect(FaultError),
    /// Closes the connection without an answer, and nothing is done.
    CutBefore,
    /// Does what was asked for and closes the connection without an answer.
    CutAfter,
    /// Does what was asked for and answers this many milliseconds late.
    DelayMs(u64),
    /// Holds the call before anything is done, until it is released. If the caller goes away, nothing is done.
    PauseBefore,
    /// Does what was asked for and holds the answer until it is released.
    PauseAfter,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultError {
    /// The HTTP status.
    pub status: u16,
    /// The code, e.g. `ServiceException`. STS shows it as it would name it: `ExpiredToken` for
    /// `ExpiredTokenException`, `InvalidClientTokenId` for `UnrecognizedClientException`.
    pub code: String,
    /// The text.
    pub message: String,
    /// Seconds for the `Retry-After` header.
    #[serde(default)]
    pub retry_after: Option<u32>,
}

impl FaultError {
    /// An error answer with this status, code and text.
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// AWS's answer to too many calls.
    pub fn throttled() -> Self {
        Self { retry_after: Some(1), ..Self::new(429, "TooManyRequestsException", "Rate exceeded") }
    }

    /// AWS's answer to its own trouble.
    pub fn service() -> Self {
        Self::new(500, "ServiceException", "An error occurred and the request cannot be processed.")
    }
}

impl Fault {
    /// A fault of every call of an operation.
    pub fn new(operation: &str, effect: FaultEffect) -> Self {
        Self { operation: operation.to_owned(), resource: None, nth: None, times: None, effect }
    }

    /// An error answer to every call of an operation.
    pub fn error(operation: &str, status: u16, code: &str, message: &str) -> Self {
        Self::new(operation, FaultEffect::Error(FaultError::new(status, code, message)))
    }

    /// A role that IAM has not told Lambda of yet: the first `calls` calls of the operation are refused, as in
    /// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html>.
    pub fn role_propagation(operation: &str, calls: u32) -> Self {
        Self::error(operation, 400, "InvalidParameterValueException", crate::rules::ROLE_NOT_ASSUMABLE)
            .times(calls)
    }

    /// A permission that IAM has not told Lambda of yet: the first `calls` calls of the operation are refused in the
    /// words that concern a queue (<https://github.com/hashicorp/terraform-provider-aws/issues/14042>).
    pub fn permission_propagation(operation: &str, calls: u32) -> Self {
        Self::error(operation, 400, "InvalidParameterValueException", crate::rules::QUEUE_NOT_READABLE)
            .times(calls)
    }

    /// An update of the function with this ARN that an operation only now and then minds, such as AddPermission: the
    /// first `calls` calls are refused.
    pub fn update_in_progress(operation: &str, arn: &str, calls: u32) -> Self {
        let text = crate::lifecycle::update_in_progress(arn);
        Self::error(operation, 409, "ResourceConflictException", &text).times(calls)
    }

    /// Only calls about this, as [`Fault::resource`](Self#structfield.resource) says.
    #[must_use]
    pub fn resource(mut self, name: &str) -> Self {
        self.resource = Some(name.to_owned());
        self
    }

    /// Only from the n-th call on, counted from 1; without [`Fault::times`] only that one.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Only this many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The faults of one account and region, with how often each was met.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: u32,
    fired: u32,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.0.push(Armed { fault, seen: 0, fired: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call against every fault that concerns it; the first one that is due happens.
    pub(crate) fn on_call(&mut self, operation: &str, resource: Option<&str>) -> Option<FaultEffect> {
        let mut effect = None;
        for armed in self.0.iter_mut().filter(|armed| armed.fault.concerns(operation, resource)) {
            armed.seen += 1;
            if effect.is_none() && armed.due() {
                armed.fired += 1;
                effect = Some(armed.fault.effect.clone());
            }
        }
        effect
    }
}

impl Fault {
    fn concerns(&self, operation: &str, resource: Option<&str>) -> bool {
        let part_of = |whole: &str| {
            let rest = resource.and_then(|resource| resource.strip_prefix(whole));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        (self.operation == "*" || self.operation == operation) && self.resource.as_deref().is_none_or(part_of)
    }
}

impl Armed {
    fn due(&self) -> bool {
        let times = self.fault.times.or_else(|| self.fault.nth.map(|_| 1));
        self.seen >= self.fault.nth.unwrap_or(1) && times.is_none_or(|times| self.fired < times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(fault: Fault) -> Vec<u32> {
        let mut faults = Faults::default();
        faults.inject(fault);
        (1..=6).filter(|_| faults.on_call("GetFunction", Some("a")).is_some()).collect()
    }

    #[test]
    fn without_numbers_it_is_every_call() {
        assert_eq!(fired(Fault::new("GetFunction", FaultEffect::CutAfter)), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn nth_alone_is_one_call_and_times_says_how_many() {
        let cut = || Fault::new("*", FaultEffect::CutBefore);
        assert_eq!(fired(cut().nth(3)), [3]);
        assert_eq!(fired(cut().times(2)), [1, 2]);
        assert_eq!(fired(cut().nth(2).times(3)), [2, 3, 4]);
    }

    #[test]
    fn other_operations_and_functions_are_not_counted() {
        assert_eq!(fired(Fault::new("DeleteFunction", FaultEffect::CutAfter)), [0; 0]);
        assert_eq!(fired(Fault::new("GetFunction", FaultEffect::CutAfter).resource("b")), [0; 0]);
    }

    #[test]
    fn a_fault_of_a_function_is_one_of_its_aliases_too() {
        let fault = Fault::new("*", FaultEffect::CutAfter).resource("a");
        assert!(fault.concerns("GetAlias", Some("a:live")));
        assert!(!fault.concerns("GetAlias", Some("ab")) && !fault.concerns("ListLayers", None));
        assert!(!fault.resource("a:live").concerns("GetFunction", Some("a")));
    }
}
