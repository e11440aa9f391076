//! However specs, edits in AWS and deaths of the operator follow each other: what was carried out leaves nothing to do,
//! nothing is published twice, and nobody else's is deleted.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// The user writes a spec.
    Spec(Value),
    /// A visit; the operator dies after so many calls.
    Visit(Option<usize>),
    /// Somebody publishes a version.
    Theirs,
    /// Somebody deletes the newest version.
    Lose,
    /// Somebody empties the newest version's policy.
    Forget,
    /// A function uses this version, and no other.
    Use(i64),
}

fn specs() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        "[ab]".prop_map(|text| files(&text)),
        "[kl]".prop_map(|key| json!({"s3": {"bucket": "packages", "key": key}})),
    ];
    let sids = prop::collection::btree_map("[xyz]", prop_oneof![Just("*"), Just("111122223333")], 0..3);
    let permissions = prop::option::of(sids);
    (content, "[de]?", permissions, prop::option::of(1..3)).prop_map(|(content, description, all, keep)| {
        let all = all.map(|all| permissions_of(&all));
        let retention = keep.map(|keep| json!({"keep": keep}));
        let mut spec = json!({"content": content, "description": description, "adopt": "Unowned"});
        let fields = [("permissions", all), ("versionRetention", retention)];
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            spec[name] = value;
        }
        spec
    })
}

fn permissions_of(all: &std::collections::BTreeMap<String, &str>) -> Value {
    let pairs: Vec<(&str, &str)> = all.iter().map(|(sid, who)| (sid.as_str(), *who)).collect();
    permissions(&pairs)
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => specs().prop_map(Step::Spec),
        4 => prop::option::of(0_usize..3).prop_map(Step::Visit),
        1 => Just(Step::Theirs),
        1 => Just(Step::Lose),
        1 => Just(Step::Forget),
        1 => (1_i64..6).prop_map(Step::Use),
    ]
}

/// Ends with a visit that nobody disturbs.
fn calm(case: &mut Case) {
    case.visit(None);
    case.visit(None);
    case.calls();
    let plan = case.visit(None);
    assert_eq!(case.calls(), Vec::<String>::new(), "what was carried out leaves nothing to do");
    assert!(matches!(plan.verdict, Verdict::Settled(..)), "{:?}", plan.verdict);
}

proptest! {
    #[test]
    fn it_comes_to_rest(first in specs(), dies in prop::option::of(0_usize..3), steps in prop::collection::vec(steps(), 0..12)) {
        let mut case = Case::new(first);
        case.visit(dies);
        let mut theirs = BTreeSet::new();
        for step in steps {
            match step {
                Step::Spec(spec) => case = case.with(spec),
                Step::Visit(dies) => {
                    let before = case.numbers();
                    let used = case.in_use.clone();
                    case.visit(dies);
                    let now = case.numbers();
                    let gone: Vec<i64> = before.into_iter().filter(|number| !now.contains(number)).collect();
                    prop_assert!(gone.iter().all(|number| !theirs.contains(number)), "somebody else's is deleted");
                    let is_used = |number: &i64| used.contains(&format!("{LAYER}:{number}"));
                    prop_assert!(!gone.iter().any(is_used), "a version in use is deleted");
                }
                Step::Theirs => drop(theirs.insert(case.put(Metadata::default(), None, "theirs"))),
                Step::Lose => drop(case.aws.pop()),
                Step::Forget => {
                    if let Some((_, policy)) = case.aws.last_mut() {
                        policy.clear();
                    }
                }
                Step::Use(number) => case.in_use = BTreeSet::from([format!("{LAYER}:{number}")]),
            }
        }
        calm(&mut case);
        let ours: Vec<i64> = case.numbers().into_iter().filter(|number| !theirs.contains(number)).collect();
        let known = case.status.published_versions.clone();
        prop_assert!(ours.iter().all(|number| known.contains(number)), "{ours:?} are known: {known:?}");
        let latest = case.status.latest_version.unwrap();
        prop_assert!(ours.contains(&latest), "the newest of ours is there");
        let wanted = case.desired();
        let (version, policy) = case.aws.iter().find(|(version, _)| version.number == latest).unwrap();
        prop_assert_eq!(&version.metadata, &wanted.metadata);
        let given = wanted.permissions.unwrap_or_default();
        prop_assert!(given.iter().all(|(sid, permission)| policy.get(sid) == Some(&Some(permission.clone()))));
        prop_assert_eq!(policy.len(), given.len());
    }
}
