//! The record of every call, also of those that were throttled, refused by a fault or cut.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::code;
use crate::request::Request;

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Number of the call, over all accounts and regions, in the order of arrival.
    pub seq: u64,
    /// Milliseconds between the simulator's start and the call's arrival.
    pub at_ms: u64,
    /// `lambda`, `sts`, `s3` or `ecr`.
    pub service: String,
    /// E.g. `CreateFunction`; method and path, e.g. `GET /2015-03-31/nothing`, when the simulator knows no operation
    /// there.
    pub operation: String,
    /// The caller's account; empty when the call wasn't signed.
    pub account: String,
    /// The ARN of the caller: of a role's session `arn:aws:sts::…:assumed-role/ROLE/SESSION`; empty when the call wasn't
    /// signed.
    #[serde(default)]
    pub principal: String,
    /// The application that the caller's SDK was told of.
    #[serde(default)]
    pub application: Option<String>,
    /// The caller's region; empty when the call wasn't signed.
    pub region: String,
    /// The name of what the call is about: a function `hello`, an alias `hello:live` (also of a call about what the
    /// alias or a version `hello:3` has of its own, such as its permissions), a layer `tools` or a version
    /// of it `tools:3`, a code signing config `csc-…`, the UUID of an event source mapping, an object `bucket/key` of
    /// S3, a repository of ECR.
    pub resource: Option<String>,
    /// The members of the request: the body as sent, with `ZipFile` replaced by `sha256:<base64>`, and the
    /// parameters of the path (but the first) and of the query under their names (`tagKeys` as a list). Of an invocation
    /// what its headers say, and its payload as text.
    pub request: Value,
    /// The HTTP status of the answer; 0 while there is none, or when the connection was cut.
    pub status: u16,
    /// The error's code; `ConnectionCut` when a fault cut the connection, `CallerGone` when the caller left
    /// before the answer.
    pub error: Option<String>,
    /// As in the header `x-amzn-requestid`.
    pub request_id: String,
}

impl Call {
    /// Whether the operation is one that only reads.
    pub fn is_read(&self) -> bool {
        let reads = ["Get", "List", "Assume", "Head", "BatchGet", "GET ", "HEAD "];
        reads.iter().any(|prefix| self.operation.starts_with(prefix))
    }

    /// Whether the operation is one that writes.
    pub fn is_write(&self) -> bool {
        !self.is_read()
    }
}

/// All calls since the start or since they were cleared.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    calls: Vec<Call>,
    last: u64,
    called: Called,
}

/// Which operations applications have called, with the file that says so; see [`crate::Options::called`].
#[derive(Debug, Default)]
pub(crate) struct Called {
    file: Option<File>,
    known: BTreeSet<String>,
}

impl Called {
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        Ok(Self { file: path.map(open).transpose()?, known: BTreeSet::new() })
    }

    /// Who reads the file misses a line that can't be written.
    fn add(&mut self, call: &Call) {
        let (Some(file), Some(application)) = (&mut self.file, &call.application) else { return };
        let line = format!("{application} {}\n", call.operation);
        if !self.known.contains(&line) {
            let _ = file.write_all(line.as_bytes());
            self.known.insert(line);
        }
    }
}

impl Ledger {
    pub(crate) fn new(called: Called) -> Self {
        Self { called, ..Self::default() }
    }

    /// Ends the record.
    pub(crate) fn into_called(self) -> Called {
        self.called
    }

    /// Records the arrival of a call; its `seq` is given here.
    pub(crate) fn arrived(&mut self, mut call: Call) -> u64 {
        self.last += 1;
        call.seq = self.last;
        self.called.add(&call);
        self.calls.push(call);
        self.last
    }

    /// Records the answer, unless the call was cleared away meanwhile.
    pub(crate) fn answered(&mut self, seq: u64, status: u16, error: Option<&str>) {
        if let Ok(at) = self.calls.binary_search_by_key(&seq, |call| call.seq) {
            self.calls[at].status = status;
            self.calls[at].error = error.map(ToOwned::to_owned);
        }
    }

    pub(crate) fn get(&self, seq: u64) -> Option<&Call> {
        self.calls.binary_search_by_key(&seq, |call| call.seq).ok().map(|at| &self.calls[at])
    }

    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Call) -> bool) {
        self.calls.retain(keep);
    }
}

/// What the ledger keeps of a request.
pub(crate) fn recorded(request: &Request) -> Value {
    let mut members: Map<String, Value> = request.body.clone();
    hide_zip(&mut members);
    for name in ["Code", "Content"] {
        if let Some(code) = members.get_mut(name).and_then(Value::as_object_mut) {
            hide_zip(code);
        }
    }
    for (name, value) in &request.parameters {
        members.insert((*name).to_owned(), Value::String(value.clone()));
    }
    for (name, value) in &request.query {
        if name == "tagKeys" {
            members.insert(name.clone(), json!(request.query_all("tagKeys")));
        } else {
            members.insert(name.clone(), Value::String(value.clone()));
        }
    }
    Value::Object(members)
}

fn hide_zip(members: &mut Map<String, Value>) {
    if let Some(zip) = members.get_mut("ZipFile") {
        let bytes = zip.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        *zip = Value::String(format!("sha256:{}", code::sha256_base64(&bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(application: Option<&str>, operation: &str) -> Call {
        let call = json!({
            "seq": 0, "at_ms": 0, "service": "lambda", "operation": operation, "account": "", "region": "", "resource": null,
            "request": {}, "status": 0, "error": null, "request_id": "",
        });
        Call { application: application.map(ToOwned::to_owned), ..serde_json::from_value(call).unwrap() }
    }

    #[test]
    fn simulators_share_a_file_of_what_applications_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("called");
        let mut ledgers = [(); 2].map(|()| Ledger::new(Called::open(Some(&path)).unwrap()));
        for (ledger, application, operation) in [
            (0, Some("shop"), "GetFunction"),
            (0, Some("shop"), "GetFunction"),
            (1, None, "GetAlias"),
            (1, Some("shop"), "GetPolicy"),
        ] {
            ledgers[ledger].arrived(call(application, operation));
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "shop GetFunction\nshop GetPolicy\n");
    }

    #[test]
    fn zip_files_are_recorded_by_their_hash_and_queries_as_members() {
        let mut request = Request { query: vec![("Qualifier".into(), "1".into())], ..Request::default() };
        request.body.insert("Code".into(), json!({"ZipFile": "AAAA"}));
        let recorded = recorded(&request);
        assert_eq!(recorded["Qualifier"], "1");
        assert_eq!(recorded["Code"]["ZipFile"].as_str().unwrap().len(), "sha256:".len() + 44);
    }
}
