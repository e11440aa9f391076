//! Who owns an AWS resource: two tags that every taggable resource of the operator carries.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Tag that holds `<cluster id>/<object uid>`.
pub const OWNER_TAG: &str = "lambda-operator.io/owner";
/// Tag that holds `<namespace>/<name>`, or its SHA-256 in hex when that is over 256 characters.
pub const OBJECT_TAG: &str = "lambda-operator.io/object";

/// The longest tag value that AWS takes.
const LONGEST_TAG_VALUE: usize = 256;

/// An object as the owner of an AWS resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Which cluster.
    pub cluster_id: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `<namespace>/<name>`, or its hash.
    pub object: String,
}

/// What the tags of a resource say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It belongs to this very object.
    Ours,
    /// It belonged to an object of this name in this cluster that is gone: ours, to be tagged anew.
    Predecessor,
    /// No ownership tag.
    Unowned,
    /// It belongs to somebody else; the text says to whom.
    Foreign(String),
}

impl Owner {
    /// The owner for an object.
    pub fn new(cluster_id: &str, uid: &str, namespace: &str, name: &str) -> Self {
        let mut object = format!("{namespace}/{name}");
        if object.len() > LONGEST_TAG_VALUE {
            object = hex(&Sha256::digest(object.as_bytes()));
        }
        Self { cluster_id: cluster_id.to_owned(), uid: uid.to_owned(), object }
    }

    /// The two tags.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (OWNER_TAG.to_owned(), format!("{}/{}", self.cluster_id, self.uid)),
            (OBJECT_TAG.to_owned(), self.object.clone()),
        ])
    }

    /// Whose resource carries these tags.
    pub fn judge(&self, tags: &BTreeMap<String, String>) -> Claim {
        let Some(owner) = tags.get(OWNER_TAG) else { return Claim::Unowned };
        let object = tags.get(OBJECT_TAG).map_or("", String::as_str);
        match owner.split_once('/') {
            Some((cluster, uid)) if cluster == self.cluster_id && uid == self.uid => Claim::Ours,
            Some((cluster, _)) if cluster == self.cluster_id && object == self.object => Claim::Predecessor,
            Some((cluster, _)) if cluster == self.cluster_id => {
                Claim::Foreign(format!("the object {object} of this cluster"))
            }
            _ => Claim::Foreign(format!("the object {object} of another cluster (owner {owner})")),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Owner {
        Owner::new("cluster", "uid-1", "shop", "hello")
    }

    #[test]
    fn own_tags_are_ours() {
        assert_eq!(me().judge(&me().tags()), Claim::Ours);
    }

    #[test]
    fn a_dead_object_of_the_same_name_is_a_predecessor() {
        let before = Owner::new("cluster", "uid-0", "shop", "hello");
        assert_eq!(me().judge(&before.tags()), Claim::Predecessor);
    }

    #[test]
    fn another_object_or_cluster_is_foreign_and_named() {
        let other = Owner::new("cluster", "uid-2", "shop", "other");
        assert_eq!(me().judge(&other.tags()), Claim::Foreign("the object shop/other of this cluster".into()));
        let elsewhere = Owner::new("elsewhere", "uid-1", "shop", "hello");
        assert!(
            matches!(me().judge(&elsewhere.tags()), Claim::Foreign(text) if text.contains("another cluster"))
        );
    }

    #[test]
    fn other_tags_do_not_own() {
        assert_eq!(me().judge(&BTreeMap::from([("team".into(), "a".into())])), Claim::Unowned);
    }

    #[test]
    fn a_long_name_is_hashed_to_fit_a_tag() {
        let long = Owner::new("cluster", "uid", &"n".repeat(63), &"x".repeat(253));
        assert_eq!(long.object.len(), 64);
        assert_eq!(long.judge(&long.tags()), Claim::Ours);
    }
}
