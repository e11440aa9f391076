//! A plan that was carried out leaves nothing to do, whatever was wanted and found.

use super::*;

/// What the engine and AWS make of an action, once it has settled.
fn apply(action: &Action, case: &mut Case, exists: &mut bool) {
    match action {
        Action::Create { configuration, package, tags } => {
            *exists = true;
            case.observed.configuration = (**configuration).clone();
            case.observed.package_type = package.package_type;
            case.observed.live = Some(Live { tags: Ok(tags.clone()), ..live() });
            case.status.common.origin = Some(Origin::Created);
            deploy(package, case);
        }
        Action::Own { tags } => {
            let tags = Action::Tag { tags: tags.clone() };
            case.observed = after(&tags, &case.observed);
            case.status.common.origin.get_or_insert(Origin::Adopted);
        }
        Action::UpdateConfiguration { configuration, fields } => {
            let sent = Ignored { fields: fields.clone(), ..Ignored::default() };
            case.observed.configuration = sent.overlay(&case.observed.configuration, configuration);
            case.live().last_update_status = Some("Successful".into());
        }
        Action::UpdateCode { package } => {
            deploy(package, case);
            case.live().last_update_status = Some("Successful".into());
        }
        Action::Replace | Action::Delete => *exists = false,
        Action::PutConcurrency(_) => {
            case.status.common.managed_sections = vec![CONCURRENCY.into()];
            case.observed = after(action, &case.observed);
        }
        Action::Tag { .. } | Action::Untag { .. } | Action::DeleteConcurrency | Action::Disown { .. } => {
            case.observed = after(action, &case.observed);
        }
    }
    // AWS doesn't show the key of a function without variables.
    let configuration = &mut case.observed.configuration;
    if matches!(&configuration.environment, Environment::Known(all) if all.is_empty()) {
        configuration.kms_key_arn.clear();
    }
}

fn deploy(package: &Package, case: &mut Case) {
    let CodeSource::S3 { key, .. } = &package.code.source else { panic!("the cases use S3") };
    case.observed.code_sha256 = sha(key);
    case.observed.architecture.clone_from(&package.code.architecture);
    case.live().source_kms_key_arn.clone_from(&package.code.source_kms_key_arn);
    case.status.code_sha256 = Some(sha(key));
    case.status.code_source = Some(package.fingerprint.clone());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("a".to_owned()), Just("b".to_owned())]
}

fn environments() -> impl Strategy<Value = Environment> {
    btree_map("[A-C]", "[xy]", 0..3).prop_map(Environment::Known)
}

prop_compose! {
    fn networks()(subnets in btree_set("subnet-[ab]", 0..3), groups in btree_set("sg-[ab]", 0..2), six: bool) -> Vpc {
        Vpc { subnet_ids: subnets, security_group_ids: groups, ipv6_allowed_for_dual_stack: six }
    }
}

prop_compose! {
    fn configurations()(
        runtime in prop::option::of("python3.1[34]"), (role, description, kms) in ("[rs]", text(), text()),
        handler in prop::option::of("[hi]"), timeout in 1..4, memory in 128..131, storage in 512..514,
        environment in environments(), vpc in networks(), (dead, tracing) in (text(), text()),
        layers in vec("[lm]", 0..3), (entry_point, snap, group) in (vec("[ef]", 0..2), text(), text()),
    ) -> Configuration {
        Configuration {
            runtime, role, handler, description, timeout, memory_size: memory, ephemeral_storage: storage, environment,
            kms_key_arn: kms, vpc, dead_letter_target: dead, tracing_mode: tracing, layers, file_systems: Vec::new(),
            image_config: ImageConfig { entry_point, ..ImageConfig::default() }, snap_start: snap,
            logging: Logging { group, ..configuration().logging },
        }
    }
}

fn ignorance() -> impl Strategy<Value = Ignored> {
    let paths = [
        "memorySize",
        "env",
        "env.A",
        "kmsKeyArn",
        "vpcConfig",
        "code",
        "tags.t",
        "runtime",
        "layers",
        "reservedConcurrentExecutions",
    ];
    prop::sample::subsequence(paths.to_vec(), 0..4).prop_map(|paths| {
        let paths: Vec<String> = paths.into_iter().map(ToOwned::to_owned).collect();
        Ignored::parse(&paths).unwrap()
    })
}

prop_compose! {
    fn wanted()(
        configuration in configurations(), (key, inline) in ("[ab]", any::<bool>()), external in prop::bool::weighted(0.1),
        (arm, kms) in (any::<bool>(), text()), tags in btree_map("[tu]", "[12]", 0..3),
        reserved_concurrency in prop::option::of(0..3), ignored in ignorance(),
    ) -> Desired {
        let mut package = package(&key, inline);
        package.code.architecture = if arm { "arm64".into() } else { "x86_64".into() };
        package.code.source_kms_key_arn = kms;
        Desired { configuration, package: (!external).then_some(package), tags, reserved_concurrency, ignored }
    }
}

prop_compose! {
    fn found()(
        configuration in prop_oneof![9 => configurations(), 1 => configurations().prop_map(unreadable)],
        (key, arm, kms) in ("[abc]", any::<bool>(), text()),
        tags in btree_map("[tuv]", "[12]", 0..3), owned in prop::bool::weighted(0.8), reserved_concurrency in prop::option::of(0..3),
        update in prop_oneof![Just("Successful"), Just("Failed")], state in prop_oneof![4 => Just("Active"), 1 => Just("Failed")],
    ) -> Observed {
        let mut tags = tags;
        if owned {
            tags.extend(me().tags());
        }
        let live = Live {
            state: state.into(), last_update_status: Some(update.into()), tags: Ok(tags), reserved_concurrency,
            source_kms_key_arn: kms, ..live()
        };
        let architecture = if arm { "arm64".into() } else { "x86_64".into() };
        Observed { configuration, architecture, code_sha256: sha(&key), live: Some(live), ..observed() }
    }
}

fn unreadable(configuration: Configuration) -> Configuration {
    Configuration { environment: Environment::Unknown("AccessDenied".into()), ..configuration }
}

prop_compose! {
    fn cases()(
        desired in wanted(), observed in found(), adopt in prop::sample::select(vec![AdoptPolicy::Never, AdoptPolicy::Unowned, AdoptPolicy::Force]),
        (changed, retry, had, ready) in any::<(bool, bool, bool, bool)>(), managed in any::<bool>(),
        managed_tags in btree_set("[tu]", 0..3), source in prop::option::of("[ab]"),
    ) -> Case {
        let mut status = if had { known() } else { LambdaFunctionStatus::default() };
        status.revision_id = status.revision_id.filter(|_| ready);
        status.common.managed_sections = managed.then(|| CONCURRENCY.into()).into_iter().collect();
        status.common.managed_tags = managed_tags.into_iter().collect();
        if let Some(key) = source {
            status.code_source = Some(package(&key, false).fingerprint);
            status.code_sha256 = Some(sha(&key));
        }
        Case { desired, observed, status, adopt, observe_only: false, changed, retry_due: changed || retry }
    }
}

/// Own, configuration, code, tags and concurrency, and once more for a function that is replaced.
const ROUNDS: usize = 8;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(mut case in cases(), there in prop::bool::weighted(0.9)) {
        let mut exists = there;
        let mut done = Vec::new();
        for _ in 0..ROUNDS {
            let plan = case.plan_for(exists.then_some(&case.observed).cloned().as_ref());
            if plan.actions.is_empty() {
                let settled = matches!(plan.verdict, Verdict::Settled(..));
                let stuck = matches!(plan.verdict, Verdict::Problem(..));
                prop_assert!(settled || stuck, "{:?}", plan.verdict);
                prop_assert!(!settled || plan.differs.is_empty(), "settled, yet {:?}", plan.differs);
                return Ok(());
            }
            for action in &plan.actions {
                done.push(format!("{action:?}"));
                apply(action, &mut case, &mut exists);
            }
        }
        prop_assert!(false, "it never comes to an end: {done:?}");
    }

    #[test]
    fn configuration_and_code_are_never_sent_together(case in cases()) {
        let plan = case.plan();
        let heavy = plan.actions.iter().filter(|action| matches!(
            action,
            Action::Create { .. } | Action::UpdateConfiguration { .. } | Action::UpdateCode { .. } | Action::Replace
        ));
        let heavy = heavy.count();
        prop_assert!(heavy == 0 || plan.actions.len() == 1, "{:?}", plan.actions);
    }
}
