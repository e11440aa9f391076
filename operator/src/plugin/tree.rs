//! `kubectl lambda tree`: functions with all that belongs to them, and how each stands, from the cluster alone.

mod facts;
mod graph;

use clap::Args;
use serde::Serialize;

use super::args::ClusterArgs;
use super::cluster::{Cluster, Within};
use super::failure::Failure;
use super::object::Health;
use super::output::{self, OutputArgs, Table};
use super::target::Target;
use graph::Graph;

/// The settings of `tree`.
#[derive(Args, Debug)]
pub struct TreeArgs {
    /// The object at the root: KIND/NAME, or a bare name where only one object has it. Default: every function of the
    /// namespace, and then the objects that belong to none.
    #[arg(value_name = "NAME", add = super::complete::names(&[]))]
    pub target: Option<Target>,

    /// Functions of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "target")]
    pub all_namespaces: bool,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The kind of published versions, which are no objects.
const VERSION: &str = "Version";
/// So many versions are drawn even if nothing leads to them.
const NEWEST: usize = 3;

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda tree                     # every function of the namespace
  kubectl lambda tree orders              # one of them
  kubectl lambda tree lambdalayer/amounts # who uses a layer
  kubectl lambda tree -A -o json          # all namespaces, for a program";

/// An object, a published version, or something that is named and isn't there, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The kind; `Version` for a published version.
    pub kind: String,
    /// The name, or the number of the version.
    pub name: String,
    /// Empty for what is in none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// How it stands; a version that is in use has nothing to say.
    #[serde(flatten)]
    pub health: Option<Health>,
    /// What else is worth a glance.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// What belongs to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// Prints trees.
pub async fn run(args: TreeArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let within = if args.all_namespaces { Within::Everywhere } else { Within::Namespace };
    let root = match &args.target {
        Some(target) => Some(cluster.find(target, &[]).await?),
        None => None,
    };
    let mut objects = cluster.list_all(within).await?;
    if let Some(root) = root.as_ref().filter(|root| !root.kind.namespaced) {
        objects.push(root.clone());
    }
    let graph = Graph::new(&objects);
    let nodes = root.as_ref().map_or_else(|| graph.forest(), |root| vec![graph.tree(root)]);
    if nodes.is_empty() && args.output.is_human() {
        output::note(&cluster.nothing(within));
        return Ok(());
    }
    args.output.print(&nodes, || drawn(&nodes, args.all_namespaces))
}

/// The trees as a table.
fn drawn(nodes: &[Node], namespaces: bool) -> String {
    let mut lines = Vec::new();
    for node in nodes {
        draw(node, "", "", &mut lines);
    }
    if namespaces {
        let mut table = Table::new(["NAMESPACE", "NAME", "READY", "REASON", "DETAILS"]);
        for ([name, ready, reason, details], node) in lines {
            table.row([node.namespace.clone(), name, ready, reason, details]);
        }
        return table.render();
    }
    let mut table = Table::new(["NAME", "READY", "REASON", "DETAILS"]);
    for (cells, _) in lines {
        table.row(cells);
    }
    table.render()
}

/// A node's line and those below it. `own` comes before its name, `below` before the lines of its children.
fn draw<'a>(node: &'a Node, own: &str, below: &str, lines: &mut Vec<([String; 4], &'a Node)>) {
    let health = node.health.as_ref();
    let ready = output::ready(health.map_or("", |health| &health.ready));
    let reason = health.map(|health| health.reason.clone()).unwrap_or_default();
    let message = health.filter(|health| health.ready != "True").map(|health| health.message.as_str());
    let details = message.filter(|message| !message.is_empty()).unwrap_or(&node.details).to_owned();
    lines.push(([format!("{own}{}/{}", node.kind, node.name), ready, reason, details], node));
    let (children, older) = shown(node);
    if older > 0 {
        let name = format!("{below}├─ … {older} older versions");
        lines.push(([name, String::new(), String::new(), String::new()], node));
    }
    for (at, child) in children.iter().enumerate() {
        let last = at + 1 == children.len();
        let (branch, further) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(child, &format!("{below}{branch}"), &format!("{below}{further}"), lines);
    }
}

/// What is drawn below a node, and how many versions aren't: of those that nothing leads to, the newest are enough.
fn shown(node: &Node) -> (Vec<&Node>, usize) {
    let versions = node.children.iter().filter(|child| child.kind == VERSION).count();
    let is_old =
        |at: usize, child: &Node| child.kind == VERSION && at + NEWEST < versions && child.details.is_empty();
    let shown = node.children.iter().enumerate().filter(|(at, child)| !is_old(*at, child));
    let shown: Vec<&Node> = shown.map(|(_, child)| child).collect();
    let older = node.children.len() - shown.len();
    (shown, older)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, ready: &str, message: &str) -> Node {
        let health = Health {
            ready: ready.to_owned(),
            reason: "Reason".to_owned(),
            message: message.to_owned(),
            stalled: false,
        };
        Node {
            kind: "Kind".to_owned(),
            name: name.to_owned(),
            namespace: "shop".to_owned(),
            health: Some(health),
            details: "facts".to_owned(),
            children: Vec::new(),
        }
    }

    #[test]
    fn branches_are_drawn_and_trouble_takes_the_place_of_facts() {
        let mut root = leaf("root", "True", "fine");
        let mut first = leaf("first", "False", "it broke");
        first.children.push(leaf("deep", "True", ""));
        root.children = vec![first, leaf("last", "Unknown", "")];
        let text = anstream::adapter::strip_str(&drawn(&[root], false)).to_string();
        let expected = "\
NAME              READY     REASON   DETAILS
Kind/root         True      Reason   facts
├─ Kind/first     False     Reason   it broke
│  └─ Kind/deep   True      Reason   facts
└─ Kind/last      Unknown   Reason   facts
";
        assert_eq!(text, expected);
    }

    #[test]
    fn of_many_versions_those_that_are_used_and_the_newest_are_drawn() {
        let version = |number: usize| Node {
            kind: VERSION.to_owned(),
            name: number.to_string(),
            details: if number == 2 { "live".to_owned() } else { String::new() },
            ..leaf("", "True", "")
        };
        let mut root = leaf("root", "True", "");
        root.children = (1..=9).map(version).chain([leaf("last", "True", "")]).collect();
        let (children, older) = shown(&root);
        let names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!((names, older), (vec!["2", "7", "8", "9", "last"], 5));
        assert!(drawn(&[root], false).contains("├─ … 5 older versions\n├─ Version/2"));
    }
}
