//! From what was found to manifests, in the order in which one builds on another. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectMeta;
use kube::{Resource, ResourceExt as _};
use lambda_operator_crds::{
    AccountRef, AdoptPolicy, CapacityProvider, CodeSigningConfig, CommonSpec, EventSourceMapping,
    ExternalCode, FunctionCode, LambdaAccount, LambdaAccountSpec, LambdaAlias, LambdaFunction, LambdaLayer,
    ObjectRef,
};
use serde::Serialize;
use serde_json::Value;

use super::EnvPolicy;
use super::export::{Layer as Package, Packages};
use super::naming::{Names, provider_name};
use super::notes::Notes;
use super::reader::Function;
use super::survey::Survey;
use crate::alias::Aliases;
use crate::capacity_provider::CapacityProviders;
use crate::code_signing::CodeSigningConfigs;
use crate::engine::kind::{Inputs, Kind};
use crate::engine::tags::Tags;
use crate::function::Functions;
use crate::function::manifest::Variables;
use crate::function::model::Environment;
use crate::k8s::references::{Contents, Offer, ReferenceKey, ReferenceKind, Version};
use crate::layer::Layers;
use crate::mapping::EventSourceMappings;
use crate::mapping::manifest::Reader;
use crate::{alias, capacity_provider, code_signing, function, layer, manifest, mapping};

/// What a person wants of the manifests.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Namespace of the objects; `None`: whoever applies them says.
    pub namespace: Option<String>,
    /// LambdaAccount that they work through.
    pub account_ref: Option<String>,
    /// What is said of environment variables.
    pub env: EnvPolicy,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// All of it.
    pub object: Value,
    /// What to know about it.
    pub comments: Vec<String>,
}

/// The manifests of all that was found.
pub fn all(
    survey: &Survey,
    names: &Names,
    packages: &Packages,
    setting: &Setting,
    notes: &Notes,
) -> Vec<Manifest> {
    let mut writer = Writer::new(survey, names, setting, notes);
    writer.account();
    survey.signing.iter().for_each(|config| writer.signing(config));
    survey.providers.iter().for_each(|provider| writer.provider(provider));
    survey.layers.iter().for_each(|(name, version)| writer.layer(name, version, packages));
    survey.functions.iter().for_each(|function| writer.function(function, packages));
    for function in &survey.functions {
        function.aliases.iter().for_each(|(name, alias)| writer.alias(function, name, alias));
    }
    survey.mappings.iter().for_each(|mapping| writer.mapping(mapping));
    writer.manifests
}

struct Writer<'a> {
    survey: &'a Survey,
    names: &'a Names,
    setting: &'a Setting,
    notes: &'a Notes,
    /// What the objects offer each other, for the planner.
    inputs: Inputs,
    /// Objects by the ARNs of what they are in AWS; of layers by that of the newest version.
    signing: BTreeMap<String, ObjectRef>,
    providers: BTreeMap<String, ObjectRef>,
    layers: BTreeMap<String, ObjectRef>,
    readers: BTreeMap<String, Reader>,
    manifests: Vec<Manifest>,
}

impl<'a> Writer<'a> {
    fn new(survey: &'a Survey, names: &'a Names, setting: &'a Setting, notes: &'a Notes) -> Self {
        let mut writer = Self {
            survey,
            names,
            setting,
            notes,
            inputs: Inputs::new(),
            signing: BTreeMap::new(),
            providers: BTreeMap::new(),
            layers: BTreeMap::new(),
            readers: BTreeMap::new(),
            manifests: Vec::new(),
        };
        for config in &survey.signing {
            let object = writer.offer(
                ReferenceKind::CodeSigningConfig,
                &names.signing[&config.arn],
                (&config.id, &config.arn),
                None,
            );
            writer.signing.insert(config.arn.clone(), object);
        }
        for provider in &survey.providers {
            let name = provider_name(&provider.arn);
            let object = &names.providers[&name];
            let object = writer.offer(ReferenceKind::CapacityProvider, object, (&name, &provider.arn), None);
            writer.providers.insert(provider.arn.clone(), object);
        }
        for (name, version) in &survey.layers {
            let newest = Some(version.arn.clone());
            let object = writer.offer(
                ReferenceKind::LambdaLayer,
                &names.layers[name],
                (name, version.layer_arn()),
                newest,
            );
            writer.layers.insert(version.arn.clone(), object);
        }
        for function in &survey.functions {
            let arn = &function.observed.arn;
            let object = writer.offer(
                ReferenceKind::LambdaFunction,
                &names.functions[&function.name],
                (&function.name, arn),
                None,
            );
            writer.readers.insert(arn.clone(), Reader::Function(object));
            for (name, alias) in &function.aliases {
                let arn = &alias.alias.arn;
                let object = writer.offer(ReferenceKind::LambdaAlias, &names.aliases[arn], (name, arn), None);
                writer.readers.insert(arn.clone(), Reader::Alias(object));
            }
        }
        writer
    }

    /// What an object lets others build on.
    fn offer(
        &mut self,
        kind: ReferenceKind,
        object: &str,
        (name, arn): (&str, &str),
        version: Option<String>,
    ) -> ObjectRef {
        let offer = Offer {
            settled: true,
            account: self.survey.account.clone(),
            region: self.survey.region.clone(),
            name: name.to_owned(),
            arn: arn.to_owned(),
            version,
            ..Offer::default()
        };
        self.inputs.insert_offer(self.key(kind, object), Some(offer));
        ObjectRef { name: object.to_owned() }
    }

    fn key(&self, kind: ReferenceKind, object: &str) -> ReferenceKey {
        ReferenceKey::new(kind, self.setting.namespace.as_deref().unwrap_or_default(), object)
    }

    fn common(&self) -> CommonSpec {
        CommonSpec {
            account_ref: self.setting.account_ref.clone().map(|name| AccountRef { name }),
            region: Some(self.survey.region.clone()),
            adopt: Some(AdoptPolicy::Unowned),
            ..CommonSpec::default()
        }
    }

    /// Adds an object, after the planner has looked at it.
    fn add<K: Kind>(&mut self, mut object: K::Object, observed: &K::Observed, comments: Vec<String>) {
        object.meta_mut().namespace.clone_from(&self.setting.namespace);
        let changes = manifest::changes::<K>(&object, &self.inputs, observed);
        if !changes.is_empty() {
            self.notes.add(format!(
                "warning: {}/{} is not all that AWS has: applied, it would change {}. Look at it before you apply it, and \
                 please report this.",
                K::NAME,
                object.name_any(),
                changes.join(", ")
            ));
        }
        self.push(&object, comments);
    }

    fn push<T: Resource<DynamicType = ()> + Serialize>(&mut self, object: &T, comments: Vec<String>) {
        let (kind, name) = (T::kind(&()).into_owned(), object.meta().name.clone().unwrap_or_default());
        // Nothing in these types can't be written.
        let mut value = serde_json::to_value(object).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("status");
        }
        self.manifests.push(Manifest { kind, name, object: value, comments });
    }

    fn account(&mut self) {
        let Some(name) = &self.setting.account_ref else { return };
        let spec = LambdaAccountSpec {
            account_id: self.survey.account.clone(),
            region: Some(self.survey.region.clone()),
            role_arn: None,
            external_id: None,
            session_name: None,
            session_tags: None,
            namespaces: None,
            allow_adoption: Some(true),
            quota_share: None,
        };
        let comments = [
            "Say in spec.namespaces which namespaces may use it: without it none may.",
            "Without spec.roleArn the operator works with its own credentials, which then have to be of this account.",
        ];
        let account = LambdaAccount::new(name, spec);
        self.push(&account, comments.map(str::to_owned).to_vec());
    }

    fn signing(&mut self, config: &code_signing::model::Observed) {
        let spec = code_signing::manifest::spec(config, self.common());
        let object = CodeSigningConfig::new(&self.names.signing[&config.arn], spec);
        let observed = code_signing::model::Observed { tags: Ok(with_owner(&config.tags)), ..config.clone() };
        self.add::<CodeSigningConfigs>(object, &observed, Vec::new());
    }

    fn provider(&mut self, provider: &capacity_provider::model::Observed) {
        let name = provider_name(&provider.arn);
        let object = &self.names.providers[&name];
        let spec = capacity_provider::manifest::spec(provider, other(&name, object), self.common());
        let object = CapacityProvider::new(object, spec);
        let observed =
            capacity_provider::model::Observed { tags: Ok(with_owner(&provider.tags)), ..provider.clone() };
        self.add::<CapacityProviders>(object, &observed, Vec::new());
    }

    fn layer(&mut self, name: &str, newest: &layer::model::Version, packages: &Packages) {
        let (object, common) = (&self.names.layers[name], self.common());
        let in_aws = other(name, object);
        let package = packages.layers.get(name);
        let spec = match package {
            Some(Package { version, policy, files }) => {
                layer::manifest::inline(version, policy, files.clone(), in_aws, common)
            }
            None => layer::manifest::external(in_aws, common),
        };
        let observed = layer::model::Observed {
            version: Some(package.map_or(newest, |package| &package.version).clone()),
            found: false,
            policy: package.map(|package| package.policy.clone()),
        };
        let object = LambdaLayer::new(object, spec);
        self.add::<Layers>(object, &observed, Vec::new());
    }

    fn function(&mut self, function: &Function, packages: &Packages) {
        let Function { name, observed, aliases: _ } = function;
        let object = self.names.functions[name].clone();
        let Some((variables, comments)) = self.variables(function, &object) else { return };
        let external = || FunctionCode { external: Some(ExternalCode {}), ..FunctionCode::default() };
        let setting = function::manifest::Setting {
            common: self.common(),
            function_name: other(name, &object),
            code: packages.functions.get(name).cloned().unwrap_or_else(external),
            variables,
            layers: self.layers.clone(),
            code_signing: self.signing.clone(),
            providers: self.providers.clone(),
        };
        let object = LambdaFunction::new(&object, function::manifest::spec(observed, setting));
        let mut observed = observed.clone();
        if let Some(live) = &mut observed.live {
            live.tags = Ok(with_owner(&live.tags));
        }
        self.add::<Functions>(object, &observed, comments);
    }

    /// What is said of a function's variables, with a Secret where that is wanted. `None`: nothing can be said, which is told.
    fn variables(&mut self, function: &Function, object: &str) -> Option<(Variables, Vec<String>)> {
        let left = |comment: String| Some((Variables::Left, vec![comment]));
        match (&function.observed.configuration.environment, self.setting.env) {
            (Environment::Unknown(why), EnvPolicy::Keep) => left(format!(
                "AWS can't decrypt the environment variables ({why}); they stay as they are (ignoreDrift)."
            )),
            (Environment::Unknown(why), EnvPolicy::Plain | EnvPolicy::Secret) => {
                self.notes.lose(format!(
                    "The function {} is left out, because AWS can't decrypt its environment variables ({why}). Grant yourself \
                     kms:Decrypt for its key, or import with --env keep.",
                    function.name
                ));
                None
            }
            (Environment::Known(all), _) if all.is_empty() => Some((Variables::Left, Vec::new())),
            (Environment::Known(all), EnvPolicy::Keep) => left(format!(
                "The values of {} stay as they are in AWS (ignoreDrift). To manage them, add env or envFrom and remove env from \
                 ignoreDrift, or import with --env.",
                crate::text::list(all.keys())
            )),
            (Environment::Known(_), EnvPolicy::Plain) => Some((Variables::Plain, Vec::new())),
            (Environment::Known(all), EnvPolicy::Secret) => {
                let name = format!("{object}-env");
                self.secret(&name, all);
                Some((Variables::Secret(name), Vec::new()))
            }
        }
    }

    fn secret(&mut self, name: &str, values: &BTreeMap<String, String>) {
        let contents = Contents {
            data: values.clone().into_iter().collect(),
            not_text: std::collections::BTreeSet::new(),
            version: Version { uid: String::new(), resource_version: String::new() },
        };
        self.inputs.insert(self.key(ReferenceKind::Secret, name), Some(contents));
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: self.setting.namespace.clone(),
            ..ObjectMeta::default()
        };
        let secret = Secret { metadata, string_data: Some(values.clone()), ..Secret::default() };
        self.push(&secret, Vec::new());
    }

    fn alias(&mut self, function: &Function, name: &str, observed: &alias::model::Observed) {
        let setting = alias::manifest::Setting {
            common: self.common(),
            function: ObjectRef { name: self.names.functions[&function.name].clone() },
            alias_name: name.to_owned(),
        };
        let object = &self.names.aliases[&observed.alias.arn];
        let object = LambdaAlias::new(object, alias::manifest::spec(observed, setting));
        self.add::<Aliases>(object, observed, Vec::new());
    }

    fn mapping(&mut self, observed: &mapping::model::Observed) {
        let function = &observed.configuration.function;
        let reader = self.readers.get(&function.to_string()).cloned();
        let reader = reader.unwrap_or_else(|| Reader::Named(function.clone()));
        let spec = mapping::manifest::spec(observed, reader, self.common());
        let object = EventSourceMapping::new(&self.names.mappings[&observed.uuid], spec);
        let tags = observed.tags.as_ref().map(with_owner).map(Ok);
        let observed = mapping::model::Observed { tags, ..observed.clone() };
        self.add::<EventSourceMappings>(object, &observed, Vec::new());
    }
}

/// The name in AWS, where the object has another.
fn other(in_aws: &str, object: &str) -> Option<String> {
    (in_aws != object).then(|| in_aws.to_owned())
}

/// Tags that can't be read say nothing of the owner.
fn with_owner(tags: &Result<Tags, String>) -> Tags {
    let mut tags = tags.clone().unwrap_or_default();
    tags.extend(manifest::owner().tags());
    tags
}
