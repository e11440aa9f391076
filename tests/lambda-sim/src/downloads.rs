//! Packages as GetFunction and GetLayerVersion let them be downloaded: from a URL that needs no signature, for whoever has it.
//! It is named after the hash of the package.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::code::Code;
use crate::world::World;

/// In the place of the simulator's own address, which only the server knows.
const NOWHERE: &str = "https://lambda-sim.invalid";
/// Where packages are.
const PATH: &str = "/_code/";

/// The URL of a package.
pub(crate) fn location(code: &Code) -> String {
    format!("{NOWHERE}{PATH}{}", URL_SAFE_NO_PAD.encode(&code.sha256))
}

/// An answer with the URLs of the server that was called as this host.
pub(crate) fn at(answer: &str, host: &str) -> String {
    answer.replace(NOWHERE, &format!("http://{host}"))
}

/// The hash in the path of a URL; `None`: it is none of a package.
pub(crate) fn hash(path: &str) -> Option<String> {
    let hash = URL_SAFE_NO_PAD.decode(path.strip_prefix(PATH)?).ok()?;
    String::from_utf8(hash).ok()
}

/// The package of this hash.
pub(crate) fn package(world: &World, hash: &str) -> Option<Arc<[u8]>> {
    let functions = world.regions.values().flat_map(|region| region.functions.values());
    let versions = functions.flat_map(|function| function.published.iter().chain([&function.latest]));
    let codes = versions.map(|version| &version.code).chain(world.layers.codes());
    codes.filter(|code| code.sha256 == hash).find_map(|code| code.content.clone())
}
