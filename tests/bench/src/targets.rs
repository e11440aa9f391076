//! What the figures are held against. Pure.

use crate::measure::Figures;
use crate::run::Scenario;
use crate::workload::Workload;

/// One figure beside its target.
#[derive(Debug, PartialEq)]
pub(crate) struct Comparison {
    /// What is compared.
    pub(crate) what: &'static str,
    /// The figure, with its unit.
    pub(crate) measured: String,
    /// The target, with its unit.
    pub(crate) target: String,
    /// Whether it was reached.
    pub(crate) reached: bool,
}

/// What 1,000 creates may take: a tenth more than 67 s, which 15 calls a second come to.
const THOUSAND_WITH_QUOTAS: f64 = 1.1 * 67.0;
/// What 100 functions may take when AWS sets no limit, in seconds.
const HUNDRED_WITHOUT_QUOTAS: f64 = 2.0;
/// What the operator may need for 1,000 functions, in MB.
const MEMORY: f64 = 50.0;

/// The targets that a run can show to be reached or missed.
pub(crate) fn compare(scenario: &Scenario, figures: &Figures) -> Vec<Comparison> {
    let Scenario { workload, count, quotas, share } = scenario;
    let mut comparisons = Vec::new();
    if *workload != Workload::Functions {
        return comparisons;
    }
    let ready = figures.ready.as_secs_f64();
    match (count, quotas) {
        // A smaller share takes longer by its own choice.
        (1000, true) if *share >= 1.0 => {
            let what = "1,000 functions with quotas, all of them the operator's";
            comparisons.push(seconds(what, ready, THOUSAND_WITH_QUOTAS));
        }
        (100, false) => {
            comparisons.push(seconds("100 functions without quotas", ready, HUNDRED_WITHOUT_QUOTAS));
        }
        _ => {}
    }
    if *count == 1000 {
        let measured = megabytes(figures.peak_rss_kib);
        let what = if *quotas {
            "memory, 1,000 functions with quotas"
        } else {
            "memory, 1,000 functions without quotas"
        };
        comparisons.push(Comparison {
            what,
            measured: format!("{measured:.1} MB"),
            target: format!("< {MEMORY} MB"),
            reached: measured < MEMORY,
        });
    }
    comparisons
}

fn seconds(what: &'static str, measured: f64, limit: f64) -> Comparison {
    let (measured, target, reached) =
        (format!("{measured:.2} s"), format!("≤ {limit:.1} s"), measured <= limit);
    Comparison { what, measured, target, reached }
}

/// Kibibytes, of which the kernel counts, in megabytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn compared(
        functions: usize,
        quotas: bool,
        share: f64,
        seconds: f64,
        mb: u64,
    ) -> Vec<(&'static str, bool)> {
        let scenario = Scenario { workload: Workload::Functions, count: functions, quotas, share };
        let figures = Figures {
            ready: Duration::from_secs_f64(seconds),
            gone: Duration::ZERO,
            calls: BTreeMap::new(),
            writes: BTreeMap::new(),
            cpu_seconds: 0.0,
            peak_rss_kib: mb * 1_000_000 / 1024,
        };
        compare(&scenario, &figures).into_iter().map(|c| (c.what, c.reached)).collect()
    }

    #[test]
    fn each_target_has_its_runs() {
        let thousand = "1,000 functions with quotas, all of them the operator's";
        let memory = "memory, 1,000 functions with quotas";
        assert_eq!(compared(1000, true, 1.0, 73.0, 30), [(thousand, true), (memory, true)]);
        assert_eq!(compared(1000, true, 1.0, 74.0, 51), [(thousand, false), (memory, false)]);
        assert_eq!(compared(1000, true, 0.66, 110.0, 30), [(memory, true)]);
        assert_eq!(compared(1000, false, 1.0, 20.0, 49), [("memory, 1,000 functions without quotas", true)]);
        assert_eq!(compared(100, false, 1.0, 1.9, 90), [("100 functions without quotas", true)]);
        assert_eq!(compared(100, false, 1.0, 2.1, 90), [("100 functions without quotas", false)]);
        assert_eq!(compared(100, true, 1.0, 7.0, 90), []);
    }
}
