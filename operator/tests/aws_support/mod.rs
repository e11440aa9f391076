//! A simulator, the operator's AWS side pointed at it, and a function to play with.
#![allow(dead_code, missing_docs, reason = "not every suite uses all of it")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lambda_operator::aws::{Aws, AwsSettings, CallObserver, NoObserver, OpenGate, Priority, Scope};
use lambda_operator::function::model::{
    Code, CodeSource, Configuration, Environment, ImageConfig, Logging, Observed, Vpc,
};
use lambda_sim::{AccountControl, Options, Sim};

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";
pub const USER: Priority = Priority::User;
pub const ROLE: &str = "arn:aws:iam::111122223333:role/r";

pub struct World {
    pub sim: Sim,
    pub aws: Aws,
    pub scope: Arc<Scope>,
    pub account: AccountControl,
}

/// Quotas are off, and refused credentials are tried again after 50 ms.
pub fn settings(sim: &Sim) -> AwsSettings {
    AwsSettings {
        endpoint_url: Some(sim.endpoint()),
        region: Some(REGION.to_owned()),
        quotas_enabled: false,
        call_timeout: Duration::from_secs(20),
        probe_min: Duration::from_millis(50),
        probe_max: Duration::from_millis(200),
        static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
        ..AwsSettings::default()
    }
}

pub async fn world() -> World {
    world_with(|_| ()).await
}

pub async fn world_with(change: impl FnOnce(&mut AwsSettings)) -> World {
    observed(change, Arc::new(NoObserver)).await
}

pub async fn observed(change: impl FnOnce(&mut AwsSettings), observer: Arc<dyn CallObserver>) -> World {
    let sim = Sim::start(Options::default()).await.unwrap();
    let mut settings = settings(&sim);
    change(&mut settings);
    let aws = Aws::new(settings, Arc::new(OpenGate), observer);
    let scope = aws.scope(None).await.unwrap();
    let account = sim.control().account(ACCOUNT, REGION);
    account.clear_ledger().await;
    World { sim, aws, scope, account }
}

/// Waits until it is so, as long as a busy machine may need.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(30);
    while !so().await {
        assert!(tokio::time::Instant::now() < patience, "waiting for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl World {
    /// Calls in the name of another program from now on.
    pub async fn speak_as(&mut self, application: &'static str) {
        let settings = AwsSettings { application, ..settings(&self.sim) };
        self.aws = Aws::new(settings, Arc::new(OpenGate), Arc::new(NoObserver));
        self.scope = self.aws.scope(None).await.unwrap();
        self.account.clear_ledger().await;
    }

    pub async fn get(&self, name: &str) -> Observed {
        self.scope.get_function(name, USER).await.unwrap().unwrap()
    }

    /// A settled function `f` of this configuration.
    pub async fn function(&self, configuration: &Configuration) -> Observed {
        let tags = BTreeMap::new();
        self.scope.create_function("f", configuration, &zip("one"), &tags, USER).await.unwrap();
        self.account.settle().await;
        self.get("f").await
    }

    /// The operations called since the last look, in order.
    pub async fn calls(&self) -> Vec<String> {
        let calls = self.account.ledger().await.into_iter().map(|call| call.operation).collect();
        self.account.clear_ledger().await;
        calls
    }
}

/// What AWS makes of a zip function for which only runtime, role and handler are given.
pub fn plain(name: &str) -> Configuration {
    Configuration {
        runtime: Some("nodejs22.x".to_owned()),
        role: ROLE.to_owned(),
        handler: Some("index.handler".to_owned()),
        description: String::new(),
        timeout: 3,
        memory_size: 128,
        ephemeral_storage: 512,
        environment: Environment::Known(BTreeMap::new()),
        kms_key_arn: String::new(),
        vpc: Vpc::default(),
        dead_letter_target: String::new(),
        tracing_mode: "PassThrough".to_owned(),
        layers: Vec::new(),
        file_systems: Vec::new(),
        image_config: ImageConfig::default(),
        snap_start: "None".to_owned(),
        logging: Logging {
            format: "Text".to_owned(),
            application_level: None,
            system_level: None,
            group: format!("/aws/lambda/{name}"),
        },
        instances: None,
        durable: None,
        tenant_isolation: String::new(),
    }
}

pub fn zip(content: &str) -> Code {
    let source = CodeSource::Zip(archive(content).into());
    Code { source, architecture: "x86_64".to_owned(), source_kms_key_arn: String::new() }
}

/// A real archive: AWS and the simulator look inside.
pub fn archive(content: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.js", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
