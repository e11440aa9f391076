//! What the operator knows of LambdaAccounts, namespaces and who works through which account. Synchronous; whoever has to
//! look again is woken.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::{ConditionType, Reason};
use lambda_operator_crds::{CommonSpec, LambdaAccount};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::account::desired::{self, Known};
use crate::account::model::{Applicant, Refusal, Terms};
use crate::aws::{Aws, Whose};
use crate::k8s::references::{ReferenceKey, Waker};

/// The labels of a namespace.
pub type Labels = BTreeMap<String, String>;

/// The index. One per operator.
pub struct Accounts {
    state: Mutex<State>,
    waker: Waker,
    aws: Aws,
    /// Names of LambdaAccounts whose use has changed.
    used: mpsc::UnboundedSender<String>,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Arc<LambdaAccount>>,
    /// LambdaAccounts may not be listed.
    blind: bool,
    namespaces: HashMap<String, Labels>,
    /// Namespaces may not be listed.
    blind_for_namespaces: bool,
    /// By the LambdaAccount's name: the objects that name it, and whether they have, or may have, something in AWS.
    users: HashMap<String, BTreeMap<ReferenceKey, bool>>,
}

impl Accounts {
    /// An empty index, and where LambdaAccounts whose use changes are named.
    pub fn new(waker: Waker, aws: Aws) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (used, counts) = mpsc::unbounded_channel();
        (Self { state: Mutex::default(), waker, aws, used }, counts)
    }

    /// On which terms an object may work through its LambdaAccount. `None`: it names none.
    pub fn terms(&self, who: &Applicant<'_>) -> Option<Result<Terms, Refusal>> {
        who.account().map(|name| self.state.lock().admit(name, who))
    }

    /// The same for one that is about to: the LambdaAccount is kept for it until [`Accounts::released`] or
    /// [`Accounts::refrained`].
    pub fn enter(&self, who: &Applicant<'_>) -> Option<Result<Terms, Refusal>> {
        let (name, mut state) = (who.account()?, self.state.lock());
        let terms = state.admit(name, who);
        let entered = terms.is_ok() && state.uses(&who.user, name, true);
        drop(state);
        self.count(name, entered);
        Some(terms)
    }

    /// It didn't: there was nothing to work with.
    pub fn refrained(&self, who: &Applicant<'_>) {
        let Some(name) = who.account().filter(|_| !who.pinned) else { return };
        let mut state = self.state.lock();
        let user = state.users.get_mut(name).and_then(|users| users.get_mut(&who.user));
        let left = user.is_some_and(std::mem::take);
        drop(state);
        self.count(name, left);
    }

    /// Takes in which LambdaAccount an object names, and whether it has worked through it.
    pub fn registered(&self, user: &ReferenceKey, account: Option<&str>, pinned: bool) {
        let mut state = self.state.lock();
        let mut changed = state.forget_user(user, account);
        if let Some(name) = account
            && state.uses(user, name, pinned)
        {
            changed.push(name.to_owned());
        }
        drop(state);
        for name in &changed {
            self.count(name, true);
        }
    }

    /// The object is gone.
    pub fn released(&self, user: &ReferenceKey) {
        let changed = self.state.lock().forget_user(user, None);
        for name in &changed {
            self.count(name, true);
        }
    }

    /// The objects that have, or may have, something in AWS through this LambdaAccount.
    pub fn users(&self, name: &str) -> Vec<ReferenceKey> {
        let state = self.state.lock();
        let users = state.users.get(name).into_iter().flatten();
        users.filter(|(_, pinned)| **pinned).map(|(user, _)| user.clone()).collect()
    }

    /// Whether an object may not take over what is in AWS already, whatever its spec says.
    pub fn forbids_adoption(&self, common: &CommonSpec) -> bool {
        let Some(name) = common.account_ref.as_ref().map(|account| &account.name) else { return false };
        !self.state.lock().accounts.get(name).is_some_and(|account| desired::allows_adoption(account))
    }

    /// Whose credentials an object works with.
    pub fn whose(&self, common: &CommonSpec) -> Whose {
        let Some(account) = &common.account_ref else { return Whose::Operator };
        let state = self.state.lock();
        state.accounts.get(&account.name).map_or(Whose::Operator, |account| desired::terms(account).whose())
    }

    /// The LambdaAccounts that work with these credentials. All roles are assumed with the operator's own.
    pub fn working_with(&self, whose: &Whose) -> Vec<String> {
        let state = self.state.lock();
        let of = state
            .accounts
            .iter()
            .filter(|(_, account)| *whose == Whose::Operator || desired::terms(account).whose() == *whose);
        of.map(|(name, _)| name.clone()).collect()
    }

    /// Takes in a LambdaAccount as it is now. Those who name it look again, if it means anything else to them.
    pub fn seen(&self, account: &LambdaAccount) {
        let name = account.name_any();
        let before = self.state.lock().accounts.insert(name.clone(), Arc::new(account.clone()));
        if account.spec.role_arn.is_none() {
            self.aws.forget_role(&name);
        }
        self.share_out(before.as_deref().into_iter().chain([account]));
        if before.as_ref().is_none_or(|before| stance(before) != stance(account)) {
            self.wake_users(&name, |_| true);
        }
        // Nothing would tell those who rest. When it is entered again, those who had a problem are told.
        if is_closed(account) && before.is_some_and(|before| !is_closed(&before)) {
            self.users_of(&name).into_iter().for_each(|user| self.waker.look(user));
        }
    }

    /// A LambdaAccount is gone.
    pub fn gone(&self, name: &str) {
        let Some(before) = self.state.lock().accounts.remove(name) else { return };
        self.aws.forget_role(name);
        self.share_out([&*before]);
        self.wake_users(name, |_| true);
    }

    /// All LambdaAccounts are listed: others that were known are gone.
    pub fn listed(&self, all: &BTreeSet<String>) {
        let mut state = self.state.lock();
        let was_blind = std::mem::take(&mut state.blind);
        let gone: Vec<String> = state.accounts.keys().filter(|name| !all.contains(*name)).cloned().collect();
        drop(state);
        for name in &gone {
            self.gone(name);
        }
        if was_blind {
            self.wake_all_users();
        }
    }

    /// LambdaAccounts may not be listed. Whether it is news.
    pub fn blinded(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().blind, true)
    }

    /// Takes in the labels of a namespace.
    pub fn namespace_seen(&self, namespace: &str, labels: Labels) {
        let before = self.state.lock().namespaces.insert(namespace.to_owned(), labels.clone());
        if before != Some(labels) {
            self.wake_namespace(namespace);
        }
    }

    /// A namespace is gone.
    pub fn namespace_gone(&self, namespace: &str) {
        if self.state.lock().namespaces.remove(namespace).is_some() {
            self.wake_namespace(namespace);
        }
    }

    /// All namespaces are listed, or the only one (`scope`): others that were known are gone.
    pub fn namespaces_listed(&self, scope: Option<&str>, all: &BTreeSet<String>) {
        let mut state = self.state.lock();
        let was_blind = std::mem::take(&mut state.blind_for_namespaces);
        let listed = |name: &&String| scope.is_none_or(|only| only == **name);
        let known = state.namespaces.keys().filter(listed);
        let gone: Vec<String> = known.filter(|name| !all.contains(*name)).cloned().collect();
        drop(state);
        for name in &gone {
            self.namespace_gone(name);
        }
        if was_blind {
            self.wake_all_users();
        }
    }

    /// Namespaces may not be listed. Whether it is news.
    pub fn blinded_for_namespaces(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().blind_for_namespaces, true)
    }

    /// The smallest share that a LambdaAccount of the account asks for holds for all who work in it.
    fn share_out<'a>(&self, touched: impl IntoIterator<Item = &'a LambdaAccount>) {
        for id in touched.into_iter().map(|account| account.spec.account_id.as_str()) {
            let state = self.state.lock();
            let of_account = state.accounts.values().filter(|account| account.spec.account_id == id);
            let least = of_account.filter_map(|account| account.spec.quota_share).min();
            drop(state);
            self.aws.set_quota_share(id, least.map(|percent| f64::from(percent) / 100.0));
        }
    }

    fn count(&self, name: &str, changed: bool) {
        if changed {
            // Nobody listens any more only at the end.
            let _ = self.used.send(name.to_owned());
        }
    }

    fn wake_namespace(&self, namespace: &str) {
        let names: Vec<String> = self.state.lock().users.keys().cloned().collect();
        for name in names {
            self.wake_users(&name, |user| user.object.namespace == namespace);
        }
    }

    fn wake_all_users(&self) {
        let names: Vec<String> = self.state.lock().users.keys().cloned().collect();
        for name in &names {
            self.wake_users(name, |_| true);
        }
    }

    fn wake_users(&self, name: &str, which: impl Fn(&ReferenceKey) -> bool) {
        let users = self.users_of(name).into_iter().filter(which);
        users.for_each(|user| self.waker.wake(user));
    }

    /// Who names it.
    fn users_of(&self, name: &str) -> Vec<ReferenceKey> {
        let state = self.state.lock();
        state.users.get(name).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}

/// What of a LambdaAccount can mean something to those who name it.
fn stance(account: &LambdaAccount) -> (Option<&str>, Option<i64>, bool, &[String]) {
    let meta = account.meta();
    (meta.uid.as_deref(), meta.generation, meta.deletion_timestamp.is_some(), account.finalizers())
}

/// Whether nobody gets into its account: the operator's credentials or the role are refused, or are another account's.
fn is_closed(account: &LambdaAccount) -> bool {
    let conditions = account.status.iter().flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|condition| condition.type_ == ConditionType::Ready.as_str());
    let closed = [Reason::AccessDenied, Reason::AccountMismatch];
    ready.any(|ready| closed.iter().any(|reason| ready.reason == reason.as_str()))
}

impl State {
    fn admit(&self, name: &str, who: &Applicant<'_>) -> Result<Terms, Refusal> {
        let known = Known {
            account: self.accounts.get(name).map(|account| &**account),
            listed: !self.blind,
            labels: self.namespaces.get(&who.user.object.namespace),
            namespaces_listed: !self.blind_for_namespaces,
        };
        desired::admit(name, who, known)
    }

    /// Whether the object is counted now and wasn't. What has worked once counts until it is gone.
    fn uses(&mut self, user: &ReferenceKey, name: &str, pinned: bool) -> bool {
        let users = self.users.entry(name.to_owned()).or_default();
        let known = users.entry(user.clone()).or_default();
        let news = pinned && !*known;
        *known |= pinned;
        news
    }

    /// Forgets an object but for the LambdaAccount that it keeps. Returns those that are used by one less.
    fn forget_user(&mut self, user: &ReferenceKey, kept: Option<&str>) -> Vec<String> {
        let others = self.users.iter_mut().filter(|(name, _)| Some(name.as_str()) != kept);
        let left = others.filter_map(|(name, users)| users.remove(user)?.then(|| name.clone()));
        let left = left.collect();
        self.users.retain(|_, users| !users.is_empty());
        left
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::desired::tests::{account, applicant, common};
    use crate::aws::{AwsSettings, NoObserver, OpenGate};
    use crate::k8s::references::{References, Woken};

    type Queue = mpsc::UnboundedReceiver<Woken>;
    type Used = mpsc::UnboundedReceiver<String>;

    /// The namespace shop is of team a, and its function hello names the account main.
    fn index() -> (Accounts, Queue, Used) {
        let (references, woken) = References::new();
        let aws = Aws::new(AwsSettings::default(), Arc::new(OpenGate), Arc::new(NoObserver));
        let (accounts, used) = Accounts::new(references.waker(), aws);
        accounts.namespace_seen("shop", Labels::from([("team".into(), "a".into())]));
        accounts.registered(&applicant(&common(&json!({}))).user, Some("main"), false);
        (accounts, woken, used)
    }

    fn all<T>(queue: &mut mpsc::UnboundedReceiver<T>) -> Vec<T> {
        std::iter::from_fn(|| queue.try_recv().ok()).collect()
    }

    #[test]
    fn whatever_may_decide_otherwise_wakes_those_who_name_the_account() {
        let (accounts, mut woken, _used) = index();
        let hello = applicant(&common(&json!({}))).user;
        let mut heard = |what: &str, expected: usize| {
            let woken: Vec<_> = all(&mut woken).into_iter().map(|woken| woken.key).collect();
            assert_eq!(woken, vec![hello.clone(); expected], "{what}");
        };
        accounts.seen(&account(&json!({})));
        heard("it appears", 1);
        accounts.seen(&account(&json!({"status": {"usedBy": 1}})));
        heard("its status", 0);
        accounts.seen(&account(&json!({"metadata": {"generation": 2}})));
        heard("its spec", 1);
        accounts.namespace_seen("shop", Labels::from([("team".into(), "a".into())]));
        heard("the same labels", 0);
        accounts.namespace_seen("shop", Labels::new());
        heard("other labels", 1);
        accounts.namespace_seen("other", Labels::new());
        heard("another namespace", 0);
        assert!(accounts.blinded() && !accounts.blinded());
        accounts.listed(&BTreeSet::from(["main".into()]));
        heard("a right that was missing", 1);
        accounts.listed(&BTreeSet::new());
        heard("it vanishes", 1);
    }

    #[test]
    fn those_who_rest_are_told_when_their_account_closes() {
        let (accounts, mut woken, _used) = index();
        let stands = |reason: &str, ready: &str| {
            let time = "2026-01-15T09:30:00Z";
            let ready = json!({
                "type": "Ready", "status": ready, "reason": reason, "message": "", "lastTransitionTime": time,
            });
            account(&json!({"status": {"conditions": [ready]}}))
        };
        accounts.seen(&stands("Available", "True"));
        all(&mut woken);
        let mut looks = |account: &LambdaAccount| {
            accounts.seen(account);
            all(&mut woken).into_iter().filter(|woken| woken.look).count()
        };
        assert_eq!(looks(&stands("AWSUnavailable", "False")), 0, "a passing trouble");
        assert_eq!(looks(&stands("AccessDenied", "False")), 1);
        assert_eq!(looks(&stands("AccessDenied", "False")), 0, "once");
        assert_eq!(looks(&stands("Available", "True")), 0, "who had a problem is told by the credentials");
        assert_eq!(looks(&stands("AccountMismatch", "False")), 1);
    }

    #[test]
    fn who_has_entered_counts_until_it_is_gone() {
        let (accounts, _woken, mut used) = index();
        accounts.seen(&account(&json!({})));
        let spec = common(&json!({}));
        let who = applicant(&spec);
        assert_eq!(accounts.users("main"), [], "naming it is not using it");
        assert!(accounts.enter(&who).unwrap().is_ok());
        assert_eq!((accounts.users("main"), all(&mut used).len()), (vec![who.user.clone()], 1));
        accounts.registered(&who.user, Some("main"), false);
        assert_eq!(accounts.users("main").len(), 1, "a status that is not stored yet");
        accounts.registered(&who.user, Some("other"), false);
        assert_eq!((accounts.users("main"), all(&mut used)), (vec![], vec!["main".to_owned()]));
        accounts.registered(&who.user, Some("main"), true);
        accounts.released(&who.user);
        assert_eq!((accounts.users("main"), all(&mut used).len()), (vec![], 2));
    }

    #[test]
    fn who_found_nothing_to_work_with_has_not_entered() {
        let (accounts, _woken, _used) = index();
        accounts.seen(&account(&json!({})));
        let spec = common(&json!({}));
        let who = applicant(&spec);
        assert!(accounts.enter(&who).unwrap().is_ok());
        accounts.refrained(&who);
        assert_eq!(accounts.users("main"), []);
        accounts.enter(&who).unwrap().unwrap();
        accounts.refrained(&Applicant { pinned: true, ..who });
        assert_eq!(accounts.users("main").len(), 1, "what worked before may have something in AWS");
    }

    #[test]
    fn credentials_tell_which_accounts_work_with_them() {
        let (accounts, _woken, _used) = index();
        accounts.seen(&account(&json!({})));
        let role = json!({"roleArn": "arn:aws:iam::444455556666:role/r"});
        accounts.seen(&account(&json!({"metadata": {"name": "roled"}, "spec": role})));
        let of_role = Whose::Account("roled".into());
        assert_eq!(accounts.working_with(&of_role), ["roled"]);
        assert_eq!(accounts.working_with(&Whose::Operator), ["main", "roled"]);
        assert_eq!(accounts.whose(&common(&json!({}))), Whose::Operator);
        assert_eq!(accounts.whose(&common(&json!({"accountRef": {"name": "roled"}}))), of_role);
    }

    #[test]
    fn adoption_is_a_matter_of_the_account() {
        let (accounts, _woken, _used) = index();
        assert!(!accounts.forbids_adoption(&CommonSpec::default()), "without an account it is the object's");
        assert!(accounts.forbids_adoption(&common(&json!({}))));
        accounts.seen(&account(&json!({"spec": {"allowAdoption": true}})));
        assert!(!accounts.forbids_adoption(&common(&json!({}))));
    }
}
