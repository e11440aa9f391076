//! Paths and bodies of requests that several scenarios send.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::side::encoded;

/// The region of all scenarios.
pub const REGION: &str = "eu-west-1";
/// Where functions are created and listed.
pub const FUNCTIONS: &str = "/2015-03-31/functions";
/// Where event source mappings are created and listed.
pub const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
/// Where layers are listed.
pub const LAYERS: &str = "/2018-10-31/layers";
/// Where code-signing configurations are created and listed.
pub const CODE_SIGNING: &str = "/2020-04-22/code-signing-configs";

/// The path of a function, which may be given as an ARN and with a query.
pub fn function_path(name: &str) -> String {
    format!("{FUNCTIONS}/{name}")
}

/// The path of a part of a function: `configuration`, `code`, `versions`, `aliases` or `aliases/<name>`.
pub fn part(name: &str, part: &str) -> String {
    format!("{FUNCTIONS}/{name}/{part}")
}

/// The path of the tags of what has this ARN.
pub fn tags(arn: &str) -> String {
    format!("/2017-03-31/tags/{}", if arn.starts_with('{') { arn.to_owned() } else { encoded_arn(arn) })
}

/// An ARN as a segment of a path; `{account}` stays to be filled in.
pub fn encoded_arn(arn: &str) -> String {
    encoded(arn).replace("%7B", "{").replace("%7D", "}")
}

/// The ARN of something of the scenario's account.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{{account}}:{resource}")
}

/// The ARN of a function.
pub fn function_arn(name: &str) -> String {
    arn("lambda", &format!("function:{name}"))
}

/// The body of a CreateFunction request with nothing but what must be there.
pub fn function(name: &str) -> Value {
    json!({
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::{account}:role/lambda",
        "Handler": "index.handler",
        "Code": {"ZipFile": zip("def handler(e, c): return 1")},
    })
}

/// The same with more members, which replace those that are there.
pub fn function_with(name: &str, members: Value) -> Value {
    let mut request = function(name);
    if let (Some(request), Value::Object(members)) = (request.as_object_mut(), members) {
        request.extend(members);
    }
    request
}

/// A zip file with one source file, in base64; of the same source always the same.
pub fn zip(source: &str) -> String {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("index.py", options).expect("a file can be started in memory");
    zip.write_all(source.as_bytes()).expect("memory can be written to");
    STANDARD.encode(zip.finish().expect("memory can be written to").into_inner())
}
