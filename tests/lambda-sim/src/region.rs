//! The state of one account and region.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crate::capacity_provider::CapacityProviders;
use crate::code_signing::CodeSigningConfig;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::function::Function;
use crate::invocation::Invocations;
use crate::lifecycle::{Access, Due, Failures};
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
    /// Functions that are gone but may still be listed.
    ghosts: BTreeMap<String, (Function, Due)>,
    /// By ARN.
    pub(crate) code_signing: BTreeMap<String, CodeSigningConfig>,
    pub(crate) mappings: Mappings,
    pub(crate) capacity_providers: CapacityProviders,
    /// S3 objects whose content is known, by bucket and key.
    pub(crate) objects: HashMap<(String, String), ObjectVersions>,
    /// Digests of images whose tag is known, by URI.
    pub(crate) images: HashMap<String, String>,
    /// What functions were invoked for and will answer, by name.
    pub(crate) invocations: HashMap<String, Invocations>,
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
            ghosts: BTreeMap::new(),
            code_signing: BTreeMap::new(),
            mappings: Mappings::default(),
            capacity_providers: CapacityProviders::default(),
            objects: HashMap::new(),
            images: HashMap::new(),
            invocations: HashMap::new(),
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
        let gone = self.functions.get_mut(name).is_some_and(|function| {
            function.tick(access, now, failures);
            function.latest.lifecycle.is_gone()
        });
        if gone {
            self.remove(name, now);
        }
        self.functions.get_mut(name).ok_or_else(|| ApiError::function_not_found(&arn))
    }

    /// The function, for a call that shows the provisioned concurrency of one version or alias, or of all.
    pub(crate) fn seen_provisioned(
        &mut self,
        name: &str,
        qualifier: Option<&str>,
        now: Instant,
    ) -> Result<&mut Function, ApiError> {
        self.function(name, Access::Other, now)?;
        let arn = self.function_arn(name);
        let failures = failures(&self.settings);
        let function = self.functions.get_mut(name).ok_or_else(|| ApiError::function_not_found(&arn))?;
        function.tick_provisioned(qualifier, Access::Read, now, failures);
        Ok(function)
    }

    /// The same for a write, which a function that is being deleted refuses.
    pub(crate) fn writable(&mut self, name: &str, now: Instant) -> Result<&mut Function, ApiError> {
        let function = self.function(name, Access::Other, now)?;
        match function.latest.lifecycle.refusal_of_any_write(&function.arn) {
            Some(refusal) => Err(refusal),
            None => Ok(function),
        }
    }

    /// Takes a function away; lists may go on to show it.
    pub(crate) fn remove(&mut self, name: &str, now: Instant) -> bool {
        let Some(function) = self.functions.remove(name) else { return false };
        let until = Due::after(self.settings.listed_after_delete, now);
        self.ghosts.insert(name.to_owned(), (function, until));
        true
    }

    fn forget_gone(&mut self, now: Instant) {
        let gone = self.functions.values().filter(|function| function.latest.lifecycle.is_gone());
        for name in gone.map(|function| function.name.clone()).collect::<Vec<_>>() {
            self.remove(&name, now);
        }
    }

    /// What ListFunctions shows, which may be behind. `first` is whether this is the first page of a list.
    pub(crate) fn listed(&mut self, first: bool, now: Instant) -> BTreeMap<&str, &Function> {
        self.tick_all(now);
        let access = if first { Access::Read } else { Access::Other };
        self.ghosts.retain(|_, (_, until)| !until.reached(access, now));
        let ghosts = self.ghosts.iter().map(|(name, (function, _))| (name.as_str(), function));
        let there = self.functions.iter().map(|(name, function)| (name.as_str(), function));
        ghosts.chain(there).filter(|(name, _)| !self.settings.unlisted.contains(*name)).collect()
    }

    /// Settles what is due in the whole region, for a list.
    pub(crate) fn tick_all(&mut self, now: Instant) {
        let failures = failures(&self.settings);
        for function in self.functions.values_mut() {
            function.tick(Access::Other, now, failures);
        }
        self.forget_gone(now);
    }

    /// Settles one function, mapping or capacity provider, or all, now.
    pub(crate) fn settle(&mut self, name: Option<&str>) {
        let failures = failures(&self.settings);
        let chosen =
            self.functions.values_mut().filter(|function| name.is_none_or(|name| name == function.name));
        chosen.for_each(|function| function.settle(failures));
        self.forget_gone(Instant::now());
        self.mappings.settle(name);
        self.capacity_providers.settle(name, self.settings.fail_create.is_some());
    }

    /// Concurrency that no function has for itself, but for the one named. What is provisioned counts for functions that
    /// reserve nothing: others provision what they reserve.
    pub(crate) fn unreserved_concurrency(&self, except: Option<&str>) -> u64 {
        let others = self.functions.values().filter(|function| Some(function.name.as_str()) != except);
        let own = |function: &Function| {
            function.reserved_concurrency.unwrap_or_else(|| function.sections.total_provisioned())
        };
        self.settings.concurrent_executions.saturating_sub(others.map(own).sum())
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
        provisioned: settings.fail_provisioned.as_deref(),
    }
}
