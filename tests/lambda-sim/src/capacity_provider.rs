//! Capacity providers, and how they read back
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_CapacityProvider.html>): Pending, then Active or Failed; Deleting,
//! then gone. That a change makes one Pending too is what terraform-provider-aws waits for
//! (internal/service/lambda/capacity_provider.go). Settled when somebody looks.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use crate::function::now_text;
use crate::lifecycle::{Access, Due};
use crate::region::Region;
use crate::request::Object;
use crate::rules::tags;
use crate::settings::SettleDelay;

/// A member, and what stands in a provider of a name when a request says nothing of it.
type Member = (&'static str, fn(&str) -> Value);

/// What a request may say of a provider, in the order of the API.
const MEMBERS: [Member; 6] = [
    ("VpcConfig", |_| Value::Null),
    ("PermissionsConfig", |_| Value::Null),
    ("InstanceRequirements", |_| json!({"Architectures": ["x86_64"]})),
    ("CapacityProviderScalingConfig", |_| json!({"MaxVCpuCount": 400, "ScalingMode": "Auto"})),
    ("PropagateTags", |_| json!({"Mode": "None"})),
    ("TelemetryConfig", |name| {
        let group = format!("/aws/lambda/capacity-provider/{name}");
        json!({"LoggingConfig": {"SystemLogLevel": "INFO", "LogGroup": group}})
    }),
];

/// What UpdateCapacityProvider takes.
const CHANGEABLE: [&str; 3] = ["CapacityProviderScalingConfig", "PropagateTags", "TelemetryConfig"];

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// A creation: Active, or Failed while creations fail.
    Created,
    Active,
    Gone,
}

/// A capacity provider.
#[derive(Clone, Debug)]
pub(crate) struct CapacityProvider {
    pub(crate) arn: String,
    pub(crate) state: String,
    transition: Option<(Due, Goal)>,
    config: Object,
    last_modified: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl CapacityProvider {
    /// A new one from the body of a CreateCapacityProvider request.
    pub(crate) fn new(region: &Region, name: &str, body: &Object, now: Instant) -> Self {
        let mut provider = Self {
            arn: arn_of(region, name),
            state: "Pending".to_owned(),
            transition: Some((Due::after(region.settings.create_settle, now), Goal::Created)),
            config: MEMBERS.iter().map(|(member, default)| ((*member).to_owned(), default(name))).collect(),
            last_modified: String::new(),
            tags: tags::of(body),
        };
        if let Some(key) = body.get("KmsKeyArn") {
            provider.config.insert("KmsKeyArn".into(), key.clone());
        }
        provider.apply(body);
        provider
    }

    /// Replaces each member that is sent; what a member lacks is the default's.
    pub(crate) fn apply(&mut self, sent: &Object) {
        let name = self.arn.rsplit(':').next().unwrap_or_default().to_owned();
        for (member, default) in MEMBERS {
            let Some(value) = sent.get(member) else { continue };
            let mut whole = default(&name);
            fill(&mut whole, value);
            self.config.insert(member.to_owned(), whole);
        }
        self.last_modified = now_text();
    }

    /// Applies what can be changed, which AWS then works on.
    pub(crate) fn change(&mut self, sent: &Object, delay: SettleDelay, now: Instant) {
        let changeable = |(name, _): &(&String, &Value)| CHANGEABLE.contains(&name.as_str());
        let changes = sent.iter().filter(changeable);
        self.apply(&changes.map(|(name, value)| (name.clone(), value.clone())).collect());
        self.begin("Pending", delay, Goal::Active, now);
    }

    /// AWS has begun to delete it.
    pub(crate) fn begin_deletion(&mut self, delay: SettleDelay, now: Instant) {
        self.begin("Deleting", delay, Goal::Gone, now);
    }

    fn begin(&mut self, state: &str, delay: SettleDelay, goal: Goal, now: Instant) {
        state.clone_into(&mut self.state);
        self.transition = Some((Due::after(delay, now), goal));
    }

    /// Somebody else sets the state. Nothing follows from it.
    pub(crate) fn force_state(&mut self, state: &str) {
        self.transition = None;
        state.clone_into(&mut self.state);
    }

    /// Settles now; false if nothing is left of it. `fails`: creations fail.
    fn settle(&mut self, fails: bool) -> bool {
        match self.transition.take() {
            Some((_, Goal::Created)) if fails => "Failed".clone_into(&mut self.state),
            Some((_, Goal::Created | Goal::Active)) => "Active".clone_into(&mut self.state),
            Some((_, Goal::Gone)) => return false,
            None => {}
        }
        true
    }

    fn tick(&mut self, access: Access, now: Instant, fails: bool) -> bool {
        let reached = self.transition.as_mut().is_some_and(|(due, _)| due.reached(access, now));
        !reached || self.settle(fails)
    }

    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.config.clone();
        shown.insert("CapacityProviderArn".into(), self.arn.clone().into());
        shown.insert("State".into(), self.state.clone().into());
        shown.insert("LastModified".into(), self.last_modified.clone().into());
        Value::Object(shown)
    }
}

/// Puts what is sent over the default, member by member.
fn fill(whole: &mut Value, sent: &Value) {
    match (whole, sent) {
        (Value::Object(whole), Value::Object(sent)) => {
            for (name, value) in sent {
                fill(whole.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (whole, sent) => *whole = sent.clone(),
    }
}

/// The capacity providers of one account and region, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct CapacityProviders(BTreeMap<String, CapacityProvider>);

impl CapacityProviders {
    /// The provider, with what was due settled.
    pub(crate) fn get(
        &mut self,
        name: &str,
        access: Access,
        now: Instant,
        fails: bool,
    ) -> Option<&mut CapacityProvider> {
        if self.0.get_mut(name).is_some_and(|provider| !provider.tick(access, now, fails)) {
            self.0.remove(name);
        }
        self.0.get_mut(name)
    }

    /// All of them, for a list.
    pub(crate) fn all(
        &mut self,
        now: Instant,
        fails: bool,
    ) -> impl Iterator<Item = (&String, &CapacityProvider)> {
        self.0.retain(|_, provider| provider.tick(Access::Other, now, fails));
        self.0.iter()
    }

    /// Settles one, or all, now.
    pub(crate) fn settle(&mut self, only: Option<&str>, fails: bool) {
        self.0.retain(|name, provider| only.is_some_and(|only| only != name) || provider.settle(fails));
    }

    pub(crate) fn insert(&mut self, name: &str, provider: CapacityProvider) {
        self.0.insert(name.to_owned(), provider);
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }
}

pub(crate) fn arn_of(region: &Region, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:capacity-provider:{name}", region.name, region.account)
}

/// The versions of functions that a provider runs, as ListFunctionVersionsByCapacityProvider shows them, by ARN. What
/// isn't published runs nowhere.
pub(crate) fn users(region: &Region, provider: &str) -> BTreeMap<String, Value> {
    let mut users = BTreeMap::new();
    for function in region.functions.values() {
        for version in &function.published {
            let config = version.config.get("CapacityProviderConfig");
            let managed =
                config.and_then(|config| config.get("LambdaManagedInstancesCapacityProviderConfig"));
            if managed.and_then(|managed| managed.get("CapacityProviderArn")) == Some(&provider.into()) {
                let arn = function.qualified_arn(Some(&version.number));
                let state = version.lifecycle.state.value.clone();
                users.insert(arn.clone(), json!({"FunctionArn": arn, "State": state}));
            }
        }
    }
    users
}
