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
