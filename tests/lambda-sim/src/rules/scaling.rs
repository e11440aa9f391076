//! What is refused about the scaling of a version. Texts on what isn't on a capacity provider are ours, after AWS's for
//! its configuration.

use std::sync::LazyLock;

use regex::Regex;

use super::model::Checks;
use crate::error::ApiError;
use crate::function::Function;
use crate::request::{Object, Request};

const QUALIFIER: &str = r"(\$LATEST\.PUBLISHED|[0-9]+)";

static QUALIFIER_RE: LazyLock<Regex> = whole!(QUALIFIER);

/// Checks the members of a PutFunctionScalingConfig or GetFunctionScalingConfig request.
pub(crate) fn check(request: &Request) -> Result<(), ApiError> {
    let mut members: Object = request.body.clone();
    members.extend(request.query("Qualifier").map(|qualifier| ("Qualifier".to_owned(), qualifier.into())));
    let mut checks = Checks::of(&members, &["Qualifier"]);
    checks.text("Qualifier", 128, Some((&QUALIFIER_RE, QUALIFIER)));
    checks.between("FunctionScalingConfig.MinExecutionEnvironments", 0, 15_000);
    checks.between("FunctionScalingConfig.MaxExecutionEnvironments", 0, 15_000);
    checks.finish()
}

/// Only a function on a capacity provider has instances to scale.
pub(crate) fn check_function(function: &Function) -> Result<(), ApiError> {
    if function.is_managed() {
        return Ok(());
    }
    Err(ApiError::invalid("FunctionScalingConfig isn't supported for Lambda Default functions."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sections::PUBLISHED;

    #[test]
    fn a_version_has_limits_within_limits() {
        let refused = |qualifier: &str, config: Value| {
            let body = [("FunctionScalingConfig".to_owned(), config)].into_iter().collect();
            let query = vec![("Qualifier".to_owned(), qualifier.to_owned())];
            check(&Request { query, body, ..Request::default() }).err().map(|error| error.message)
        };
        let limits = json!({"MinExecutionEnvironments": 0, "MaxExecutionEnvironments": 15_000});
        assert_eq!((refused(PUBLISHED, limits.clone()), refused("7", json!({}))), (None, None));
        assert!(refused("live", limits).unwrap().ends_with(r"pattern: (\$LATEST\.PUBLISHED|[0-9]+)"));
        let text = refused("7", json!({"MaxExecutionEnvironments": 15_001})).unwrap();
        assert!(text.contains("'functionScalingConfig.maxExecutionEnvironments'"), "{text}");
        assert!(refused("", json!({})).unwrap().contains("Value null at 'qualifier'"));
    }
}
