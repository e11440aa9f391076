//! Function URLs.

use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::{function_with_alias, settled};

const URL: &str = "/2021-10-31/functions/linked/url";
const URLS: &str = "/2021-10-31/functions/linked/urls";
const LIVE: &str = "/2021-10-31/functions/linked/url?Qualifier=live";

fn public() -> Value {
    json!({"AuthType": "NONE"})
}

#[tokio::test]
async fn urls_are_created_changed_and_deleted() {
    let cors = json!({"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 5});
    let mut steps = vec![
        Step::post("create on none", URL, public()),
        Step::get("get of none", URL),
        Step::get("list of none", URLS),
        Step::put("update of none", URL, public()),
        Step::delete("delete of none", URL),
    ];
    steps.extend(function_with_alias("linked"));
    steps.extend([
        Step::get("no url", URL),
        Step::get("list without urls", URLS),
        Step::put("update without a url", URL, public()),
        Step::delete("delete without a url", URL),
        Step::post("create url", URL, public()),
        Step::post("create url again", URL, public()),
        Step::get("get", URL),
        Step::post(
            "create url of the alias",
            LIVE,
            json!({"AuthType": "AWS_IAM", "Cors": cors, "InvokeMode": "RESPONSE_STREAM"}),
        ),
        Step::get("get of the alias", LIVE),
        Step::get("list", URLS).unordered(),
        Step::put("authentication", URL, json!({"AuthType": "AWS_IAM"})),
        Step::put("cors", URL, json!({"Cors": cors})),
        Step::put("other cors", URL, json!({"Cors": {"AllowOrigins": ["*"]}})),
        Step::put("mode", URL, json!({"InvokeMode": "RESPONSE_STREAM"})),
        Step::get("get changed", URL),
        Step::put("no cors", URL, json!({"Cors": {}})),
        Step::get("get without cors", URL),
        settled("function with a url", "linked"),
        Step::delete("delete", URL),
        Step::get("get what is gone", URL),
        Step::get("the alias keeps its own", LIVE),
        Step::post("create another", URL, public()),
        Step::get("list again", URLS).unordered(),
        Step::delete("delete of the alias", LIVE),
        Step::get("list at last", URLS),
    ]);
    agree("urls", steps).await;
}

#[tokio::test]
async fn bad_urls_are_refused() {
    let mut steps = function_with_alias("linked");
    let qualified = |qualifier: &str| format!("{URL}?Qualifier={qualifier}");
    steps.extend([
        Step::post("bad mode", URL, json!({"AuthType": "NONE", "InvokeMode": "SLOW"})),
        Step::post("create url", URL, public()),
        Step::put("bad authentication", URL, json!({"AuthType": "ALL"})),
        Step::put("no origins", URL, json!({"Cors": {"MaxAge": 5}})),
        Step::put("options", URL, json!({"Cors": {"AllowOrigins": ["*"], "AllowMethods": ["OPTIONS"]}})),
        Step::post("no authentication", LIVE, json!({})),
        Step::post("of a version", qualified("1"), public()),
        Step::post("of the latest version", qualified("$LATEST"), public()),
        Step::get("get of a version", qualified("1")),
        Step::post("of an alias that isn't", qualified("dead"), public()),
        Step::get("get of an alias that isn't", qualified("dead")),
        Step::put("update of an alias that isn't", qualified("dead"), public()),
        Step::post("two qualifiers", "/2021-10-31/functions/linked:live/url?Qualifier=dead", public()),
    ]);
    agree("refused urls", steps).await;
}
