//! The client's side of the control API.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::command::{Command, WorldCommand};
use crate::faults::Fault;
use crate::ledger::Call;
use crate::settings::AccountSettings;

/// How long [`Control::wait_for_held`] waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The simulator can't be reached.
    #[error("the simulator can't be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The simulator refused the command.
    #[error("the simulator refused: {0}")]
    Refused(String),
    /// Nothing was held in time.
    #[error("no call was held within {0:?}")]
    NothingHeld(Duration),
}

/// The control API of a simulator, in this process or another.
///
/// It is meant for tests: apart from [`Control::wait_for_held_within`] and [`AccountControl::try_put_function`]
/// its methods panic when the simulator can't be reached or refuses, which is a mistake in the test.
#[derive(Clone, Debug)]
pub struct Control {
    endpoint: String,
    http: reqwest::Client,
}

impl Control {
    /// The control API of the simulator at an endpoint such as `http://127.0.0.1:4599`.
    pub fn new(endpoint: &str) -> Self {
        // Connections aren't kept, so that one client serves the runtimes of several tests.
        let builder = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = builder.build().expect("a client without TLS can be built");
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), http }
    }

    /// The endpoint that it talks to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// One account and region.
    pub fn account(&self, account: &str, region: &str) -> AccountControl {
        AccountControl { control: self.clone(), account: account.to_owned(), region: region.to_owned() }
    }

    /// The calls of all accounts and regions.
    pub async fn ledger(&self) -> Vec<Call> {
        self.run("", &WorldCommand::Ledger).await
    }

    /// Forgets the calls of all accounts and regions.
    pub async fn clear_ledger(&self) {
        self.tell(&WorldCommand::ClearLedger).await;
    }

    /// The calls that a fault is holding now.
    pub async fn held(&self) -> Vec<Call> {
        self.run("", &WorldCommand::Held).await
    }

    /// Waits until a fault holds a call, for at most a minute.
    pub async fn wait_for_held(&self) -> Call {
        or_panic(self.wait_for_held_within(PATIENCE).await)
    }

    /// Waits until a fault holds a call.
    pub async fn wait_for_held_within(&self, patience: Duration) -> Result<Call, ControlError> {
        let start = Instant::now();
        loop {
            let held: Vec<Call> = self.send("", &WorldCommand::Held).await?;
            if let Some(call) = held.into_iter().next() {
                return Ok(call);
            }
            if start.elapsed() > patience {
                return Err(ControlError::NothingHeld(patience));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets all held calls go on. The faults that held them stay.
    pub async fn release(&self) {
        self.tell(&WorldCommand::Release).await;
    }

    /// Back to the beginning: no accounts, no calls, nothing held.
    pub async fn reset(&self) {
        self.tell(&WorldCommand::Reset).await;
    }

    async fn tell(&self, command: &WorldCommand) {
        self.run::<()>("", command).await;
    }

    async fn run<T: DeserializeOwned>(&self, scope: &str, command: &impl Serialize) -> T {
        or_panic(self.send(scope, command).await)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        scope: &str,
        command: &impl Serialize,
    ) -> Result<T, ControlError> {
        let url = format!("{}/_sim{scope}", self.endpoint);
        let response = self.http.post(url).json(command).send().await?;
        if response.status().is_success() {
            return Ok(response.json().await?);
        }
        Err(ControlError::Refused(response.text().await?))
    }
}

/// The control API for one account and region.
#[derive(Clone, Debug)]
pub struct AccountControl {
    control: Control,
    account: String,
    region: String,
}

impl AccountControl {
    /// The control API of the whole simulator.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The calls of this account and region, in the order of their arrival.
    pub async fn ledger(&self) -> Vec<Call> {
        self.run(Command::Ledger).await
    }

    /// The calls of this account and region that write, in the order of their arrival: a short answer, however much was
    /// read.
    pub async fn writes(&self) -> Vec<Call> {
        self.run(Command::Writes).await
    }

    /// Forgets the calls of this account and region.
    pub async fn clear_ledger(&self) {
        self.tell(Command::ClearLedger).await;
    }

    /// Lets something go wrong from now on.
    pub async fn inject(&self, fault: Fault) {
        self.tell(Command::Inject { fault }).await;
    }

    /// Lets nothing more go wrong.
    pub async fn clear_faults(&self) {
        self.tell(Command::ClearFaults).await;
    }

    /// The settings as they are.
    pub async fn settings(&self) -> AccountSettings {
        self.run(Command::Settings).await
    }

    /// Changes settings: `account.configure(|settings| settings.quotas = true).await`.
    pub async fn configure(&self, change: impl FnOnce(&mut AccountSettings)) {
        let mut settings = self.settings().await;
        change(&mut settings);
        self.patch(serde_json::to_value(settings).unwrap_or_default()).await;
    }

    /// Changes the settings that the JSON object names, as in [`AccountSettings`].
    pub async fn patch(&self, settings: Value) {
        self.tell(Command::Configure { settings }).await;
    }

    /// The names of all functions.
    pub async fn functions(&self) -> Vec<String> {
        self.run(Command::Functions).await
    }

    /// A function as GetFunction would return it now. Looking doesn't settle it.
    pub async fn function(&self, name: &str) -> Option<Value> {
        self.run(Command::Function { name: name.to_owned(), qualifier: None }).await
    }

    /// A version of a function as GetFunction would return it now.
    pub async fn version(&self, name: &str, qualifier: &str) -> Option<Value> {
        let qualifier = Some(qualifier.to_owned());
        self.run(Command::Function { name: name.to_owned(), qualifier }).await
    }

    /// Puts a function there, settled, from the body of a CreateFunction request. One that is there is replaced.
    pub async fn put_function(&self, function: Value) {
        or_panic(self.try_put_function(function).await);
    }

    /// As [`AccountControl::put_function`], with the refusal as an error.
    pub async fn try_put_function(&self, function: Value) -> Result<(), ControlError> {
        self.send(Command::PutFunction { function }).await
    }

    /// Somebody in the console changes a function: members of an UpdateFunctionConfiguration request, and
    /// `Architectures`, `Tags` (all of them), `ReservedConcurrentExecutions`, `CodeSigningConfigArn`, `CodeSha256`,
    /// `CodeSize`, `SourceKMSKeyArn`, `State`, `StateReason`, `StateReasonCode`, `LastUpdateStatus`, `LastUpdateStatusReason`,
    /// `LastUpdateStatusReasonCode`. Null gives a member what stands when nothing was said. An `Environment` with
    /// an `Error` stands for one that the caller can't decrypt. Nothing is checked.
    pub async fn edit_function(&self, name: &str, changes: Value) {
        self.tell(Command::EditFunction { name: name.to_owned(), changes }).await;
    }

    /// Somebody in the console deletes a function; false if there is none of the name.
    pub async fn remove_function(&self, name: &str) -> bool {
        self.run(Command::RemoveFunction { name: name.to_owned() }).await
    }

    /// Somebody in the console gives a function an alias: the body of a CreateAlias request.
    pub async fn put_alias(&self, function: &str, alias: Value) {
        self.tell(Command::PutAlias { name: function.to_owned(), alias }).await;
    }

    /// Settles everything that is Pending or InProgress now, and every mapping.
    pub async fn settle(&self) {
        self.tell(Command::Settle { name: None }).await;
    }

    /// Settles one function now.
    pub async fn settle_function(&self, name: &str) {
        self.tell(Command::Settle { name: Some(name.to_owned()) }).await;
    }

    /// Puts an object into S3, so that the CodeSha256 of code from there follows its content. Returns the version,
    /// which is `null` in a bucket of [`AccountSettings::unversioned_buckets`]: there the new content takes the place
    /// of the old.
    pub async fn s3_put(&self, bucket: &str, key: &str, content: &[u8]) -> String {
        let content = STANDARD.encode(content);
        self.run(Command::PutObject { bucket: bucket.to_owned(), key: key.to_owned(), content }).await
    }

    /// Lets an image's tag mean a digest (64 hex digits), from now on if it meant another.
    pub async fn image_put(&self, uri: &str, digest: &str) {
        self.tell(Command::PutImage { uri: uri.to_owned(), digest: digest.to_owned() }).await;
    }

    pub(super) async fn tell(&self, command: Command) {
        self.run::<()>(command).await;
    }

    pub(super) async fn run<T: DeserializeOwned>(&self, command: Command) -> T {
        or_panic(self.send(command).await)
    }

    async fn send<T: DeserializeOwned>(&self, command: Command) -> Result<T, ControlError> {
        self.control.send(&format!("/{}/{}", self.account, self.region), &command).await
    }
}

fn or_panic<T>(result: Result<T, ControlError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
