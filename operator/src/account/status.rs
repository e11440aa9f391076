//! From what a visit found out to the status of a LambdaAccount: pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use lambda_operator_crds::{AccountLimits, AccountUsage, LambdaAccount, LambdaAccountStatus};

use crate::engine::memory::reconcile_at;
use crate::engine::verdict::Verdict;
use crate::k8s::conditions;

/// What a visit found out.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The account that the credentials are of; `None`: it couldn't be told.
    pub account: Option<String>,
    /// The region, and what AWS said of it; `None`: it wasn't asked or didn't say.
    pub settings: Option<(String, AccountLimits, AccountUsage)>,
    /// How many objects work through it.
    pub used_by: usize,
}

/// The status that follows.
pub fn status(
    object: &LambdaAccount,
    verdict: &Verdict,
    findings: &Findings,
    now: &Time,
) -> LambdaAccountStatus {
    let mut status = object.status.clone().unwrap_or_default();
    let generation = object.meta().generation.unwrap_or_default();
    conditions::summarize(&mut status.conditions, verdict, (generation, now));
    status.observed_generation = generation;
    status.last_handled_reconcile_at = reconcile_at(object);
    status.used_by = i64::try_from(findings.used_by).ok();
    if let Some(account) = &findings.account {
        status.account = Some(account.clone());
    }
    if let Some((region, limits, usage)) = &findings.settings {
        status.region = Some(region.clone());
        status.limits = Some(*limits);
        status.usage = Some(*usage);
    }
    status
}

#[cfg(test)]
mod tests {
    use lambda_operator_crds::conditions::Reason;
    use serde_json::json;

    use super::*;
    use crate::account::desired::tests::account;
    use crate::engine::verdict::Recheck;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn what_was_known_stays_while_aws_says_nothing() {
        let mut object = account(&json!({"metadata": {"generation": 3}}));
        let found = Findings {
            account: Some("444455556666".into()),
            settings: Some(("eu-west-1".into(), AccountLimits::default(), AccountUsage::default())),
            used_by: 2,
        };
        let settled = Verdict::Settled(Reason::Available, "fine".into());
        object.status = Some(status(&object, &settled, &found, &at(1)));
        assert_eq!(status(&object, &settled, &found, &at(9)), object.status.clone().unwrap(), "no write");

        let refused = Verdict::Problem(Reason::AccessDenied, "refused".into(), Recheck::Slow);
        let after = status(&object, &refused, &Findings { used_by: 2, ..Findings::default() }, &at(2));
        assert_eq!(
            (after.account.as_deref(), after.region.as_deref()),
            (Some("444455556666"), Some("eu-west-1"))
        );
        assert!(after.limits.is_some() && after.observed_generation == 3);
        let kinds: Vec<_> = after.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
        assert_eq!(kinds, [("Ready", "False"), ("Reconciling", "True")]);
    }
}
