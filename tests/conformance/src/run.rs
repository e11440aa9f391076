//! Runs a scenario on both sides and says how they differ.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use lambda_sim::{Options, Sim};
use test_support::Emulator;
use tokio::sync::OnceCell;

use crate::accepted::Accepted;
use crate::compare;
use crate::ids::Pairs;
use crate::requests::REGION;
use crate::side::Side;
use crate::step::Step;

/// One for all scenarios, which have accounts of their own; it ends with this process.
static EMULATOR: OnceCell<Emulator> = OnceCell::const_new();

/// All scenarios, so that `accepted.yaml` names none that nobody runs.
pub(crate) const SCENARIOS: &[&str] = &[
    "account settings",
    "alias refusals",
    "aliases",
    "asynchronous invocations",
    "caller",
    "code",
    "code signing",
    "code signing from the beginning",
    "code signing links",
    "concurrency",
    "dead letters, networks, files",
    "disabled mappings",
    "environment",
    "fields of mappings",
    "full function",
    "function names",
    "functions",
    "layer permissions",
    "layers",
    "layers of functions",
    "logs, traces, snapshots",
    "mapping refusals",
    "mappings",
    "pages of functions",
    "pages of layers",
    "pages of the rest",
    "permissions",
    "provisioned concurrency",
    "qualified mappings",
    "recursion",
    "refused asynchronous invocations",
    "refused functions",
    "refused permissions",
    "refused provisioned concurrency",
    "refused updates",
    "refused urls",
    "revisions",
    "scalar fields",
    "statements",
    "tags",
    "urls",
    "versions",
    "versions that are the same",
    "weights",
];

/// Runs a scenario on both sides; panics with all differences that aren't accepted, and with what is accepted without
/// need.
pub async fn agree(scenario: &str, steps: Vec<Step>) {
    assert!(SCENARIOS.contains(&scenario), "{scenario:?} is to be added to the list of scenarios");
    let emulator = EMULATOR.get_or_init(Emulator::start).await;
    let sim = Sim::start(Options::default()).await.expect("a port of the loopback interface is free");
    let account = account(scenario);
    sim.control().account(&account, REGION).configure(|settings| settings.strict_layers = true).await;
    let mut sim_side = Side::new("lambda-sim", &sim.endpoint(), &account, format!("AKIA{account}"));
    let mut emulator_side = Side::new("LocalEmu", emulator.endpoint(), &account, account.clone());
    let (accepted, mut pairs) = (Accepted::of(scenario), Pairs::default());
    let (mut names, mut complaints) = (BTreeSet::new(), Vec::new());
    for step in steps {
        assert!(names.insert(step.name), "{scenario} has two steps {:?}", step.name);
        if step.emulator_only {
            let answer = emulator_side.perform(&step).await;
            assert!(answer.outcome == "200", "{scenario} / {}: {answer:?}", step.name);
            sim_side.learn(&emulator_side);
            continue;
        }
        let (sim, emulator) = tokio::join!(sim_side.perform(&step), emulator_side.perform(&step));
        let differences = compare::answers(&sim, &emulator, step.unordered, &mut pairs);
        let found = differences.iter().filter(|difference| !accepted.allows(step.name, difference));
        complaints.extend(found.map(|difference| format!("{} {difference}", step.name)));
    }
    let without_need = accepted.not_needed();
    complaints.extend(without_need.iter().map(|entry| format!("accepted.yaml, without need: {entry}")));
    let count = complaints.len();
    assert!(complaints.is_empty(), "{scenario}, {count} complaints:\n  {}", complaints.join("\n  "));
}

/// An account of the scenario's own, so that scenarios don't see each other's resources.
fn account(scenario: &str) -> String {
    let mut hasher = DefaultHasher::new();
    scenario.hash(&mut hasher);
    format!("{:012}", hasher.finish() % 1_000_000_000_000)
}
