//! When an object is as wanted, and when waiting for that is in vain. Pure.

use crate::plugin::failure::Exit;
use crate::plugin::object::{Health, Object, health};
use crate::text::sentence;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Ready on the present generation.
    Ready,
    /// The same, after the operator has acted on this value of the annotation `lambda-operator.io/reconcile-at`.
    Reconciled(String),
    /// Gone.
    Deleted,
}

/// How an object stands to a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As wanted.
    Done(String),
    /// Not yet.
    Waiting(String),
    /// Never, unless somebody changes something.
    Failed(Exit, String),
}

impl Goal {
    /// How an object stands; `None`: it isn't there.
    pub fn standing(&self, object: Option<&Object>) -> Standing {
        match (self, object) {
            (Self::Deleted, None) => Standing::Done("is gone".to_owned()),
            (_, None) => Standing::Failed(Exit::Failed, "was deleted".to_owned()),
            (Self::Deleted, Some(object)) => deleted(object),
            (Self::Ready, Some(object)) => ready(object),
            (Self::Reconciled(value), Some(object)) => {
                let handled = object.said("lastHandledReconcileAt") == Some(value);
                if handled || object.is_suspended() {
                    ready(object)
                } else {
                    Standing::Waiting("The operator hasn't looked again yet.".to_owned())
                }
            }
        }
    }
}

fn ready(object: &Object) -> Standing {
    let Health { ready, reason, message, stalled } = health(object);
    if object.is_deleting() {
        return Standing::Failed(Exit::Failed, format!("is being deleted: {}", told(&reason, &message)));
    }
    if reason == "Suspended" {
        let resume = format!("kubectl lambda resume {}", object.label());
        return Standing::Failed(Exit::Stalled, format!("is suspended: nothing happens before `{resume}`"));
    }
    match ready.as_str() {
        "True" => Standing::Done("is Ready".to_owned()),
        _ if stalled => Standing::Failed(Exit::Stalled, format!("is Stalled: {}", told(&reason, &message))),
        _ => Standing::Waiting(told(&reason, &message)),
    }
}

fn deleted(object: &Object) -> Standing {
    let Health { reason, message, stalled, .. } = health(object);
    if !object.is_deleting() {
        return Standing::Waiting("Nobody has asked for its deletion.".to_owned());
    }
    if object.is_suspended() {
        let resume = format!("kubectl lambda resume {}", object.label());
        return Standing::Failed(Exit::Stalled, format!("is suspended: the deletion waits for `{resume}`"));
    }
    if stalled {
        return Standing::Failed(Exit::Stalled, format!("is Stalled: {}", told(&reason, &message)));
    }
    Standing::Waiting(told(&reason, &message))
}

fn told(reason: &str, message: &str) -> String {
    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {}", sentence(message)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plugin::object::tests::{object, status};

    fn an_object(extra: &str, status: &Value) -> Object {
        object(&format!(
            "{{kind: LambdaFunction, metadata: {{name: a{extra}}}, spec: {{}}, status: {status}}}"
        ))
    }

    #[test]
    fn ready_is_waited_for_until_it_is_or_can_never_be() {
        let of = |ready: &str, reason: &str| {
            Goal::Ready.standing(Some(&an_object("", &status(ready, reason, "text"))))
        };
        assert_eq!(of("True", "Available"), Standing::Done("is Ready".into()));
        assert_eq!(of("Unknown", "Creating"), Standing::Waiting("Creating: text.".into()));
        assert_eq!(of("False", "Throttled"), Standing::Waiting("Throttled: text.".into()));
        let stalled = Standing::Failed(Exit::Stalled, "is Stalled: InvalidSpec: text.".into());
        assert_eq!(of("False", "InvalidSpec"), stalled);
        let newer = an_object(", generation: 2", &status("False", "InvalidSpec", "text"));
        let Standing::Waiting(text) = Goal::Ready.standing(Some(&newer)) else {
            panic!("a new spec may help")
        };
        assert!(text.starts_with("NotObserved"), "{text}");
    }

    #[test]
    fn what_goes_away_never_gets_ready() {
        let deleting = status("Unknown", "Deleting", "soon");
        let going = an_object(", deletionTimestamp: '2026-01-15T09:30:00Z'", &deleting);
        let failed = Standing::Failed(Exit::Failed, "is being deleted: Deleting: soon.".into());
        assert_eq!(Goal::Ready.standing(Some(&going)), failed);
        assert_eq!(Goal::Deleted.standing(Some(&going)), Standing::Waiting("Deleting: soon.".into()));
        assert_eq!(Goal::Ready.standing(None), Standing::Failed(Exit::Failed, "was deleted".into()));
        assert_eq!(Goal::Deleted.standing(None), Standing::Done("is gone".into()));
    }

    #[test]
    fn a_deletion_has_to_be_asked_for_and_can_be_in_vain() {
        let refused = status("False", "InvalidSpec", "text");
        let there = Goal::Deleted.standing(Some(&an_object("", &refused)));
        assert!(matches!(there, Standing::Waiting(_)), "it can still be asked for");
        let stuck = an_object(", deletionTimestamp: '2026-01-15T09:30:00Z'", &refused);
        let stuck = Goal::Deleted.standing(Some(&stuck));
        assert!(matches!(stuck, Standing::Failed(Exit::Stalled, _)), "{stuck:?}");
    }

    #[test]
    fn suspended_objects_end_the_wait() {
        let mut paused = status("True", "Available", "");
        paused["conditions"].as_array_mut().unwrap().push(json!({
            "type": "Suspended", "status": "True", "reason": "Suspended", "message": "m", "observedGeneration": 1,
            "lastTransitionTime": "2026-01-15T09:30:00Z"
        }));
        let Standing::Failed(Exit::Stalled, text) = Goal::Ready.standing(Some(&an_object("", &paused)))
        else {
            panic!("nothing will happen")
        };
        assert!(text.contains("kubectl lambda resume LambdaFunction/a"), "{text}");
    }

    #[test]
    fn looking_again_comes_before_ready() {
        let goal = Goal::Reconciled("now".into());
        let mut ready = status("True", "Available", "");
        assert!(matches!(goal.standing(Some(&an_object("", &ready))), Standing::Waiting(_)));
        ready["lastHandledReconcileAt"] = json!("now");
        assert_eq!(goal.standing(Some(&an_object("", &ready))), Standing::Done("is Ready".into()));
    }
}
