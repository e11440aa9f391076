//! The life of functions.

use conformance::requests::{
    FUNCTIONS, arn, function, function_arn, function_path, function_with, part, zip,
};
use conformance::{Step, agree};
use serde_json::json;

use crate::settled;

#[tokio::test]
async fn a_plain_function_from_its_creation_to_its_end() {
    let again = function("plain");
    let steps = vec![
        Step::get("nothing is listed", FUNCTIONS),
        Step::get("get none", function_path("plain")),
        Step::get("get the configuration of none", part("plain", "configuration")),
        Step::put("update none", part("plain", "configuration"), json!({"Timeout": 4})),
        Step::put("update the code of none", part("plain", "code"), json!({"ZipFile": zip("2")})),
        Step::delete("delete none", function_path("plain")),
        Step::post("create", FUNCTIONS, function("plain")),
        settled("settled", "plain"),
        Step::get("get the configuration", part("plain", "configuration")),
        Step::get("get the latest version", format!("{}?Qualifier=%24LATEST", function_path("plain"))),
        Step::get("get a version that isn't", format!("{}?Qualifier=7", function_path("plain"))),
        Step::get("get an alias that isn't", format!("{}?Qualifier=live", function_path("plain"))),
        Step::get("list", FUNCTIONS),
        Step::post("create again", FUNCTIONS, again),
        Step::delete("delete a version that isn't", format!("{}?Qualifier=7", function_path("plain"))),
        Step::delete("delete the latest version", format!("{}?Qualifier=%24LATEST", function_path("plain"))),
        Step::delete("delete", function_path("plain")),
        Step::get("get what is gone", function_path("plain")),
        Step::delete("delete what is gone", function_path("plain")),
        Step::get("nothing is listed any more", FUNCTIONS),
        Step::post("create once more", FUNCTIONS, function("plain")),
        settled("settled once more", "plain"),
    ];
    agree("functions", steps).await;
}

#[tokio::test]
async fn a_function_with_every_field() {
    let members = json!({
        "Description": "all of it",
        "Timeout": 30,
        "MemorySize": 512,
        "Publish": true,
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 1024},
        "Environment": {"Variables": {"ONE": "1", "TWO": "2"}},
        "KMSKeyArn": arn("kms", "key/11111111-2222-3333-4444-555555555555"),
        "TracingConfig": {"Mode": "Active"},
        "DeadLetterConfig": {"TargetArn": arn("sqs", "dead")},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "/custom"},
        "SnapStart": {"ApplyOn": "None"},
        "VpcConfig": {"SubnetIds": ["{subnet}"], "SecurityGroupIds": ["{group}"]},
        "FileSystemConfigs": [{
            "Arn": arn("elasticfilesystem", "access-point/fsap-0123456789abcdef0"),
            "LocalMountPath": "/mnt/data",
        }],
        "Tags": {"team": "a", "empty": ""},
    });
    let steps = vec![
        Step::prepare("there are subnets", "ec2", "Action=DescribeSubnets&Version=2016-11-15")
            .saves("subnet", "/subnetId"),
        Step::prepare("there are groups", "ec2", "Action=DescribeSecurityGroups&Version=2016-11-15")
            .saves("group", "/groupId"),
        Step::queue("there is a queue", "dead"),
        Step::post("create", FUNCTIONS, function_with("full", members)),
        settled("settled", "full"),
        Step::get("list", FUNCTIONS),
        Step::get("get the version", format!("{}?Qualifier=1", function_path("full")))
            .until("/Configuration/State", "Active"),
    ];
    agree("full function", steps).await;
}

#[tokio::test]
async fn a_function_goes_by_many_names() {
    let steps = vec![
        Step::post(
            "create by arn",
            FUNCTIONS,
            function_with("named", json!({"FunctionName": function_arn("named")})),
        ),
        settled("settled", "named"),
        Step::get(
            "get by arn",
            format!("{FUNCTIONS}/arn%3Aaws%3Alambda%3Aeu-west-1%3A{{account}}%3Afunction%3Anamed"),
        ),
        Step::get("get by a part of the arn", format!("{FUNCTIONS}/{{account}}%3Afunction%3Anamed")),
        Step::get("get the latest by name", format!("{FUNCTIONS}/named%3A%24LATEST")),
        Step::get("get with two qualifiers", format!("{FUNCTIONS}/named%3A1?Qualifier=2")),
        Step::get(
            "get from another region",
            format!("{FUNCTIONS}/arn%3Aaws%3Alambda%3Aus-east-1%3A{{account}}%3Afunction%3Anamed"),
        ),
        Step::put("update a version", part("named%3A1", "configuration"), json!({"Timeout": 4})),
    ];
    agree("function names", steps).await;
}
