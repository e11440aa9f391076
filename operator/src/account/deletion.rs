//! Whether a LambdaAccount may go: not while anything in AWS can only be reached through it.

use lambda_operator_crds::conditions::Reason;

use crate::engine::verdict::{Recheck, Verdict};
use crate::k8s::references::ReferenceKey;

/// How many of those who still use it are named.
const NAMED: usize = 5;

/// Why it has to stay; `None`: it may go.
pub fn held_by(users: &[ReferenceKey]) -> Option<Verdict> {
    let count = users.len();
    let name = |user: &ReferenceKey| {
        format!("{} {}/{}", user.kind.as_str(), user.object.namespace, user.object.name)
    };
    let mut named = users.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        named = format!("{named} and {} more", count - NAMED);
    }
    let objects = if count == 1 { "1 object works" } else { &format!("{count} objects work") };
    let text = format!(
        "{objects} in AWS through this LambdaAccount: {named}. Delete them first; it goes with the last of them."
    );
    (count > 0).then_some(Verdict::Problem(Reason::DeletionBlocked, text, Recheck::Slow))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::references::ReferenceKind;

    fn users(count: usize) -> Vec<ReferenceKey> {
        let user = |number| ReferenceKey::new(ReferenceKind::LambdaFunction, "shop", &format!("f{number}"));
        (0..count).map(user).collect()
    }

    #[test]
    fn those_who_use_it_are_counted_and_some_are_named() {
        assert_eq!(held_by(&[]), None);
        let text = |count| held_by(&users(count)).unwrap().message().to_owned();
        assert!(text(1).starts_with("1 object works in AWS"), "{}", text(1));
        assert!(text(1).contains("LambdaFunction shop/f0. Delete"), "{}", text(1));
        assert!(text(7).starts_with("7 objects work"), "{}", text(7));
        assert!(text(7).contains("LambdaFunction shop/f4 and 2 more."), "{}", text(7));
    }
}
