//! STS on the same port.

use lambda_sim::{AuthError, Fault};

use crate::client::{ACCOUNT, Answer, Bench, FUNCTIONS, answer};

async fn call(bench: &Bench, form: &str) -> Answer {
    let request = bench.request("POST", "/", "sts");
    let typed = request.header("content-type", "application/x-www-form-urlencoded");
    answer(typed.body(form.to_owned()).send().await.unwrap()).await
}

fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    let start = text.find(&format!("<{tag}>")).expect(tag) + tag.len() + 2;
    &text[start..start + text[start..].find("</").expect(tag)]
}

#[tokio::test]
async fn the_caller_is_told_its_account() {
    let bench = Bench::start().await;
    let identity = call(&bench, "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(identity.status, 200);
    assert_eq!(between(&identity.text, "RequestId"), identity.request_id);
    assert_eq!(between(&identity.text, "Account"), ACCOUNT);
    let ledger = bench.account.ledger().await;
    assert_eq!((ledger[0].service.as_str(), ledger[0].operation.as_str()), ("sts", "GetCallerIdentity"));
}

#[tokio::test]
async fn an_assumed_role_works_in_its_own_account() {
    let mut bench = Bench::start().await;
    let role = "arn%3Aaws%3Aiam%3A%3A999999999999%3Arole%2Fdeployer";
    let form = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=me");
    let assumed = call(&bench, &form).await;
    bench.access_key = between(&assumed.text, "AccessKeyId").to_owned();
    assert!(bench.access_key.starts_with("ASIA999999999999"));
    let identity = call(&bench, "Action=GetCallerIdentity").await;
    assert_eq!(between(&identity.text, "Arn"), "arn:aws:sts::999999999999:assumed-role/deployer/me");
    bench.get(FUNCTIONS).await.ok();
    let other = bench.sim.control().account("999999999999", crate::client::REGION);
    assert_eq!(other.ledger().await.len(), 2);
}

#[tokio::test]
async fn errors_are_xml() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    let refused = call(&bench, "Action=GetCallerIdentity").await;
    assert_eq!((refused.status, between(&refused.text, "Code")), (403, "ExpiredToken"));
    bench.account.configure(|settings| settings.auth_error = None).await;
    bench
        .account
        .inject(Fault::error("GetCallerIdentity", 503, "ServiceUnavailable", "later").times(1))
        .await;
    assert_eq!(between(&call(&bench, "Action=GetCallerIdentity").await.text, "Message"), "later");
    bench.account.patch(serde_json::json!({"deny": ["AssumeRole"]})).await;
    let role = "arn:aws:iam::999999999999:role/x";
    let refused = call(&bench, &format!("Action=AssumeRole&RoleArn={role}&RoleSessionName=me")).await;
    assert_eq!((refused.status, between(&refused.text, "Code")), (403, "AccessDenied"));
}

const ASSUME: &str = "Action=AssumeRole&RoleArn=arn:aws:iam::999999999999:role/x";

#[tokio::test]
async fn a_session_has_a_name_and_a_duration() {
    let bench = Bench::start().await;
    let refused = async |rest: &str| {
        let answer = call(&bench, &format!("{ASSUME}{rest}")).await;
        assert_eq!((answer.status, between(&answer.text, "Code")), (400, "ValidationError"), "{rest}");
        between(&answer.text, "Message").to_owned()
    };
    let text = refused("").await;
    assert_eq!(
        text,
        "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not \
         be null"
    );
    assert!(refused("&RoleSessionName=a%20b").await.ends_with(r"pattern: [\w+=,.@-]*"));
    let long = "a".repeat(65);
    assert!(refused(&format!("&RoleSessionName={long}")).await.ends_with("less than or equal to 64"));
    for (seconds, text) in
        [("899", "or equal to 900"), ("43201", "or equal to 43200"), ("x", "or equal to 900")]
    {
        let message = refused(&format!("&RoleSessionName=me&DurationSeconds={seconds}")).await;
        assert!(message.contains(&format!("Value '{seconds}' at 'durationSeconds'")), "{message}");
        assert!(message.ends_with(text), "{message}");
    }
    let assumed = call(&bench, &format!("{ASSUME}&RoleSessionName=me&DurationSeconds=900")).await;
    assert_eq!(assumed.status, 200);
    assert_eq!(between(&assumed.text, "RequestId"), assumed.request_id);
}

#[tokio::test]
async fn a_role_that_is_missing_or_asks_for_another_external_id_cannot_be_assumed() {
    let bench = Bench::start().await;
    let role = "arn:aws:iam::999999999999:role/x";
    let denied = async |rest: &str| {
        let answer = call(&bench, &format!("{ASSUME}&RoleSessionName=me{rest}")).await;
        assert_eq!((answer.status, between(&answer.text, "Code")), (403, "AccessDenied"), "{rest}");
        let text = between(&answer.text, "Message").to_owned();
        let user = "arn:aws:iam::111122223333:user/AKIA111122223333";
        assert_eq!(
            text,
            format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}")
        );
    };
    bench
        .account
        .configure(|settings| {
            settings.missing_roles.insert(role.to_owned());
        })
        .await;
    denied("").await;
    bench
        .account
        .configure(|settings| {
            settings.missing_roles.clear();
            settings.external_ids.insert(role.to_owned(), "secret".to_owned());
        })
        .await;
    denied("").await;
    denied("&ExternalId=wrong").await;
    let assumed = call(&bench, &format!("{ASSUME}&RoleSessionName=me&ExternalId=secret")).await;
    assert_eq!(assumed.status, 200);
}
