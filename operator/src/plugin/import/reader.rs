//! The reads of one function with all that hangs on it, and what every read has in common: patience, and what is told when it
//! isn't allowed.

use std::time::Duration;

use super::notes::Notes;
use crate::alias;
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::ownership::OWNER_TAG;
use crate::engine::tags::Tags;
use crate::function::model::{Observed, PackageType};
use crate::section::execute::Target;
use crate::section::{EventInvoke, Has, Provisioned, Section, Url, Value};
use crate::text::sentence;

/// How often a call is made that AWS can't answer just now.
const ATTEMPTS: u32 = 6;
/// How long to wait before the second attempt; doubles with each.
const PAUSE: Duration = Duration::from_millis(500);

/// The ids of the statements that belong to URLs.
const OF_URLS: [&str; 2] = ["FunctionURLAllowPublicAccess", "FunctionURLAllowInvokeAction"];

/// What is told where tags may not be read.
const NO_TAGS: &str = "You may not lambda:ListTags: tags are left out, and what belongs to objects of the operator already \
                       can't be told. Have somebody allow it, and import again.";

/// A function with its aliases.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// It, with its sections and its link to a code-signing configuration.
    pub observed: Observed,
    /// Its aliases by name, with their sections.
    pub aliases: Vec<(String, alias::model::Observed)>,
}

/// What became of one name.
pub enum Found {
    /// It was read.
    There(Box<Function>),
    /// An object of the operator has it.
    Owned,
    /// There is none.
    Missing(String),
    /// It can't be read, which was told.
    Lost,
}

/// Asks about one account and region.
pub struct Reader<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// Who is told.
    pub notes: &'a Notes,
}

impl Reader<'_> {
    /// `None`: the permission is missing, or AWS has no such thing here; it is told, and what would have been read is left out.
    pub async fn allowed<T, F>(&self, what: &str, send: impl Fn() -> F) -> Result<Option<T>, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.answered(send, |text| self.notes.add(format!("{text}: {what}."))).await
    }

    /// The same of something without which the import isn't complete.
    pub async fn listed<T, F>(&self, what: &str, send: impl Fn() -> F) -> Result<Option<T>, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.answered(send, |text| self.notes.lose(format!("{text}: {what}."))).await
    }

    async fn answered<T, F>(
        &self,
        send: impl Fn() -> F,
        tell: impl FnOnce(String),
    ) -> Result<Option<T>, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let error = match again(send).await {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        let operation = error.operation;
        match error.class {
            Class::AccessDenied => {
                tell(format!("You may not lambda:{operation} (have somebody allow it, and import again)"));
            }
            // Not every region has all that there is.
            Class::Terminal => tell(format!("AWS refuses {operation} ({})", error.code)),
            _ => return Err(error),
        }
        Ok(None)
    }

    /// The tags of a resource, or AWS's text on why they may not be read, which is told.
    pub async fn tags(&self, arn: &str) -> Result<Result<Tags, String>, AwsError> {
        let tags = again(|| self.scope.tags_of(arn)).await?;
        if tags.is_err() {
            self.notes.add(NO_TAGS);
        }
        Ok(tags)
    }

    /// A function with all that hangs on it.
    pub async fn function(&self, name: &str) -> Result<Found, AwsError> {
        let scope = self.scope;
        let read = again(|| scope.get_function(name, Priority::User)).await;
        let mut observed = match read {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Found::Missing(name.to_owned())),
            Err(error) if error.class == Class::AccessDenied || error.class == Class::Terminal => {
                let text = sentence(&error.message);
                self.notes.lose(format!("The function {name} is left out, because it can't be read: {text}"));
                return Ok(Found::Lost);
            }
            Err(error) => return Err(error),
        };
        match observed.live.as_ref().map(|live| &live.tags) {
            Some(Ok(tags)) if tags.contains_key(OWNER_TAG) => return Ok(Found::Owned),
            Some(Err(_)) => self.notes.add(NO_TAGS),
            _ => {}
        }
        let aliases = self.listed("aliases are left out", || scope.aliases_of(name)).await?;
        let hanging = self.hanging(name, aliases.as_ref().is_some_and(|all| !all.is_empty())).await?;
        let target = Target { function: name, qualifier: None, arn: "" };
        let mut sections = hanging.of(None);
        self.policy(target, &mut sections).await?;
        self.runtime(name, observed.package_type, &mut sections).await?;
        observed.sections = sections;
        let mut with_sections = Vec::new();
        for (alias, described) in aliases.into_iter().flatten() {
            let mut sections = hanging.of(Some(&alias));
            self.policy(Target { qualifier: Some(&alias), ..target }, &mut sections).await?;
            if sections.provisioned.take_if(|has| has.has_failed()).is_some() {
                sections.values.remove(&Section::Provisioned);
                self.notes.add(format!(
                    "AWS could not provide the provisioned concurrency of {name}:{alias}. It is left out, because the operator \
                     would ask for it again."
                ));
            }
            let moving = sections.provisioned.as_ref().is_some_and(Provisioned::is_moving);
            let observed = alias::model::Observed { alias: described, newest: None, moving, sections };
            with_sections.push((alias, observed));
        }
        let name = name.to_owned();
        Ok(Found::There(Box::new(Function { name, observed, aliases: with_sections })))
    }

    /// What lists say of a function and all its aliases at once.
    async fn hanging(&self, name: &str, has_aliases: bool) -> Result<Hanging, AwsError> {
        let scope = self.scope;
        let urls = self.allowed("URLs are left out", || scope.urls_of(name)).await?;
        let left_out = "settings of asynchronous invocations are left out";
        let invokes = self.allowed(left_out, || scope.event_invokes_of(name)).await?;
        let provisioned = if has_aliases {
            self.allowed("provisioned concurrency is left out", || scope.provisioned_of(name)).await?
        } else {
            None
        };
        Ok(Hanging { urls, invokes, provisioned })
    }

    /// No list shows the statements of a policy.
    async fn policy(&self, target: Target<'_>, has: &mut Has) -> Result<(), AwsError> {
        let read = || self.scope.get_permissions(target, Priority::User);
        let Some(statements) = self.allowed("permissions are left out", read).await? else { return Ok(()) };
        let none = OF_URLS.map(|sid| (Section::Permission(sid.to_owned()), None));
        has.values.extend(none);
        for (sid, statement) in statements {
            if statement.foreign {
                let of = target.qualifier.map(|alias| format!(":{alias}")).unwrap_or_default();
                self.notes.add(format!(
                    "The statement {sid:?} in the policy of {}{of} is none that spec.permissions can say; it stays in AWS as it is.",
                    target.function
                ));
            }
            let section = Section::Permission(sid.clone());
            has.values.insert(section, Some(Value::Permission(sid, statement)));
        }
        Ok(())
    }

    async fn runtime(&self, name: &str, package: PackageType, has: &mut Has) -> Result<(), AwsError> {
        let scope = self.scope;
        let read = || scope.get_recursive_loop(name, Priority::User);
        if let Some(treatment) = self.allowed("recursiveLoop is left out", read).await? {
            has.values.insert(Section::RecursiveLoop, treatment.map(Value::RecursiveLoop));
        }
        // A container image brings its own runtime.
        if package == PackageType::Zip {
            let read = || scope.get_runtime_management(name, Priority::User);
            if let Some(updates) = self.allowed("runtimeManagement is left out", read).await? {
                has.values.insert(Section::RuntimeManagement, updates.map(Value::RuntimeManagement));
            }
        }
        Ok(())
    }
}

/// Something of an alias, or of the function itself.
type ByAlias<T> = (Option<String>, T);

/// What lists say of a function and its aliases, by qualifier; `None`: it may not be asked.
struct Hanging {
    urls: Option<Vec<ByAlias<(Url, String)>>>,
    invokes: Option<Vec<ByAlias<Option<EventInvoke>>>>,
    provisioned: Option<Vec<(String, Provisioned)>>,
}

impl Hanging {
    /// What there is of the function itself, or of an alias.
    fn of(&self, qualifier: Option<&str>) -> Has {
        let mut has = Has::default();
        if let Some(urls) = &self.urls {
            let url = urls.iter().find(|(of, _)| of.as_deref() == qualifier).map(|(_, url)| url.clone());
            has.address = url.as_ref().map(|(_, address)| address.clone());
            has.values.insert(Section::Url, url.map(|(url, _)| Value::Url(url)));
        }
        if let Some(invokes) = &self.invokes {
            let settings = invokes.iter().find(|(of, _)| of.as_deref() == qualifier);
            let settings = settings.and_then(|(_, settings)| settings.clone());
            has.values.insert(Section::EventInvoke, settings.map(Value::EventInvoke));
        }
        if let (Some(provisioned), Some(qualifier)) = (&self.provisioned, qualifier) {
            has.provisioned = provisioned.iter().find(|(of, _)| of == qualifier).map(|(_, has)| has.clone());
            let value = has.provisioned.as_ref().map(|provisioned| Value::Provisioned(provisioned.requested));
            has.values.insert(Section::Provisioned, value);
        }
        has
    }
}

/// Asks until AWS has time to answer.
pub async fn again<T, F>(send: impl Fn() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    let mut attempt = 1;
    loop {
        match send().await {
            Err(error) if passes(error.class) && attempt < ATTEMPTS => {
                let pause = error.retry_after.unwrap_or(PAUSE * 2_u32.pow(attempt - 1));
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

fn passes(class: Class) -> bool {
    matches!(class, Class::Throttled | Class::Transient | Class::InProgress)
}
