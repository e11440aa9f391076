//! What counts as a change that somebody else made: what a settled function looked like against what AWS says now (for
//! mappings see `mapping_drift`). Pure; `inventory` remembers the one, `sweep` fetches the other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::call::Scope;
use super::error::AwsError;
use super::function::PAGE;
use super::inventory::{Inventory, Listed, Page, Tracked};
use super::quota::Priority;
use crate::function::model::{Configuration, Environment, Live, Observed};

/// The functions of an account and region.
#[derive(Debug)]
pub struct Functions;

impl Tracked for Functions {
    type Observed = Observed;
    type Expectation = Expectation;

    const LISTED: Listed = Listed::Function;
    const PAGE: i32 = PAGE;

    fn inventory(scope: &Scope) -> &Inventory<Self> {
        scope.inventory()
    }

    fn differs(expected: &Expectation, observed: &Observed) -> bool {
        differs(expected, observed)
    }

    async fn list(scope: &Scope, marker: Option<String>) -> Result<Page<Observed>, AwsError> {
        scope.list_functions(marker, Priority::Drift).await
    }

    async fn read(scope: &Scope, name: &str) -> Result<Option<Observed>, AwsError> {
        scope.get_function(name, Priority::Drift).await
    }
}

/// What a settled function looked like when the engine last read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// AWS's change token.
    pub revision_id: String,
    /// Hash of the package.
    pub code_sha256: String,
    /// [`configuration_hash`] of the configuration; `None` compares by the revision alone.
    pub configuration_hash: Option<u64>,
    /// Reserved concurrency, which only GetFunction shows and which, other than tags and code, may change without a
    /// new revision; `None` doesn't compare it.
    pub reserved_concurrency: Option<i32>,
}

/// A hash of a configuration. It holds for this process only: it is neither stable between versions, nor may it be
/// stored, because variables can come from Secrets.
pub fn configuration_hash(configuration: &Configuration) -> u64 {
    let mut hasher = DefaultHasher::new();
    configuration.hash(&mut hasher);
    hasher.finish()
}

/// Why a resource is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// AWS has something else than expected.
    Changed,
    /// AWS doesn't list it. That alone isn't proof that it is gone: a 404 to a read of it is.
    Vanished,
}

/// A resource that isn't as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The resource's name, of a mapping its UUID.
    pub name: String,
    /// In which way.
    pub why: Why,
}

/// The resources of this listing that aren't as somebody expects, each once, by name.
pub fn compare<'a, T: Tracked>(
    expectations: impl Iterator<Item = (&'a str, &'a T::Expectation)>,
    listing: &BTreeMap<String, T::Observed>,
) -> Vec<Difference> {
    let check = |(name, expected): (&str, &T::Expectation)| {
        let why = match listing.get(name) {
            None => Why::Vanished,
            Some(observed) if T::differs(expected, observed) => Why::Changed,
            Some(_) => return None,
        };
        Some((name.to_owned(), why))
    };
    let by_name: BTreeMap<String, Why> = expectations.filter_map(check).collect();
    by_name.into_iter().map(|(name, why)| Difference { name, why }).collect()
}

/// Whether AWS has something else than expected. What AWS can't show isn't compared.
pub fn differs(expected: &Expectation, observed: &Observed) -> bool {
    let Expectation { revision_id, code_sha256, configuration_hash: hash, reserved_concurrency } = expected;
    let known = matches!(observed.configuration.environment, Environment::Known(_));
    *revision_id != observed.revision_id
        || *code_sha256 != observed.code_sha256
        || hash.is_some_and(|hash| known && hash != configuration_hash(&observed.configuration))
        || observed.live.as_ref().is_some_and(|observed| {
            !settled(observed) || concurrency_differs(*reserved_concurrency, observed)
        })
}

fn settled(live: &Live) -> bool {
    matches!(live.state.as_str(), "Active" | "ActiveNonInvocable" | "Inactive" | "Deactivated")
        && live.last_update_status.as_deref().is_none_or(|status| status == "Successful")
}

fn concurrency_differs(expected: Option<i32>, observed: &Live) -> bool {
    expected.is_some() && expected != observed.reserved_concurrency
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::aws::function_answer::listed;

    pub(in crate::aws) fn observed(revision: &str) -> Observed {
        let c = aws_sdk_lambda::types::FunctionConfiguration::builder().function_name("f").role("r");
        listed(c.revision_id(revision).code_sha256("sha").build())
    }

    pub(in crate::aws) fn live(observed: Observed) -> Observed {
        let live = Live {
            state: "Active".to_owned(),
            state_reason: None,
            state_reason_code: None,
            last_update_status: Some("Successful".to_owned()),
            last_update_status_reason: None,
            last_update_status_reason_code: None,
            tags: Ok(BTreeMap::from([("team".to_owned(), "blue".to_owned())])),
            reserved_concurrency: Some(5),
            image_uri: None,
            resolved_image_uri: Some("app@sha256:1".to_owned()),
            source_kms_key_arn: String::new(),
            resolved_s3_object: None,
        };
        Observed { live: Some(live), ..observed }
    }

    pub(in crate::aws) fn expectation() -> Expectation {
        let Observed { configuration, .. } = observed("1");
        Expectation {
            revision_id: "1".to_owned(),
            code_sha256: "sha".to_owned(),
            configuration_hash: Some(configuration_hash(&configuration)),
            reserved_concurrency: Some(5),
        }
    }

    #[test]
    fn what_is_as_expected_wakes_nobody() {
        assert!(!differs(&expectation(), &observed("1")));
        assert!(!differs(&expectation(), &live(observed("1"))));
    }

    #[test]
    fn each_difference_is_noticed() {
        let changes: &[fn(&mut Observed)] = &[
            |o| o.revision_id = "2".to_owned(),
            |o| o.code_sha256 = "other".to_owned(),
            |o| o.configuration.timeout += 1,
            |o| o.live.as_mut().unwrap().state = "Pending".to_owned(),
            |o| o.live.as_mut().unwrap().last_update_status = Some("InProgress".to_owned()),
            |o| o.live.as_mut().unwrap().last_update_status = Some("Failed".to_owned()),
            |o| o.live.as_mut().unwrap().reserved_concurrency = None,
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = live(observed("1"));
            change(&mut other);
            assert!(differs(&expectation(), &other), "change {n}");
        }
    }

    #[test]
    fn what_aws_does_not_show_is_no_difference() {
        let changes: &[fn(&mut Observed)] = &[
            |o| o.configuration.environment = Environment::Unknown("no access".to_owned()),
            |o| o.live.as_mut().unwrap().tags = Err("no access".to_owned()),
            |o| o.live.as_mut().unwrap().state = "Inactive".to_owned(),
            |o| o.live.as_mut().unwrap().state = "ActiveNonInvocable".to_owned(),
            |o| o.live.as_mut().unwrap().state = "Deactivated".to_owned(),
            |o| o.live.as_mut().unwrap().last_update_status = None,
            |o| {
                let tags = o.live.as_mut().unwrap().tags.as_mut().unwrap();
                tags.insert("aws:cloudformation:stack-name".to_owned(), "s".to_owned());
            },
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = live(observed("1"));
            change(&mut other);
            assert!(!differs(&expectation(), &other), "change {n}");
        }
    }

    #[test]
    fn a_sweep_finds_the_changed_and_the_vanished() {
        let expected = expectation();
        let expectations = ["a", "b", "c", "c"].map(|name| (name, &expected)).into_iter();
        let listing = BTreeMap::from([("a".to_owned(), observed("1")), ("b".to_owned(), observed("2"))]);
        let differences: Vec<_> =
            compare::<Functions>(expectations, &listing).into_iter().map(|d| (d.name, d.why)).collect();
        assert_eq!(differences, [("b".to_owned(), Why::Changed), ("c".to_owned(), Why::Vanished)]);
    }
}
