//! What AWS has, with as few calls as there can be: lists come first, and what they say of several resources isn't asked of
//! each.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::notes::Notes;
use super::progress::Progress;
use super::reader::{Found, Function, Reader, again};
use crate::aws::{AwsError, Priority, Scope};
use crate::engine::ownership::OWNER_TAG;
use crate::engine::tags::Tags;
use crate::layer::model::Version;
use crate::{capacity_provider, code_signing, mapping};

/// How much is asked at the same time; the quota sets the pace.
const AT_ONCE: usize = 8;

/// What was found, without what belongs to objects of the operator.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Functions, by name.
    pub functions: Vec<Function>,
    /// Event source mappings, with tags.
    pub mappings: Vec<mapping::model::Observed>,
    /// The newest version of each layer, by the layer's name.
    pub layers: Vec<(String, Version)>,
    /// Code-signing configurations, with tags.
    pub signing: Vec<code_signing::model::Observed>,
    /// Capacity providers, with tags.
    pub providers: Vec<capacity_provider::model::Observed>,
    /// How much was left out because objects have it, by what it is.
    pub owned: BTreeMap<&'static str, usize>,
    /// Names that were asked for and aren't there.
    pub missing: Vec<String>,
}

impl Survey {
    /// Reads all that there is, or these functions with what belongs to them.
    pub async fn of(
        scope: &Scope,
        names: &[String],
        notes: &Notes,
        progress: &Progress,
    ) -> Result<Self, AwsError> {
        let reader = Reader { scope, notes };
        let mut survey = Self {
            account: scope.account().to_owned(),
            region: scope.region().to_owned(),
            ..Self::default()
        };
        let asked: BTreeSet<String> = match names {
            [] => again(|| scope.function_names()).await?.into_iter().collect(),
            names => names.iter().cloned().collect(),
        };
        progress.begin("Functions", asked.len());
        let found: Vec<Found> = stream::iter(&asked)
            .map(|name| async {
                let found = reader.function(name).await;
                progress.step();
                found
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for found in found {
            match found {
                Found::There(function) => survey.functions.push(*function),
                Found::Owned => survey.leave_out("functions"),
                // One that was listed is gone by now.
                Found::Missing(name) if !names.is_empty() => survey.missing.push(name),
                Found::Missing(_) | Found::Lost => {}
            }
        }
        survey.functions.sort_by(|a, b| a.name.cmp(&b.name));
        survey.missing.sort();
        let chosen = (!names.is_empty()).then_some(&asked);
        reader.signing(&mut survey, chosen, progress).await?;
        reader.mappings(&mut survey, chosen, progress).await?;
        reader.layers(&mut survey, chosen).await?;
        reader.providers(&mut survey, chosen, progress).await?;
        Ok(survey)
    }

    fn leave_out(&mut self, what: &'static str) {
        *self.owned.entry(what).or_default() += 1;
    }
}

/// Which functions were chosen; `None`: all.
type Chosen<'a> = Option<&'a BTreeSet<String>>;

impl Reader<'_> {
    /// The configurations say which functions are linked to them, so that no function has to be asked.
    async fn signing(
        &self,
        survey: &mut Survey,
        chosen: Chosen<'_>,
        progress: &Progress,
    ) -> Result<(), AwsError> {
        let (scope, what) = (self.scope, "code-signing configurations are left out");
        let Some(configs) = self.listed(what, || scope.code_signing_configs()).await? else { return Ok(()) };
        progress.begin("Code-signing configurations", configs.len());
        let (mut links, mut complete) = (BTreeMap::new(), true);
        for config in configs {
            let arn = config.arn.clone();
            let what = "the links of functions to code-signing configurations are left out";
            let users = || scope.functions_by_code_signing_config(&arn, Priority::User);
            let users = self.allowed(what, users).await?;
            complete &= users.is_some();
            let used = |name: &String| chosen.is_some_and(|chosen| chosen.contains(name));
            let wanted = chosen.is_none() || users.iter().flatten().any(used);
            links.extend(users.into_iter().flatten().map(|function| (function, arn.clone())));
            progress.step();
            if wanted {
                let tags = self.tags(&arn).await?;
                if is_owned(&tags) {
                    survey.leave_out("code-signing configurations");
                } else {
                    survey.signing.push(code_signing::model::Observed { tags, ..config });
                }
            }
        }
        for function in &mut survey.functions {
            let link = links.remove(&function.name);
            function.observed.code_signing = link.or_else(|| complete.then(String::new));
        }
        Ok(())
    }

    async fn mappings(
        &self,
        survey: &mut Survey,
        chosen: Chosen<'_>,
        progress: &Progress,
    ) -> Result<(), AwsError> {
        let scope = self.scope;
        let (mut marker, mut listed) = (None, Vec::new());
        loop {
            let read = || scope.list_mappings(marker.clone(), Priority::User);
            let Some((page, after)) = self.listed("event source mappings are left out", read).await? else {
                return Ok(());
            };
            listed.extend(page.into_iter().map(|(_, mapping)| mapping));
            marker = after;
            if marker.is_none() {
                break;
            }
        }
        listed.retain(|mapping| {
            let function = mapping.configuration.function.name();
            mapping.state != "Deleting" && chosen.is_none_or(|chosen| chosen.contains(function))
        });
        progress.begin("Mappings", listed.len());
        let read: Vec<mapping::model::Observed> = stream::iter(listed)
            .map(|mapping| async {
                let read = self.mapping(mapping).await;
                progress.step();
                read
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        for mapping in read {
            if mapping.tags.as_ref().is_some_and(is_owned) {
                survey.leave_out("event source mappings");
            } else {
                survey.mappings.push(mapping);
            }
        }
        Ok(())
    }

    /// Lists show neither tags nor filters that a key encrypts.
    async fn mapping(&self, listed: mapping::model::Observed) -> Result<mapping::model::Observed, AwsError> {
        let scope = self.scope;
        let tags = Some(self.tags(&listed.arn).await?);
        let whole = if listed.configuration.filters == mapping::model::Filters::Unknown {
            let what = "filters that a key encrypts are left out";
            let read = || scope.get_mapping(&listed.uuid, Priority::User);
            self.allowed(what, read).await?.flatten()
        } else {
            None
        };
        Ok(mapping::model::Observed { tags, ..whole.unwrap_or(listed) })
    }

    /// Layers take no tags: the operator ends the description of what it published with a token.
    async fn layers(&self, survey: &mut Survey, chosen: Chosen<'_>) -> Result<(), AwsError> {
        let scope = self.scope;
        let read = || scope.newest_of_layers();
        let Some(layers) = self.listed("layers are left out", read).await? else { return Ok(()) };
        let used: BTreeSet<String> = survey
            .functions
            .iter()
            .flat_map(|function| &function.observed.configuration.layers)
            .cloned()
            .collect();
        for (name, version) in layers {
            let of_layer = format!("{}:", version.layer_arn());
            if chosen.is_some() && !used.iter().any(|arn| arn.starts_with(&of_layer)) {
                continue;
            }
            if version.token.is_some() {
                survey.leave_out("layers");
            } else {
                survey.layers.push((name, version));
            }
        }
        Ok(())
    }

    async fn providers(
        &self,
        survey: &mut Survey,
        chosen: Chosen<'_>,
        progress: &Progress,
    ) -> Result<(), AwsError> {
        let (scope, what) = (self.scope, "capacity providers are left out");
        let Some(providers) = self.listed(what, || scope.capacity_providers()).await? else { return Ok(()) };
        progress.begin("Capacity providers", providers.len());
        let instances = |function: &Function| function.observed.configuration.instances.clone();
        let used = survey.functions.iter().filter_map(instances);
        let used: BTreeSet<String> = used.map(|instances| instances.provider).collect();
        for provider in providers {
            progress.step();
            if provider.state == capacity_provider::model::DELETING {
                continue;
            }
            if chosen.is_some() && !used.contains(&provider.arn) {
                continue;
            }
            let tags = self.tags(&provider.arn).await?;
            if is_owned(&tags) {
                survey.leave_out("capacity providers");
            } else {
                survey.providers.push(capacity_provider::model::Observed { tags, ..provider });
            }
        }
        Ok(())
    }
}

fn is_owned(tags: &Result<Tags, String>) -> bool {
    tags.as_ref().is_ok_and(|tags| tags.contains_key(OWNER_TAG))
}
