//! What has to be there before the process is ready: `/readyz` says what is missing, and nobody is visited before.
//!
//! A leader is ready once every watch has stored its first list. A standby watches nothing, so that it costs nothing: it
//! is ready once it has seen who leads, else no rolling update would ever get past it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// What is still awaited. Cheap to clone; all clones speak of the same.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<BTreeSet<String>>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::channel(BTreeSet::new()).0))
    }
}

impl Readiness {
    /// From here on the process isn't ready before this has arrived.
    pub fn expect(&self, what: impl Into<String>) {
        self.0.send_if_modified(|awaited| awaited.insert(what.into()));
    }

    /// It has; later interruptions don't matter, because what was stored stays. Whether it was the last one missing.
    pub fn arrived(&self, what: &str) -> bool {
        let mut last = false;
        self.0.send_if_modified(|awaited| {
            let removed = awaited.remove(what);
            last = removed && awaited.is_empty();
            removed
        });
        last
    }

    /// What is missing; empty: the process is ready.
    pub fn awaited(&self) -> BTreeSet<String> {
        self.0.borrow().clone()
    }

    /// Waits until nothing is missing.
    pub async fn complete(&self) {
        // Fails only if the sender is gone, which is borrowed here.
        drop(self.0.subscribe().wait_for(BTreeSet::is_empty).await);
    }
}

/// What a watch of a kind in a namespace (`None`: in all) waits for.
pub fn first_list(kind: &str, namespace: Option<&str>) -> String {
    let place = namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
    format!("the first list of {kind}{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_complete_when_all_that_was_expected_has_arrived() {
        let readiness = Readiness::default();
        let lists = [first_list("Secret", None), first_list("LambdaFunction", Some("shop"))];
        for list in &lists {
            readiness.expect(list.as_str());
        }
        let complete = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.complete().await }
        });
        assert!(!readiness.arrived(&lists[0]));
        assert!(!readiness.arrived(&lists[0]), "listed again");
        let awaited = Vec::from_iter(readiness.awaited());
        assert_eq!(awaited, ["the first list of LambdaFunction in shop"]);
        assert!(!complete.is_finished());
        assert!(readiness.arrived(&lists[1]));
        complete.await.unwrap();
        assert!(readiness.awaited().is_empty());
    }
}
