//! The table: one row for each field of a LambdaFunction that can be changed, with what every change of it sends.

use cluster_tests::ROLE;
use serde_json::{Value, json};

/// A call that changes AWS: the operation and the members of its request.
pub type Write = (&'static str, Value);

/// A field.
pub struct Row {
    /// The field's path in the spec.
    pub path: &'static str,
    /// The spec without the field.
    pub base: Value,
    /// What is laid over the spec, in turn, and what that sends.
    pub values: Vec<(Value, Write)>,
    /// What removing the field sends; `None`: the field can't be removed.
    pub cleared: Option<Write>,
    /// What somebody in the console does to the function.
    pub drift: Value,
    /// Members of CreateFunction when the function is created with the first value.
    pub created: Value,
}

impl Row {
    /// The path by which people are told of a difference.
    pub fn told(&self) -> &'static str {
        if self.path == "envFrom" { "env" } else { self.path }
    }
}

const CONFIGURATION: &str = "UpdateFunctionConfiguration";
const CODE: &str = "UpdateFunctionCode";
const SQS: &str = "arn:aws:sqs:eu-west-1:111122223333";
const KMS: &str = "arn:aws:kms:eu-west-1:111122223333:key";
const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer";
const EFS: &str = "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123456789abcdef";
const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";

/// The spec of a zip function with some more fields.
fn zip(extra: Value) -> Value {
    let spec =
        json!({"role": ROLE, "runtime": "python3.14", "handler": "index.handler", "code": s3("base.zip")});
    over(spec, extra)
}

/// `spec` with the fields of `overlay`.
pub fn over(mut spec: Value, overlay: Value) -> Value {
    if let (Some(fields), Value::Object(overlay)) = (spec.as_object_mut(), overlay) {
        fields.extend(overlay);
    }
    spec
}

fn s3(key: &str) -> Value {
    json!({"s3": {"bucket": "packages", "key": key}})
}

/// A field that UpdateFunctionConfiguration sends: in the spec `path`, in AWS `member`.
fn configured(
    path: &'static str,
    member: &'static str,
    values: Vec<(Value, Value)>,
    cleared: Option<Value>,
    drift: Value,
) -> Row {
    let created = json!({member: values[0].1});
    let write = |value: Value| (CONFIGURATION, json!({member: value}));
    let values = values.into_iter().map(|(spec, wire)| (json!({path: spec}), write(wire))).collect();
    Row {
        path,
        base: zip(json!({})),
        values,
        cleared: cleared.map(write),
        drift: json!({member: drift}),
        created,
    }
}

/// A configured field that looks the same in the spec and in AWS.
fn plain(
    path: &'static str,
    member: &'static str,
    values: [Value; 2],
    cleared: Option<Value>,
    drift: Value,
) -> Row {
    let values = values.into_iter().map(|value| (value.clone(), value)).collect();
    configured(path, member, values, cleared, drift)
}

/// All fields that can be changed.
pub fn rows() -> Vec<Row> {
    let mut rows = basics();
    rows.extend(environment());
    rows.extend(network());
    rows.extend(observability());
    rows.extend(code());
    rows.extend(beside());
    rows
}

fn basics() -> Vec<Row> {
    let role = |name: &str| json!(format!("arn:aws:iam::111122223333:role/{name}"));
    vec![
        plain("runtime", "Runtime", [json!("python3.13"), json!("python3.12")], None, json!("python3.9")),
        plain("role", "Role", [role("two"), role("three")], None, role("theirs")),
        plain("handler", "Handler", [json!("a.b"), json!("c.d")], None, json!("e.f")),
        plain("description", "Description", [json!("one"), json!("two")], Some(json!("")), json!("theirs")),
        plain("timeout", "Timeout", [json!(10), json!(20)], Some(json!(3)), json!(99)),
        plain("memorySize", "MemorySize", [json!(256), json!(512)], Some(json!(128)), json!(1024)),
        configured(
            "ephemeralStorage",
            "EphemeralStorage",
            vec![
                (json!({"size": 1024}), json!({"Size": 1024})),
                (json!({"size": 2048}), json!({"Size": 2048})),
            ],
            Some(json!({"Size": 512})),
            json!({"Size": 4096}),
        ),
    ]
}

fn environment() -> Vec<Row> {
    let variables = |value: &str| json!({"Variables": {"STAGE": value}});
    let literal = |value: &str| (json!([{"name": "STAGE", "value": value}]), variables(value));
    let from = |map: &str, value: &str| (json!([{"configMapRef": {"name": map}}]), variables(value));
    let nothing = || Some(json!({"Variables": {}}));
    let key = |name: &str| {
        let wire = json!({"KMSKeyArn": format!("{KMS}/{name}"), "Environment": variables("test")});
        (json!({"kmsKeyArn": format!("{KMS}/{name}")}), (CONFIGURATION, wire))
    };
    vec![
        configured(
            "env",
            "Environment",
            vec![literal("one"), literal("two")],
            nothing(),
            variables("theirs"),
        ),
        configured(
            "envFrom",
            "Environment",
            vec![from("one", "first"), from("two", "second")],
            nothing(),
            variables("theirs"),
        ),
        Row {
            path: "kmsKeyArn",
            base: zip(json!({"env": [{"name": "STAGE", "value": "test"}]})),
            values: vec![key("one"), key("two")],
            cleared: Some((CONFIGURATION, json!({"KMSKeyArn": "", "Environment": variables("test")}))),
            drift: json!({"KMSKeyArn": format!("{KMS}/theirs")}),
            created: key("one").1.1,
        },
    ]
}

fn network() -> Vec<Row> {
    let spec = |subnet: &str, ipv6: bool| json!({"subnetIds": [subnet], "securityGroupIds": ["sg-1"], "ipv6AllowedForDualStack": ipv6});
    let wire = |subnet: &str, ipv6: bool| json!({"SubnetIds": [subnet], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": ipv6});
    let vpc = |subnet: &str, ipv6: bool| (spec(subnet, ipv6), wire(subnet, ipv6));
    let outside = json!({"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": false});
    let mount = |name: &str| {
        let arn = format!("{EFS}{name}");
        (
            json!([{"arn": arn, "localMountPath": "/mnt/data"}]),
            json!([{"Arn": arn, "LocalMountPath": "/mnt/data"}]),
        )
    };
    let queue = |name: &str| {
        let arn = format!("{SQS}:{name}");
        (json!({"targetArn": arn}), json!({"TargetArn": arn}))
    };
    vec![
        configured(
            "vpcConfig",
            "VpcConfig",
            vec![vpc("subnet-1", false), vpc("subnet-2", false), vpc("subnet-2", true)],
            Some(outside),
            wire("subnet-2", false),
        ),
        Row {
            base: zip(json!({"vpcConfig": spec("subnet-1", false)})),
            ..configured(
                "fileSystemConfigs",
                "FileSystemConfigs",
                vec![mount("1"), mount("2")],
                Some(json!([])),
                json!([{"Arn": format!("{EFS}2"), "LocalMountPath": "/mnt/theirs"}]),
            )
        },
        configured(
            "deadLetterConfig",
            "DeadLetterConfig",
            vec![queue("one"), queue("two")],
            Some(json!({"TargetArn": ""})),
            queue("theirs").1,
        ),
    ]
}

fn observability() -> Vec<Row> {
    let mode = |mode: &str| (json!({"mode": mode}), json!({"Mode": mode}));
    let json_logs = |application: &str, system: &str| {
        (
            json!({"logFormat": "JSON", "applicationLogLevel": application, "systemLogLevel": system}),
            json!({
                "LogFormat": "JSON", "ApplicationLogLevel": application, "SystemLogLevel": system,
                "LogGroup": "/aws/lambda/NAME",
            }),
        )
    };
    let levels_left_out = (
        json!({"logFormat": "JSON", "logGroup": "/mine"}),
        json!({"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": "/mine"}),
    );
    let snap = |when: &str| (json!({"applyOn": when}), json!({"ApplyOn": when}));
    vec![
        configured(
            "tracingConfig",
            "TracingConfig",
            vec![mode("Active"), mode("PassThrough"), mode("Active")],
            Some(json!({"Mode": "PassThrough"})),
            json!({"Mode": "PassThrough"}),
        ),
        configured(
            "loggingConfig",
            "LoggingConfig",
            vec![json_logs("DEBUG", "WARN"), json_logs("FATAL", "DEBUG"), levels_left_out],
            Some(json!({"LogFormat": "Text", "LogGroup": "/aws/lambda/NAME"})),
            json!({"SystemLogLevel": "WARN"}),
        ),
        configured(
            "snapStart",
            "SnapStart",
            vec![snap("PublishedVersions"), snap("None"), snap("PublishedVersions")],
            Some(json!({"ApplyOn": "None"})),
            json!({"ApplyOn": "None"}),
        ),
    ]
}

fn code() -> Vec<Row> {
    let sent = |key: &str, architecture: &str| json!({"Architectures": [architecture], "S3Bucket": "packages", "S3Key": key});
    let package = |key: &str| (json!({"code": s3(key)}), (CODE, sent(key, "x86_64")));
    let on = |architecture: &str| {
        (json!({"architectures": [architecture]}), (CODE, sent("base.zip", architecture)))
    };
    let encrypted = |name: &str| {
        let key = json!({"sourceKMSKeyArn": format!("{KMS}/{name}")});
        let wire = over(sent("base.zip", "x86_64"), json!({"SourceKMSKeyArn": format!("{KMS}/{name}")}));
        (json!({"code": over(s3("base.zip"), key)}), (CODE, wire))
    };
    let layers = |names: [&str; 2]| {
        let arns = names.map(|name| format!("{LAYER}:{name}"));
        (json!([{"arn": arns[0]}, {"arn": arns[1]}]), json!(arns))
    };
    let command = |spec: Value, wire: Value| (spec, wire);
    vec![
        Row {
            path: "code",
            base: zip(json!({})),
            values: vec![package("one.zip"), package("two.zip")],
            cleared: None,
            drift: json!({"CodeSha256": "dGhlaXJz"}),
            created: json!({"Code": {"S3Bucket": "packages", "S3Key": "one.zip"}}),
        },
        Row {
            path: "code.sourceKMSKeyArn",
            base: zip(json!({})),
            values: vec![encrypted("one"), encrypted("two")],
            cleared: Some((CODE, sent("base.zip", "x86_64"))),
            drift: json!({"SourceKMSKeyArn": format!("{KMS}/theirs")}),
            created: json!({"Code": {"S3Bucket": "packages", "S3Key": "base.zip", "SourceKMSKeyArn": format!("{KMS}/one")}}),
        },
        Row {
            path: "architectures",
            base: zip(json!({})),
            values: vec![on("arm64"), on("x86_64"), on("arm64")],
            cleared: Some((CODE, sent("base.zip", "x86_64"))),
            drift: json!({"Architectures": ["x86_64"]}),
            created: json!({"Architectures": ["arm64"]}),
        },
        configured(
            "layers",
            "Layers",
            vec![layers(["a:1", "b:1"]), layers(["b:1", "a:1"]), layers(["b:1", "a:2"])],
            Some(json!([])),
            layers(["a:2", "b:1"]).1,
        ),
        Row {
            base: json!({"role": ROLE, "code": {"image": {"uri": IMAGE}}}),
            ..configured(
                "imageConfig",
                "ImageConfig",
                vec![
                    command(
                        json!({"entryPoint": ["/run"], "command": ["a"], "workingDirectory": "/w"}),
                        json!({"EntryPoint": ["/run"], "Command": ["a"], "WorkingDirectory": "/w"}),
                    ),
                    command(json!({"command": ["b", "c"]}), json!({"Command": ["b", "c"]})),
                ],
                Some(json!({})),
                json!({"Command": ["c", "b"]}),
            )
        },
    ]
}

fn beside() -> Vec<Row> {
    let tags = |spec: Value, sent: Value| (json!({"tags": spec}), ("TagResource", json!({"Tags": sent})));
    let reserved = |value: i32| {
        let wire = json!({"ReservedConcurrentExecutions": value});
        (json!({"reservedConcurrentExecutions": value}), ("PutFunctionConcurrency", wire))
    };
    vec![
        Row {
            path: "tags",
            base: zip(json!({})),
            values: vec![
                tags(json!({"team": "a"}), json!({"team": "a"})),
                tags(json!({"team": "a", "stage": "test"}), json!({"stage": "test"})),
                tags(json!({"team": "b", "stage": "test"}), json!({"team": "b"})),
            ],
            cleared: Some(("UntagResource", json!({"tagKeys": ["stage", "team"]}))),
            drift: json!({"Tags": {"team": "theirs"}}),
            created: json!({"Tags": {"team": "a"}}),
        },
        Row {
            path: "reservedConcurrentExecutions",
            base: zip(json!({})),
            values: vec![reserved(5), reserved(0), reserved(7)],
            cleared: Some(("DeleteFunctionConcurrency", json!({}))),
            drift: json!({"ReservedConcurrentExecutions": 9}),
            created: json!({}),
        },
    ]
}
