//! What CreateFunction and UpdateFunctionConfiguration refuse.

use conformance::requests::{FUNCTIONS, arn, function, function_with, part, zip};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

/// Each by a name of its own: what one side accepts must not be in the way of the next.
fn create(step: &'static str, members: Value) -> Step {
    Step::post(step, FUNCTIONS, function_with(&step.replace(' ', "-").replace('\'', ""), members))
}

#[tokio::test]
async fn what_no_new_function_can_be() {
    let large: String = "x".repeat(4100);
    let tags: Value = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    let layers: Vec<_> = (0..6).map(|n| arn("lambda", &format!("layer:l{n}:1"))).collect();
    let steps = vec![
        create("an unknown runtime", json!({"Runtime": "cobol"})),
        create("an old runtime", json!({"Runtime": "python2.7"})),
        create("no runtime", json!({"Runtime": null})),
        create("no handler", json!({"Handler": null})),
        create("no role", json!({"Role": null})),
        create("a bad role", json!({"Role": "lambda"})),
        create("too long a timeout", json!({"Timeout": 901})),
        create("no timeout", json!({"Timeout": 0})),
        create("too little memory", json!({"MemorySize": 64})),
        create("too much memory", json!({"MemorySize": 20_480})),
        create("too little storage", json!({"EphemeralStorage": {"Size": 100}})),
        create("too large an environment", json!({"Environment": {"Variables": {"LARGE": large}}})),
        create("a reserved variable", json!({"Environment": {"Variables": {"AWS_REGION": "x"}}})),
        create("a bad variable", json!({"Environment": {"Variables": {"1": "x"}}})),
        create("two processors", json!({"Architectures": ["x86_64", "arm64"]})),
        create("an unknown processor", json!({"Architectures": ["z80"]})),
        create("six layers", json!({"Layers": layers})),
        create("too many tags", json!({"Tags": tags})),
        create("a long description", json!({"Description": "x".repeat(257)})),
        create("no zip", json!({"Code": {"ZipFile": "bm8gemlw"}})),
        create("no code", json!({"Code": {}})),
        create("an image of a zip", json!({"Code": {"ImageUri": "x"}})),
        create("a zip of an image", json!({"PackageType": "Image", "Runtime": null, "Handler": null})),
        create("an unknown package", json!({"PackageType": "Tar"})),
        create("an unknown trace", json!({"TracingConfig": {"Mode": "All"}})),
        create("an unknown snapshot", json!({"SnapStart": {"ApplyOn": "Always"}})),
        create(
            "levels of text",
            json!({"LoggingConfig": {"LogFormat": "Text", "ApplicationLogLevel": "INFO"}}),
        ),
        create(
            "a network without groups",
            json!({"VpcConfig": {"SubnetIds": ["subnet-0123"], "SecurityGroupIds": []}}),
        ),
        create(
            "a file system without a network",
            json!({"FileSystemConfigs": [{
                "Arn": arn("elasticfilesystem", "access-point/fsap-0123456789abcdef0"), "LocalMountPath": "/mnt/data",
            }]}),
        ),
        create("a bad name", json!({"FunctionName": "a b"})),
        create("a long name", json!({"FunctionName": "a".repeat(65)})),
        Step::get("a bad name of what is read", format!("{FUNCTIONS}/a%20b")),
    ];
    agree("refused functions", steps).await;
}

#[tokio::test]
async fn what_no_function_can_become() {
    let update = |step, body: Value| Step::put(step, part("changed", "configuration"), body);
    let steps = vec![
        Step::post("create", FUNCTIONS, function("changed")),
        settled("settled", "changed"),
        update("an unknown runtime", json!({"Runtime": "cobol"})),
        update("a bad role", json!({"Role": "lambda"})),
        update(
            "too large an environment",
            json!({"Environment": {"Variables": {"LARGE": "x".repeat(4100)}}}),
        ),
        update("a layer by its name alone", json!({"Layers": ["x"]})),
        Step::put(
            "an unknown processor",
            part("changed", "code"),
            json!({"ZipFile": zip("2"), "Architectures": ["z80"]}),
        ),
        settled("nothing came of it", "changed"),
        update("a reserved variable", json!({"Environment": {"Variables": {"AWS_REGION": "x"}}})),
    ];
    agree("refused updates", steps).await;
}
