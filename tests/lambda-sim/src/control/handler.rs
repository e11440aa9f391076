//! The server's side of the control API.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::command::{Command, WorldCommand};
use super::{edit, mappings};
use crate::error::ApiError;
use crate::function::Function;
use crate::ledger::Call;
use crate::ops::s3;
use crate::region::Region;
use crate::settings::AccountSettings;
use crate::wire::Incoming;
use crate::world::World;

/// Carries a command out. The answer is JSON; a refusal is a string that says why.
pub(crate) fn handle(world: &mut World, incoming: &Incoming) -> (StatusCode, Value) {
    let parts: Vec<_> = incoming.path.trim_matches('/').split('/').collect();
    let result = match parts[..] {
        ["_sim"] => parsed(&incoming.body).map(|command| whole(world, &command)),
        ["_sim", account, region] => parsed(&incoming.body)
            .and_then(|command| one(world, account, region, command).map_err(|error| error.message)),
        _ => Err("post a command to /_sim or /_sim/<account>/<region>".to_owned()),
    };
    match result {
        Ok(answer) => (StatusCode::OK, answer),
        Err(refusal) => (StatusCode::BAD_REQUEST, Value::String(refusal)),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("not a command: {error}"))
}

fn whole(world: &mut World, command: &WorldCommand) -> Value {
    match command {
        WorldCommand::Ledger => return json!(world.ledger.calls()),
        WorldCommand::ClearLedger => world.ledger.retain(|_| false),
        WorldCommand::Held => return json!(world.held()),
        WorldCommand::Release => world.release(),
        WorldCommand::Reset => {
            world.release();
            let called = std::mem::take(&mut world.ledger).into_called();
            *world = World::new(world.defaults.clone(), called);
        }
    }
    Value::Null
}

fn one(world: &mut World, account: &str, region: &str, command: Command) -> Result<Value, ApiError> {
    let here = |call: &Call| call.account == account && call.region == region;
    match command {
        Command::Ledger => {
            return Ok(json!(world.ledger.calls().iter().filter(|call| here(call)).collect::<Vec<_>>()));
        }
        Command::Writes => {
            let writes = world.ledger.calls().iter().filter(|call| here(call) && call.is_write());
            return Ok(json!(writes.collect::<Vec<_>>()));
        }
        Command::ClearLedger => {
            world.ledger.retain(|call| !here(call));
            return Ok(Value::Null);
        }
        _ => {}
    }
    let (region, layers) = world.region(account, region);
    match command {
        Command::Ledger | Command::Writes | Command::ClearLedger => {}
        Command::Inject { fault } => region.faults.inject(fault),
        Command::ClearFaults => region.faults.clear(),
        Command::Settings => return Ok(json!(region.settings)),
        Command::Configure { settings } => configure(region, settings)?,
        Command::Functions => return Ok(json!(region.functions.keys().collect::<Vec<_>>())),
        Command::Function { name, qualifier } => return Ok(shown(region, &name, qualifier.as_deref())),
        Command::PutFunction { function } => edit::put(region, layers, function)?,
        Command::EditFunction { name, changes } => edit::change(function(region, &name)?, changes),
        Command::RemoveFunction { name } => return Ok(json!(region.remove(&name, Instant::now()))),
        Command::PutAlias { name, alias } => edit::put_alias(function(region, &name)?, alias)?,
        Command::Mappings => return Ok(mappings::all(region)),
        Command::Mapping { uuid } => return Ok(mappings::shown(region, &uuid)),
        Command::PutMapping { mapping } => return mappings::put(region, mapping),
        Command::EditMapping { uuid, changes } => mappings::change(region, &uuid, changes)?,
        Command::RemoveMapping { uuid } => return Ok(json!(region.mappings.remove(&uuid).is_some())),
        Command::Alias(command) => return command.carry_out(region),
        Command::Version(command) => return command.carry_out(region),
        Command::Execution(command) => return command.carry_out(region),
        Command::Invocations(command) => return Ok(command.carry_out(region)),
        Command::Section(command) => return command.carry_out(region),
        Command::Layer(command) => return command.carry_out(region, layers),
        Command::CapacityProvider(command) => return command.carry_out(region),
        Command::CodeSigning(command) => return command.carry_out(region),
        Command::Settle { name } => region.settle(name.as_deref()),
        Command::PutObject { bucket, key, content } => return put_object(region, bucket, key, &content),
        Command::PutImage { uri, digest } => {
            region.images.insert(uri, digest);
        }
    }
    Ok(Value::Null)
}

pub(super) fn function<'a>(region: &'a mut Region, name: &str) -> Result<&'a mut Function, ApiError> {
    let arn = region.function_arn(name);
    region.functions.get_mut(name).ok_or_else(|| ApiError::function_not_found(&arn))
}

/// What GetFunction would answer. It settles what time has settled, and nothing else.
fn shown(region: &mut Region, name: &str, qualifier: Option<&str>) -> Value {
    let found = region.function(name, crate::lifecycle::Access::Other, Instant::now()).ok();
    let function = found.map(|function| &*function);
    let version = function.and_then(|function| function.version(qualifier));
    function.zip(version).map_or(Value::Null, |(function, version)| function.described(version, qualifier))
}

/// Settings that the patch doesn't name stay as they are.
fn configure(region: &mut Region, patch: Value) -> Result<(), ApiError> {
    let mut merged = json!(region.settings);
    if let (Some(target), Value::Object(changes)) = (merged.as_object_mut(), patch) {
        target.extend(changes);
    }
    let settings: AccountSettings =
        serde_json::from_value(merged).map_err(|error| ApiError::invalid(error.to_string()))?;
    region.settings = settings;
    Ok(())
}

fn put_object(region: &mut Region, bucket: String, key: String, content: &str) -> Result<Value, ApiError> {
    let bytes = STANDARD.decode(content).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(s3::put(region, bucket, key, bytes).into())
}
