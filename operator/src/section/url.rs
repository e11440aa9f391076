//! The HTTPS endpoint of a function or an alias.

use std::collections::BTreeSet;
use std::fmt;

use lambda_operator_crds::{
    Cors as CorsSpec, CorsEntry, CorsMethod, FunctionUrl, UrlAuthType, UrlInvokeMode,
};

use super::permission::Statement;

/// An endpoint. Its address is AWS's choice and no part of it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// `NONE` or `AWS_IAM`.
    pub auth_type: String,
    /// `BUFFERED` or `RESPONSE_STREAM`.
    pub invoke_mode: String,
    /// Cross-origin resource sharing; AWS's default is all empty.
    pub cors: Cors,
}

/// Cross-origin resource sharing. Order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Whether cookies and credentials are sent.
    pub credentials: bool,
    /// Headers of requests. Their case means nothing.
    pub headers: BTreeSet<String>,
    /// Methods of requests.
    pub methods: BTreeSet<String>,
    /// Origins of pages.
    pub origins: BTreeSet<String>,
    /// Headers of answers that pages may see.
    pub exposed: BTreeSet<String>,
    /// Seconds for which it may be kept.
    pub max_age: i32,
}

impl Url {
    /// Whether anybody may call it.
    pub(super) fn is_for_everybody(&self) -> bool {
        self.auth_type == EVERYBODY
    }
}

/// The `AuthType` of a URL for everybody.
const EVERYBODY: &str = "NONE";

/// The statements that a URL for everybody needs, by the ids that AWS's console gives them.
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
pub(super) fn statements() -> [(&'static str, Statement); 2] {
    let everybody = |action: &str| Statement {
        action: action.to_owned(),
        principal: "*".to_owned(),
        ..Statement::default()
    };
    let by_url = Statement { url_auth_type: Some(EVERYBODY.into()), ..everybody("lambda:InvokeFunctionUrl") };
    let invoke = Statement { via_url: true, ..everybody("lambda:InvokeFunction") };
    [("FunctionURLAllowPublicAccess", by_url), ("FunctionURLAllowInvokeAction", invoke)]
}

/// What the spec says.
pub(super) fn of_spec(spec: &FunctionUrl) -> Url {
    let FunctionUrl { auth_type, invoke_mode, cors } = spec;
    let auth_type = match auth_type {
        UrlAuthType::None => EVERYBODY,
        UrlAuthType::AwsIam => "AWS_IAM",
    };
    let invoke_mode = match invoke_mode.unwrap_or_default() {
        UrlInvokeMode::Buffered => "BUFFERED",
        UrlInvokeMode::ResponseStream => "RESPONSE_STREAM",
    };
    let cors = cors.as_ref().map(cors_of).unwrap_or_default();
    Url { auth_type: auth_type.to_owned(), invoke_mode: invoke_mode.to_owned(), cors }
}

fn cors_of(spec: &CorsSpec) -> Cors {
    let CorsSpec { allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age } =
        spec;
    let entries =
        |list: &Option<Vec<CorsEntry>>| list.iter().flatten().map(|CorsEntry(text)| text.clone()).collect();
    let headers = |list: &Option<Vec<CorsEntry>>| {
        list.iter().flatten().map(|CorsEntry(text)| text.to_ascii_lowercase()).collect()
    };
    Cors {
        credentials: allow_credentials.unwrap_or_default(),
        headers: headers(allow_headers),
        methods: allow_methods.iter().flatten().map(|CorsMethod(text)| text.clone()).collect(),
        origins: entries(allow_origins),
        exposed: headers(expose_headers),
        max_age: max_age.unwrap_or_default(),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { auth_type, invoke_mode, cors } = self;
        write!(f, "{auth_type}, {invoke_mode}")?;
        if *cors == Cors::default() {
            return Ok(());
        }
        let Cors { credentials, headers, methods, origins, exposed, max_age } = cors;
        let lists =
            [("origins", origins), ("methods", methods), ("headers", headers), ("exposed headers", exposed)];
        f.write_str(", CORS")?;
        for (what, entries) in lists.into_iter().filter(|(_, entries)| !entries.is_empty()) {
            write!(f, " {what} {}", entries.iter().cloned().collect::<Vec<_>>().join(" "))?;
        }
        if *credentials {
            f.write_str(" with credentials")?;
        }
        if *max_age > 0 {
            write!(f, " for {max_age} s")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_means_awss_default_and_order_means_nothing() {
        let url = |spec: serde_json::Value| of_spec(&serde_json::from_value(spec).unwrap());
        let plain = url(json!({"authType": "AWS_IAM"}));
        assert_eq!((plain.invoke_mode.as_str(), &plain.cors), ("BUFFERED", &Cors::default()));
        assert_eq!(
            plain,
            url(json!({"authType": "AWS_IAM", "invokeMode": "BUFFERED", "cors": {"maxAge": 0}}))
        );
        let one = url(
            json!({"authType": "NONE", "cors": {"allowHeaders": ["X-A", "x-b"], "allowMethods": ["GET", "*"]}}),
        );
        let two = url(
            json!({"authType": "NONE", "cors": {"allowHeaders": ["x-b", "x-a"], "allowMethods": ["*", "GET"]}}),
        );
        assert_eq!(one, two);
        assert_eq!(one.to_string(), "NONE, BUFFERED, CORS methods * GET headers x-a x-b");
    }
}
