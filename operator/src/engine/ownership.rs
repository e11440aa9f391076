//! Who owns an AWS resource: two tags that every taggable resource of the operator carries.

use std::collections::BTreeMap;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, CommonStatus, DeletionPolicy};
use sha2::{Digest, Sha256};

use crate::engine::verdict::{Recheck, Verdict};
use crate::k8s::events::Note;
use crate::text::sentence;

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

    /// The two tags as people write them.
    pub fn shown(&self) -> String {
        let tags = self.tags().into_iter().map(|(key, value)| format!("{key}={value}"));
        tags.collect::<Vec<_>>().join(" and ")
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

/// A resource that may belong to an object.
#[derive(Clone, Copy, Debug)]
pub struct Estate<'a> {
    /// Its ARN, for texts.
    pub arn: &'a str,
    /// Its tags, or AWS's text on why they can't be read.
    pub tags: Result<&'a BTreeMap<String, String>, &'a str>,
    /// Whether the object had it before.
    pub had: bool,
}

impl<'a> Estate<'a> {
    /// The resource of an object with this status.
    pub fn of(
        arn: &'a str,
        tags: &'a Result<BTreeMap<String, String>, String>,
        status: &CommonStatus,
    ) -> Self {
        Self { arn, tags: tags.as_ref().map_err(String::as_str), had: status.origin.is_some() }
    }
}

/// What an object that is to exist may do with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Title {
    /// It is the object's.
    Held,
    /// It may be taken over, by putting the owner's tags on it.
    Take(BTreeMap<String, String>),
    /// Hands off.
    Refused(Verdict),
}

/// What an object that is being deleted does with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Deletes it.
    Delete,
    /// Leaves it, and takes these tags off.
    Disown(Vec<String>),
    /// Leaves it as it is.
    Release(Option<Note>),
    /// Can't tell whose it is.
    Denied(String),
}

impl Estate<'_> {
    /// Whether the object may work on the resource.
    pub fn title(&self, owner: &Owner, adopt: AdoptPolicy) -> Title {
        let arn = self.arn;
        let tags = match self.tags {
            Ok(tags) => tags,
            Err(_) if self.had => return Title::Held,
            Err(text) => {
                let text = format!(
                    "the tags of {arn} can't be read, so its owner can't be told: {} Grant the operator's role lambda:ListTags.",
                    sentence(text)
                );
                return Title::Refused(Verdict::Problem(Reason::AccessDenied, text, Recheck::Slow));
            }
        };
        let conflict =
            |text: String| Title::Refused(Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow));
        match owner.judge(tags) {
            Claim::Ours => Title::Held,
            Claim::Predecessor => Title::Take(owner.tags()),
            Claim::Unowned | Claim::Foreign(_) if adopt == AdoptPolicy::Force => Title::Take(owner.tags()),
            Claim::Unowned if adopt == AdoptPolicy::Unowned && !self.had => Title::Take(owner.tags()),
            Claim::Unowned if self.had => conflict(format!(
                "the tag {OWNER_TAG} has vanished from {arn}, which this object had. Nothing is changed. Put the tags {} \
                 back, or set spec.adopt to Force to take it over again.",
                owner.shown()
            )),
            Claim::Unowned => conflict(format!(
                "{arn} exists already and carries no ownership tag. Set spec.adopt to Unowned to take it over, or choose \
                 another name in a new object."
            )),
            Claim::Foreign(whose) => conflict(format!(
                "{arn} belongs to {whose}. Choose another name, or set spec.adopt to Force to take it over."
            )),
        }
    }

    /// What is left to do before the object may go.
    pub fn leave(&self, owner: &Owner, policy: DeletionPolicy) -> Leave {
        let arn = self.arn;
        let claim = match self.tags {
            Ok(tags) => owner.judge(tags),
            Err(text) => {
                return Leave::Denied(format!(
                    "the tags of {arn} can't be read, so its owner can't be told and it is not deleted: {} Grant the \
                     operator's role lambda:ListTags.",
                    sentence(text)
                ));
            }
        };
        let ours = matches!(claim, Claim::Ours | Claim::Predecessor);
        match policy {
            DeletionPolicy::Delete if ours => Leave::Delete,
            DeletionPolicy::Retain if ours => {
                Leave::Disown(vec![OWNER_TAG.to_owned(), OBJECT_TAG.to_owned()])
            }
            DeletionPolicy::Retain => Leave::Release(None),
            DeletionPolicy::Delete => Leave::Release(self.left_alone(&claim)),
        }
    }

    fn left_alone(&self, claim: &Claim) -> Option<Note> {
        let whose = match claim {
            Claim::Foreign(owner) => format!("it now belongs to {owner}"),
            _ => "its ownership tag has vanished".to_owned(),
        };
        let text = format!("{} is left in AWS: {whose}. Delete it there if nobody needs it.", self.arn);
        // What this object never had is no news.
        self.had.then(|| Note::warning("LeftInAWS", "Delete", text))
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

    fn estate(tags: &BTreeMap<String, String>, had: bool) -> Estate<'_> {
        Estate { arn: "arn:x", tags: Ok(tags), had }
    }

    #[test]
    fn what_may_be_taken_over_depends_on_whose_it_is() {
        let foreign = Owner::new("elsewhere", "uid-9", "a", "b").tags();
        let before = Owner::new("cluster", "uid-0", "shop", "hello").tags();
        let (ours, none) = (me().tags(), BTreeMap::new());
        let title = |tags, had, adopt| match estate(tags, had).title(&me(), adopt) {
            Title::Held => "held",
            Title::Take(tags) if tags == me().tags() => "take",
            Title::Take(_) => "take with the wrong tags",
            Title::Refused(verdict) => verdict.reason().as_str(),
        };
        let (never, unowned, force) = (AdoptPolicy::Never, AdoptPolicy::Unowned, AdoptPolicy::Force);
        for (tags, had, adopt, expected) in [
            (&ours, false, never, "held"),
            (&before, false, never, "take"),
            (&none, false, never, "OwnershipConflict"),
            (&none, false, unowned, "take"),
            (&none, true, unowned, "OwnershipConflict"),
            (&none, true, force, "take"),
            (&foreign, false, unowned, "OwnershipConflict"),
            (&foreign, true, force, "take"),
        ] {
            assert_eq!(title(tags, had, adopt), expected, "{tags:?} had {had} {adopt:?}");
        }
        let unread = Estate { arn: "arn:x", tags: Err("denied"), had: false };
        assert!(
            matches!(unread.title(&me(), never), Title::Refused(v) if v.reason() == Reason::AccessDenied)
        );
        assert_eq!(Estate { had: true, ..unread }.title(&me(), never), Title::Held);
    }

    #[test]
    fn what_goes_with_the_object_is_what_is_its_own() {
        let foreign = Owner::new("elsewhere", "uid-9", "a", "b").tags();
        let (ours, untagged) = (me().tags(), BTreeMap::new());
        let leave = |tags, had, policy| estate(tags, had).leave(&me(), policy);
        assert_eq!(leave(&ours, true, DeletionPolicy::Delete), Leave::Delete);
        assert!(matches!(leave(&ours, true, DeletionPolicy::Retain), Leave::Disown(keys) if keys.len() == 2));
        assert_eq!(leave(&untagged, true, DeletionPolicy::Retain), Leave::Release(None));
        assert_eq!(leave(&foreign, false, DeletionPolicy::Delete), Leave::Release(None));
        for tags in [&untagged, &foreign] {
            let decision = leave(tags, true, DeletionPolicy::Delete);
            assert!(matches!(decision, Leave::Release(Some(note)) if note.reason == "LeftInAWS"));
        }
        let unreadable = Estate { arn: "arn:x", tags: Err("denied"), had: true };
        assert!(matches!(unreadable.leave(&me(), DeletionPolicy::Delete), Leave::Denied(_)));
    }

    #[test]
    fn a_long_name_is_hashed_to_fit_a_tag() {
        let long = Owner::new("cluster", "uid", &"n".repeat(63), &"x".repeat(253));
        assert_eq!(long.object.len(), 64);
        assert_eq!(long.judge(&long.tags()), Claim::Ours);
    }
}
