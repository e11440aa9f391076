//! Tables and a property over [`super::plan`]: what is done, in which order, and that it comes to an end.

mod deletion;
mod failed;
mod ignored;
mod managed;
mod manifest;
mod order;
mod ownership;
mod property;
mod sections;
mod status;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{
    AdoptPolicy, CommonStatus, DeletionPolicy, LambdaFunctionStatus, LastUpdate, Origin,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use crate::engine::kind::{Facts, Kind, Report};
use crate::engine::ownership::{OWNER_TAG, Owner};
use crate::engine::verdict::{Plan, Recheck, Verdict};
use crate::function::Functions;
use crate::function::desired::{Desired, Package, Publishing};
use crate::function::foresee::active;
use crate::function::ignore::Ignored;
use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, FileSystem, ImageConfig, Live, Logging, Observed,
    PackageType, Version, Versions, Vpc,
};
use crate::function::plan::{Action, CONCURRENCY, plan};
use crate::function::signing::{self, CODE_SIGNING};
use crate::section::{Has, Wanted};

fn me() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "hello")
}

fn configuration() -> Configuration {
    Configuration {
        runtime: Some("python3.14".into()),
        role: "arn:aws:iam::111122223333:role/r".into(),
        handler: Some("index.handler".into()),
        description: String::new(),
        timeout: 3,
        memory_size: 128,
        ephemeral_storage: 512,
        environment: Environment::Known(BTreeMap::new()),
        kms_key_arn: String::new(),
        vpc: Vpc::default(),
        dead_letter_target: String::new(),
        tracing_mode: "PassThrough".into(),
        layers: Vec::new(),
        file_systems: Vec::new(),
        image_config: ImageConfig::default(),
        snap_start: "None".into(),
        logging: Logging {
            format: "Text".into(),
            application_level: None,
            system_level: None,
            group: "/aws/lambda/hello".into(),
        },
        instances: None,
        durable: None,
        tenant_isolation: String::new(),
    }
}

/// A package whose hash is known in advance, as of inline code, or isn't, as of S3.
fn package(key: &str, inline: bool) -> Package {
    let source = CodeSource::S3 {
        bucket: "packages".into(),
        key: key.into(),
        object_version: None,
        storage_mode: "COPY".into(),
    };
    Package {
        code: Code { source, architecture: "x86_64".into(), source_kms_key_arn: String::new() },
        fingerprint: format!("source of {key}"),
        code_sha256: inline.then(|| sha(key)),
        checksum: None,
        package_type: PackageType::Zip,
    }
}

fn sha(key: &str) -> String {
    format!("sha-of-{key}")
}

pub(super) fn desired() -> Desired {
    Desired {
        configuration: configuration(),
        package: Some(package("a", true)),
        tags: BTreeMap::new(),
        reserved_concurrency: None,
        code_signing: None,
        sections: Wanted::default(),
        sources: BTreeMap::new(),
        publishing: None,
        ignored: Ignored::default(),
    }
}

pub(super) fn observed() -> Observed {
    Observed {
        arn: "arn:aws:lambda:eu-west-1:111122223333:function:hello".into(),
        configuration: configuration(),
        unreadable: BTreeSet::new(),
        package_type: PackageType::Zip,
        architecture: "x86_64".into(),
        code_sha256: sha("a"),
        revision_id: "1".into(),
        code_signing: None,
        versions: Versions::default(),
        running: None,
        sections: Has::default(),
        live: Some(live()),
    }
}

fn live() -> Live {
    active(me().tags())
}

/// The status of a function that this object created and that was Ready.
fn known() -> LambdaFunctionStatus {
    let common = CommonStatus { origin: Some(Origin::Created), ..CommonStatus::default() };
    LambdaFunctionStatus { common, ever_active: Some(true), ..LambdaFunctionStatus::default() }
}

/// Carries out the only action of the plan, as far as the status goes.
fn act(case: &mut Case) {
    let actions = case.plan().actions;
    let [action] = actions.as_slice() else { panic!("{actions:?}") };
    Functions::prepare(action, &mut case.status);
    Functions::record(action, Some(&case.observed), &mut case.status);
}

/// Ends a visit that saw the case's function.
fn report(case: &mut Case, settled: bool) {
    let report = Report {
        desired: Some(&case.desired),
        observed: Some(&case.observed),
        differs: &[],
        settled,
        owner: &me(),
        observe_only: case.observe_only,
    };
    Functions::report(&report, &mut case.status);
}

/// What a case changes of a function that is as it should be.
#[derive(Debug)]
struct Case {
    desired: Desired,
    observed: Observed,
    status: LambdaFunctionStatus,
    adopt: AdoptPolicy,
    observe_only: bool,
    changed: bool,
    retry_due: bool,
}

impl Case {
    fn new() -> Self {
        Self {
            desired: desired(),
            observed: observed(),
            status: known(),
            adopt: AdoptPolicy::Never,
            observe_only: false,
            changed: false,
            retry_due: false,
        }
    }

    fn live(&mut self) -> &mut Live {
        self.observed.live.as_mut().unwrap()
    }

    fn tagged(mut self, tags: &[(&str, &str)]) -> Self {
        self.live().tags = Ok(tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        self
    }

    fn plan_for(&self, observed: Option<&Observed>) -> Plan<Action> {
        let owner = me();
        let facts = Facts {
            owner: &owner,
            adopt: self.adopt,
            observe_only: self.observe_only,
            deletion_policy: DeletionPolicy::Delete,
            status: &self.status,
            changed: self.changed,
            retry_due: self.retry_due,
            delete_sent: false,
            in_turn: false,
        };
        plan(&self.desired, observed, &facts)
    }

    fn plan(&self) -> Plan<Action> {
        self.plan_for(Some(&self.observed))
    }

    /// The plan's actions as they are printed.
    fn actions(&self) -> Vec<String> {
        self.plan().actions.iter().map(|action| format!("{action:?}")).collect()
    }
}
