//! `kubectl lambda account`: the limits and the use of AWS accounts, as the statuses of LambdaAccounts have them or as AWS says
//! now.

use clap::Args;
use lambda_operator_crds::{AccountLimits, AccountUsage};
use serde::Serialize;

use super::args::{AwsArgs, ClusterArgs};
use super::cluster::{Cluster, Within};
use super::complete;
use super::failure::Failure;
use super::kinds::{self, ACCOUNT};
use super::object::{Health, Object, health};
use super::output::{self, OutputArgs, Table, or_none};
use super::place::{PATIENCE, Place, failed};
use super::target::Target;
use crate::aws::Priority;

/// The settings of `account`.
#[derive(Args, Debug)]
pub struct AccountArgs {
    /// A LambdaAccount. Default: all of them.
    #[arg(value_name = "NAME", add = complete::names(&[ACCOUNT]))]
    pub target: Option<Target>,

    /// Ask AWS with your own credentials instead of reading the status: of the LambdaAccount's account and region, or
    /// without a name of those that your credentials are of.
    #[arg(long)]
    pub live: bool,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda account                  # every LambdaAccount, as the operator saw it last
  kubectl lambda account analytics --live # one of them, as AWS says now
  AWS_REGION=eu-west-1 kubectl lambda account --live";

/// An account in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    /// The LambdaAccount.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "account", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(flatten)]
    health: Option<Health>,
    /// Percentage of Lambda's rate limits that the operator uses; absent: what its settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_share: Option<i64>,
    /// How many objects work through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<i64>,
    limits: AccountLimits,
    usage: AccountUsage,
}

/// Prints accounts.
pub async fn run(args: AccountArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let kind = kinds::known(ACCOUNT);
    let accounts: Vec<Account> = match (&args.target, args.live) {
        (None, false) => {
            let objects = Cluster::connect(cluster).await?.list(kind, Within::Everywhere).await?;
            objects.iter().map(of_status).collect()
        }
        (target, live) => {
            let mut account = match target {
                Some(target) => of_status(&Cluster::connect(cluster).await?.find(target, &[kind]).await?),
                // Of whatever the credentials are. Nothing of the cluster is needed.
                None => Account::default(),
            };
            if live {
                ask(&mut account, &args.aws).await?;
            }
            vec![account]
        }
    };
    if accounts.is_empty() && args.output.is_human() {
        output::note(
            "There are no LambdaAccounts: the operator works with its own credentials. With --live, AWS is asked about yours.",
        );
        return Ok(());
    }
    args.output.print(&accounts, || match accounts.as_slice() {
        [account] if args.target.is_some() || args.live => described(account),
        all => listed(all),
    })
}

/// What the operator found last.
fn of_status(object: &Object) -> Account {
    let status = object.status();
    let read = |field: &str| status[field].clone();
    Account {
        name: Some(object.name()),
        id: object.spec()["accountId"].as_str().map(str::to_owned),
        region: object.said("region").or(object.spec()["region"].as_str()).map(str::to_owned),
        health: Some(health(object)),
        quota_share: object.spec()["quotaShare"].as_i64(),
        used_by: status["usedBy"].as_i64(),
        // What isn't there yet has no values.
        limits: serde_json::from_value(read("limits")).unwrap_or_default(),
        usage: serde_json::from_value(read("usage")).unwrap_or_default(),
    }
}

/// Puts what AWS says now in the place of what was known.
async fn ask(account: &mut Account, aws: &AwsArgs) -> Result<(), Failure> {
    let what = account.name.as_ref().map_or("this".to_owned(), |name| format!("LambdaAccount/{name}"));
    let place = Place { what, account: account.id.clone(), region: account.region.clone() };
    let scope = place.reach(aws, PATIENCE).await?;
    let settings = scope.account_settings(Priority::User).await;
    let settings = settings.map_err(|error| failed("the limits of the account can't be read", &error))?;
    (account.limits, account.usage) = settings;
    account.id = Some(scope.account().to_owned());
    account.region = Some(scope.region().to_owned());
    Ok(())
}

fn listed(accounts: &[Account]) -> String {
    let columns =
        ["NAME", "ACCOUNT", "REGION", "READY", "USED BY", "QUOTA", "FUNCTIONS", "CODE", "CONCURRENCY"];
    let mut table = Table::new(columns);
    for account in accounts {
        table.row([
            or_none(account.name.as_ref()),
            or_none(account.id.as_ref()),
            or_none(account.region.as_ref()),
            output::ready(account.health.as_ref().map_or("", |health| &health.ready)),
            or_none(account.used_by),
            or_none(account.quota_share.map(|share| format!("{share} %"))),
            or_none(account.usage.function_count),
            code(account),
            concurrency(account),
        ]);
    }
    table.render()
}

fn described(account: &Account) -> String {
    let Account { name, id, region, health, quota_share, used_by, limits, usage } = account;
    let mut table = Table::of_facts();
    let mut row = |what: &str, value: String| table.row([what.to_owned(), value]);
    if let Some(name) = name {
        row("LambdaAccount:", name.clone());
    }
    row("Account:", or_none(id.as_ref()));
    row("Region:", or_none(region.as_ref()));
    if let Some(Health { ready, reason, message, .. }) = health {
        row("Ready:", format!("{} {reason}: {message}", output::ready(ready)));
        row("Used by:", or_none(used_by.map(|count| format!("{count} objects"))));
        let share =
            quota_share.map_or("as the operator's --quota-share".to_owned(), |share| format!("{share} %"));
        row("Quota share:", share);
    }
    row("Functions:", or_none(usage.function_count));
    row("Code:", code(account));
    row("Concurrency:", concurrency(account));
    row("Package, sent directly:", or_none(limits.code_size_zipped.map(bytes)));
    row("Package, unpacked:", or_none(limits.code_size_unzipped.map(bytes)));
    table.render()
}

/// `1.2 GB of 75.0 GB`.
fn code(account: &Account) -> String {
    let (used, limit) = (account.usage.total_code_size, account.limits.total_code_size);
    or_none(used.zip(limit).map(|(used, limit)| format!("{} of {}", bytes(used), bytes(limit))))
}

/// `100 of 1000 reserved`.
fn concurrency(account: &Account) -> String {
    let AccountLimits { concurrent_executions: all, unreserved_concurrent_executions: free, .. } =
        account.limits;
    or_none(all.zip(free).map(|(all, free)| format!("{} of {all} reserved", all - free)))
}

/// As AWS's own documents count them.
fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    #[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let (mut value, mut unit) = (count as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::{object, status};

    fn account() -> Account {
        let mut found = status("True", "Available", "fine");
        found["region"] = "eu-west-1".into();
        found["usedBy"] = 4.into();
        found["limits"] = serde_json::json!({
            "concurrentExecutions": 1000, "unreservedConcurrentExecutions": 900, "codeSizeZipped": 52_428_800,
            "codeSizeUnzipped": 262_144_000, "totalCodeSize": 80_530_636_800_i64,
        });
        found["usage"] = serde_json::json!({"functionCount": 12, "totalCodeSize": 1_288_490_189});
        of_status(&object(&format!(
            "{{kind: LambdaAccount, metadata: {{name: team}}, spec: {{accountId: '111122223333', quotaShare: 40}}, status: {found}}}"
        )))
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn limits_and_use_are_told_together() {
        let text = plain(&listed(&[account()]));
        assert_eq!(
            text.lines()
                .nth(1)
                .unwrap()
                .split("   ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect::<Vec<_>>(),
            [
                "team",
                "111122223333",
                "eu-west-1",
                "True",
                "4",
                "40 %",
                "12",
                "1.2 GB of 75.0 GB",
                "100 of 1000 reserved"
            ]
        );
        let text = plain(&described(&account()));
        assert!(text.starts_with("LambdaAccount:"), "{text}");
        assert!(text.contains("Package, unpacked:        250.0 MB\n"), "{text}");
    }

    #[test]
    fn what_nobody_has_seen_yet_is_none() {
        let new = of_status(&object(
            "{kind: LambdaAccount, metadata: {name: team}, spec: {accountId: '111122223333'}}",
        ));
        assert_eq!((code(&new), concurrency(&new)), ("<none>".to_owned(), "<none>".to_owned()));
        assert!(plain(&described(&new)).contains("as the operator's --quota-share"));
    }

    #[test]
    fn bytes_have_units() {
        for (count, text) in [(12, "12 B"), (2048, "2.0 KB"), (1_288_490_189, "1.2 GB")] {
            assert_eq!(bytes(count), text);
        }
    }
}
