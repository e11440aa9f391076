//! Foresees the objects of the manifests: what others build on first, so that they find what it is about to be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use kube::{Resource as _, ResourceExt as _};
use lambda_operator_crds::{AdoptPolicy, FINALIZER, LambdaAccount};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PlanArgs;
use super::account::Places;
use super::applied::{Applied, applied};
use super::entry::{Entry, invocation, told};
use crate::account::without_adoption;
use crate::alias::Aliases;
use crate::capacity_provider::CapacityProviders;
use crate::code_signing::CodeSigningConfigs;
use crate::engine::controller::{applicant, offer};
use crate::engine::forecast::{Forecast, Foresee, forecast};
use crate::engine::kind::{Inputs, Unready};
use crate::engine::ownership::Owner;
use crate::engine::verdict::Verdict;
use crate::function::Functions;
use crate::k8s::definition::is_missing;
use crate::k8s::in_time;
use crate::k8s::references::{self, Contents, Offer, ReferenceKey, ReferenceKind};
use crate::layer::Layers;
use crate::mapping::EventSourceMappings;
use crate::plugin::cluster::{Cluster, Within, refused};
use crate::plugin::failure::Failure;
use crate::plugin::kinds::{self, Kind};
use crate::plugin::object::Object;
use crate::plugin::place::failed;
use crate::run::cluster_id;

/// So many objects are foreseen at a time.
const ABREAST: usize = 16;

/// Foresees everything, in the order of the manifests.
pub async fn foresee(
    args: &PlanArgs,
    cluster: &Cluster,
    objects: Vec<(&'static Kind, Value)>,
    data: Vec<Value>,
) -> Result<Vec<Entry>, Failure> {
    let work = Work::new(args, cluster, &objects, data).await?;
    let mut entries: Vec<Option<Entry>> = objects.iter().map(|_| None).collect();
    for rank in RANKS {
        let of_rank = objects.iter().enumerate().filter(|(_, (kind, _))| rank.contains(&kind.name.as_str()));
        let foreseen = stream::iter(of_rank)
            .map(|(index, (kind, manifest))| {
                let work = &work;
                async move { (index, Box::pin(work.entry(kind, manifest)).await) }
            })
            .buffer_unordered(ABREAST);
        for (index, entry) in foreseen.collect::<Vec<_>>().await {
            entries[index] = Some(entry);
        }
    }
    Ok(entries.into_iter().flatten().collect())
}

/// The kinds, after those that they refer to.
const RANKS: [&[&str]; 5] = [
    &["LambdaAccount", "CodeSigningConfig", "LambdaLayer", "CapacityProvider"],
    &["LambdaFunction"],
    &["LambdaAlias"],
    &["EventSourceMapping"],
    &["LambdaInvocation"],
];

/// What all share.
struct Work<'a> {
    args: &'a PlanArgs,
    cluster: &'a Cluster,
    cluster_id: String,
    places: Places<'a>,
    /// What objects offer, as it will be, or else is; `None`: there is no such object.
    offers: Mutex<HashMap<ReferenceKey, Option<Offer>>>,
    /// Secrets and ConfigMaps of the manifests.
    data: HashMap<ReferenceKey, Value>,
}

impl<'a> Work<'a> {
    async fn new(
        args: &'a PlanArgs,
        cluster: &'a Cluster,
        objects: &[(&'static Kind, Value)],
        data: Vec<Value>,
    ) -> Result<Self, Failure> {
        let cluster_id = match &args.cluster_id {
            Some(id) => id.clone(),
            None => cluster_id(cluster.client()).await.map_err(|error| {
                let failure =
                    refused("the cluster's id can't be read from the namespace kube-system", &error);
                Failure::new(format!("{failure}; or give the operator's --cluster-id"))
            })?,
        };
        let (mut accounts, mut seen) = (BTreeMap::new(), BTreeSet::new());
        for (kind, manifest) in objects {
            let namespace = namespace_of(manifest, cluster);
            let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
            let key = (kind.name.as_str(), if kind.namespaced { namespace } else { "" }.to_owned(), name);
            if !seen.insert(key) {
                return Err(Failure::new(format!(
                    "{}/{name} is in the files twice; remove one of the two",
                    kind.name
                )));
            }
            if kind.name == kinds::ACCOUNT {
                let mut account: LambdaAccount = serde_json::from_value(manifest.clone())
                    .map_err(|error| Failure::new(format!("{}/{name} can't be read: {error}", kind.name)))?;
                // The operator takes it in before anybody works through it.
                account.finalizers_mut().push(FINALIZER.to_owned());
                accounts.insert(name.to_owned(), Some(Arc::new(account)));
            }
        }
        let key = |manifest: &Value| {
            let kind =
                if manifest["kind"] == "Secret" { ReferenceKind::Secret } else { ReferenceKind::ConfigMap };
            let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
            ReferenceKey::new(kind, namespace_of(manifest, cluster), name)
        };
        let data = data.into_iter().map(|manifest| (key(&manifest), manifest)).collect();
        let places = Places::new(cluster, &args.aws, args.region.clone(), accounts);
        Ok(Self { args, cluster, cluster_id, places, offers: Mutex::default(), data })
    }

    /// What would become of one object.
    async fn entry(&self, kind: &'static Kind, manifest: &Value) -> Entry {
        let namespace = if kind.namespaced { namespace_of(manifest, self.cluster) } else { "" };
        let mut entry = Entry::of(kind, manifest, namespace);
        let asked = applied(self.cluster, kind, manifest, namespace, &self.args.field_manager).await;
        let Applied { object, unchecked } = match asked {
            Ok(applied) => applied,
            Err(failure) => {
                self.withhold(kind, namespace, &entry.name, &failure.message);
                return entry.refused(failure.message);
            }
        };
        if unchecked {
            let note = "You may not apply it, so the API server hasn't checked the manifest.";
            entry.notes.push(note.to_owned());
        }
        match kind.name.as_str() {
            "LambdaFunction" => self.one::<Functions>(entry, &object).await,
            "LambdaAlias" => self.one::<Aliases>(entry, &object).await,
            "LambdaLayer" => self.one::<Layers>(entry, &object).await,
            "EventSourceMapping" => self.one::<EventSourceMappings>(entry, &object).await,
            "CodeSigningConfig" => self.one::<CodeSigningConfigs>(entry, &object).await,
            "CapacityProvider" => self.one::<CapacityProviders>(entry, &object).await,
            "LambdaInvocation" => invocation(entry, &object),
            // A LambdaAccount stands for nothing in AWS.
            _ => entry,
        }
    }

    async fn one<K: Foresee>(&self, entry: Entry, object: &Object) -> Entry {
        let typed: K::Object = match parsed(object) {
            Ok(typed) => typed,
            Err(failure) => return entry.refused(failure.message),
        };
        let key = ReferenceKey::new(K::KIND, &entry.namespace, &entry.name);
        if K::common(&typed).suspended() {
            let message = "It is suspended: nothing is done for it.".to_owned();
            return Entry { message: Some(message), ..entry };
        }
        if typed.meta().deletion_timestamp.is_some() {
            return entry.refused("It is being deleted. Wait until it is gone, then apply it again.");
        }
        let foreseen = match self.forecast::<K>(&typed, &key).await {
            Ok(foreseen) => foreseen,
            Err(message) => {
                self.offers
                    .lock()
                    .insert(key, Some(Offer { unready: Some(message.clone()), ..Offer::default() }));
                return entry.refused(message);
            }
        };
        self.offers.lock().insert(key, Some(offer_of::<K>(&typed, &foreseen)));
        told::<K>(entry, &typed, foreseen)
    }

    /// What becomes of an object, or why nobody can work on it.
    async fn forecast<K: Foresee>(
        &self,
        object: &K::Object,
        key: &ReferenceKey,
    ) -> Result<Forecast<K::Status>, String> {
        let inputs = self.inputs::<K>(object).await?;
        let desired = K::desired(object, &inputs).map_err(|unready| match unready {
            Unready::Invalid(text) | Unready::Missing(text) => text,
        })?;
        let status = K::status(object);
        let common = K::common_status(&status);
        let pinned = (common.account.clone(), common.region.clone());
        let place =
            self.places.of(&applicant::<K>(object), pinned).await.map_err(|failure| failure.message)?;
        let uid = object.uid().unwrap_or_default();
        let owner = Owner::new(&self.cluster_id, &uid, &key.object.namespace, &key.object.name);
        let adopt = if place.may_adopt { K::common(object).adopt() } else { AdoptPolicy::Never };
        let foreseen = forecast::<K>(&place.scope, object, &owner, adopt, &inputs, desired).await;
        let mut foreseen = foreseen.map_err(|error| failed("AWS can't be asked", &error).message)?;
        if !place.may_adopt {
            foreseen.verdict = without_adoption(foreseen.verdict);
        }
        Ok(foreseen)
    }

    async fn inputs<K: Foresee>(&self, object: &K::Object) -> Result<Inputs, String> {
        let mut inputs = Inputs::new();
        for key in K::references(object) {
            if key.kind.is_of_the_group() {
                let offer = self.offer(&key).await?;
                inputs.insert_offer(key, offer);
            } else {
                let contents = self.contents(&key).await?;
                inputs.insert(key, contents);
            }
        }
        Ok(inputs)
    }

    async fn contents(&self, key: &ReferenceKey) -> Result<Option<Contents>, String> {
        if let Some(manifest) = self.data.get(key) {
            let contents = Contents::of_manifest(manifest.clone());
            return contents.map(Some).map_err(|error| format!("{} can't be read: {error}", named(key)));
        }
        let read = references::read(self.cluster.client(), key).await;
        read.map_err(|error| refused(&format!("{} can't be read", named(key)), &error).message)
    }

    /// What an object offers that isn't among the manifests, or was foreseen before.
    async fn offer(&self, key: &ReferenceKey) -> Result<Option<Offer>, String> {
        if let Some(known) = self.offers.lock().get(key) {
            return Ok(known.clone());
        }
        let Some(kind) = kinds::all().iter().find(|kind| kind.name == key.kind.as_str()) else {
            return Ok(None);
        };
        let api = self.cluster.api_in(kind, Within::Namespace, &key.object.namespace);
        let offer = match in_time(api.get(&key.object.name)).await {
            Ok(inner) => {
                Some(live_offer(key.kind, &Object::new(kind, inner)).map_err(|failure| failure.message)?)
            }
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(refused(&format!("{} can't be read", named(key)), &error).message),
        };
        self.offers.lock().insert(key.clone(), offer.clone());
        Ok(offer)
    }

    /// Those that build on the object can't be worked on either.
    fn withhold(&self, kind: &Kind, namespace: &str, name: &str, why: &str) {
        let Some(kind) = kind_of(kind) else { return };
        let offer = Offer { unready: Some(why.to_owned()), ..Offer::default() };
        self.offers.lock().insert(ReferenceKey::new(kind, namespace, name), Some(offer));
    }
}

fn named(key: &ReferenceKey) -> String {
    format!("{} {}", key.kind.as_str(), key.object.name)
}

fn namespace_of<'a>(manifest: &'a Value, cluster: &'a Cluster) -> &'a str {
    let own = manifest["metadata"]["namespace"].as_str().filter(|namespace| !namespace.is_empty());
    own.unwrap_or_else(|| cluster.namespace())
}

fn parsed<O: DeserializeOwned>(object: &Object) -> Result<O, Failure> {
    serde_json::to_value(&object.inner)
        .and_then(serde_json::from_value)
        .map_err(|error| Failure::new(format!("{} can't be read: {error}", object.label())))
}

fn kind_of(kind: &Kind) -> Option<ReferenceKind> {
    use ReferenceKind::{CapacityProvider, CodeSigningConfig, LambdaAlias, LambdaFunction, LambdaLayer};
    let all = [LambdaFunction, LambdaAlias, LambdaLayer, CodeSigningConfig, CapacityProvider];
    all.into_iter().find(|known| known.as_str() == kind.name)
}

fn live_offer(kind: ReferenceKind, object: &Object) -> Result<Offer, Failure> {
    Ok(match kind {
        ReferenceKind::LambdaFunction => offer::<Functions>(&parsed(object)?),
        ReferenceKind::LambdaAlias => offer::<Aliases>(&parsed(object)?),
        ReferenceKind::LambdaLayer => offer::<Layers>(&parsed(object)?),
        ReferenceKind::CodeSigningConfig => offer::<CodeSigningConfigs>(&parsed(object)?),
        ReferenceKind::CapacityProvider => offer::<CapacityProviders>(&parsed(object)?),
        _ => Offer::default(),
    })
}

/// What the object offers once all was done.
fn offer_of<K: Foresee>(object: &K::Object, foreseen: &Forecast<K::Status>) -> Offer {
    let common = K::common_status(&foreseen.status);
    let offering = K::offering(object, &foreseen.status);
    let unready = match &foreseen.verdict {
        Verdict::Problem(_, text, _) => Some(text.clone()),
        _ if offering.arn.is_none() => Some("it doesn't exist in AWS yet.".to_owned()),
        _ => None,
    };
    Offer {
        uid: object.uid().unwrap_or_default(),
        deleting: false,
        unready,
        settled: true,
        account: common.account.clone().unwrap_or_default(),
        region: common.region.clone().unwrap_or_default(),
        name: offering.name,
        arn: offering.arn.unwrap_or_default(),
        version: offering.version,
    }
}
