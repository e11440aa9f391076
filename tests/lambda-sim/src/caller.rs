//! Who is calling and where: read from the `Authorization` header of Signature Version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>). The signature
//! itself isn't verified.

use std::collections::HashMap;

/// The account that keys without 12 digits in them belong to.
pub(crate) const DEFAULT_ACCOUNT: &str = "000000000000";

/// Access keys that AssumeRole handed out, with the ARN of the session that they stand for.
pub(crate) type Sessions = HashMap<String, String>;

/// Account, region and service of one signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Caller {
    /// Reads `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`.
    pub(crate) fn from_authorization(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let scope = rest.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
        let mut parts = scope.split('/');
        let access_key = parts.next()?.to_owned();
        let (_date, region, service) = (parts.next()?, parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { account: account_of(&access_key), access_key, region, service })
    }

    /// The ARN that IAM's texts call the user.
    pub(crate) fn principal(&self, sessions: &Sessions) -> String {
        let user = || format!("arn:aws:iam::{}:user/{}", self.account, self.access_key);
        sessions.get(&self.access_key).cloned().unwrap_or_else(user)
    }
}

/// `AKIA` or `ASIA` and the 12 digits of the account.
fn account_of(access_key: &str) -> String {
    let digits = access_key.get(4..16).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits.unwrap_or(DEFAULT_ACCOUNT).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_region_and_service_come_from_the_credential_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA111122223333/20260101/eu-west-1/lambda/aws4_request, \
                      SignedHeaders=host, Signature=00";
        let caller = Caller::from_authorization(header).unwrap();
        assert_eq!((caller.account.as_str(), caller.region.as_str()), ("111122223333", "eu-west-1"));
        assert_eq!(caller.service, "lambda");
    }

    #[test]
    fn other_keys_belong_to_the_default_account() {
        assert_eq!(account_of("test"), DEFAULT_ACCOUNT);
        assert_eq!(account_of("AKIAIOSFODNN7EXAMPLE"), DEFAULT_ACCOUNT);
        assert_eq!(Caller::from_authorization("Bearer x"), None);
    }
}
