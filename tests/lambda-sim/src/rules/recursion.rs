//! What is refused about the detection of recursive loops. Texts: `TestLambdaRecursion` in LocalStack's recordings of
//! AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use super::model::Checks;
use crate::error::ApiError;
use crate::request::Object;

/// Checks the members of a PutFunctionRecursionConfig request.
pub(crate) fn check(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["RecursiveLoop"]);
    checks.one_of("RecursiveLoop", &["Terminate", "Allow"]);
    checks.finish()
}
