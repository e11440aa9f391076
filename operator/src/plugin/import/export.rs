//! `--export-code`: downloads packages, and finds out what a manifest can say of them without a change.
//!
//! AWS doesn't tell where a copied package came from, so a manifest can only name those that it shows (images, objects that
//! are read from their bucket) or hold those that the operator would make again byte by byte (small text files).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use futures::stream::{self, StreamExt as _};
use lambda_operator_crds::{FunctionCode, ImageCode, InlineCode, S3Code, S3ObjectStorageMode};

use super::download::Client;
use super::naming::Names;
use super::notes::Notes;
use super::progress::Progress;
use super::reader::{Function, again};
use super::survey::Survey;
use crate::aws::{Priority, Scope};
use crate::function::model::{PackageType, S3Object};
use crate::layer::model::{Policy, Version};
use crate::manifest::unless;
use crate::package;
use crate::plugin::failure::Failure;
use crate::text::sentence;

/// How many packages are downloaded at the same time.
const AT_ONCE: usize = 4;

/// What manifests can say of packages.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// The code of functions, by name.
    pub functions: BTreeMap<String, FunctionCode>,
    /// Of the newest versions of layers, by name.
    pub layers: BTreeMap<String, Layer>,
}

/// The newest version of a layer whose files a manifest can hold.
#[derive(Clone, Debug)]
pub struct Layer {
    /// All of it.
    pub version: Version,
    /// Who may use it.
    pub policy: Policy,
    /// What is in it.
    pub files: InlineCode,
}

struct Export<'a> {
    scope: &'a Scope,
    client: Client,
    folder: &'a Path,
    force: bool,
    notes: &'a Notes,
}

/// What became of a package.
enum Package {
    /// A manifest can say it.
    Said(FunctionCode),
    /// It was downloaded.
    Downloaded,
    /// It couldn't be, which was told.
    Lost,
}

/// Downloads the packages of all functions and layers.
pub async fn all(
    scope: &Scope,
    survey: &Survey,
    names: &Names,
    (folder, force): (&Path, bool),
    notes: &Notes,
    progress: &Progress,
) -> Result<Packages, Failure> {
    let unwritable = |error| Failure::new(format!("the folder {} can't be made: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    let export = Export { scope, client: Client::new()?, folder, force, notes };
    let (mut packages, mut downloaded) = (Packages::default(), 0_usize);
    progress.begin("Code", survey.functions.len() + survey.layers.len());
    let mut functions = stream::iter(&survey.functions)
        .map(|function| async {
            let package = export.function(function, &names.functions[&function.name]).await;
            progress.step();
            (function.name.clone(), package)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((name, package)) = functions.next().await {
        match package {
            Package::Said(code) => drop(packages.functions.insert(name, code)),
            Package::Downloaded => downloaded += 1,
            Package::Lost => {}
        }
    }
    for (name, version) in &survey.layers {
        match export.layer(name, version, &names.layers[name]).await {
            Some(Some(layer)) => drop(packages.layers.insert(name.clone(), layer)),
            Some(None) => downloaded += 1,
            None => {}
        }
        progress.step();
    }
    if downloaded > 0 {
        notes.add(format!(
            "{downloaded} packages in {} stay with whoever deploys them (external): AWS doesn't say where they came from. To have \
             the operator deploy one, upload the file to S3, and set code.s3 (of a layer content.s3) in the place of external.",
            folder.display()
        ));
    }
    Ok(packages)
}

impl Export<'_> {
    async fn function(&self, function: &Function, object: &str) -> Package {
        if let Some(code) = shown(function) {
            return Package::Said(code);
        }
        let Function { name, observed, .. } = function;
        let what = format!("the code of {name}");
        let read = again(|| self.scope.function_with_package(name)).await;
        let read = read.map(|found| found.and_then(|(_, location)| location));
        let Some(location) = self.location(&what, read) else { return Package::Lost };
        let file = format!("{object}.zip");
        match self.download(&what, &location, &file, &observed.code_sha256).await {
            None => Package::Lost,
            Some(None) => Package::Downloaded,
            Some(Some(files)) => {
                let key = observed.live.as_ref().map(|live| live.source_kms_key_arn.clone());
                let source_kms_key_arn = unless(key.unwrap_or_default(), &String::new());
                Package::Said(FunctionCode {
                    inline: Some(files),
                    source_kms_key_arn,
                    ..FunctionCode::default()
                })
            }
        }
    }

    /// `None`: it was lost; `Some(None)`: it was only downloaded.
    async fn layer(&self, name: &str, newest: &Version, object: &str) -> Option<Option<Layer>> {
        let (number, what) = (newest.number, format!("the content of the layer {name}"));
        let read = again(|| self.scope.layer_with_package(name, number)).await;
        let read = match read {
            Ok(Some((version, location))) => Ok(location.map(|location| (version, location))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let (version, location) = self.location(&what, read)?;
        let (file, hash) = (format!("layer-{object}-{number}.zip"), version.code_sha256.clone());
        let files = self.download(&what, &location, &file, &hash.unwrap_or_default()).await?;
        let Some(files) = files else { return Some(None) };
        // Without its policy a manifest would leave out who may use the next version.
        let policy = again(|| self.scope.get_layer_policy(name, number, Priority::User)).await.ok();
        Some(policy.map(|policy| Layer { version, policy, files }))
    }

    fn location<T>(&self, what: &str, read: Result<Option<T>, crate::aws::AwsError>) -> Option<T> {
        let why = match read {
            Ok(Some(location)) => return Some(location),
            Ok(None) => "AWS has no place to download it from".to_owned(),
            Err(error) => error.message,
        };
        self.notes.lose(format!("{} can't be exported: {}", capital(what), sentence(&why)));
        None
    }

    /// `None`: it was lost; `Some(None)`: a manifest can't hold its files.
    async fn download(
        &self,
        what: &str,
        location: &str,
        file: &str,
        hash: &str,
    ) -> Option<Option<InlineCode>> {
        let path = self.folder.join(file);
        if !self.force && path.exists() {
            let text = format!("{} is there already; use --force to overwrite files.", path.display());
            self.notes.lose(format!("{} can't be exported: {text}", capital(what)));
            return None;
        }
        if let Err(why) = self.client.download(location, &path, hash).await {
            self.notes.lose(format!("{} can't be exported: {}", capital(what), sentence(&why)));
            return None;
        }
        let small = fs::metadata(&path).is_ok_and(|file| file.len() <= package::LARGEST_ARCHIVE);
        let bytes = small.then(|| fs::read(&path).ok()).flatten();
        Some(bytes.and_then(|bytes| package::unzip(&bytes)).map(|files| InlineCode { files }))
    }
}

/// The code of which AWS shows where it is.
fn shown(function: &Function) -> Option<FunctionCode> {
    let (observed, live) = (&function.observed, function.observed.live.as_ref()?);
    if observed.package_type == PackageType::Image {
        let uri = live.resolved_image_uri.clone()?;
        return Some(FunctionCode { image: Some(ImageCode { uri }), ..FunctionCode::default() });
    }
    let S3Object { bucket, key, version } = live.resolved_s3_object.clone()?;
    let s3 = S3Code {
        bucket,
        key,
        object_version: Some(version?),
        object_storage_mode: Some(S3ObjectStorageMode::Reference),
    };
    let source_kms_key_arn = unless(live.source_kms_key_arn.clone(), &String::new());
    Some(FunctionCode { s3: Some(s3), source_kms_key_arn, ..FunctionCode::default() })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
