//! The HTTP server: accepts connections, hands calls to `dispatch` or `control`, and writes the answers. It
//! drives hyper itself, because a connection has to be closed without an answer when a fault says so.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::control::{Control, handler};
use crate::dispatch::{self, Answer, Cut};
use crate::downloads;
use crate::ledger::Called;
use crate::protocol::Protocol;
use crate::request::Body;
use crate::settings::{AccountSettings, SettleDelay};
use crate::wire::Incoming;
use crate::world::{Shared, World};

/// How to start a [`Sim`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; the default is a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// Whether accounts begin with the quotas enforced.
    pub quotas: bool,
    /// The settle delay that accounts begin with.
    pub settle_delay: SettleDelay,
    /// A file to which the name of each operation is added when an application first calls it: `application operation`,
    /// one a line. Several simulators may share it. The default is the one in the environment, [`CALLED_VARIABLE`].
    pub called: Option<PathBuf>,
}

/// Names the file of [`Options::called`].
pub const CALLED_VARIABLE: &str = "LAMBDA_SIM_CALLED";

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            quotas: false,
            settle_delay: SettleDelay::default(),
            called: std::env::var_os(CALLED_VARIABLE).map(PathBuf::from),
        }
    }
}

/// A running simulator. It ends, and closes its connections, when it is dropped.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    task: AbortHandle,
}

impl Sim {
    /// Listens and serves on the current tokio runtime.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let called = Called::open(options.called.as_deref())?;
        let mut defaults = AccountSettings { quotas: options.quotas, ..AccountSettings::default() };
        defaults.settle_delay(options.settle_delay);
        let shared = Arc::new(Mutex::new(World::new(defaults, called)));
        let task = tokio::spawn(accept(listener, shared)).abort_handle();
        Ok(Self { address, task })
    }

    /// The endpoint URL for SDKs, e.g. `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The control API of this simulator.
    pub fn control(&self) -> Control {
        Control::new(&self.endpoint())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The set of connections ends together with this task.
async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    // Small answers go out at once; an error only means that they may wait.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(TokioIo::new(stream), Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(io: TokioIo<tokio::net::TcpStream>, shared: Shared) {
    let service = service_fn(move |request| serve(Arc::clone(&shared), request));
    // An error is a connection that the caller or a fault has cut.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}

async fn serve(
    shared: Shared,
    request: http::Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Err(Cut) };
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_RequestSyntax>
    let asks_for_checksums = parts.headers.contains_key("x-amz-checksum-mode");
    let incoming = Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    if incoming.path == "/_sim" || incoming.path.starts_with("/_sim/") {
        return Ok(controlled(&shared, &incoming));
    }
    if let Some(hash) = downloads::hash(&incoming.path) {
        return Ok(downloaded(&shared, &hash));
    }
    let host = incoming.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    dispatch::answer(&shared, &incoming).await.map(|answer| response(&answer, host, asks_for_checksums))
}

fn downloaded(shared: &Shared, hash: &str) -> Response<Full<Bytes>> {
    let package = downloads::package(&shared.lock(), hash);
    let status = if package.is_some() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let content = package.map(|package| Bytes::from(package.to_vec())).unwrap_or_default();
    let mut response = Response::new(Full::new(content));
    *response.status_mut() = status;
    response
}

fn controlled(shared: &Shared, incoming: &Incoming) -> Response<Full<Bytes>> {
    let (status, body) = handler::handle(&mut shared.lock(), incoming);
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn response(answer: &Answer, host: &str, checksums: bool) -> Response<Full<Bytes>> {
    let (status, retry_after, code) = match &answer.result {
        Ok(reply) => (reply.status, None, None),
        Err(error) => (error.status, error.retry_after, Some(error.code.as_str())),
    };
    let mut builder = Response::builder().status(status).header("x-amzn-requestid", &answer.request_id);
    let (kind, bytes) = match answer.body() {
        Body::Empty => ("application/json", Bytes::new()),
        Body::Json(value) => ("application/json", Bytes::from(downloads::at(&value.to_string(), host))),
        Body::Xml(text) => ("text/xml", Bytes::from(text)),
        Body::Object(object) => {
            builder = builder.header(header::ETAG, object.etag);
            if let Some(version) = object.version {
                builder = builder.header("x-amz-version-id", version);
            }
            if let Some(sha256) = object.sha256.filter(|_| checksums) {
                builder = builder
                    .header("x-amz-checksum-sha256", sha256)
                    .header("x-amz-checksum-type", "FULL_OBJECT");
            }
            ("binary/octet-stream", Bytes::from(object.content))
        }
        Body::Invoked(invoked) => {
            for (name, value) in invoked.headers {
                builder = builder.header(name, value);
            }
            (invoked.kind, Bytes::from(invoked.content))
        }
    };
    builder = builder.header(header::CONTENT_TYPE, kind);
    if answer.protocol == Protocol::RestXml {
        builder = builder.header("x-amz-request-id", &answer.request_id);
    }
    if let Some(code) = code.filter(|_| answer.protocol.names_errors_in_header()) {
        builder = builder.header("x-amzn-errortype", code);
    }
    if let Some(seconds) = retry_after {
        builder = builder.header(header::RETRY_AFTER, seconds);
    }
    builder.body(Full::new(bytes)).unwrap_or_else(|_| {
        // An injected error whose status or code no header can carry.
        let mut broken = Response::new(Full::new(Bytes::new()));
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
