//! The HTTP endpoint for Prometheus and the kubelet: `/metrics`, `/healthz` and `/readyz`.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;
use super::readiness::Readiness;
use super::watchdog::Watchdog;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the probes of the kubelet ask. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    /// `/readyz`: what is missing.
    pub readiness: Readiness,
    /// `/healthz`: whether the process makes progress.
    pub watchdog: Watchdog,
}

/// The running endpoint.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Binds `address` (port 0: any free one) and serves until `stop` is cancelled.
    ///
    /// # Errors
    /// When the address can't be bound.
    pub async fn start(
        address: SocketAddr,
        metrics: Metrics,
        probes: Probes,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let serve = axum::serve(listener, router(metrics, probes));
        let task = tokio::spawn(serve.with_graceful_shutdown(stop.cancelled_owned()).into_future());
        Ok(Self { address, task })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// When it ended because of an error.
    pub async fn stopped(self) -> io::Result<()> {
        self.task.await.map_err(io::Error::other)?
    }
}

fn router(metrics: Metrics, probes: Probes) -> Router {
    Router::new()
        .route("/metrics", get(encoded).with_state(metrics))
        .route("/healthz", get(liveness).with_state(probes.watchdog))
        .route("/readyz", get(readiness).with_state(probes.readiness))
}

async fn encoded(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.encode())
}

async fn liveness(State(watchdog): State<Watchdog>) -> impl IntoResponse {
    answer(watchdog.stuck(Instant::now()).map(|stuck| stuck.to_string()))
}

async fn readiness(State(readiness): State<Readiness>) -> impl IntoResponse {
    let awaited = Vec::from_iter(readiness.awaited());
    answer((!awaited.is_empty()).then(|| format!("not ready: waiting for {}", awaited.join(", "))))
}

/// 200, or 503 with what is wrong.
fn answer(trouble: Option<String>) -> (StatusCode, String) {
    trouble.map_or_else(|| (StatusCode::OK, "ok".to_owned()), |text| (StatusCode::SERVICE_UNAVAILABLE, text))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn fetch(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_serves_metrics_and_probes_and_stops_when_told() {
        let (probes, stop) = (Probes::default(), CancellationToken::new());
        probes.readiness.expect("the leader lease");
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(any_port, Metrics::new(), probes.clone(), stop.clone()).await.unwrap();
        let address = server.address();
        assert_ne!(address.port(), 0);

        let waiting = fetch(address, "/readyz").await;
        assert!(waiting.starts_with("HTTP/1.1 503"), "{waiting}");
        assert!(waiting.ends_with("not ready: waiting for the leader lease"), "{waiting}");
        probes.readiness.arrived("the leader lease");
        assert!(fetch(address, "/readyz").await.starts_with("HTTP/1.1 200"));

        assert!(fetch(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        let hanging = probes.watchdog.watch("a visit", Duration::ZERO);
        let stuck = fetch(address, "/healthz").await;
        assert!(stuck.starts_with("HTTP/1.1 503"), "{stuck}");
        assert!(stuck.contains("no progress for 0 s: a visit"), "{stuck}");
        drop(hanging);
        assert!(fetch(address, "/healthz").await.starts_with("HTTP/1.1 200"));

        let metrics = fetch(address, "/metrics").await;
        assert!(metrics.contains("application/openmetrics-text"), "{metrics}");
        assert!(metrics.contains("lambda_operator_leader 0"), "{metrics}");

        stop.cancel();
        server.stopped().await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn an_address_in_use_is_an_error() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = taken.local_addr().unwrap();
        let started =
            Server::start(address, Metrics::new(), Probes::default(), CancellationToken::new()).await;
        assert_eq!(started.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
