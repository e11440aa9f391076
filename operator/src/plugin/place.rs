//! Where an object is in AWS, and the way there with the person's own credentials.
//!
//! Account and region are those that the object is pinned to: credentials of another account are refused before anything is
//! asked, or the answer would be about something else of the same name.

use std::sync::Arc;
use std::time::Duration;

use super::args::AwsArgs;
use super::failure::Failure;
use super::object::Object;
use crate::aws::{Aws, AwsError, AwsSettings, Class, NoObserver, OpenGate, Scope, WriteGate};
use crate::text::sentence;

/// How requests name this program; CloudTrail shows it.
pub const APPLICATION: &str = "kubectl-lambda";

/// How long a call may take that doesn't wait for a function.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is there, for messages.
    pub what: String,
    /// The account id; `None`: whatever the credentials are of.
    pub account: Option<String>,
    /// The region; `None`: that of the profile or the environment.
    pub region: Option<String>,
}

/// Where an object is.
pub fn of(object: &Object) -> Result<Place, Failure> {
    let what = object.label();
    match (object.said("account"), object.said("region")) {
        (Some(account), Some(region)) => {
            Ok(Place { what, account: Some(account.to_owned()), region: Some(region.to_owned()) })
        }
        _ => Err(Failure::new(format!(
            "{what} has no account and region in its status yet, so nobody knows where it is in AWS. See what it waits for: \
             `kubectl lambda tree {what}`"
        ))),
    }
}

/// The place in an ARN, such as a durable execution's.
pub fn of_arn(arn: &str) -> Result<Place, Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "lambda", region, account, rest] if !region.is_empty() && !rest.is_empty() => Ok(Place {
            what: "this ARN".to_owned(),
            account: Some((*account).to_owned()),
            region: Some((*region).to_owned()),
        }),
        _ => Err(Failure::usage(format!(
            "{arn:?} is no ARN of Lambda; `kubectl lambda durable list` shows them"
        ))),
    }
}

/// Lets nothing through.
struct ClosedGate;

impl WriteGate for ClosedGate {
    fn check(&self) -> Result<(), String> {
        Err("this command changes nothing".to_owned())
    }
}

impl Place {
    /// The way there. `patience` is how long a call may take.
    pub async fn reach(&self, args: &AwsArgs, patience: Duration) -> Result<Arc<Scope>, Failure> {
        // A person's few calls need no share of a quota: AWS says when there are too many.
        self.open(args, patience, false).await
    }

    /// The way there for many reads, which leave a part of the account's rates to others, as the operator's do. Nothing can
    /// be changed on it.
    pub async fn reach_sparingly(&self, args: &AwsArgs, patience: Duration) -> Result<Arc<Scope>, Failure> {
        self.open(args, patience, true).await
    }

    async fn open(
        &self,
        args: &AwsArgs,
        patience: Duration,
        only_reads: bool,
    ) -> Result<Arc<Scope>, Failure> {
        let settings = AwsSettings {
            application: APPLICATION,
            profile: args.profile.clone(),
            endpoint_url: args.endpoint_url.clone(),
            region: self.region.clone(),
            quotas_enabled: only_reads,
            call_timeout: patience,
            ..AwsSettings::default()
        };
        let gate: Arc<dyn WriteGate> = if only_reads { Arc::new(ClosedGate) } else { Arc::new(OpenGate) };
        let aws = Aws::new(settings, gate, Arc::new(NoObserver));
        let scope = aws.scope(self.region.as_deref()).await;
        let scope = scope.map_err(|error| failed("AWS can't be asked", &error))?;
        match &self.account {
            Some(account) if account != scope.account() => Err(other_account(self, account, scope.account())),
            _ => Ok(scope),
        }
    }
}

fn other_account(place: &Place, theirs: &str, yours: &str) -> Failure {
    Failure::new(format!(
        "{} is in the AWS account {theirs}, and your credentials are of {yours}. Choose others with --profile or AWS_PROFILE",
        place.what
    ))
}

/// What AWS's refusal means for the person.
pub fn failed(what: &str, error: &AwsError) -> Failure {
    // The error's own text is for the operator.
    if error.code == "NoRegion" {
        return Failure::new(format!(
            "{what}: no AWS region is known. Set AWS_REGION, or a region in your profile"
        ));
    }
    let said = sentence(&error.to_string());
    let remedy = match error.class {
        Class::Auth => {
            " Log in to AWS again (`aws sso login`, `aws login`), or choose other credentials with --profile or AWS_PROFILE"
        }
        Class::AccessDenied => {
            " Have somebody allow it; which permissions each command needs is in docs/cli-reference.md"
        }
        Class::RegionRefused => " Enable the region for the account",
        Class::Throttled => " AWS has too many calls from this account: try again in a moment",
        Class::InProgress => " AWS is busy with an earlier change: try again in a moment",
        Class::Transient => {
            " Try again; if it stays, see whether AWS can be reached (--endpoint-url, proxies)"
        }
        _ => "",
    };
    Failure::new(format!("{what}: {said}{remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    #[test]
    fn an_object_is_where_its_status_says() {
        let pinned = object(
            "{kind: LambdaFunction, metadata: {name: a}, status: {account: '111122223333', region: eu-west-1}}",
        );
        let place = of(&pinned).unwrap();
        assert_eq!(
            (place.account.as_deref(), place.region.as_deref()),
            (Some("111122223333"), Some("eu-west-1"))
        );
        let new = of(&object("{kind: LambdaFunction, metadata: {name: a}}")).unwrap_err();
        assert!(new.message.contains("kubectl lambda tree LambdaFunction/a"), "{new}");
    }

    #[test]
    fn an_arn_names_its_place() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders:3/durable-execution/run-1/0";
        let place = of_arn(arn).unwrap();
        assert_eq!(
            (place.account.as_deref(), place.region.as_deref()),
            (Some("111122223333"), Some("eu-west-1"))
        );
        for text in ["run-1", "arn:aws:s3:::bucket", "arn:aws:lambda:eu-west-1:111122223333:"] {
            assert!(of_arn(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_credentials_are_refused_with_both_accounts() {
        let place = Place { what: "LambdaFunction/a".into(), account: None, region: None };
        let message = other_account(&place, "111122223333", "444455556666").message;
        for text in ["LambdaFunction/a", "111122223333", "444455556666", "--profile"] {
            assert!(message.contains(text), "{message}");
        }
    }

    #[test]
    fn a_refusal_by_aws_says_what_to_do() {
        for (class, remedy) in [
            (Class::Auth, "aws sso login"),
            (Class::AccessDenied, "docs/cli-reference.md"),
            (Class::Throttled, "in a moment"),
        ] {
            let error = AwsError::new("Invoke", class, "Code", "text");
            let message = failed("it can't be invoked", &error).message;
            assert!(
                message.starts_with("it can't be invoked: Code: text. ") && message.contains(remedy),
                "{message}"
            );
        }
    }

    #[test]
    fn a_missing_region_is_the_persons_to_set() {
        let text = "no AWS region is known: set spec.region, or give the operator a region";
        let error = AwsError::new("GetCallerIdentity", Class::DependencyMissing, "NoRegion", text);
        assert_eq!(
            failed("AWS can't be asked", &error).message,
            "AWS can't be asked: no AWS region is known. Set AWS_REGION, or a region in your profile"
        );
    }
}
