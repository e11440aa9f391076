//! What the operator would do for an object, without doing it: the same observe → plan as in a visit, with each change
//! foreseen instead of made, until nothing is left to do. Reads go to AWS, writes don't.

use std::fmt;
use std::sync::Arc;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, ManagementPolicy};
use serde::Serialize;
use serde_json::Value;

use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::kind::{Facts, Inputs, Kind, Report};
use crate::engine::ownership::Owner;
use crate::engine::pass::elsewhere;
use crate::engine::source::unsupplied;
use crate::engine::verdict::{self, Plan, Recheck, Verdict};
use crate::source::partition;
use crate::text::sentence;

/// More rounds than any plan needs that comes to an end.
const ROUNDS: usize = 20;

/// What is not known before AWS has done it.
pub const LATER: &str = "(known after it is applied)";

/// A kind whose changes can be foreseen. Pure.
pub trait Foresee: Kind {
    /// What AWS has once it has taken the change and is done with it. `None`: nothing any more. The id is what is known
    /// of it; a creation may have none.
    fn foresee(
        id: Option<&Self::Id>,
        action: &Self::Action,
        observed: Option<&Self::Observed>,
        place: &Place,
    ) -> Option<Self::Observed>;

    /// What AWS has, in the words of a spec.
    fn view(observed: &Self::Observed) -> Value;

    /// Whether the action changes nothing but who owns the resource.
    fn takes_over(action: &Self::Action) -> bool;

    /// Whether the action only asks AWS for more.
    fn asks(action: &Self::Action) -> bool {
        Self::looks(action)
    }

    /// What to look for in AWS where only a refused creation would tell that there is something.
    fn likeness(_desired: &Self::Desired) -> Option<Self::Id> {
        None
    }

    /// Takes in what is foreseen of the objects that the spec refers to, where AWS would show it.
    fn anticipate(_observed: &mut Self::Observed, _object: &Self::Object, _inputs: &Inputs) {}
}

/// A spec as [`Foresee::view`] answers it.
pub fn view_of(spec: &impl Serialize) -> Value {
    serde_json::to_value(spec).unwrap_or_default()
}

/// Where resources are made.
#[derive(Clone, Debug)]
pub struct Place {
    /// The account's id.
    pub account: String,
    /// The region.
    pub region: String,
}

impl Place {
    /// Where a scope leads.
    pub fn of(scope: &Scope) -> Self {
        Self { account: scope.account().to_owned(), region: scope.region().to_owned() }
    }

    /// The ARN of a resource of Lambda's, such as `function:hello`.
    pub fn arn(&self, resource: impl fmt::Display) -> String {
        let Self { account, region } = self;
        format!("arn:{}:lambda:{region}:{account}:{resource}", partition(region))
    }
}

/// What is to come.
pub struct Forecast<S> {
    /// What AWS has now; `None`: nothing.
    pub before: Option<Value>,
    /// What it has afterwards.
    pub after: Option<Value>,
    /// The changes in their order, as the operator's log names them.
    pub actions: Vec<String>,
    /// Paths in which AWS differs from the spec.
    pub differs: Vec<String>,
    /// What couldn't be looked at.
    pub unsure: Option<String>,
    /// Nothing changes but who owns the resource.
    pub only_takes_over: bool,
    /// How it then stands.
    pub verdict: Verdict,
    /// The status that says so.
    pub status: S,
}

/// Foresees what a visit comes to.
///
/// # Errors
/// What AWS answered to a read.
pub async fn forecast<K: Foresee>(
    scope: &Arc<Scope>,
    object: &K::Object,
    owner: &Owner,
    adopt: AdoptPolicy,
    inputs: &Inputs,
    mut desired: K::Desired,
) -> Result<Forecast<K::Status>, AwsError> {
    let mut status = K::status(object);
    let common = K::common_status_mut(&mut status);
    if let Some(verdict) = elsewhere((common.account.as_deref(), common.region.as_deref()), scope) {
        return Ok(Forecast::stands(verdict, status));
    }
    let place = Place::of(scope);
    common.account = Some(place.account.clone());
    common.region = Some(place.region.clone());
    let common = K::common(object);
    let observe_only = common.management_policy() == ManagementPolicy::Observe;
    let Looked { missing, unsure } = take_in_source::<K>(scope, object, &status, &mut desired).await;
    let desired = &desired;
    let mut observed = observe::<K>(scope, object, &status, desired, owner).await?;
    if let Some(observed) = &mut observed {
        K::anticipate(observed, object, inputs);
    }
    let exists = observed.is_some();
    let before = observed.as_ref().map(K::view);
    let (mut actions, mut differs, mut only_takes_over) = (Vec::new(), Vec::new(), true);
    for _ in 0..ROUNDS {
        if let Some(observed) = &observed {
            K::recover(observed, owner, &mut status);
            K::common_status_mut(&mut status).pending = None;
        }
        let known = status.clone();
        let facts = Facts::of_a_change(owner, adopt, common, &known);
        let mut plan = K::plan(desired, observed.as_ref(), &facts);
        if observe_only {
            plan.actions.retain(K::looks);
        }
        if let Some(verdict) = missing.as_ref().and_then(|missing| unsupplied::<K>(missing, &plan)) {
            plan = Plan { differs: plan.differs, ..Plan::rest(verdict) };
        }
        let new = plan.differs.iter().filter(|path| !differs.contains(*path)).cloned();
        differs.extend(new.collect::<Vec<_>>());
        if plan.actions.is_empty() {
            let settled = matches!(plan.verdict, Verdict::Settled(..));
            let differs_then: &[String] = if observe_only { &differs } else { &[] };
            let report = Report {
                desired: Some(desired),
                observed: observed.as_ref(),
                differs: differs_then,
                settled,
                owner,
                observe_only,
            };
            K::report(&report, &mut status);
            let after = observed.as_ref().map(K::view);
            let verdict = plan.verdict;
            // What was read on the way was there before.
            let before = if actions.is_empty() { after.clone() } else { before };
            return Ok(Forecast {
                before,
                after,
                actions,
                differs,
                unsure,
                only_takes_over,
                verdict,
                status,
            });
        }
        for action in plan.actions {
            let id = K::id(object, &status, Some(desired));
            if K::asks(&action) && exists {
                let effect =
                    K::execute(scope, id.as_ref(), &action, observed.as_ref(), Priority::User).await?;
                if effect.observed.is_some() {
                    observed = effect.observed;
                }
                break;
            }
            K::prepare(&action, &mut status);
            observed = K::foresee(id.as_ref(), &action, observed.as_ref(), &place);
            K::record(&action, observed.as_ref(), &mut status);
            if !K::asks(&action) {
                only_takes_over &= K::takes_over(&action);
                actions.push(format!("{action:?}"));
            }
        }
    }
    let text = "the operator would go on changing this without an end; please report it".to_owned();
    let verdict = Verdict::Problem(Reason::InvalidSpec, text, Recheck::OnChange);
    Ok(Forecast { before, actions, differs, unsure, ..Forecast::stands(verdict, status) })
}

impl<S> Forecast<S> {
    /// Nothing changes, for this reason.
    pub fn stands(verdict: Verdict, status: S) -> Self {
        Self {
            before: None,
            after: None,
            actions: Vec::new(),
            differs: Vec::new(),
            unsure: None,
            only_takes_over: false,
            verdict,
            status,
        }
    }
}

/// What AWS has, also where the operator would only learn it from a creation that is refused.
async fn observe<K: Foresee>(
    scope: &Scope,
    object: &K::Object,
    status: &K::Status,
    desired: &K::Desired,
    owner: &Owner,
) -> Result<Option<K::Observed>, AwsError> {
    let read = match K::id(object, status, Some(desired)).or_else(|| K::likeness(desired)) {
        Some(id) => K::observe(scope, &id, Priority::User).await,
        None => K::search(scope, object, status, owner, Priority::User).await,
    };
    match read {
        // What it hangs on isn't there yet.
        Err(error) if error.class == Class::Gone || error.class == Class::DependencyMissing => Ok(None),
        read => read,
    }
}

/// What a look at a source came to.
#[derive(Default)]
struct Looked {
    /// There is none, in a sentence without its end.
    missing: Option<String>,
    /// Why nobody could look.
    unsure: Option<String>,
}

/// Completes what is wanted with what its source is.
async fn take_in_source<K: Foresee>(
    scope: &Scope,
    object: &K::Object,
    status: &K::Status,
    desired: &mut K::Desired,
) -> Looked {
    let Some(source) = K::source(object, status) else { return Looked::default() };
    let look = scope.look_at(&source).await;
    // What nobody can look at counts as what it was when it was deployed.
    let known = || K::made_from(status).and_then(|deployed| source.recall(deployed));
    if let Some(found) = look.as_ref().ok().cloned().or_else(known) {
        K::resolve(desired, &source, &found);
    }
    match look {
        Ok(_) => Looked::default(),
        Err(error) if error.class == Class::DependencyMissing => {
            Looked { missing: Some(error.message), unsure: None }
        }
        Err(error) => {
            let why = sentence(&verdict::text_of(&error));
            let text =
                format!("{source} can't be looked at, so whether there is new code is not known: {why}");
            Looked { missing: None, unsure: Some(text) }
        }
    }
}
