//! What a leader watches: each kind, what objects refer to, namespaces, and LambdaAccounts. It is ready, and visits, once
//! all of them have listed what there is.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::account::AccountController;
use crate::engine::controller::AnyController;
use crate::engine::shared::Shared;
use crate::k8s::references::ReferenceKind;
use crate::runtime::readiness::first_list;
use crate::settings::Settings;

/// What readiness waits for before it is known which watches there are.
pub const ALL: &str = "the watches";
/// How readiness names the watch of Namespaces.
const NAMESPACE: &str = "Namespace";
/// What specs refer to besides objects of the group.
const REFERENCED: [ReferenceKind; 2] = [ReferenceKind::Secret, ReferenceKind::ConfigMap];

/// The namespaces to watch; `None` stands for all.
pub fn namespaces(settings: &Settings) -> Vec<Option<String>> {
    match settings.watch.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    }
}

/// Says which first lists the process waits for.
pub fn expect(
    shared: &Shared,
    settings: &Settings,
    controllers: &[Arc<dyn AnyController>],
    namespaces: &[Option<String>],
) {
    let readiness = &shared.probes.readiness;
    let referenced = REFERENCED.into_iter().filter(|_| settings.watch.secrets);
    let kinds = controllers.iter().map(|controller| controller.kind()).chain(referenced);
    for kind in kinds.map(ReferenceKind::as_str).chain([NAMESPACE]) {
        for namespace in namespaces {
            readiness.expect(first_list(kind, namespace.as_deref()));
        }
    }
    readiness.expect(first_list(ReferenceKind::LambdaAccount.as_str(), None));
    readiness.arrived(ALL);
}

/// Starts the watches of each kind in each namespace, of the labels of each namespace, and of LambdaAccounts.
pub fn start(
    tasks: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    controllers: &[Arc<dyn AnyController>],
    accounts: &Arc<AccountController>,
    namespaces: Vec<Option<String>>,
) {
    tasks.spawn(Arc::clone(accounts).run(None));
    for controller in controllers {
        tasks.spawn(Arc::clone(controller).rotate());
    }
    for namespace in namespaces {
        tasks.spawn(watch_namespaces(Arc::clone(shared), namespace.clone()));
        for controller in controllers {
            tasks.spawn(Arc::clone(controller).run(namespace.clone()));
        }
    }
}

/// Starts the watches of Secrets and ConfigMaps, and waits until they know everything there is.
pub async fn references(shared: &Arc<Shared>, settings: &Settings, namespaces: &[Option<String>]) {
    if !settings.watch.secrets {
        return;
    }
    let mut watches = JoinSet::new();
    for namespace in namespaces {
        for kind in REFERENCED {
            let (shared, namespace) = (Arc::clone(shared), namespace.clone());
            watches.spawn(async move {
                let list = first_list(kind.as_str(), namespace.as_deref());
                Arc::clone(&shared.references).watch(shared.client.clone(), kind, namespace).await;
                shared.listing_is_in(&list);
            });
        }
    }
    tokio::select! {
        () = async { while watches.join_next().await.is_some() {} } => {}
        () = shared.stop.cancelled() => {}
    }
}

/// Watches the labels of namespaces, which decide who may use a LambdaAccount.
async fn watch_namespaces(shared: Arc<Shared>, namespace: Option<String>) {
    let (accounts, client) = (Arc::clone(&shared.accounts), shared.client.clone());
    let list = first_list(NAMESPACE, namespace.as_deref());
    let listed = || shared.listing_is_in(&list);
    let watch = crate::account::watch_namespaces(accounts, client, namespace, listed);
    shared.stop.run_until_cancelled(watch).await;
}
