//! Decides whether an object may work through a LambdaAccount, and on which terms: pure.

use std::collections::BTreeMap;

use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{FINALIZER, LambdaAccount};

use crate::account::model::{Applicant, Refusal, Terms};
use crate::aws::Role;

/// The name of sessions, unless the spec says another.
const SESSION: &str = "lambda-operator";

/// What is known that decides.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The LambdaAccount that the object names.
    pub account: Option<&'a LambdaAccount>,
    /// Whether LambdaAccounts may be listed.
    pub listed: bool,
    /// The labels of the object's namespace.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// Whether namespaces may be listed.
    pub namespaces_listed: bool,
}

/// The terms that the LambdaAccount itself states.
pub fn terms(account: &LambdaAccount) -> Terms {
    let (name, spec) = (account.name_any(), &account.spec);
    let tags = spec.session_tags.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()));
    let role = spec.role_arn.as_ref().map(|arn| Role {
        account: name.clone(),
        arn: arn.clone(),
        external_id: spec.external_id.clone(),
        session_name: spec.session_name.clone().unwrap_or_else(|| SESSION.to_owned()),
        tags: tags.collect(),
    });
    Terms { name, account: spec.account_id.clone(), region: spec.region.clone(), role }
}

/// The terms for an object that names this LambdaAccount.
///
/// # Errors
/// Why it may not use it.
pub fn admit(name: &str, applicant: &Applicant<'_>, known: Known<'_>) -> Result<Terms, Refusal> {
    let account = found(name, applicant, known)?;
    admits_namespace(account, applicant, known)?;
    admits_adoption(account, applicant)?;
    Ok(terms(account))
}

/// Whether the object may take over what is in AWS already, if that is what it asks for.
///
/// # Errors
/// That it may not.
pub fn admits_adoption(account: &LambdaAccount, applicant: &Applicant<'_>) -> Result<(), Refusal> {
    if !applicant.adopts() || allows_adoption(account) {
        return Ok(());
    }
    let text = format!(
        "spec.adopt is {:?}, but LambdaAccount {} does not allow what is in AWS already to be taken over. Remove spec.adopt, or \
         have spec.allowAdoption of the LambdaAccount set to true.",
        applicant.common.adopt(),
        account.name_any()
    );
    Err(Refusal { reason: Reason::InvalidSpec, text, unresolved: false })
}

/// Whether objects may take over what is in AWS already.
pub fn allows_adoption(account: &LambdaAccount) -> bool {
    account.spec.allow_adoption.unwrap_or(false)
}

/// The LambdaAccount that the object names.
///
/// # Errors
/// That it isn't there, or isn't to be used.
pub fn found<'a>(
    name: &str,
    applicant: &Applicant<'_>,
    known: Known<'a>,
) -> Result<&'a LambdaAccount, Refusal> {
    let unresolved = |reason, text| Err(Refusal { reason, text, unresolved: true });
    let missing = |text| unresolved(Reason::DependencyNotReady, text);
    let Some(account) = known.account else {
        if !known.listed {
            let text = format!(
                "LambdaAccount {name} can't be looked up: the operator's ServiceAccount may not list LambdaAccounts. Grant it \
                 list, watch and patch on lambdaaccounts.lambda-operator.io by a ClusterRole, or remove spec.accountRef."
            );
            return unresolved(Reason::AccessDenied, text);
        }
        return missing(format!(
            "LambdaAccount {name} does not exist, or the operator's --account-selector leaves it out. Create it, or \
 correct spec.accountRef."
        ));
    };
    if account.meta().deletion_timestamp.is_some() && !applicant.pinned {
        return missing(format!("LambdaAccount {name} is being deleted. Use another one."));
    }
    if !account.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        // Else it could vanish while something in AWS still needs it.
        return missing(format!("LambdaAccount {name} has not been taken in yet; its conditions say why."));
    }
    Ok(account)
}

/// Whether the object's namespace may use the LambdaAccount.
///
/// # Errors
/// That it may not, or that nobody can tell.
pub fn admits_namespace(
    account: &LambdaAccount,
    applicant: &Applicant<'_>,
    known: Known<'_>,
) -> Result<(), Refusal> {
    let (name, namespace) = (account.name_any(), &applicant.user.object.namespace);
    let text = match known.labels {
        Some(labels) if account.spec.admits(labels) => return Ok(()),
        None if !known.namespaces_listed => format!(
            "LambdaAccount {name} says by labels which namespaces may use it, and the operator's ServiceAccount may not read \
             those of namespace {namespace}. Grant it list and watch on namespaces by a ClusterRole."
        ),
        _ => format!(
            "namespace {namespace} may not use LambdaAccount {name}: its labels don't meet spec.namespaces of the \
             LambdaAccount. Ask those who run the cluster, or correct spec.accountRef."
        ),
    };
    Err(Refusal { reason: Reason::AccessDenied, text, unresolved: false })
}

#[cfg(test)]
pub(super) mod tests {
    use lambda_operator_crds::CommonSpec;
    use serde_json::{Value, json};

    use super::*;
    use crate::k8s::references::{ReferenceKey, ReferenceKind};

    /// A LambdaAccount `main` for namespaces of team a, taken in by the operator.
    pub fn account(extra: &Value) -> LambdaAccount {
        let mut object = json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaAccount",
            "metadata": {"name": "main", "uid": "u", "generation": 1, "finalizers": [FINALIZER]},
            "spec": {"accountId": "444455556666", "namespaces": {"selector": {"matchLabels": {"team": "a"}}}}, "status": {},
        });
        for (part, fields) in extra.as_object().unwrap() {
            let part = object[part].as_object_mut().unwrap();
            part.extend(fields.as_object().unwrap().clone());
        }
        serde_json::from_value(object).unwrap()
    }

    pub fn common(extra: &Value) -> CommonSpec {
        let mut spec = json!({"accountRef": {"name": "main"}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    pub fn applicant(common: &CommonSpec) -> Applicant<'_> {
        let user = ReferenceKey::new(ReferenceKind::LambdaFunction, "shop", "hello");
        Applicant { user, common, pinned: false, provided: false }
    }

    fn decide(account: Option<&LambdaAccount>, who: &Applicant<'_>, team: &str) -> Result<Terms, Refusal> {
        let labels = BTreeMap::from([("team".to_owned(), team.to_owned())]);
        let known = Known { account, listed: true, labels: Some(&labels), namespaces_listed: true };
        admit("main", who, known)
    }

    fn refusal(account: Option<&LambdaAccount>, who: &Applicant<'_>, team: &str) -> (Reason, String) {
        let refusal = decide(account, who, team).unwrap_err();
        assert!(refusal.text.contains("LambdaAccount main"), "{}", refusal.text);
        assert_eq!(refusal.unresolved, refusal.reason == Reason::DependencyNotReady);
        (refusal.reason, refusal.text)
    }

    #[test]
    fn the_terms_are_the_specs() {
        let role = json!({"roleArn": "arn:aws:iam::444455556666:role/r", "externalId": "id", "region": "eu-west-1",
            "sessionTags": {"team": "a"}});
        let (account, common) = (account(&json!({"spec": role})), common(&json!({})));
        let terms = decide(Some(&account), &applicant(&common), "a").unwrap();
        assert_eq!((terms.account.as_str(), terms.region.as_deref()), ("444455556666", Some("eu-west-1")));
        let role = terms.role.unwrap();
        assert_eq!((role.session_name.as_str(), role.external_id.as_deref()), (SESSION, Some("id")));
        assert_eq!(role.tags, BTreeMap::from([("team".to_owned(), "a".to_owned())]));
    }

    #[test]
    fn without_a_role_they_are_the_operators_own_credentials() {
        let (account, common) = (account(&json!({})), common(&json!({})));
        let terms = decide(Some(&account), &applicant(&common), "a").unwrap();
        assert_eq!(terms.whose(), crate::aws::Whose::Operator);
    }

    #[test]
    fn a_namespace_that_is_not_meant_is_refused() {
        let (account, common) = (account(&json!({})), common(&json!({})));
        let (reason, text) = refusal(Some(&account), &applicant(&common), "b");
        assert_eq!(reason, Reason::AccessDenied);
        assert!(text.contains("namespace shop may not use"), "{text}");
        let pinned = Applicant { pinned: true, provided: true, ..applicant(&common) };
        assert_eq!(refusal(Some(&account), &pinned, "b").0, Reason::AccessDenied, "also what worked before");
    }

    #[test]
    fn what_is_missing_or_not_taken_in_is_waited_for() {
        let common = common(&json!({}));
        assert_eq!(refusal(None, &applicant(&common), "a").0, Reason::DependencyNotReady);
        let fresh = account(&json!({"metadata": {"finalizers": []}}));
        assert_eq!(refusal(Some(&fresh), &applicant(&common), "a").0, Reason::DependencyNotReady);
    }

    #[test]
    fn an_account_that_is_going_serves_those_who_have_something_in_it() {
        let going = account(&json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
        let common = common(&json!({}));
        assert_eq!(refusal(Some(&going), &applicant(&common), "a").0, Reason::DependencyNotReady);
        let pinned = Applicant { pinned: true, ..applicant(&common) };
        assert!(decide(Some(&going), &pinned, "a").is_ok());
    }

    #[test]
    fn adoption_has_to_be_allowed_for_what_is_not_there_yet() {
        let strict = account(&json!({}));
        for adopt in ["Unowned", "Force"] {
            let common = common(&json!({"adopt": adopt}));
            let (reason, text) = refusal(Some(&strict), &applicant(&common), "a");
            assert!(reason == Reason::InvalidSpec && text.contains(adopt), "{text}");
            assert!(text.contains("spec.allowAdoption"), "{text}");
            let provided = Applicant { provided: true, ..applicant(&common) };
            assert!(decide(Some(&strict), &provided, "a").is_ok());
            let open = account(&json!({"spec": {"allowAdoption": true}}));
            assert!(decide(Some(&open), &applicant(&common), "a").is_ok());
        }
        assert!(decide(Some(&strict), &applicant(&common(&json!({"adopt": "Never"}))), "a").is_ok());
    }

    #[test]
    fn rights_that_the_operator_lacks_are_named() {
        let (account, common) = (account(&json!({})), common(&json!({})));
        let blind = Known { account: None, listed: false, labels: None, namespaces_listed: false };
        let refusal = admit("main", &applicant(&common), blind).unwrap_err();
        assert!(refusal.unresolved && refusal.reason == Reason::AccessDenied);
        assert!(refusal.text.contains("lambdaaccounts.lambda-operator.io"), "{}", refusal.text);
        let half = Known { account: Some(&account), listed: true, ..blind };
        let refusal = admit("main", &applicant(&common), half).unwrap_err();
        assert!(refusal.text.contains("list and watch on namespaces"), "{}", refusal.text);
    }
}
