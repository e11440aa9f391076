//! `make bench`: how long functions take to become Ready against what AWS's quota allows, and what that costs in
//! calls, writes, CPU and memory. The operator, the simulator and the API server are processes of their own.

mod measure;
mod run;

use clap::Parser;
use measure::Figures;
use run::Scenario;

/// Measures the operator.
#[derive(Parser, Debug)]
struct Arguments {
    /// How many functions to create, one run each.
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    functions: Vec<usize>,
    /// Only with AWS's quotas, or only without them.
    #[arg(long)]
    quotas: Option<bool>,
    /// The operator's share of the quotas.
    #[arg(long, default_value_t = 1.0)]
    share: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { functions, quotas, share } = Arguments::parse();
    println!(
        "| functions | quotas | all Ready | quota allows | calls | writes to Kubernetes | all gone | CPU | peak RSS |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for quotas in quotas.map_or_else(|| vec![false, true], |only| vec![only]) {
        for functions in functions.iter().copied() {
            let scenario = Scenario { functions, quotas, share };
            print(&scenario, &run::run(&scenario).await?);
        }
    }
    Ok(())
}

fn print(scenario: &Scenario, figures: &Figures) {
    let Scenario { functions, quotas, .. } = scenario;
    let Figures { ready, gone, calls, writes, cpu_seconds, peak_rss_kib } = figures;
    let allowed = scenario.allowed().map_or_else(|| "-".to_owned(), |allowed| format!("{allowed:.1} s"));
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let per = |count: &u64| *count as f64 / *functions as f64;
    let list = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {:.2}", per(count))).collect::<Vec<_>>().join(", ")
    };
    println!(
        "| {functions} | {} | {:.2} s | {allowed} | {} | {} | {:.2} s | {cpu_seconds:.2} s | {} MB |",
        if *quotas { "on" } else { "off" },
        ready.as_secs_f64(),
        list(calls),
        list(writes),
        gone.as_secs_f64(),
        peak_rss_kib / 1024,
    );
}
