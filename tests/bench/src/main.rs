//! `make bench`: how long functions, and applications of several kinds, take to become Ready against what AWS's quota
//! allows, and what that costs in calls, writes, CPU and memory. The operator, the simulator and the API server are
//! processes of their own.

mod measure;
mod run;
mod targets;
mod workload;

use std::collections::BTreeMap;

use anyhow::ensure;
use clap::Parser;
use measure::Figures;
use run::Scenario;
use targets::Comparison;
use workload::Workload;

/// Measures the operator.
#[derive(Parser, Debug)]
struct Arguments {
    /// How many functions to create, one run each.
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    functions: Vec<usize>,
    /// How many applications to create, one run each: a function with a version, an alias and a mapping, all on one layer.
    #[arg(long, value_delimiter = ',', default_value = "100")]
    applications: Vec<usize>,
    /// Only functions, or only applications.
    #[arg(long)]
    only: Option<Workload>,
    /// Only with AWS's quotas, or only without them.
    #[arg(long)]
    quotas: Option<bool>,
    /// The operator's share of the quotas.
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Fail when a target is missed.
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { functions, applications, only, quotas, share, check } = Arguments::parse();
    if cfg!(debug_assertions) {
        eprintln!("note: this is a debug build, and so are the operator and the simulator; use `make bench`");
    }
    let mut comparisons = Vec::new();
    let workloads = [(Workload::Functions, functions), (Workload::Applications, applications)];
    for (workload, counts) in
        workloads.into_iter().filter(|(workload, _)| only.is_none_or(|only| only == *workload))
    {
        print_head(workload);
        for quotas in quotas.map_or_else(|| vec![false, true], |only| vec![only]) {
            for count in counts.iter().copied() {
                let scenario = Scenario { workload, count, quotas, share };
                let figures = run::run(&scenario).await?;
                print(&scenario, &figures);
                comparisons.extend(targets::compare(&scenario, &figures));
            }
        }
        println!();
    }
    print_comparisons(&comparisons);
    let missed = comparisons.iter().filter(|comparison| !comparison.reached).count();
    ensure!(!check || missed == 0, "{missed} of {} targets missed", comparisons.len());
    ensure!(!check || !comparisons.is_empty(), "no target was measured: 100 and 1,000 functions have some");
    Ok(())
}

fn print_head(workload: Workload) {
    println!(
        "| {} | quotas | all Ready | quota allows | calls | writes to Kubernetes | all gone | CPU | peak RSS |",
        workload.name()
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

fn print_comparisons(comparisons: &[Comparison]) {
    if comparisons.is_empty() {
        return;
    }
    println!("| target | | measured | |\n|---|---|---|---|");
    for Comparison { what, measured, target, reached } in comparisons {
        println!("| {what} | {target} | {measured} | {} |", if *reached { "reached" } else { "**missed**" });
    }
}

fn print(scenario: &Scenario, figures: &Figures) {
    let Scenario { count: many, quotas, .. } = scenario;
    let Figures { ready, gone, calls, writes, cpu_seconds, peak_rss_kib } = figures;
    let allowed = scenario.allowed().map_or_else(|| "-".to_owned(), |allowed| format!("{allowed:.1} s"));
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let per = |count: &u64| *count as f64 / *many as f64;
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {:.2}", per(count))).collect::<Vec<_>>().join(", ")
    };
    println!(
        "| {many} | {} | {:.2} s | {allowed} | {} | {} | {:.2} s | {cpu_seconds:.2} s | {:.1} MB |",
        if *quotas { "on" } else { "off" },
        ready.as_secs_f64(),
        list(calls),
        list(writes),
        gone.as_secs_f64(),
        targets::megabytes(*peak_rss_kib),
    );
}
