//! What the `manifest` of every kind needs: the reverse of `desired`, from what AWS has to the shortest spec that means it.
//! `kubectl lambda import` calls them. Pure.
//!
//! `desired` of what a `manifest` writes is what AWS has: whoever adds a field to the one has to add it to the other, and
//! each destructures without `..`, so that the compiler says so.

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::{AdoptPolicy, Origin, TagValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::kind::{Facts, Inputs, Kind, Unready};
use crate::engine::ownership::Owner;
use crate::engine::tags::{Tags, is_reserved};

/// Paths of what AWS has and no spec can say. They are left to whoever set them (`ignoreDrift`), so that an object that is
/// made of the spec changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsaid(BTreeSet<String>);

impl Unsaid {
    /// One more.
    pub fn add(&mut self, path: impl Into<String>) {
        self.0.insert(path.into());
    }

    /// A word of AWS as an enum of the spec, unless it is the default, or none that the spec knows.
    pub fn word<T>(&mut self, path: &str, word: &str) -> Option<T>
    where
        T: DeserializeOwned + Default + PartialEq,
    {
        self.known(path, word).filter(|value| *value != T::default())
    }

    /// A word of AWS as an enum of the spec that has no default.
    pub fn known<T: DeserializeOwned>(&mut self, path: &str, word: &str) -> Option<T> {
        let value = serde_json::from_value(Value::String(word.to_owned())).ok();
        if value.is_none() {
            self.add(path);
        }
        value
    }

    /// Several words, as [`Self::known`] has one: all of them, or none.
    pub fn all_known<'a, T: DeserializeOwned>(
        &mut self,
        path: &str,
        words: impl IntoIterator<Item = &'a String>,
    ) -> Option<Vec<T>> {
        let values: Option<Vec<T>> = words.into_iter().map(|word| self.known(path, word)).collect();
        values.filter(|values| !values.is_empty())
    }

    /// The paths, after those that are ignored anyway; `None` without any.
    pub fn into_paths(self, ignored: Option<Vec<String>>) -> Option<Vec<String>> {
        let mut paths = ignored.unwrap_or_default();
        paths.extend(self.0);
        (!paths.is_empty()).then_some(paths)
    }
}

/// A value, unless it is what absent means.
pub fn unless<T: PartialEq>(value: T, default: &T) -> Option<T> {
    (value != *default).then_some(value)
}

/// A list, unless it is empty.
pub fn some_of<T>(items: impl IntoIterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.into_iter().collect();
    (!items.is_empty()).then_some(items)
}

/// The tags that a user may set.
pub fn tags(tags: &Tags) -> Option<BTreeMap<String, TagValue>> {
    let own = tags.iter().filter(|(key, _)| !is_reserved(key));
    let own: BTreeMap<_, _> = own.map(|(key, value)| (key.clone(), TagValue(value.clone()))).collect();
    (!own.is_empty()).then_some(own)
}

/// Who owns what the planner sees in [`changes`]. It isn't written anywhere.
pub fn owner() -> Owner {
    Owner::new("manifest", "manifest", "", "manifest")
}

/// What an object would change in AWS once it has taken over a resource; empty: nothing, as it should be with one that is made
/// of its manifest. `observed` carries the tags of [`owner`].
pub fn changes<K: Kind>(object: &K::Object, inputs: &Inputs, observed: &K::Observed) -> Vec<String> {
    let desired = match K::desired(object, inputs) {
        Ok(desired) => desired,
        Err(Unready::Invalid(text) | Unready::Missing(text)) => return vec![text],
    };
    let mut status = K::Status::default();
    K::common_status_mut(&mut status).origin = Some(Origin::Adopted);
    let owner = owner();
    let facts = Facts::of_a_change(&owner, AdoptPolicy::Unowned, K::common(object), &status);
    let plan = K::plan(&desired, Some(observed), &facts);
    if plan.differs.is_empty() {
        return plan.actions.iter().map(|action| format!("{action:?}")).collect();
    }
    plan.differs
}

#[cfg(test)]
mod tests {
    use lambda_operator_crds::{TracingMode, UrlAuthType};

    use super::*;

    #[test]
    fn a_word_that_no_spec_knows_is_left_to_whoever_set_it() {
        let mut unsaid = Unsaid::default();
        assert_eq!(unsaid.word::<TracingMode>("tracingConfig", "PassThrough"), None);
        assert_eq!(unsaid.word("tracingConfig", "Active"), Some(TracingMode::Active));
        assert_eq!(unsaid.known("functionUrl", "NONE"), Some(UrlAuthType::None));
        assert_eq!(unsaid.clone().into_paths(None), None);
        assert_eq!(unsaid.word::<TracingMode>("tracingConfig", "Sampled"), None);
        let words = ["NONE".to_owned(), "EVERYBODY".to_owned()];
        assert_eq!(unsaid.all_known::<UrlAuthType>("functionUrl", &words), None);
        let paths = unsaid.into_paths(Some(vec!["env".into()])).unwrap();
        assert_eq!(paths, ["env", "functionUrl", "tracingConfig"]);
    }

    #[test]
    fn only_tags_that_a_user_may_set_are_written() {
        let of = |keys: &[&str]| tags(&keys.iter().map(|key| ((*key).into(), "x".into())).collect());
        let written = of(&["team", "aws:cloudformation:stack-name", "lambda-operator.io/owner"]).unwrap();
        assert_eq!(written.into_keys().collect::<Vec<_>>(), ["team"]);
        assert_eq!(of(&["aws:x"]), None);
    }
}
