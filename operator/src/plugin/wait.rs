//! `kubectl lambda wait`: until objects are Ready, or gone, by watching them. What no retry can mend ends it at once.

mod goal;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::StreamExt as _;
use futures::stream::{BoxStream, SelectAll, select_all};
use kube::api::DynamicObject;
use kube::runtime::{WatchStreamExt as _, watcher};
use serde::Serialize;

use super::args::ClusterArgs;
use super::cluster::{self, Cluster, Within};
use super::failure::{Exit, Failure};
use super::kinds::{self, Kind};
use super::object::{Health, Key, Object, health};
use super::output::{self, OutputArgs};
use super::target::Target;
use crate::cli::duration;
pub use goal::Goal;
use goal::Standing;

/// The settings of `wait`.
#[derive(Args, Debug)]
pub struct WaitArgs {
    /// What to wait for: KIND/NAME, or a bare name where only one object has it. Default: every object of
    /// lambda-operator.io in the namespace.
    #[arg(value_name = "NAME", add = super::complete::names(&[]))]
    pub targets: Vec<Target>,

    /// Until when.
    #[arg(long = "for", value_enum, value_name = "STATE", default_value = "ready")]
    pub until: Until,

    /// How long at most, such as 30s or 10m; 0 looks once.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,

    /// Every object of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "targets")]
    pub all_namespaces: bool,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// AWS has what the spec says, on the present generation.
    Ready,
    /// The object is gone, and what it stood for in AWS too.
    Deleted,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda wait orders                                # until the function is Ready
  kubectl lambda wait lambdafunction/orders lambdaalias/live
  kubectl lambda wait                                       # everything in the namespace
  kubectl lambda wait orders --for=deleted --timeout 5m

Exit codes: 0 all is as wanted; 1 an object is missing, or an error; 2 a wrong command line;
3 an object is Stalled (or suspended): nothing helps before somebody changes something; 4 the time is over.";

/// What is waited for, and how it stands.
#[derive(Debug)]
pub(super) struct Waiting {
    goal: Goal,
    within: Within,
    standing: BTreeMap<Key, (Standing, Option<Health>)>,
    /// What a watch has listed since it began, or began again.
    listed: BTreeSet<Key>,
    /// Whether a person follows it.
    human: bool,
}

/// How an object stood at the end, for programs.
#[derive(Serialize)]
struct Outcome<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
    done: bool,
    #[serde(flatten)]
    health: Option<&'a Health>,
}

/// Waits.
pub async fn run(args: WaitArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let within = if args.all_namespaces { Within::Everywhere } else { Within::Namespace };
    let goal = match args.until {
        Until::Ready => Goal::Ready,
        Until::Deleted => Goal::Deleted,
    };
    let objects = objects(&cluster, &args, within).await?;
    until(&cluster, within, goal, &objects, args.timeout, Some(args.output)).await
}

/// What is waited for, as it is now. What is gone already need not be waited for to go.
async fn objects(cluster: &Cluster, args: &WaitArgs, within: Within) -> Result<Vec<Object>, Failure> {
    if args.targets.is_empty() {
        let objects = cluster.list_all(within).await?;
        if objects.is_empty() && args.until == Until::Ready {
            return Err(idle(&cluster.nothing(within), within));
        }
        return Ok(objects);
    }
    let mut objects = Vec::new();
    for target in &args.targets {
        match (target.kind, args.until) {
            // Of a bare name it isn't known what has gone.
            (Some(kind), Until::Deleted) => objects.extend(cluster.get(kind, &target.name).await?),
            _ => objects.push(cluster.find(target, &[]).await?),
        }
    }
    Ok(objects)
}

/// Why there is nothing to wait for; `nothing` says where.
fn idle(nothing: &str, within: Within) -> Failure {
    let elsewhere = match within {
        Within::Namespace => " Look elsewhere with --namespace or --all-namespaces",
        Within::Everywhere => "",
    };
    Failure::new(format!("there is nothing to wait for. {nothing}{elsewhere}"))
}

/// Waits for these objects, and tells how each comes along; without an output only by how it ends.
pub(super) async fn until(
    cluster: &Cluster,
    within: Within,
    goal: Goal,
    objects: &[Object],
    timeout: Duration,
    output: Option<OutputArgs>,
) -> Result<(), Failure> {
    let human = output.is_some_and(OutputArgs::is_human);
    let mut waiting = Waiting::new(goal, objects, within, human);
    waiting.tell_all();
    let ended = if timeout.is_zero() || waiting.is_over() {
        Ok(())
    } else {
        let watched = waiting.watch(cluster);
        tokio::time::timeout(timeout, pin!(watched)).await.unwrap_or(Ok(()))
    };
    if let Some(output) = output.filter(|_| !human) {
        output.print(&waiting.outcomes(), String::new)?;
    }
    ended?;
    waiting.verdict(timeout)
}

impl Waiting {
    fn new(goal: Goal, objects: &[Object], within: Within, human: bool) -> Self {
        let standing = |object: &Object| (goal.standing(Some(object)), Some(health(object)));
        let standing = objects.iter().map(|object| (object.key(), standing(object))).collect();
        Self { goal, within, standing, listed: BTreeSet::new(), human }
    }

    /// Whether there is no reason to wait on.
    fn is_over(&self) -> bool {
        let failed = self.standing.values().any(|(standing, _)| matches!(standing, Standing::Failed(..)));
        failed || self.standing.values().all(|(standing, _)| matches!(standing, Standing::Done(_)))
    }

    /// Watches until it is over.
    async fn watch(&mut self, cluster: &Cluster) -> Result<(), Failure> {
        let mut events = self.events(cluster);
        while let Some((kind, event)) = events.next().await {
            match event {
                Ok(event) => self.take(kind, event),
                // Everything else passes, and the watch begins again by itself.
                Err(watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error))
                    if matches!(&error, kube::Error::Api(status) if [401, 403].contains(&status.code)) =>
                {
                    return Err(cluster::refused(&format!("{} can't be watched", kind.plural), &error));
                }
                Err(_) => {}
            }
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A watch for each kind that is waited for; a single object is watched alone.
    fn events(&self, cluster: &Cluster) -> SelectAll<BoxStream<'static, Event>> {
        let kinds = kinds::all().iter().filter(|kind| self.standing.keys().any(|key| key.0 == kind.name));
        select_all(kinds.map(|kind| {
            let names: Vec<&Key> = self.standing.keys().filter(|key| key.0 == kind.name).collect();
            let config = match names.as_slice() {
                [(_, _, name)] => watcher::Config::default().fields(&format!("metadata.name={name}")),
                _ => watcher::Config::default(),
            };
            let events = watcher(cluster.api(kind, self.within), config).default_backoff();
            events.map(move |event| (kind, event)).boxed()
        }))
    }

    fn take(&mut self, kind: &'static Kind, event: watcher::Event<DynamicObject>) {
        match event {
            watcher::Event::Init => self.listed.retain(|key| key.0 != kind.name),
            watcher::Event::Apply(object) => self.stands(&Object::new(kind, object), true),
            watcher::Event::Delete(object) => self.stands(&Object::new(kind, object), false),
            watcher::Event::InitApply(object) => {
                let object = Object::new(kind, object);
                self.listed.insert(object.key());
                self.stands(&object, true);
            }
            // What the list lacks went between two watches.
            watcher::Event::InitDone => {
                let of_kind = self.standing.keys().filter(|key| key.0 == kind.name);
                let gone: Vec<Key> = of_kind.filter(|key| !self.listed.contains(*key)).cloned().collect();
                for key in &gone {
                    self.note(key, None);
                }
            }
        }
    }

    fn stands(&mut self, object: &Object, is_there: bool) {
        self.note(&object.key(), Some(object).filter(|_| is_there));
    }

    /// Notes how an object stands now, if it is one of those that are waited for.
    fn note(&mut self, key: &Key, object: Option<&Object>) {
        let goal = self.goal.clone();
        let Some((standing, known)) = self.standing.get_mut(key) else { return };
        // What has been as wanted may go, as an invocation does after its time.
        if object.is_none() && matches!(standing, Standing::Done(_)) {
            return;
        }
        let now = goal.standing(object);
        let changed = *standing != now;
        *standing = now;
        *known = object.map(health);
        if changed {
            self.tell(key);
        }
    }

    fn tell_all(&self) {
        for key in self.standing.keys() {
            self.tell(key);
        }
    }

    /// How a line names an object.
    fn label(&self, (kind, namespace, name): &Key) -> String {
        match self.within {
            Within::Namespace => format!("{kind}/{name}"),
            Within::Everywhere => format!("{kind}/{name} in {namespace}"),
        }
    }

    /// A line for a person, at each change.
    fn tell(&self, key: &Key) {
        let Some((standing, _)) = self.standing.get(key).filter(|_| self.human) else { return };
        match standing {
            // Nobody reads on stdout any more: the exit code still tells.
            Standing::Done(text) => drop(output::print(&format!("{} {text}\n", self.label(key)))),
            Standing::Waiting(text) => output::note(&format!("{}: {text}", self.label(key))),
            Standing::Failed(..) => {}
        }
    }

    fn outcomes(&self) -> Vec<Outcome<'_>> {
        self.standing
            .iter()
            .map(|((kind, namespace, name), (standing, health))| Outcome {
                kind,
                namespace,
                name,
                done: matches!(standing, Standing::Done(_)),
                health: health.as_ref(),
            })
            .collect()
    }

    /// How it ended.
    fn verdict(&self, timeout: Duration) -> Result<(), Failure> {
        let failed: Vec<(&Key, Exit, &str)> = self
            .standing
            .iter()
            .filter_map(|(key, (standing, _))| match standing {
                Standing::Failed(exit, text) => Some((key, *exit, text.as_str())),
                _ => None,
            })
            .collect();
        if let Some((_, exit, _)) = failed.first() {
            let texts = failed.iter().map(|(key, _, text)| format!("{} {text}", self.label(key)));
            return Err(Failure { exit: *exit, message: texts.collect::<Vec<_>>().join("\n") });
        }
        let waiting: Vec<String> = self
            .standing
            .iter()
            .filter_map(|(key, (standing, _))| match standing {
                Standing::Waiting(text) => Some(format!("{}: {text}", self.label(key))),
                _ => None,
            })
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let after = humantime::format_duration(timeout);
        let message = format!("not as wanted after {after}:\n  {}", waiting.join("\n  "));
        Err(Failure { exit: Exit::TimedOut, message })
    }
}

type Event = (&'static Kind, Result<watcher::Event<DynamicObject>, watcher::Error>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    #[test]
    fn a_line_says_where_when_all_namespaces_are_meant() {
        let slow = [object("{kind: LambdaFunction, metadata: {name: slow}}")];
        for (within, line) in [
            (Within::Namespace, "\n  LambdaFunction/slow: NotObserved: "),
            (Within::Everywhere, "\n  LambdaFunction/slow in shop: NotObserved: "),
        ] {
            let waiting = Waiting::new(Goal::Ready, &slow, within, true);
            let message = waiting.verdict(Duration::from_secs(1)).unwrap_err().message;
            assert!(message.contains(line), "{message}");
        }
    }

    #[test]
    fn there_is_no_elsewhere_beyond_all_namespaces() {
        let of = |within| idle("No objects.", within).message;
        assert_eq!(
            of(Within::Namespace),
            "there is nothing to wait for. No objects. Look elsewhere with --namespace or --all-namespaces"
        );
        assert_eq!(of(Within::Everywhere), "there is nothing to wait for. No objects.");
    }
}
