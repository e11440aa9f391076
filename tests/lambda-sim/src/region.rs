//! The state of one account and region.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crate::code_signing::CodeSigningConfig;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::function::Function;
use crate::lifecycle::{Access, Failures};
use crate::mapping::Mappings;
use crate::quota::Quotas;
use crate::settings::AccountSettings;

/// Versions of an S3 object, the newest last.
type ObjectVersions = Vec<(String, Vec<u8>)>;

/// One account and region.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) settings: AccountSettings,
    pub(crate) quotas: Quotas,
    pub(crate) faults: Faults,
    pub(crate) functions: BTreeMap<String, Function>,
    /// By ARN.
    pub(crate) code_signing: BTreeMap<String, CodeSigningConfig>,
    pub(crate) mappings: Mappings,
    /// S3 objects whose content is known, by bucket and key.
    pub(crate) objects: HashMap<(String, String), ObjectVersions>,
    /// Digests of images whose tag is known, by URI.
    pub(crate) images: HashMap<String, String>,
}

impl Region {
    pub(crate) fn new(account: &str, name: &str, settings: AccountSettings) -> Self {
        Self {
            account: account.to_owned(),
            name: name.to_owned(),
            settings,
            quotas: Quotas::default(),
            faults: Faults::default(),
            functions: BTreeMap::new(),
            code_signing: BTreeMap::new(),
            mappings: Mappings::default(),
            objects: HashMap::new(),
            images: HashMap::new(),
        }
    }

    pub(crate) fn function_arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.name, self.account)
    }

    /// The function, with what was due settled.
    pub(crate) fn function(
        &mut self,
        name: &str,
        access: Access,
        now: Instant,
    ) -> Result<&mut Function, ApiError> {
        let arn = self.function_arn(name);
        let failures = failures(&self.settings);
        let function = self.functions.get_mut(name).ok_or_else(|| ApiError::function_not_found(&arn))?;
        function.tick(access, now, failures);
        Ok(function)
    }

    /// Settles what is due in the whole region, for a list.
    pub(crate) fn tick_all(&mut self, now: Instant) {
        let failures = failures(&self.settings);
        for function in self.functions.values_mut() {
            function.tick(Access::Other, now, failures);
        }
    }

    /// Settles one function or mapping, or all, now.
    pub(crate) fn settle(&mut self, name: Option<&str>) {
        let failures = failures(&self.settings);
        let chosen =
            self.functions.values_mut().filter(|function| name.is_none_or(|name| name == function.name));
        chosen.for_each(|function| function.settle(failures));
        self.mappings.settle(name);
    }

    /// Concurrency that no function reserves, but for the one named.
    pub(crate) fn unreserved_concurrency(&self, except: Option<&str>) -> u64 {
        let others = self.functions.values().filter(|function| Some(function.name.as_str()) != except);
        let reserved: u64 = others.filter_map(|function| function.reserved_concurrency).sum();
        self.settings.concurrent_executions.saturating_sub(reserved)
    }

    /// Refuses more code than the region may store.
    pub(crate) fn check_code_storage(&self, more: u64) -> Result<(), ApiError> {
        let used: u64 = self.functions.values().map(Function::code_size).sum();
        if used.saturating_add(more) <= self.settings.code_storage {
            return Ok(());
        }
        Err(ApiError::new(400, "CodeStorageExceededException", "Code storage limit exceeded."))
    }
}

fn failures(settings: &AccountSettings) -> Failures<'_> {
    Failures {
        create: settings.fail_create.as_ref(),
        version: settings.fail_version.as_ref(),
        update: settings.fail_update.as_ref(),
    }
}
