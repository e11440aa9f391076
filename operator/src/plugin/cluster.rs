//! The cluster as the commands see it: its objects of the group, and what to say when the API server says no.

use futures::future::{join_all, try_join_all};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::Value;

use super::args::ClusterArgs;
use super::failure::Failure;
use super::kinds::{self, FUNCTION, Kind};
use super::object::Object;
use super::target::Target;
use crate::k8s::definition::is_missing;
use crate::k8s::in_time;
use crate::run::connect;
use crate::settings::KubernetesSettings;
use crate::text::{chain, sentence, some_of};

/// Who changes objects, for `managedFields`.
pub const MANAGER: &str = "kubectl-lambda";

/// A cluster, and the namespace that commands are about.
pub struct Cluster {
    client: Client,
    namespace: String,
}

/// Where objects are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In the namespace of the command.
    Namespace,
    /// In all namespaces.
    Everywhere,
}

impl Cluster {
    /// The cluster and namespace that the arguments, or else the kubeconfig, name.
    pub async fn connect(args: &ClusterArgs) -> Result<Self, Failure> {
        let ClusterArgs { namespace, context, kubeconfig } = args.clone();
        let client = connect(&KubernetesSettings { kubeconfig, context }).await;
        let client = client.map_err(|error| Failure::new(error.to_string()))?;
        let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
        Ok(Self { client, namespace })
    }

    /// For other things than objects of the group.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace that the command is about.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The objects of a kind.
    pub fn api(&self, kind: &Kind, within: Within) -> Api<DynamicObject> {
        self.api_in(kind, within, &self.namespace)
    }

    /// The same, of any namespace.
    pub fn api_in(&self, kind: &Kind, within: Within, namespace: &str) -> Api<DynamicObject> {
        if kind.namespaced && within == Within::Namespace {
            Api::namespaced_with(self.client.clone(), namespace, &kind.resource)
        } else {
            Api::all_with(self.client.clone(), &kind.resource)
        }
    }

    /// All objects of a kind, in the order of their names.
    pub async fn list(&self, kind: &'static Kind, within: Within) -> Result<Vec<Object>, Failure> {
        let listed = self.listed(kind, within).await?;
        listed.ok_or_else(|| not_installed(&[kind]))
    }

    /// All objects of the kinds that are in namespaces. A kind that the cluster doesn't know has none.
    pub async fn list_all(&self, within: Within) -> Result<Vec<Object>, Failure> {
        let lists = try_join_all(kinds::namespaced().map(|kind| self.listed(kind, within))).await?;
        if lists.iter().all(Option::is_none) {
            return Err(not_installed(&kinds::namespaced().collect::<Vec<_>>()));
        }
        Ok(lists.into_iter().flatten().flatten().collect())
    }

    /// `None`: the cluster has no such kind.
    async fn listed(&self, kind: &'static Kind, within: Within) -> Result<Option<Vec<Object>>, Failure> {
        match in_time(self.api(kind, within).list(&ListParams::default())).await {
            Ok(list) => Ok(Some(list.items.into_iter().map(|inner| Object::new(kind, inner)).collect())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused(&format!("{} can't be listed", kind.plural), &error)),
        }
    }

    /// Fails when the cluster lacks one of these kinds. Who may not list it isn't told.
    pub async fn knows(&self, kinds: &[&'static Kind]) -> Result<(), Failure> {
        let one = ListParams::default().limit(1);
        let asked = join_all(kinds.iter().map(|kind| {
            let api = self.api(kind, Within::Namespace);
            let one = &one;
            async move { in_time(api.list(one)).await.is_err_and(|error| is_missing(&error)) }
        }));
        let missing = asked.await;
        let missing = kinds.iter().zip(missing).filter_map(|(kind, missing)| missing.then_some(*kind));
        let missing: Vec<&Kind> = missing.collect();
        if missing.is_empty() { Ok(()) } else { Err(not_installed(&missing)) }
    }

    /// The object that people mean. A bare name is that of the only object of the name, among these kinds if any are given.
    pub async fn find(&self, target: &Target, among: &[&'static Kind]) -> Result<Object, Failure> {
        let candidates: Vec<&'static Kind> = match target.kind {
            Some(kind) if among.is_empty() || among.contains(&kind) => vec![kind],
            Some(kind) => return Err(unfit(kind, among)),
            None if among.is_empty() => kinds::namespaced().collect(),
            None => among.to_vec(),
        };
        let asked = join_all(candidates.iter().map(|kind| self.get(kind, &target.name))).await;
        // A kind that one may not read is no reason to miss what is there of another.
        let (found, failed): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
        let mut found: Vec<Object> = found.into_iter().flatten().flatten().collect();
        match (found.len(), failed.into_iter().find_map(Result::err)) {
            (1, _) => Ok(found.remove(0)),
            (0, Some(failure)) => Err(failure),
            (0, None) => Err(self.no_such_object(target, &candidates).await),
            _ => Err(ambiguous(target, &found)),
        }
    }

    /// The object of a kind and name, or `None`.
    pub async fn get(&self, kind: &'static Kind, name: &str) -> Result<Option<Object>, Failure> {
        match in_time(self.api(kind, Within::Namespace).get(name)).await {
            Ok(inner) => Ok(Some(Object::new(kind, inner))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused(&format!("{}/{name} can't be read", kind.name), &error)),
        }
    }

    /// The LambdaFunction that an alias names, if it is there.
    pub async fn function_of(&self, alias: &Object) -> Result<Option<Object>, Failure> {
        match alias.spec()["functionRef"]["name"].as_str() {
            Some(name) => self.get(kinds::known(FUNCTION), name).await,
            None => Ok(None),
        }
    }

    /// That there is no object at all, in words.
    pub fn nothing(&self, within: Within) -> String {
        let group = lambda_operator_crds::GROUP;
        match within {
            Within::Namespace => format!("No objects of {group} in the namespace {}.", self.namespace),
            Within::Everywhere => format!("No objects of {group} in any namespace."),
        }
    }

    async fn no_such_object(&self, target: &Target, candidates: &[&'static Kind]) -> Failure {
        let lists = join_all(candidates.iter().map(|kind| self.listed(kind, Within::Namespace))).await;
        if lists.iter().all(|list| matches!(list, Ok(None))) {
            return not_installed(candidates);
        }
        let there: Vec<Object> = lists.into_iter().flatten().flatten().flatten().collect();
        let place = match candidates {
            [kind] if !kind.namespaced => "in this cluster".to_owned(),
            _ => format!("in the namespace {}", self.namespace),
        };
        no_such_object(target, candidates, &there, &place)
    }

    /// Changes an object by a merge patch. With `dry_run` the API server only says whether it would.
    pub async fn patch(&self, object: &Object, patch: &Value, dry_run: bool) -> Result<Object, Failure> {
        let params =
            PatchParams { dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let api = self.api(object.kind, Within::Namespace);
        let patched = in_time(api.patch(&object.name(), &params, &Patch::Merge(patch))).await;
        let patched =
            patched.map_err(|error| refused(&format!("{} can't be changed", object.label()), &error))?;
        Ok(Object::new(object.kind, patched))
    }
}

/// Why a command has no use for an object of this kind.
fn unfit(kind: &Kind, among: &[&Kind]) -> Failure {
    let names: Vec<&str> = among.iter().map(|kind| kind.name.as_str()).collect();
    Failure::usage(format!("this command is for a {}, not for a {}", names.join(" or a "), kind.name))
}

fn ambiguous(target: &Target, found: &[Object]) -> Failure {
    let labels: Vec<String> = found.iter().map(Object::label).collect();
    Failure::usage(format!(
        "{} is the name of {} objects; say which: {}",
        target.name,
        found.len(),
        some_of(&labels)
    ))
}

fn no_such_object(target: &Target, candidates: &[&Kind], there: &[Object], place: &str) -> Failure {
    let what = match candidates.len() {
        1..=2 => candidates.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>().join(" or "),
        _ => "object of lambda-operator.io with the name".to_owned(),
    };
    let names: Vec<String> = match candidates {
        [_] => there.iter().map(Object::name).collect(),
        _ => there.iter().map(Object::label).collect(),
    };
    let others = match names.as_slice() {
        [] => "; there is none at all. Look elsewhere with --namespace or --context".to_owned(),
        names => format!("; there are {}", some_of(names)),
    };
    Failure::new(format!("there is no {what} {} {place}{others}", target.name))
}

fn not_installed(kinds: &[&Kind]) -> Failure {
    let plurals: Vec<String> = kinds.iter().map(|kind| kind.plural.clone()).collect();
    Failure::new(format!(
        "the cluster doesn't know {}: the custom resources of lambda-operator aren't installed. Install its chart, or apply \
         what `lambda-operator crds` prints; or choose another cluster with --context",
        some_of(&plurals)
    ))
}

/// What the API server's refusal means for the person.
pub fn refused(what: &str, error: &kube::Error) -> Failure {
    let kube::Error::Api(status) = error else {
        return Failure::new(format!(
            "{what}: {} See whether the API server can be reached, and --context",
            sentence(&chain(error))
        ));
    };
    let said = sentence(&status.message);
    let remedy = match status.code {
        401 => " Log in to the cluster again",
        403 => {
            " Have somebody give you the ClusterRole view of the namespace (edit, for changes): the operator's chart adds its \
             kinds to it. For LambdaAccounts, which are in no namespace, it takes a ClusterRole of its own"
        }
        409 => " The object has changed meanwhile: try again",
        _ => "",
    };
    Failure::new(format!("{what}: {said}{remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_missing_is_answered_with_what_there_is() {
        let function = [kinds::known(kinds::FUNCTION)];
        let there: Vec<Object> = ["a", "b"]
            .map(|name| object(&format!("{{kind: LambdaFunction, metadata: {{name: {name}}}}}")))
            .into();
        let message = no_such_object(&target("lfn/c"), &function, &there, "in the namespace shop").message;
        assert_eq!(message, "there is no LambdaFunction c in the namespace shop; there are a, b");
        let message = no_such_object(&target("c"), &[], &there, "in the namespace shop").message;
        assert!(
            message.contains("object of lambda-operator.io with the name c")
                && message.contains("LambdaFunction/a"),
            "{message}"
        );
        let message = no_such_object(&target("c"), &function, &[], "in the namespace shop").message;
        assert!(message.contains("none at all") && message.contains("--namespace"), "{message}");
    }

    #[test]
    fn a_name_of_two_objects_needs_its_kind() {
        let two = [
            object("{kind: LambdaFunction, metadata: {name: a}}"),
            object("{kind: LambdaAlias, metadata: {name: a}}"),
        ];
        let failure = ambiguous(&target("a"), &two);
        assert!(failure.message.ends_with("say which: LambdaFunction/a, LambdaAlias/a"), "{failure}");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        for (code, remedy) in [(401, "Log in"), (403, "ClusterRole view"), (409, "try again")] {
            let status =
                kube::core::Status { code, message: "no".to_owned(), ..kube::core::Status::default() };
            let message = refused("it can't be read", &kube::Error::Api(Box::new(status))).message;
            assert!(message.starts_with("it can't be read: no. ") && message.contains(remedy), "{message}");
        }
    }

    #[tokio::test]
    async fn a_cluster_without_the_kinds_is_told_so() {
        let nothing = tower::service_fn(async |_: http::Request<kube::client::Body>| {
            let body = kube::client::Body::from(b"404 page not found".to_vec());
            Ok::<_, std::convert::Infallible>(http::Response::builder().status(404).body(body).unwrap())
        });
        let cluster = Cluster { client: Client::new(nothing, "shop"), namespace: "shop".to_owned() };
        let message = cluster.knows(&[kinds::known(FUNCTION)]).await.unwrap_err().message;
        assert!(message.contains("lambdafunctions") && message.contains("aren't installed"), "{message}");
    }
}
