//! Event source mappings: their states, and how they read back. `source` knows the types of event sources, `merge`
//! how a request changes a configuration. State and texts follow what LocalStack recorded of AWS
//! (`TestLambdaEventSourceMappings` in tests/aws/services/lambda_/test_lambda_api.snapshot.json).

pub(crate) mod merge;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

use crate::error::ApiError;
use crate::function::now_seconds;
use crate::lifecycle::{Access, Due};
use crate::request::Object;
use crate::settings::SettleDelay;

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Enabled(bool),
    Gone,
}

/// Who sees a mapping: GetEventSourceMapping and DeleteEventSourceMapping decrypt the filters, the other
/// operations don't (<https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Decrypted,
    Encrypted,
}

/// One mapping.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    pub(crate) arn: String,
    /// The configuration in the shape in which it reads back, without what is kept beside it here.
    pub(crate) config: Object,
    pub(crate) state: String,
    pub(crate) reason: String,
    /// Seconds since 1970, as the API shows them.
    pub(crate) last_modified: f64,
    pub(crate) tags: BTreeMap<String, String>,
    transition: Option<(Due, Goal)>,
}

impl Mapping {
    /// A new mapping. One that isn't to be enabled is Disabled at once.
    pub(crate) fn created(
        uuid: &str,
        arn: String,
        config: Object,
        enabled: bool,
        delay: SettleDelay,
        now: Instant,
    ) -> Self {
        let reason = source::reason_of_user(&config).to_owned();
        let state = if enabled { "Creating" } else { "Disabled" }.to_owned();
        let transition = enabled.then(|| (Due::after(delay, now), Goal::Enabled(true)));
        let (uuid, tags, last_modified) = (uuid.to_owned(), BTreeMap::new(), now_seconds());
        Self { uuid, arn, config, state, reason, last_modified, tags, transition }
    }

    /// An update was accepted, which may say whether the mapping is to be enabled.
    pub(crate) fn updating(&mut self, enabled: Option<bool>, delay: SettleDelay, now: Instant) {
        let was = self.state == "Enabled";
        let goal = enabled.unwrap_or(was);
        let state = match (was, goal) {
            (false, true) => "Enabling",
            (true, false) => "Disabling",
            _ => "Updating",
        };
        self.begin(state, Goal::Enabled(goal), delay, now);
    }

    /// A deletion was accepted.
    pub(crate) fn deleting(&mut self, delay: SettleDelay, now: Instant) {
        self.begin("Deleting", Goal::Gone, delay, now);
    }

    fn begin(&mut self, state: &str, goal: Goal, delay: SettleDelay, now: Instant) {
        self.reason = source::reason_of_user(&self.config).to_owned();
        self.transition = Some((Due::after(delay, now), goal));
        self.set_state(state);
    }

    /// Sets the state, and when that was.
    fn set_state(&mut self, state: &str) {
        state.clone_into(&mut self.state);
        self.last_modified = now_seconds();
    }

    /// Somebody else sets the state. Nothing follows from it.
    pub(crate) fn force_state(&mut self, state: &str) {
        self.transition = None;
        self.set_state(state);
    }

    /// Somebody else changed something, in no time.
    pub(crate) fn modified(&mut self) {
        self.settle();
        self.last_modified = now_seconds();
    }

    /// Settles if it is time; false if nothing is left of the mapping.
    fn tick(&mut self, access: Access, now: Instant) -> bool {
        let reached = self.transition.as_mut().is_some_and(|(due, _)| due.reached(access, now));
        !reached || self.settle()
    }

    /// Settles now; false if nothing is left of the mapping.
    fn settle(&mut self) -> bool {
        match self.transition.take() {
            Some((_, Goal::Enabled(enabled))) => self.set_state(if enabled { "Enabled" } else { "Disabled" }),
            Some((_, Goal::Gone)) => return false,
            None => {}
        }
        true
    }

    /// Refuses a write to a mapping in transition. The verb is the operation's.
    pub(crate) fn check_idle(&self, verb: &str) -> Result<(), ApiError> {
        if ["Enabled", "Disabled"].contains(&self.state.as_str()) {
            return Ok(());
        }
        let text = format!("Cannot {verb} the event source mapping because it is in use.");
        Err(ApiError::new(400, "ResourceInUseException", text))
    }

    pub(crate) fn function_arn(&self) -> &str {
        self.config.get("FunctionArn").and_then(Value::as_str).unwrap_or_default()
    }

    /// The mapping as an operation returns it.
    pub(crate) fn shown(&self, view: View) -> Value {
        let mut shown = self.config.clone();
        shown.insert("UUID".into(), self.uuid.clone().into());
        shown.insert("EventSourceMappingArn".into(), self.arn.clone().into());
        shown.insert("State".into(), self.state.clone().into());
        shown.insert("StateTransitionReason".into(), self.reason.clone().into());
        shown.insert("LastModified".into(), self.last_modified.into());
        let hidden = view == View::Encrypted && shown.contains_key("KMSKeyArn");
        if hidden || shown.contains_key("FilterCriteriaError") {
            shown.insert("FilterCriteria".into(), Value::Null);
        }
        Value::Object(shown)
    }
}

/// The mappings of one account and region, by UUID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mappings(BTreeMap<String, Mapping>);

impl Mappings {
    /// The mapping, with what was due settled.
    pub(crate) fn get(&mut self, uuid: &str, access: Access, now: Instant) -> Option<&mut Mapping> {
        if self.0.get_mut(uuid).is_some_and(|mapping| !mapping.tick(access, now)) {
            self.0.remove(uuid);
        }
        self.0.get_mut(uuid)
    }

    /// All mappings, with what was due settled.
    pub(crate) fn all(&mut self, now: Instant) -> impl Iterator<Item = &mut Mapping> {
        self.0.retain(|_, mapping| mapping.tick(Access::Other, now));
        self.0.values_mut()
    }

    /// All mappings, as a list shows them: with their states.
    pub(crate) fn listed(&mut self, now: Instant) -> impl Iterator<Item = &mut Mapping> {
        for mapping in self.0.values_mut().filter(|mapping| mapping.state != "Deleting") {
            mapping.tick(Access::Read, now);
        }
        self.all(now)
    }

    /// Settles one mapping, or all, now.
    pub(crate) fn settle(&mut self, uuid: Option<&str>) {
        self.0.retain(|key, mapping| uuid.is_some_and(|uuid| uuid != key) || mapping.settle());
    }

    pub(crate) fn insert(&mut self, mapping: Mapping) -> &mut Mapping {
        let uuid = mapping.uuid.clone();
        self.0.entry(uuid).insert_entry(mapping).into_mut()
    }

    pub(crate) fn remove(&mut self, uuid: &str) -> Option<Mapping> {
        self.0.remove(uuid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(enabled: bool, delay: SettleDelay) -> Mapping {
        let mut config = Object::new();
        config.insert("EventSourceArn".into(), json!("arn:aws:sqs:eu-west-1:111122223333:orders"));
        Mapping::created("id", "arn".into(), config, enabled, delay, Instant::now())
    }

    fn read(mapping: &mut Mapping) -> String {
        mapping.tick(Access::Read, Instant::now());
        mapping.state.clone()
    }

    #[test]
    fn a_new_mapping_is_creating_until_it_is_read_unless_it_is_to_be_disabled() {
        let mut enabled = mapping(true, SettleDelay::NEXT_READ);
        assert_eq!((enabled.state.as_str(), enabled.reason.as_str()), ("Creating", "USER_INITIATED"));
        assert_eq!(read(&mut enabled), "Enabled");
        assert_eq!(mapping(false, SettleDelay::NEXT_READ).state, "Disabled");
    }

    #[test]
    fn the_transition_says_what_an_update_asked_for() {
        let mut life = mapping(true, SettleDelay::NEXT_READ);
        read(&mut life);
        for (enabled, during, after) in [
            (None, "Updating", "Enabled"),
            (Some(true), "Updating", "Enabled"),
            (Some(false), "Disabling", "Disabled"),
            (None, "Updating", "Disabled"),
            (Some(true), "Enabling", "Enabled"),
        ] {
            life.updating(enabled, SettleDelay::NEXT_READ, Instant::now());
            assert_eq!(life.state, during);
            assert!(life.check_idle("update").unwrap_err().message.starts_with("Cannot update"));
            assert_eq!(read(&mut life), after);
            life.check_idle("update").unwrap();
        }
    }

    #[test]
    fn a_deleted_mapping_is_gone_at_the_next_read_and_stays_for_lists_until_then() {
        let (mut mappings, now) = (Mappings::default(), Instant::now());
        mappings.insert(mapping(false, SettleDelay::NEXT_READ)).deleting(SettleDelay::Reads(1), now);
        assert_eq!(mappings.all(now).count(), 1);
        assert_eq!(mappings.get("id", Access::Read, now).unwrap().state, "Deleting");
        assert!(mappings.get("id", Access::Read, now).is_none());
        assert_eq!(mappings.all(now).count(), 0);
    }

    #[test]
    fn encrypted_filters_are_shown_to_those_who_may_decrypt_only() {
        let mut encrypted = mapping(true, SettleDelay::NEXT_READ);
        let filters = json!({"Filters": [{"Pattern": "{}"}]});
        encrypted.config.insert("FilterCriteria".into(), filters.clone());
        assert_eq!(encrypted.shown(View::Encrypted)["FilterCriteria"], filters);
        encrypted.config.insert("KMSKeyArn".into(), json!("arn:aws:kms:eu-west-1:111122223333:key/1"));
        assert_eq!(encrypted.shown(View::Encrypted)["FilterCriteria"], Value::Null);
        assert_eq!(encrypted.shown(View::Decrypted)["FilterCriteria"], filters);
    }
}
