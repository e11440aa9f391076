//! Where objects work, with the person's own credentials: the place that an object is pinned to, or else the LambdaAccount
//! that it names, its region, or the settings of the command.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use lambda_operator_crds::LambdaAccount;
use tokio::sync::Mutex;

use crate::account::desired::{Known, admits_adoption, admits_namespace, allows_adoption, found, terms};
use crate::account::{Applicant, Refusal, Terms};
use crate::aws::Scope;
use crate::k8s::definition::is_missing;
use crate::k8s::in_time;
use crate::plugin::args::AwsArgs;
use crate::plugin::cluster::{Cluster, refused};
use crate::plugin::failure::Failure;
use crate::plugin::kinds::{self, ACCOUNT};
use crate::plugin::place::{PATIENCE, Place};

/// A place by account and region, as far as they are known.
type Key = (Option<String>, Option<String>);

/// The ways to AWS, and the LambdaAccounts.
pub struct Places<'a> {
    cluster: &'a Cluster,
    aws: &'a AwsArgs,
    region: Option<String>,
    /// Those of the manifests, and what was read; `None`: there is none of the name.
    accounts: Mutex<BTreeMap<String, Option<Arc<LambdaAccount>>>>,
    /// The labels of namespaces; `None`: they can't be read.
    labels: Mutex<BTreeMap<String, Option<BTreeMap<String, String>>>>,
    scopes: Mutex<HashMap<Key, Result<Arc<Scope>, Failure>>>,
}

/// Where an object works.
pub struct Whereabouts {
    /// The way there.
    pub scope: Arc<Scope>,
    /// Whether it may take over what is there.
    pub may_adopt: bool,
}

impl<'a> Places<'a> {
    /// With these LambdaAccounts, which are about to be applied.
    pub fn new(
        cluster: &'a Cluster,
        aws: &'a AwsArgs,
        region: Option<String>,
        accounts: BTreeMap<String, Option<Arc<LambdaAccount>>>,
    ) -> Self {
        let (accounts, labels, scopes) = (Mutex::new(accounts), Mutex::default(), Mutex::default());
        Self { cluster, aws, region, accounts, labels, scopes }
    }

    /// Where an object works. `pinned` is the place that its status names.
    ///
    /// # Errors
    /// Why it can't: its LambdaAccount, or the credentials.
    pub async fn of(
        &self,
        who: &Applicant<'_>,
        pinned: (Option<String>, Option<String>),
    ) -> Result<Whereabouts, Failure> {
        let lent = match who.account() {
            Some(name) => Some(self.terms(name, who).await?),
            None => None,
        };
        let may_adopt = lent.as_ref().is_none_or(|(_, may_adopt)| *may_adopt);
        let lent = lent.map(|(terms, _)| terms);
        let (account, region) = pinned;
        let account = account.or_else(|| lent.as_ref().map(|terms| terms.account.clone()));
        let region = region
            .or_else(|| who.common.region.clone())
            .or_else(|| lent.and_then(|terms| terms.region))
            .or_else(|| self.region.clone());
        let scope = self.scope((account, region)).await?;
        Ok(Whereabouts { scope, may_adopt })
    }

    async fn scope(&self, key: Key) -> Result<Arc<Scope>, Failure> {
        let mut scopes = self.scopes.lock().await;
        if let Some(known) = scopes.get(&key) {
            return known.clone();
        }
        let (account, region) = key.clone();
        let place = Place { what: "the object".to_owned(), account, region };
        let scope = place.reach_sparingly(self.aws, PATIENCE).await;
        scopes.insert(key, scope.clone());
        scope
    }

    async fn terms(&self, name: &str, who: &Applicant<'_>) -> Result<(Terms, bool), Failure> {
        let account = self.account(name).await?;
        let labels = self.labels(&who.user.object.namespace).await;
        let known = Known {
            account: account.as_deref(),
            listed: true,
            labels: labels.as_ref(),
            namespaces_listed: true,
        };
        let admitted = || {
            let account = found(name, who, known)?;
            // Whoever may not read the labels believes that they fit.
            if labels.is_some() {
                admits_namespace(account, who, known)?;
            }
            admits_adoption(account, who)?;
            Ok((terms(account), allows_adoption(account)))
        };
        admitted().map_err(|refusal: Refusal| Failure::new(refusal.text))
    }

    async fn account(&self, name: &str) -> Result<Option<Arc<LambdaAccount>>, Failure> {
        let mut accounts = self.accounts.lock().await;
        if let Some(known) = accounts.get(name) {
            return Ok(known.clone());
        }
        let api: Api<LambdaAccount> = Api::all(self.cluster.client().clone());
        let found = match in_time(api.get(name)).await {
            Ok(account) => Some(Arc::new(account)),
            Err(error) if is_missing(&error) => None,
            Err(error) => {
                let plural = &kinds::known(ACCOUNT).plural;
                return Err(refused(&format!("{plural} {name} can't be read"), &error));
            }
        };
        accounts.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    async fn labels(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        let mut all = self.labels.lock().await;
        if let Some(known) = all.get(namespace) {
            return known.clone();
        }
        let read = in_time(Api::<Namespace>::all(self.cluster.client().clone()).get(namespace)).await;
        let labels = read.ok().map(|namespace| namespace.metadata.labels.unwrap_or_default());
        all.insert(namespace.to_owned(), labels.clone());
        labels
    }
}
