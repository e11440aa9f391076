//! A plan that was carried out leaves nothing to do, whatever was wanted and found.

use super::*;
use crate::engine::forecast::{Foresee as _, Place};
use crate::function::foresee::deploy;
use crate::function::model::{Durable, Id, Instances, LATEST_PUBLISHED, Look};
use crate::section::{Limits, Section, Value};

/// What the engine and AWS make of an action, once it has settled.
fn apply(action: &Action, case: &mut Case, exists: &mut bool) {
    Functions::prepare(action, &mut case.status);
    let id = Id { name: "f".into(), look: Look::default() };
    let place = Place { account: "111122223333".into(), region: "eu-west-1".into() };
    let next = Functions::foresee(Some(&id), action, Some(&case.observed), &place);
    *exists = next.is_some();
    case.observed = next.unwrap_or_else(|| case.observed.clone());
    if let Action::Create { package, .. } | Action::UpdateCode { package, .. } = action {
        case.observed.code_sha256 = hash_of(&package.code.source);
    }
    Functions::record(action, Some(&case.observed), &mut case.status);
    if *exists {
        Functions::recover(&case.observed, &me(), &mut case.status);
    }
}

fn hash_of(source: &CodeSource) -> String {
    match source {
        CodeSource::S3 { key, .. } => sha(key),
        CodeSource::Image { uri } => sha(uri),
        CodeSource::Zip(_) => panic!("the cases use S3 and images"),
    }
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
    fn logs()(group in text(), json: bool, application in "[DI]", system in "[DI]") -> Logging {
        let level = |level: String| json.then_some(level);
        let format = if json { "JSON" } else { "Text" };
        Logging { format: format.into(), application_level: level(application), system_level: level(system), group }
    }
}

prop_compose! {
    fn mounts()(arn in "[ef]", direct in prop::option::of(prop::sample::select(vec!["ENABLED", "DISABLED"]))) -> FileSystem {
        FileSystem { arn, local_mount_path: "/mnt/a".into(), direct_s3_read: direct.map(Into::into) }
    }
}

prop_compose! {
    fn images()(entry_point in vec("[ef]", 0..2), command in vec("[c]", 0..2), working_directory in text()) -> ImageConfig {
        ImageConfig { entry_point, command, working_directory }
    }
}

prop_compose! {
    fn kept()(
        provider in "[pq]", concurrency in prop::option::of(1..3), memory_per_vcpu in prop::option::of(2048..2050),
        managed in prop::bool::weighted(0.2), lasting in prop::bool::weighted(0.2), apart in prop::bool::weighted(0.05),
        timeout in 1..3, key in text(),
    ) -> (Option<Instances>, Option<Durable>, String) {
        let instances = managed.then_some(Instances { provider, concurrency, memory_per_vcpu });
        let durable = lasting.then_some(Durable { timeout, retention: 14, kms_key_arn: key });
        (instances, durable, if apart { "PER_TENANT".into() } else { String::new() })
    }
}

prop_compose! {
    pub(super) fn configurations()(
        runtime in prop::option::of("python3.1[34]"), (role, description, kms) in ("[rs]", text(), text()),
        handler in prop::option::of("[hi]"), timeout in 1..4, memory in 128..131, storage in 512..514,
        environment in environments().boxed(), vpc in networks().boxed(), (dead, tracing) in (text(), text()),
        layers in vec("[lm]", 0..3), image_config in images().boxed(), snap in text(), logging in logs().boxed(),
        file_systems in vec(mounts().boxed(), 0..2), (instances, durable, tenant_isolation) in kept().boxed(),
    ) -> Configuration {
        Configuration {
            runtime, role, handler, description, timeout, memory_size: memory, ephemeral_storage: storage, environment,
            kms_key_arn: kms, vpc, dead_letter_target: dead, tracing_mode: tracing, layers, file_systems,
            image_config, snap_start: snap, logging, instances, durable, tenant_isolation,
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
        "codeSigningConfigArn",
        "capacityProviderConfig",
        "durable",
    ];
    prop::sample::subsequence(paths.to_vec(), 0..4).prop_map(|paths| {
        let paths: Vec<String> = paths.into_iter().map(ToOwned::to_owned).collect();
        Ignored::parse(&paths).unwrap()
    })
}

prop_compose! {
    fn packages()(
        key in "[ab]", (image, inline, reference, arm, summed) in any::<(bool, bool, bool, bool, bool)>(), kms in text(),
    ) -> Package {
        let architecture = if arm { "arm64".into() } else { "x86_64".into() };
        let (source, package_type) = if image {
            (CodeSource::Image { uri: key.clone() }, PackageType::Image)
        } else {
            let storage_mode = if reference { "REFERENCE".into() } else { "COPY".into() };
            let source = CodeSource::S3 { bucket: "packages".into(), key: key.clone(), object_version: None, storage_mode };
            (source, PackageType::Zip)
        };
        let fingerprint = format!("{source:?}");
        let code_sha256 = (inline && !image && !reference).then(|| sha(&key));
        let checksum = (summed && !image && !reference).then(|| sha(&key));
        let code = Code { source, architecture, source_kms_key_arn: kms };
        Package { code, fingerprint, code_sha256, checksum, package_type }
    }
}

prop_compose! {
    fn wanted()(
        configuration in configurations().boxed(), package in packages().boxed(), external in prop::bool::weighted(0.1),
        tags in btree_map("[tu]", "[12]", 0..3), reserved_concurrency in prop::option::of(0..3), ignored in ignorance(),
        code_signing in prop::option::of(text()), publishing in prop::option::of((any::<bool>(), prop::option::of(1..3_usize))),
        scaled in prop::option::of(0..2),
    ) -> Desired {
        let limits = |min| Value::Scaling(Limits { min: Some(min), max: Some(1) });
        let scaled = scaled.filter(|_| publishing.is_some_and(|(latest, _)| latest));
        let scaling = scaled.map(|min| (Section::Scaling, Some(limits(min))));
        Desired {
            configuration, package: (!external).then_some(package), tags, reserved_concurrency, code_signing, ignored,
            sections: Wanted { values: scaling.into_iter().collect(), ..Wanted::default() }, sources: BTreeMap::new(),
            publishing: publishing.map(|(latest, keep)| Publishing { latest, keep: keep.filter(|_| !latest), ..Publishing::default() }),
        }
    }
}

prop_compose! {
    /// What AWS may have: some package, deployed by whomever.
    fn found()(
        configuration in prop_oneof![9 => configurations().boxed(), 1 => configurations().prop_map(unreadable).boxed()],
        package in packages().boxed(), blind in prop::bool::weighted(0.1),
        tags in btree_map("[tuv]", "[12]", 0..3), owned in prop::bool::weighted(0.8), reserved_concurrency in prop::option::of(0..3),
        code_signing in prop::option::of(text()),
        update in prop_oneof![Just("Successful"), Just("Failed")], state in prop_oneof![4 => Just("Active"), 1 => Just("Failed")],
    ) -> Observed {
        let mut tags = tags;
        if owned {
            tags.extend(me().tags());
        }
        let live = Live {
            state: state.into(), last_update_status: Some(update.into()), tags: Ok(tags), reserved_concurrency, ..live()
        };
        let unreadable = blind.then_some(Field::ImageConfig).into_iter().collect();
        let observed = Observed { configuration, code_signing, unreadable, package_type: package.package_type, live: Some(live), ..observed() };
        let mut observed = observed;
        deploy(&package, &mut observed);
        observed.code_sha256 = hash_of(&package.code.source);
        observed
    }
}

fn unreadable(configuration: Configuration) -> Configuration {
    Configuration { environment: Environment::Unknown("AccessDenied".into()), ..configuration }
}

prop_compose! {
    fn cases()(
        desired in wanted().boxed(), observed in found().boxed(), adopt in prop::sample::select(vec![AdoptPolicy::Never, AdoptPolicy::Unowned, AdoptPolicy::Force]),
        (changed, retry, had, active) in any::<(bool, bool, bool, bool)>(), managed in any::<bool>(),
        (signed, link) in (any::<bool>(), text()),
        managed_tags in btree_set("[tu]", 0..3), source in prop::option::of(packages().boxed()),
        last in prop::option::of(prop::sample::select(vec!["code", "timeout", "layers"])), then_code: bool,
    ) -> Case {
        let mut status = if had { known() } else { LambdaFunctionStatus::default() };
        status.ever_active = status.ever_active.filter(|_| active);
        status.common.managed_sections = managed.then(|| CONCURRENCY.into()).into_iter().collect();
        if signed {
            status.common.managed_sections.push(CODE_SIGNING.into());
            status.code_signing_config_arn = Some(link).filter(|arn| !arn.is_empty());
        }
        status.common.managed_tags = managed_tags.into_iter().collect();
        if let Some(package) = source {
            status.code_source_sha256 = Some(hash_of(&package.code.source));
            status.code_source = Some(package.fingerprint);
        }
        status.last_update = last.map(|path| LastUpdate { paths: vec![path.into()], then_code: then_code.then_some(true) });
        Case { desired, observed, status, adopt, observe_only: false, changed, retry_due: changed || retry }
    }
}

/// The configuration that AWS has to have in the end. What can't be read or cleared stays as it is.
fn expected(case: &Case) -> Configuration {
    let has = &case.observed.configuration;
    let mut target = case.desired.ignored.overlay(&case.desired.configuration, has);
    target.runtime = target.runtime.or_else(|| has.runtime.clone());
    target.handler = target.handler.or_else(|| has.handler.clone());
    if matches!(has.environment, Environment::Unknown(_)) {
        target.environment = has.environment.clone();
    }
    if has.kms_key_arn.is_empty() && target.environment.variables().next().is_none() {
        target.kms_key_arn.clear();
    }
    if case.observed.unreadable.contains(&Field::ImageConfig) {
        target.image_config = has.image_config.clone();
    }
    target
}

/// That AWS has all of what is wanted.
fn check_settled(case: &Case) -> Result<(), TestCaseError> {
    prop_assert_eq!(expected(case), case.observed.configuration.clone());
    if case.desired.publishing.as_ref().is_some_and(|publishing| publishing.latest) {
        let published = case.status.published.as_ref().and_then(|published| published.version.as_deref());
        prop_assert_eq!(published, Some(LATEST_PUBLISHED));
        for (section, wanted) in &case.desired.sections.values {
            prop_assert_eq!(case.observed.sections.values.get(section), Some(wanted));
        }
    }
    let live = case.observed.live.as_ref().unwrap();
    let tags = live.tags.as_ref().unwrap();
    prop_assert_eq!(tags.get(OWNER_TAG).map(String::as_str), Some("cluster/uid-1"));
    for (key, value) in &case.desired.tags {
        prop_assert!(
            case.desired.ignored.tags.contains(key) || tags.get(key) == Some(value),
            "{} in {:?}",
            key,
            tags
        );
    }
    if let Some(wanted) =
        case.desired.reserved_concurrency.filter(|_| !case.desired.ignored.reserved_concurrency)
    {
        prop_assert_eq!(live.reserved_concurrency, Some(wanted));
    }
    if let (Some(wanted), Some(has)) =
        (signing::wanted(&case.desired, &case.status), &case.observed.code_signing)
    {
        prop_assert_eq!(wanted, has);
    }
    if let Some(Package { code, .. }) = case.desired.deployable() {
        prop_assert_eq!(&case.observed.code_sha256, &hash_of(&code.source));
        prop_assert_eq!(
            (&case.observed.architecture, &live.source_kms_key_arn),
            (&code.architecture, &code.source_kms_key_arn)
        );
        let reference =
            matches!(&code.source, CodeSource::S3 { storage_mode, .. } if storage_mode == "REFERENCE");
        prop_assert_eq!(live.resolved_s3_object.is_some(), reference);
    }
    Ok(())
}

/// That a problem is one that there is, and has the reason that it should have.
fn check_problem(case: &Case, exists: bool, reason: Reason) -> Result<(), TestCaseError> {
    let Case { desired, observed, adopt, .. } = case;
    let live = observed.live.as_ref().unwrap();
    let unowned = !live.tags.as_ref().unwrap().contains_key(OWNER_TAG);
    let wrong_type =
        desired.deployable().is_some_and(|package| package.package_type != observed.package_type);
    let (wanted, has) = (&desired.configuration, &observed.configuration);
    let ignores = |field| desired.ignored.fields.contains(&field);
    let wrong_presence = (wanted.instances.is_some() != has.instances.is_some()
        && !ignores(Field::Instances))
        || (wanted.durable.is_some() != has.durable.is_some() && !ignores(Field::Durable))
        || wanted.tenant_isolation != has.tenant_isolation;
    let holds = match reason {
        Reason::OwnershipConflict => exists && unowned && *adopt != AdoptPolicy::Force,
        Reason::ImmutableFieldChanged => exists && (wrong_type || wrong_presence),
        Reason::CreateFailed => exists && live.state == "Failed",
        Reason::DependencyNotReady if exists => {
            live.last_update_status.as_deref() == Some("Failed") && !case.retry_due
        }
        Reason::DependencyNotReady => desired.package.is_none(),
        _ => false,
    };
    prop_assert!(holds, "{reason} without a cause");
    Ok(())
}

/// Own, configuration, code, tags and concurrency, publication, a look at the scaling and its change, and once more for a
/// function that is replaced.
const ROUNDS: usize = 10;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(mut case in cases(), there in prop::bool::weighted(0.9)) {
        let mut exists = there;
        let mut done = Vec::new();
        for _ in 0..ROUNDS {
            let plan = case.plan_for(exists.then_some(&case.observed).cloned().as_ref());
            if plan.actions.is_empty() {
                match plan.verdict {
                    Verdict::Settled(..) => {
                        prop_assert!(plan.differs.is_empty(), "settled, yet {:?}", plan.differs);
                        check_settled(&case)?;
                        report(&mut case, true);
                        let again = case.plan();
                        prop_assert!(again.actions.is_empty(), "it was at rest, then {:?}", again.actions);
                    }
                    Verdict::Problem(reason, ..) => check_problem(&case, exists, reason)?,
                    Verdict::Progress(..) => prop_assert!(false, "nothing is under way: {:?}", plan.verdict),
                }
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
        let links = plan.actions.iter().filter(|action| matches!(action, Action::LinkCodeSigning(_) | Action::UnlinkCodeSigning));
        let links = links.count();
        prop_assert!(plan.actions.iter().skip(1).all(|action| !matches!(action, Action::LinkCodeSigning(_))), "the link first");
        let heavy = plan.actions.iter().filter(|action| matches!(
            action,
            Action::Create { .. } | Action::UpdateConfiguration { .. } | Action::UpdateCode { .. } | Action::Replace
        ));
        let heavy = heavy.count();
        prop_assert!(heavy == 0 || plan.actions.len() == 1 + links, "{:?}", plan.actions);
    }

    #[test]
    fn who_only_observes_plans_nothing(case in cases()) {
        let case = Case { observe_only: true, ..case };
        let actions = case.plan().actions;
        prop_assert!(actions.iter().all(Functions::looks), "{actions:?}");
        prop_assert_eq!(case.plan_for(None).actions.len(), 0);
    }

    #[test]
    fn what_may_be_in_use_or_is_not_ours_is_never_deleted(case in cases()) {
        let deletes = case.plan().actions.contains(&Action::Replace);
        let owned = case.observed.live.as_ref().unwrap().tags.as_ref().unwrap().contains_key(OWNER_TAG);
        let new = case.observed.live.as_ref().unwrap().state == "Failed" && case.status.ever_active != Some(true);
        prop_assert!(!deletes || (owned && new && case.desired.package.is_some()));
    }
}
