//! Which objects belong to which: by the references in their specs, and where a spec names something of AWS instead, by
//! the ARNs in their statuses. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Node, facts};
use crate::plugin::kinds::{self, ACCOUNT, ALIAS, FUNCTION, Kind};
use crate::plugin::object::{Key, Object, health, missing};

/// Objects with the ways between them.
pub(super) struct Graph<'a> {
    objects: BTreeMap<Key, &'a Object>,
    /// What each object names, whether it is there or not.
    uses: BTreeMap<Key, BTreeSet<Key>>,
    /// The objects that name each, in the order of kinds and names.
    used_by: BTreeMap<Key, Vec<&'a Object>>,
}

impl<'a> Graph<'a> {
    /// The graph of these objects.
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let by_arn: BTreeMap<&str, Key> = objects.iter().flat_map(offered).collect();
        let uses: BTreeMap<Key, BTreeSet<Key>> =
            objects.iter().map(|object| (object.key(), used(object, &by_arn))).collect();
        let objects: BTreeMap<Key, &Object> = objects.iter().map(|object| (object.key(), object)).collect();
        let mut used_by: BTreeMap<Key, Vec<&Object>> = BTreeMap::new();
        for object in ordered(objects.values().copied().collect()) {
            for used in uses.get(&object.key()).into_iter().flatten() {
                used_by.entry(used.clone()).or_default().push(object);
            }
        }
        Self { objects, uses, used_by }
    }

    /// Every function as a tree, and then every object that is in none of these.
    pub(super) fn forest(&self) -> Vec<Node> {
        let functions = self.objects.values().filter(|object| object.kind.name == FUNCTION);
        let mut nodes: Vec<Node> = functions.map(|function| self.tree(function)).collect();
        let mut seen = BTreeSet::new();
        for node in &nodes {
            collect(node, &mut seen);
        }
        for object in ordered(self.objects.values().copied().collect()) {
            // What an earlier one of these has as a branch is no root.
            if !seen.contains(&object.key()) && self.owner(object).is_none() {
                let node = self.tree(object);
                collect(&node, &mut seen);
                nodes.push(node);
            }
        }
        // Namespace by namespace, and in the order above within one.
        nodes.sort_by(|a, b| a.namespace.cmp(&b.namespace));
        nodes
    }

    /// An object as the root of a tree.
    pub(super) fn tree(&self, root: &Object) -> Node {
        let mut node = self.node(root, None);
        let versions = facts::versions(root, &self.aliases_of(root));
        node.children.splice(0..0, versions);
        node
    }

    /// The object that this one is a part of, if that is there.
    fn owner(&self, object: &Object) -> Option<&'a Object> {
        let parents = [FUNCTION, ALIAS];
        let used = self.uses.get(&object.key()).into_iter().flatten();
        let mut found = used.filter(|used| parents.contains(&used.0.as_str()) && is_part(object));
        found.find_map(|used| self.objects.get(used).copied())
    }

    fn aliases_of(&self, root: &Object) -> Vec<&'a Object> {
        self.users(&root.key()).iter().copied().filter(|user| user.kind.name == ALIAS).collect()
    }

    /// The objects that name this one.
    fn users(&self, of: &Key) -> &[&'a Object] {
        self.used_by.get(of).map_or(&[][..], Vec::as_slice)
    }

    /// An object with those that are part of it, those that use it, and those that it uses, without the one above.
    fn node(&self, object: &Object, above: Option<&Key>) -> Node {
        let own = object.key();
        let mut node = leaf(object);
        for user in self.users(&own) {
            let child = if is_part(user) { self.node(user, Some(&own)) } else { leaf(user) };
            node.children.push(child);
        }
        for used in self.uses.get(&own).into_iter().flatten() {
            // Which account an object is in says nothing of the object.
            if above != Some(used) && used.0 != ACCOUNT {
                node.children.push(self.objects.get(used).map_or_else(|| absent(used), |used| leaf(used)));
            }
        }
        node
    }
}

fn leaf(object: &Object) -> Node {
    Node {
        kind: object.kind.name.clone(),
        name: object.name(),
        namespace: object.namespace(),
        health: Some(health(object)),
        details: facts::details(object),
        children: Vec::new(),
    }
}

/// An alias, a mapping or an invocation is part of what it names; a function only uses its layers.
fn is_part(object: &Object) -> bool {
    object.kind.name != FUNCTION
}

fn ordered(mut objects: Vec<&Object>) -> Vec<&Object> {
    let rank = |object: &Object| kinds::all().iter().position(|kind| kind == object.kind);
    objects.sort_by_key(|object| (rank(object), object.namespace(), object.name()));
    objects
}

fn collect(node: &Node, seen: &mut BTreeSet<Key>) {
    seen.insert((node.kind.clone(), node.namespace.clone(), node.name.clone()));
    for child in &node.children {
        collect(child, seen);
    }
}

fn absent((kind, namespace, name): &Key) -> Node {
    Node {
        kind: kind.clone(),
        name: name.clone(),
        namespace: namespace.clone(),
        health: Some(missing()),
        details: String::new(),
        children: Vec::new(),
    }
}

/// What an object uses: what its spec names, and what else has the ARNs that it has in AWS.
fn used(object: &Object, by_arn: &BTreeMap<&str, Key>) -> BTreeSet<Key> {
    let mut named = Vec::new();
    references(object.spec(), &mut named);
    let mut used: BTreeSet<Key> = named
        .into_iter()
        .map(|(kind, name)| {
            let namespace = if kind.namespaced { object.namespace() } else { String::new() };
            (kind.name.clone(), namespace, name)
        })
        .collect();
    let owned = used.iter().any(|used| [FUNCTION, ALIAS].contains(&used.0.as_str()));
    // A mapping of an alias is part of the alias, and not of its function once more.
    let doubled = |found: &Key| owned && [FUNCTION, ALIAS].contains(&found.0.as_str());
    let own = object.key();
    for arn in held(object) {
        // What stands after the last colon can be a version or an alias.
        let possible = [Some(arn), arn.rsplit_once(':').map(|(bare, _)| bare)];
        let found = possible.into_iter().flatten().filter_map(|arn| by_arn.get(arn));
        let mut found = found.filter(|found| **found != own && found.1 == own.1);
        used.extend(found.next().filter(|found| !doubled(found)).cloned());
    }
    used
}

/// Kind and name of every `…Ref` in a spec.
fn references(value: &Value, found: &mut Vec<(&'static Kind, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                match kinds::referred(field).zip(value["name"].as_str()) {
                    Some((kind, name)) => found.push((kind, name.to_owned())),
                    None => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The ARNs by which others can name an object.
fn offered(object: &Object) -> Vec<(&str, Key)> {
    let arns = ["arn", "layerArn"].map(|field| object.said(field));
    arns.into_iter().flatten().map(|arn| (arn, object.key())).collect()
}

/// The ARNs of others that an object holds in AWS.
fn held(object: &Object) -> Vec<&str> {
    let layers = object.status()["layers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = ["functionArn", "codeSigningConfigArn"].map(|field| object.said(field));
    // The function of an alias is what its ARN begins with.
    let function = object.said("arn").filter(|_| object.kind.name == ALIAS);
    named.into_iter().flatten().chain(function).chain(layers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::{object, status};

    /// `LambdaFunction/a [Version/1 LambdaAlias/b [EventSourceMapping/c]]`
    fn shape(node: &Node) -> String {
        let children: Vec<String> = node.children.iter().map(shape).collect();
        let children = if children.is_empty() { String::new() } else { format!(" [{}]", children.join(" ")) };
        format!("{}/{}{children}", node.kind, node.name)
    }

    fn shapes(objects: &[Object]) -> Vec<String> {
        Graph::new(objects).forest().iter().map(shape).collect()
    }

    fn application() -> Vec<Object> {
        [
            "{kind: LambdaFunction, metadata: {name: orders}, spec: {layers: [{layerRef: {name: amounts}}],
              codeSigningConfigRef: {name: release}, accountRef: {name: team}}, status: {publishedVersions: [1, 2]}}",
            "{kind: LambdaAlias, metadata: {name: live}, spec: {functionRef: {name: orders}}}",
            "{kind: EventSourceMapping, metadata: {name: queue}, spec: {aliasRef: {name: live}}}",
            "{kind: EventSourceMapping, metadata: {name: direct}, spec: {functionRef: {name: orders}}}",
            "{kind: LambdaLayer, metadata: {name: amounts}}",
        ]
        .map(object)
        .into()
    }

    #[test]
    fn a_function_has_its_parts_and_then_what_it_uses() {
        let expected = "LambdaFunction/orders [Version/1 Version/2 LambdaAlias/live [EventSourceMapping/queue] \
                        EventSourceMapping/direct CodeSigningConfig/release LambdaLayer/amounts]";
        assert_eq!(shapes(&application()), [expected]);
        let objects = application();
        let nodes = Graph::new(&objects).forest();
        let release = nodes[0].children.iter().find(|child| child.name == "release").unwrap();
        assert_eq!(release.health.as_ref().unwrap().reason, "NotFound");
    }

    #[test]
    fn any_object_can_be_the_root() {
        let objects = application();
        let graph = Graph::new(&objects);
        let of =
            |label: &str| shape(&graph.tree(objects.iter().find(|object| object.label() == label).unwrap()));
        assert_eq!(of("LambdaLayer/amounts"), "LambdaLayer/amounts [LambdaFunction/orders]");
        assert_eq!(
            of("LambdaAlias/live"),
            "LambdaAlias/live [EventSourceMapping/queue LambdaFunction/orders]"
        );
        let account = object("{kind: LambdaAccount, metadata: {name: team}}");
        let with_account: Vec<Object> = objects.iter().cloned().chain([account.clone()]).collect();
        assert_eq!(
            shape(&Graph::new(&with_account).tree(&account)),
            "LambdaAccount/team [LambdaFunction/orders]"
        );
    }

    #[test]
    fn what_belongs_to_nothing_stands_for_itself() {
        let objects = [
            "{kind: LambdaAlias, metadata: {name: far}, spec: {functionName: elsewhere}}",
            "{kind: EventSourceMapping, metadata: {name: queue}, spec: {aliasRef: {name: far}}}",
            "{kind: LambdaLayer, metadata: {name: unused}}",
            "{kind: LambdaAlias, metadata: {name: lost}, spec: {functionRef: {name: gone}}}",
        ]
        .map(object);
        assert_eq!(
            shapes(&objects),
            [
                "LambdaAlias/far [EventSourceMapping/queue]",
                "LambdaAlias/lost [LambdaFunction/gone]",
                "LambdaLayer/unused"
            ]
        );
    }

    #[test]
    fn names_of_aws_lead_to_the_objects_that_have_them() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders";
        let layer = "arn:aws:lambda:eu-west-1:111122223333:layer:amounts";
        let objects = [
            format!("{{kind: LambdaFunction, metadata: {{name: orders}}, status: {{arn: '{arn}', layers: ['{layer}:3']}}}}"),
            format!("{{kind: LambdaLayer, metadata: {{name: amounts}}, status: {{layerArn: '{layer}'}}}}"),
            format!("{{kind: LambdaAlias, metadata: {{name: live}}, spec: {{functionName: orders}}, status: {{arn: '{arn}:live'}}}}"),
            format!("{{kind: EventSourceMapping, metadata: {{name: queue}}, status: {{functionArn: '{arn}:live'}}}}"),
            format!("{{kind: EventSourceMapping, metadata: {{name: direct}}, status: {{functionArn: '{arn}'}}}}"),
        ]
        .map(|yaml| object(&yaml));
        let expected = "LambdaFunction/orders [LambdaAlias/live [EventSourceMapping/queue] EventSourceMapping/direct \
                        LambdaLayer/amounts]";
        assert_eq!(shapes(&objects), [expected]);
    }

    #[test]
    fn a_mapping_of_an_alias_is_in_one_place_only() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders";
        let ready = status("True", "Available", "");
        let objects = [
            format!("{{kind: LambdaFunction, metadata: {{name: orders}}, status: {{arn: '{arn}'}}}}"),
            "{kind: LambdaAlias, metadata: {name: live}, spec: {functionRef: {name: orders}}}".to_owned(),
            format!(
                "{{kind: EventSourceMapping, metadata: {{name: queue}}, spec: {{aliasRef: {{name: live}}}}, \
                 status: {{functionArn: '{arn}:live', conditions: {}}}}}",
                ready["conditions"]
            ),
        ]
        .map(|yaml| object(&yaml));
        assert_eq!(shapes(&objects), ["LambdaFunction/orders [LambdaAlias/live [EventSourceMapping/queue]]"]);
    }

    #[test]
    fn namespaces_keep_apart() {
        let objects = [
            "{kind: LambdaFunction, metadata: {name: a, namespace: two}}",
            "{kind: LambdaFunction, metadata: {name: a, namespace: one}}",
            "{kind: LambdaAlias, metadata: {name: live, namespace: one}, spec: {functionRef: {name: a}}}",
        ]
        .map(object);
        assert_eq!(shapes(&objects), ["LambdaFunction/a [LambdaAlias/live]", "LambdaFunction/a"]);
    }
}
