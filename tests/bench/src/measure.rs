//! What is read off the operator: its metrics, its CPU time, its memory.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;

/// What one run came to.
#[derive(Debug)]
pub(crate) struct Figures {
    /// From the first creation until every function was Ready.
    pub(crate) ready: Duration,
    /// From the deletion until every object was gone.
    pub(crate) gone: Duration,
    /// Calls to AWS until all were Ready, by operation.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Writes to the API server until all were Ready, by kind.
    pub(crate) writes: BTreeMap<String, u64>,
    /// CPU time of the operator until all were Ready.
    pub(crate) cpu_seconds: f64,
    /// The most memory that the operator ever had.
    pub(crate) peak_rss_kib: u64,
}

/// Counters of one metric, summed by one label.
pub(crate) async fn counters(
    address: &str,
    metric: &str,
    label: &str,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let text = reqwest::get(format!("http://{address}/metrics")).await?.text().await?;
    let mut sums = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with(&format!("{metric}_total{{"))) {
        let value = line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok()).unwrap_or_default();
        let name = line.split(&format!("{label}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        *sums.entry(name.unwrap_or("?").to_owned()).or_default() += value;
    }
    Ok(sums)
}

/// User and system time of a process so far.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the operator's CPU time")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<f64>().ok()).sum();
    // The kernel counts in hundredths of a second on every platform that Rust runs on (USER_HZ).
    Ok(ticks / 100.0)
}

/// The most resident memory that a process ever had.
pub(crate) fn peak_rss_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the operator's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.split_whitespace().next().context("no value")?.parse().context("VmHWM is no number")
}
