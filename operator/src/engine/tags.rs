//! The tags of a resource: those that others put there are left alone; what the object put there and no longer wants
//! goes. Pure; for every kind that takes tags.

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::TagValue;

use crate::engine::kind::Unready;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The tags that a spec asks for.
///
/// # Errors
/// A key that nobody may set.
pub fn wanted(tags: Option<&BTreeMap<String, TagValue>>) -> Result<Tags, Unready> {
    let tags: Tags = tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    match tags.keys().find(|key| is_reserved(key)) {
        Some(key) => Err(Unready::Invalid(format!(
            "spec.tags: the key {key:?} is reserved (aws: and lambda-operator.io/ can't be set). Rename the tag."
        ))),
        None => Ok(tags),
    }
}

/// Whether a key is AWS's or the operator's own.
pub fn is_reserved(key: &str) -> bool {
    key.starts_with("aws:") || key.starts_with("lambda-operator.io/")
}

/// What is to be changed about the tags of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// Tags to set.
    pub set: Tags,
    /// Keys to remove.
    pub remove: Vec<String>,
}

impl TagChanges {
    /// The spec paths in which the tags differ.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.set.keys().chain(&self.remove).map(|key| format!("tags.{key}"))
    }
}

/// Compares. `managed` are the keys that the object has put there before, `ignored` those that others own.
pub fn changes(wanted: &Tags, observed: &Tags, managed: &[String], ignored: &BTreeSet<String>) -> TagChanges {
    let set = wanted.iter().filter(|(key, value)| observed.get(*key) != Some(value));
    let remove = managed.iter().filter(|key| !wanted.contains_key(*key) && observed.contains_key(*key));
    TagChanges {
        set: set
            .filter(|(key, _)| !ignored.contains(*key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        remove: remove.filter(|key| !ignored.contains(*key)).cloned().collect(),
    }
}

/// The keys that an object answers for once these have been set too.
pub fn managing(managed: &mut Vec<String>, set: &Tags) {
    managed.extend(set.keys().filter(|key| !is_reserved(key)).cloned());
    managed.sort();
    managed.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_differs_is_set_and_only_what_was_ours_is_removed() {
        let wanted = tags(&[("a", "1"), ("b", "2"), ("ci", "x")]);
        let observed = tags(&[("a", "1"), ("b", "old"), ("was-ours", "1"), ("somebody", "1"), ("ci", "y")]);
        let managed = ["was-ours".to_owned(), "gone".to_owned()];
        let found = changes(&wanted, &observed, &managed, &BTreeSet::from(["ci".to_owned()]));
        assert_eq!(found, TagChanges { set: tags(&[("b", "2")]), remove: vec!["was-ours".to_owned()] });
        assert_eq!(found.paths().collect::<Vec<_>>(), ["tags.b", "tags.was-ours"]);
    }

    #[test]
    fn the_owner_tags_are_not_the_users() {
        let mut managed = vec!["b".to_owned()];
        managing(&mut managed, &tags(&[("a", "1"), ("b", "2"), ("lambda-operator.io/owner", "x")]));
        assert_eq!(managed, ["a", "b"]);
    }
}
