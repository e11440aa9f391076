//! What AWS has after a change to a function, before anybody has made it. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::engine::forecast::{Foresee, LATER, Place, view_of};
use crate::engine::tags::Tags;
use crate::function::Functions;
use crate::function::desired::Package;
use crate::function::execute::after;
use crate::function::ignore::Ignored;
use crate::function::manifest::{self, Setting, Variables};
use crate::function::model::{
    Code, CodeSource, Environment, Id, LATEST_PUBLISHED, Live, Observed, S3Object, Version, Versions,
};
use crate::function::plan::Action;
use crate::section::Has;

impl Foresee for Functions {
    fn foresee(
        id: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        let before = observed.cloned();
        let mut next = match action {
            Action::Replace | Action::Delete => return None,
            Action::Create { configuration, package, tags, code_signing } => {
                let mut next = Observed {
                    arn: place.arn(format_args!("function:{}", id?.name)),
                    configuration: (**configuration).clone(),
                    unreadable: BTreeSet::new(),
                    package_type: package.package_type,
                    architecture: String::new(),
                    code_sha256: String::new(),
                    revision_id: String::new(),
                    code_signing: Some(code_signing.clone().unwrap_or_default()),
                    versions: Versions::default(),
                    running: None,
                    sections: Has::default(),
                    live: Some(active(tags.clone())),
                };
                deploy(package, &mut next);
                next
            }
            Action::UpdateConfiguration { configuration, fields, then_code: _ } => {
                let mut next = before?;
                let sent = Ignored { fields: fields.clone(), ..Ignored::default() };
                let mut updated = sent.overlay(&next.configuration, configuration);
                // These can't be cleared: nothing is sent.
                updated.runtime = updated.runtime.take().or(next.configuration.runtime.take());
                updated.handler = updated.handler.take().or(next.configuration.handler.take());
                next.configuration = updated;
                successful(&mut next);
                next
            }
            Action::UpdateCode { package, replaces: _ } => {
                let mut next = before?;
                deploy(package, &mut next);
                successful(&mut next);
                next
            }
            Action::Own { tags } => after(&Action::Tag { tags: tags.clone() }, &before?),
            Action::ListVersions => {
                let mut next = before?;
                next.versions.listed = true;
                next
            }
            Action::Look(sections) => {
                let mut next = before?;
                next.sections.lack(sections.iter().cloned());
                next
            }
            Action::Publish { newest_known, publication, .. } => {
                let mut next = before?;
                let number = (newest_known + 1).to_string();
                let version = Version {
                    number: if publication.latest { LATEST_PUBLISHED.to_owned() } else { number },
                    state: "Active".into(),
                    state_reason: None,
                    state_reason_code: None,
                };
                next.versions = Versions { published: Some(version), ..Versions::default() };
                next
            }
            Action::Discard { version } => {
                let mut next = before?;
                next.versions.deleted = vec![*version];
                next
            }
            Action::Retire { versions } => {
                let mut next = before?;
                next.versions.deleted.clone_from(versions);
                next
            }
            Action::Reread
            | Action::Stop { .. }
            | Action::Disown { .. }
            | Action::Tag { .. }
            | Action::Untag { .. }
            | Action::PutConcurrency(_)
            | Action::DeleteConcurrency
            | Action::LinkCodeSigning(_)
            | Action::UnlinkCodeSigning => after(action, &before?),
            Action::Sections(changes) => {
                let mut next = before?;
                for change in changes {
                    next.sections.foresee(change);
                }
                next
            }
        };
        // AWS doesn't show the key of a function without variables.
        if matches!(&next.configuration.environment, Environment::Known(all) if all.is_empty()) {
            next.configuration.kms_key_arn.clear();
        }
        Some(next)
    }

    fn view(observed: &Observed) -> Value {
        let setting = Setting { variables: Variables::Plain, ..Setting::default() };
        let mut view = view_of(&manifest::spec(observed, setting));
        view["code"] = json!({"sha256": observed.code_sha256});
        // A manifest leaves it out, because it goes with what is published.
        let scaling = observed.sections.scaling.as_ref();
        view["scaling"] = json!(scaling.map(|scaling| scaling.shown().requested));
        view
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Own { .. })
    }

    fn asks(action: &Action) -> bool {
        matches!(action, Action::Look(_) | Action::ListVersions | Action::Reread)
    }
}

/// What only GetFunction says of a function that is ready.
pub(super) fn active(tags: Tags) -> Live {
    Live {
        state: "Active".into(),
        state_reason: None,
        state_reason_code: None,
        last_update_status: Some("Successful".into()),
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        tags: Ok(tags),
        reserved_concurrency: None,
        image_uri: None,
        resolved_image_uri: None,
        source_kms_key_arn: String::new(),
        resolved_s3_object: None,
    }
}

/// An update ends well.
fn successful(observed: &mut Observed) {
    if let Some(live) = &mut observed.live {
        live.last_update_status = Some("Successful".into());
    }
}

/// The package is there.
pub(super) fn deploy(package: &Package, observed: &mut Observed) {
    let Code { source, architecture, source_kms_key_arn } = &package.code;
    let hash = package.code_sha256.as_ref().or(package.checksum.as_ref());
    hash.map_or(LATER, String::as_str).clone_into(&mut observed.code_sha256);
    observed.architecture.clone_from(architecture);
    let Some(live) = &mut observed.live else { return };
    live.source_kms_key_arn.clone_from(source_kms_key_arn);
    (live.image_uri, live.resolved_image_uri, live.resolved_s3_object) = (None, None, None);
    match source {
        CodeSource::Image { uri } => {
            live.image_uri = Some(uri.clone());
            live.resolved_image_uri = Some(uri.clone());
        }
        CodeSource::S3 { bucket, key, object_version, storage_mode } if storage_mode == "REFERENCE" => {
            let version = Some(object_version.clone().unwrap_or_else(|| LATER.to_owned()));
            live.resolved_s3_object = Some(S3Object { bucket: bucket.clone(), key: key.clone(), version });
        }
        CodeSource::S3 { .. } | CodeSource::Zip(_) => {}
    }
}
