//! Which layers a function may use. Texts: `test_layer_function_exceptions` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json), and for layers of other accounts those of IAM.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::service::strings;
use crate::error::ApiError;
use crate::layer::{LayerId, Layers};
use crate::region::Region;
use crate::request::Object;

/// Checks the `Layers` that a request sends. One that is in use and was deleted meanwhile can't be sent again.
pub(crate) fn check(
    region: &Region,
    layers: &Layers,
    principal: &str,
    sent: &Object,
) -> Result<(), ApiError> {
    let arns = strings(sent.get("Layers"));
    if arns.len() > 5 {
        return Err(ApiError::invalid("Cannot reference more than 5 layers."));
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for arn in arns {
        check_version(region, layers, principal, arn)?;
        let layer = arn.rsplit_once(':').map_or(arn, |(layer, _)| layer);
        if let Some(other) = seen.insert(layer, arn) {
            return Err(ApiError::invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. \
                 {other} and {arn} are versions of the same layer."
            )));
        }
    }
    Ok(())
}

fn check_version(region: &Region, layers: &Layers, principal: &str, arn: &str) -> Result<(), ApiError> {
    let missing = || Err(ApiError::invalid(format!("Layer version {arn} does not exist.")));
    if region.settings.missing_layers.contains(arn) {
        return missing();
    }
    // AWS's own layers, such as `awslayer`, have another form.
    let Some((id, Some(number))) = LayerId::from_arn(arn) else { return Ok(()) };
    let denied = || Err(ApiError::access_denied(principal, "lambda:GetLayerVersion", arn, "resource-based"));
    let is_own = id.account == region.account;
    if id.region != region.name {
        let text = format!(
            "Layers are not in the same region as the function. Layers are expected to be in region {}.",
            region.name
        );
        return if is_own { Err(ApiError::invalid(text)) } else { denied() };
    }
    if !region.settings.strict_layers && !layers.knows(&id) {
        return Ok(());
    }
    match layers.version(&id, number) {
        None if is_own => missing(),
        Some(version) if is_own || version.is_shared_with(&region.account) => Ok(()),
        _ => denied(),
    }
}

/// Gives the layers of a configuration the sizes of their versions, as far as these are known.
pub(crate) fn set_sizes(layers: &Layers, config: &mut Object) {
    let used = config.get_mut("Layers").and_then(Value::as_array_mut).into_iter().flatten();
    for layer in used {
        let id = layer["Arn"].as_str().and_then(LayerId::from_arn);
        let version = id.and_then(|(id, number)| layers.version(&id, number?));
        if let Some(version) = version {
            layer["CodeSize"] = json!(version.code.size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(region: &Region, arns: &[String]) -> Option<ApiError> {
        let sent = json!({"Layers": arns});
        check(region, &Layers::default(), "arn:aws:iam::111122223333:user/me", sent.as_object().unwrap())
            .err()
    }

    fn region() -> Region {
        Region::new("111122223333", "eu-west-1", crate::AccountSettings::default())
    }

    fn layer(name: &str, version: u64) -> String {
        format!("arn:aws:lambda:eu-west-1:111122223333:layer:{name}:{version}")
    }

    #[test]
    fn layers_are_limited_and_of_one_version_each() {
        let six: Vec<_> = (0..6).map(|n| layer(&format!("l{n}"), 1)).collect();
        assert_eq!(refused(&region(), &six).unwrap().message, "Cannot reference more than 5 layers.");
        let text = refused(&region(), &[layer("a", 1), layer("a", 2)]).unwrap().message;
        assert!(text.starts_with("Two different versions of the same layer"), "{text}");
    }

    #[test]
    fn layers_that_were_never_published_exist_unless_the_account_is_strict() {
        let mut region = region();
        let arn = layer("a", 1);
        assert_eq!(refused(&region, std::slice::from_ref(&arn)), None);
        region.settings.strict_layers = true;
        let text = refused(&region, std::slice::from_ref(&arn)).unwrap().message;
        assert_eq!(text, format!("Layer version {arn} does not exist."));
        let theirs = arn.replace("111122223333", "444455556666");
        let error = refused(&region, std::slice::from_ref(&theirs)).unwrap();
        assert_eq!(error.code, "AccessDeniedException");
        assert!(error.message.ends_with("no resource-based policy allows the lambda:GetLayerVersion action"));
    }

    #[test]
    fn layers_are_of_the_functions_region() {
        let own = layer("a", 1).replace("eu-west-1", "us-east-1");
        let text = refused(&region(), &[own]).unwrap().message;
        assert!(text.ends_with("Layers are expected to be in region eu-west-1."), "{text}");
    }
}
