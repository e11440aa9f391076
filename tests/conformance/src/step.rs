//! Scenarios as data: steps, each of which is one request to both sides.

use std::time::Duration;

use serde_json::Value;

/// How long either side may take to come to what a step waits for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// One request, with a name that is unique in its scenario.
///
/// `{name}` in its path and in the strings of its body stands for what an earlier step saved on that side;
/// `{account}` is the scenario's account.
#[derive(Clone, Debug)]
pub struct Step {
    pub(crate) name: &'static str,
    pub(crate) service: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) saved: Vec<(&'static str, &'static str)>,
    pub(crate) until: Option<Until>,
    pub(crate) unordered: bool,
    pub(crate) emulator_only: bool,
}

/// What a step waits for, each side by itself: only the answer that has it is compared.
#[derive(Clone, Debug)]
pub(crate) enum Until {
    /// The value at a JSON pointer.
    Value(&'static str, Value),
    /// The HTTP status.
    Status(u16),
}

impl Step {
    fn new(name: &'static str, method: &'static str, path: impl Into<String>, body: Option<Value>) -> Self {
        Self {
            name,
            service: "lambda",
            method,
            path: path.into(),
            body,
            saved: Vec::new(),
            until: None,
            unordered: false,
            emulator_only: false,
        }
    }

    /// A read.
    pub fn get(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "GET", path, None)
    }

    /// A creation.
    pub fn post(name: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self::new(name, "POST", path, Some(body))
    }

    /// A change.
    pub fn put(name: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self::new(name, "PUT", path, Some(body))
    }

    /// A deletion.
    pub fn delete(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "DELETE", path, None)
    }

    /// A call of STS, without parameters.
    pub fn sts(name: &'static str, action: &'static str) -> Self {
        let form = format!("Action={action}&Version=2011-06-15");
        Self { service: "sts", ..Self::new(name, "POST", "/", Some(form.into())) }
    }

    /// Asks the emulator alone, in the query protocol of another service, for what `lambda-sim` takes for granted. What
    /// it saves holds for both sides.
    pub fn prepare(name: &'static str, service: &'static str, form: impl Into<String>) -> Self {
        let step = Self::new(name, "POST", "/", Some(form.into().into()));
        Self { service, emulator_only: true, ..step }
    }

    /// Makes a queue.
    pub fn queue(name: &'static str, queue: &str) -> Self {
        let form = format!("Action=CreateQueue&Version=2012-11-05&QueueName={queue}");
        Self::prepare(name, "sqs", form)
    }

    /// Saves the value at a JSON pointer of each side's answer under a name, for later steps.
    #[must_use]
    pub fn saves(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.saved.push((name, pointer));
        self
    }

    /// Asks again until there is this value at a JSON pointer.
    #[must_use]
    pub fn until(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.until = Some(Until::Value(pointer, value.into()));
        self
    }

    /// Asks again until the status is 404.
    #[must_use]
    pub fn until_gone(mut self) -> Self {
        self.until = Some(Until::Status(404));
        self
    }

    /// The order of the lists in the answers means nothing; their items must differ in more than ids.
    #[must_use]
    pub fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }
}
