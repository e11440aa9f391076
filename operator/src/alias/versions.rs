//! Which version an alias could point to, as AWS knows it: the newest that is Active, and why one is refused.

use lambda_operator_crds::conditions::Reason;

use crate::alias::model::{Id, Newest, Setting, Standing};
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::verdict::{self, Recheck, Verdict};

/// As many versions are looked at before the alias is left where it is.
const DEPTH: usize = 5;
/// As many versions are named.
const NAMED: usize = 20;

/// The newest version of a function that is Active, and what is newer. `None`: there is no such function.
///
/// Lists don't show states, so the newest ones are asked for theirs, one by one, down to the `current` one, which an
/// alias points to already.
///
/// # Errors
/// What AWS answered.
pub async fn newest(
    scope: &Scope,
    function: &str,
    current: Option<&str>,
    priority: Priority,
) -> Result<Option<Newest>, AwsError> {
    let Some(versions) = scope.list_versions(function, priority).await? else { return Ok(None) };
    let mut newest = Newest::default();
    for version in versions.iter().rev().take(DEPTH).map(u64::to_string) {
        let standing = if current == Some(version.as_str()) {
            Some(Standing::Usable)
        } else {
            scope.version_standing(function, &version, priority).await?
        };
        match standing {
            Some(Standing::Usable) => {
                newest.active = Some(version);
                break;
            }
            Some(Standing::Busy(why)) => _ = newest.busy.get_or_insert(said(&version, "Pending", &why)),
            Some(Standing::Failed(why)) => _ = newest.failed.get_or_insert(said(&version, "Failed", &why)),
            None => {}
        }
    }
    Ok(Some(newest))
}

fn said(version: &str, state: &str, why: &str) -> String {
    if why.is_empty() {
        format!("version {version} is {state}")
    } else {
        format!("version {version} is {state} ({why})")
    }
}

/// Why there is no version for an alias that follows the newest.
pub fn none_to_follow(function: &str, newest: Option<&Newest>) -> Verdict {
    let Some(Newest { active: _, busy, failed }) = newest else { return no_function(function) };
    let text = match (busy, failed) {
        (Some(busy), _) => format!("the function {function} has no version that is Active yet: {busy}."),
        (None, Some(failed)) => format!(
            "the function {function} has no version that is Active: {failed}. Mend the function and publish another version."
        ),
        (None, None) => format!(
            "the function {function} has no published version, and spec.version is Latest. Publish one, or set \
             spec.functionVersion to $LATEST."
        ),
    };
    let recheck = if busy.is_some() { Recheck::Propagating } else { Recheck::Slow };
    Verdict::Problem(Reason::DependencyNotReady, text, recheck)
}

fn no_function(function: &str) -> Verdict {
    let text = format!(
        "there is no function {function} in this account and region. Create it, or correct the spec."
    );
    Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow)
}

/// Why AWS says that something isn't there (`Class::Gone`) or isn't in the right state (`Class::InProgress`) when an
/// alias is to point to `setting`. `None`: it is none of the versions.
///
/// # Errors
/// What AWS answered to the questions.
pub async fn explain(
    scope: &Scope,
    id: &Id,
    setting: &Setting,
    error: &AwsError,
    priority: Priority,
) -> Result<Option<Verdict>, AwsError> {
    let further = setting.weights.iter().flat_map(|weights| weights.keys());
    let wanted = std::iter::once(&setting.version).chain(further).filter(|version| *version != "$LATEST");
    if error.class == Class::InProgress {
        for version in wanted {
            if let Some(verdict) = unfit(scope, &id.function, version, error, priority).await? {
                return Ok(Some(verdict));
            }
        }
        return Ok(None);
    }
    let Some(versions) = scope.list_versions(&id.function, priority).await? else {
        return Ok(Some(no_function(&id.function)));
    };
    let is_missing = |version: &&String| !versions.iter().any(|there| there.to_string() == **version);
    let missing = wanted.into_iter().find(is_missing);
    Ok(missing.map(|missing| no_version(&id.function, missing, &versions)))
}

async fn unfit(
    scope: &Scope,
    function: &str,
    version: &str,
    error: &AwsError,
    priority: Priority,
) -> Result<Option<Verdict>, AwsError> {
    let aws = verdict::text_of(error);
    let (text, recheck) = match scope.version_standing(function, version, priority).await? {
        Some(Standing::Busy(why)) => {
            let text = format!("the alias waits until {}. {aws}", said(version, "no longer Pending", &why));
            (text, Recheck::Propagating)
        }
        Some(Standing::Failed(why)) => {
            let text = format!(
                "{}, and an alias can't point to it. Publish another version and name that. {aws}",
                said(version, "Failed", &why)
            );
            (text, Recheck::Slow)
        }
        Some(Standing::Usable) | None => return Ok(None),
    };
    Ok(Some(Verdict::Problem(Reason::DependencyNotReady, text, recheck)))
}

fn no_version(function: &str, missing: &str, versions: &[u64]) -> Verdict {
    let first = versions.len().saturating_sub(NAMED);
    let named: Vec<String> = versions[first..].iter().map(u64::to_string).collect();
    let there = match (named.is_empty(), first) {
        (true, _) => "it has no published version".to_owned(),
        (false, 0) => format!("it has {}", named.join(", ")),
        (false, _) => format!("its newest are {}", named.join(", ")),
    };
    let text = format!(
        "the function {function} has no version {missing}: {there}. Name one of those in spec.functionVersion and \
         spec.routingConfig, or publish the version."
    );
    Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_there_is_told_with_those_that_are() {
        let text = |versions: &[u64]| no_version("f", "9", versions).message().to_owned();
        assert!(text(&[1, 2]).contains("no version 9: it has 1, 2."), "{}", text(&[1, 2]));
        assert!(text(&[]).contains("it has no published version"));
        let many: Vec<u64> = (1..=30).collect();
        assert!(text(&many).contains("its newest are 11, 12") && text(&many).contains("30."));
    }

    #[test]
    fn without_a_version_to_follow_it_is_said_why() {
        let newest = |busy: Option<&str>, failed: Option<&str>| Newest {
            active: None,
            busy: busy.map(str::to_owned),
            failed: failed.map(str::to_owned),
        };
        for (known, text) in [
            (None, "no function f"),
            (Some(newest(None, None)), "no published version"),
            (Some(newest(Some("version 2 is Pending"), None)), "version 2 is Pending"),
            (Some(newest(None, Some("version 2 is Failed"))), "publish another version"),
        ] {
            let verdict = none_to_follow("f", known.as_ref());
            assert_eq!(verdict.reason(), Reason::DependencyNotReady);
            assert!(verdict.message().contains(text), "{}", verdict.message());
        }
    }
}
