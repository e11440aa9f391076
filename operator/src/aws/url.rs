//! The operations on function URLs.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html>

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{self, FunctionUrlAuthType, InvokeMode};

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;
use crate::section::execute::Target;
use crate::section::{Cors, Url};

impl Scope {
    /// The URL and its address, or `None` when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html>
    pub async fn get_url(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<Option<(Url, String)>, AwsError> {
        const OPERATION: &str = "GetFunctionUrlConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function_url_config().function_name(function).set_qualifier(qualifier).send()
        };
        let Some(output) = found(self.call(Call::read(OPERATION, priority), send).await)? else {
            return Ok(None);
        };
        Ok(Some((read(&output.auth_type, output.invoke_mode, output.cors), output.function_url)))
    }

    /// Creates the URL and says its address. Where there is one, AWS refuses (`Class::AlreadyExists`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html>
    pub async fn create_url(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        url: &Url,
        priority: Priority,
    ) -> Result<String, AwsError> {
        const OPERATION: &str = "CreateFunctionUrlConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let Url { auth_type, invoke_mode, cors } = url;
        let cors = (*cors != Cors::default()).then(|| sent(cors));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .create_function_url_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .auth_type(FunctionUrlAuthType::from(auth_type.as_str()))
                .invoke_mode(InvokeMode::from(invoke_mode.as_str()))
                .set_cors(cors)
                .send()
        };
        let output = self.call(Call::create(OPERATION, priority), send).await?;
        Ok(output.function_url)
    }

    /// Changes all of the URL but its address.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html>
    pub async fn update_url(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        url: &Url,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "UpdateFunctionUrlConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let Url { auth_type, invoke_mode, cors } = url;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .update_function_url_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .auth_type(FunctionUrlAuthType::from(auth_type.as_str()))
                .invoke_mode(InvokeMode::from(invoke_mode.as_str()))
                .cors(sent(cors))
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Deletes the URL; done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html>
    pub async fn delete_url(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunctionUrlConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_function_url_config().function_name(function).set_qualifier(qualifier).send()
        };
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }
}

/// The whole of it: what isn't sent is AWS's default again.
fn sent(Cors { credentials, headers, methods, origins, exposed, max_age }: &Cors) -> types::Cors {
    let list = |entries: &BTreeSet<String>| (!entries.is_empty()).then(|| entries.iter().cloned().collect());
    types::Cors::builder()
        .set_allow_credentials(credentials.then_some(true))
        .set_allow_headers(list(headers))
        .set_allow_methods(list(methods))
        .set_allow_origins(list(origins))
        .set_expose_headers(list(exposed))
        .set_max_age((*max_age > 0).then_some(*max_age))
        .build()
}

/// As AWS describes it.
pub(super) fn read(
    auth_type: &FunctionUrlAuthType,
    invoke_mode: Option<InvokeMode>,
    cors: Option<types::Cors>,
) -> Url {
    Url {
        auth_type: auth_type.as_str().to_owned(),
        invoke_mode: invoke_mode.unwrap_or(InvokeMode::Buffered).as_str().to_owned(),
        cors: cors.map(read_cors).unwrap_or_default(),
    }
}

fn read_cors(cors: types::Cors) -> Cors {
    let list = |entries: Option<Vec<String>>| entries.into_iter().flatten().collect();
    let headers = |entries: Option<Vec<String>>| {
        entries.into_iter().flatten().map(|header| header.to_ascii_lowercase()).collect()
    };
    Cors {
        credentials: cors.allow_credentials.unwrap_or_default(),
        headers: headers(cors.allow_headers),
        methods: list(cors.allow_methods),
        origins: list(cors.allow_origins),
        exposed: headers(cors.expose_headers),
        max_age: cors.max_age.unwrap_or_default(),
    }
}
