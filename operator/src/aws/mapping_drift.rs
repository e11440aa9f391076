//! What counts as a change that somebody else made to a mapping: what the spec says of it against what the list shows.
//! Pure but for the calls of the sweep; `inventory` remembers the one, `sweep` fetches the other.

use super::call::Scope;
use super::error::AwsError;
use super::inventory::{Inventory, Listed, Page, Tracked};
use super::mapping::PAGE;
use super::quota::Priority;
use crate::mapping::compare;
use crate::mapping::desired::Desired;
use crate::mapping::model::{Filters, Observed};
use crate::mapping::state::problem_of;

/// The event source mappings of an account and region.
#[derive(Debug)]
pub struct Mappings;

/// What a settled mapping looked like. AWS has no change token for mappings, so the list is compared with the spec itself,
/// which also holds after a restart, without a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingExpectation {
    desired: Desired,
    /// `Enabled` or `Disabled`.
    state: String,
    /// Whether the last batch couldn't be processed.
    problem: bool,
    /// Where it differs nevertheless, because it is only observed.
    differs: Vec<String>,
}

impl MappingExpectation {
    /// Of a mapping that was read.
    pub fn of(desired: Desired, observed: &Observed) -> Self {
        let differs = compare(&desired, &as_listed(observed)).paths(&desired);
        let problem = problem_of(observed.last_result.as_deref()).is_some();
        Self { desired, state: observed.state.clone(), problem, differs }
    }

    /// Of a mapping that the status speaks of.
    pub fn stored(desired: Desired, state: String, problem: bool) -> Self {
        Self { desired, state, problem, differs: Vec::new() }
    }
}

/// Lists don't show encrypted filters.
fn as_listed(observed: &Observed) -> Observed {
    let mut shown = observed.clone();
    if !shown.configuration.kms_key_arn.is_empty() {
        shown.configuration.filters = Filters::Unknown;
    }
    shown
}

impl Tracked for Mappings {
    type Observed = Observed;
    type Expectation = MappingExpectation;

    const LISTED: Listed = Listed::Mapping;
    const PAGE: i32 = PAGE;

    fn inventory(scope: &Scope) -> &Inventory<Self> {
        scope.mappings()
    }

    fn differs(expected: &MappingExpectation, observed: &Observed) -> bool {
        let MappingExpectation { desired, state, problem, differs } = expected;
        *state != observed.state
            || *problem != problem_of(observed.last_result.as_deref()).is_some()
            || *differs != compare(desired, &as_listed(observed)).paths(desired)
    }

    async fn list(scope: &Scope, marker: Option<String>) -> Result<Page<Observed>, AwsError> {
        scope.list_mappings(marker, Priority::Drift).await
    }

    async fn read(scope: &Scope, name: &str) -> Result<Option<Observed>, AwsError> {
        scope.get_mapping(name, Priority::Drift).await
    }
}
