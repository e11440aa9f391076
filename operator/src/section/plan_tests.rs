//! Tables and a property over [`super::step`].

use std::collections::BTreeMap;

use proptest::prelude::*;

use lambda_operator_crds::{CommonStatus, Origin};

use super::*;

fn retries(retries: i32) -> Value {
    Value::EventInvoke(EventInvoke { retries: Some(retries), ..EventInvoke::default() })
}

fn wanting(value: Option<Value>) -> Wanted {
    Wanted { values: BTreeMap::from([(Section::EventInvoke, value)]), ..Wanted::default() }
}

fn status(origin: Origin, managed: bool) -> CommonStatus {
    let managed_sections = managed.then(|| Section::EventInvoke.path().into_owned()).into_iter().collect();
    CommonStatus { origin: Some(origin), managed_sections, ..CommonStatus::default() }
}

fn having(value: Option<Value>) -> Has {
    Has { values: BTreeMap::from([(Section::EventInvoke, value)]), ..Has::default() }
}

#[test]
fn a_section_that_was_never_in_the_spec_is_neither_read_nor_changed() {
    for has in [Has::default(), having(Some(retries(0)))] {
        let step = step(&Wanted::default(), &has, &status(Origin::Adopted, false), false);
        assert_eq!(step, Step::default());
    }
}

#[test]
fn what_is_managed_is_read_before_it_is_changed() {
    let look = Step { look: BTreeSet::from([Section::EventInvoke]), ..Step::default() };
    for (origin, managed) in [(Origin::Created, true), (Origin::Adopted, false), (Origin::Adopted, true)] {
        let step = step(&wanting(Some(retries(0))), &Has::default(), &status(origin, managed), false);
        assert_eq!(step, look, "{origin:?} {managed}");
    }
    let gone = step(&Wanted::default(), &Has::default(), &status(Origin::Created, true), false);
    assert_eq!(gone, look, "what is removed may be gone already");
    let observed = step(&wanting(Some(retries(0))), &Has::default(), &status(Origin::Created, false), true);
    assert_eq!(observed, look, "who only observes wants to know");
}

#[test]
fn what_is_new_on_a_resource_of_our_own_needs_no_look() {
    let new = status(Origin::Created, false);
    let put = step(&wanting(Some(retries(0))), &Has::default(), &new, false);
    assert_eq!(put.changes, [Change::Put(retries(0))]);
    assert_eq!(paths(&put.changes).collect::<Vec<_>>(), ["eventInvokeConfig"]);
    assert_eq!(step(&wanting(None), &Has::default(), &new, false), Step::default(), "it is AWS's default");
}

#[test]
fn what_differs_is_put_and_what_was_removed_is_cleared() {
    let managed = status(Origin::Created, true);
    let changes = |wanted: &Wanted, has: Option<Value>| step(wanted, &having(has), &managed, false).changes;
    assert_eq!(changes(&wanting(Some(retries(0))), Some(retries(1))), [Change::Put(retries(0))]);
    assert_eq!(changes(&wanting(Some(retries(0))), Some(retries(0))), []);
    assert_eq!(changes(&Wanted::default(), Some(retries(0))), [Change::Clear(Section::EventInvoke)]);
    assert_eq!(changes(&Wanted::default(), None), []);
}

#[test]
fn what_is_ignored_is_used_at_first_and_then_left_alone() {
    let ignored = BTreeSet::from(["eventInvokeConfig".to_owned()]);
    let wanted = Wanted { ignored, ..wanting(Some(retries(0))) };
    let planned = |origin, managed| step(&wanted, &Has::default(), &status(origin, managed), false);
    assert_eq!(planned(Origin::Created, false).changes, [Change::Put(retries(0))]);
    for (origin, managed) in [(Origin::Created, true), (Origin::Adopted, false)] {
        assert_eq!(planned(origin, managed), Step::default());
    }
}

#[test]
fn a_change_is_told_from_what_to_what() {
    let text = told(&[Change::Put(retries(0))], &having(Some(retries(1))));
    assert_eq!(text, "Changed the settings of asynchronous invocations: 1 retries → 0 retries.");
    let text = told(&[Change::Clear(Section::EventInvoke)], &having(Some(retries(1))));
    assert_eq!(text, "Changed the settings of asynchronous invocations: 1 retries → none.");
}

/// Some of the sections, each of which can be told apart from another of its kind.
const SECTIONS: [Section; 4] =
    [Section::Url, Section::EventInvoke, Section::RecursiveLoop, Section::RuntimeManagement];

fn some(section: &Section, one: bool) -> Value {
    let auth_type = if one { "AWS_IAM" } else { "NONE" };
    match section {
        Section::Url => Value::Url(Url { auth_type: auth_type.into(), ..Url::default() }),
        Section::EventInvoke => retries(i32::from(one)),
        Section::RecursiveLoop => Value::RecursiveLoop("Allow".into()),
        _ => Value::RuntimeManagement(RuntimeManagement::new("FunctionUpdate", None).unwrap()),
    }
}

fn values() -> impl Strategy<Value = BTreeMap<Section, Option<Value>>> {
    let choice = prop::option::of(prop::option::of(any::<bool>()));
    prop::collection::vec(choice, SECTIONS.len()).prop_map(|choices| {
        let there = SECTIONS.into_iter().zip(choices);
        there
            .filter_map(|(section, one)| Some((section.clone(), one?.map(|one| some(&section, one)))))
            .collect()
    })
}

proptest! {
    #[test]
    fn a_step_that_was_carried_out_leaves_nothing_to_do(
        values in values(), aws in values(), managed in prop::collection::btree_set(prop::sample::select(SECTIONS.to_vec()), 0..3),
        ignored in prop::collection::btree_set(prop::sample::select(SECTIONS.to_vec()), 0..2), adopted: bool,
    ) {
        let path = |section: &Section| section.path().into_owned();
        let wanted = Wanted { values, ignored: ignored.iter().map(path).collect() };
        let values = SECTIONS.into_iter().map(|section| { let value = aws.get(&section).cloned().flatten(); (section, value) });
        let mut aws = Has { values: values.collect(), ..Has::default() };
        let origin = Some(if adopted { Origin::Adopted } else { Origin::Created });
        let mut status = CommonStatus { origin, managed_sections: managed.iter().map(path).collect(), ..CommonStatus::default() };
        let (before, mut has) = (aws.clone(), Has::default());
        for _ in 0..2 {
            let step = step(&wanted, &has, &status, false);
            has.values.extend(step.look.iter().map(|section| (section.clone(), aws.values[section].clone())));
            announce(&step.changes, &mut status);
            for change in &step.changes {
                aws.apply(change);
                has.apply(change);
            }
        }
        prop_assert_eq!(step(&wanted, &has, &status, false).changes, []);
        for (section, value) in &aws.values {
            let was_managed = managed.contains(section);
            let theirs = ignored.contains(section) && (was_managed || adopted);
            let expected = match wanted.values.get(section) {
                _ if theirs => &before.values[section],
                // What nobody is known to have set is not looked for.
                Some(None) if !was_managed && !adopted => &before.values[section],
                Some(wanted) => wanted,
                None if was_managed => &None,
                None => &before.values[section],
            };
            prop_assert_eq!(value, expected, "{:?}", section);
        }
    }
}
