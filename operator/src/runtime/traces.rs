//! Traces: each visit is one, with a span for every call to AWS and every write to the API server. They go to a collector by
//! OTLP over HTTP, as protobuf. Only spans are sent, not the log lines within them, and no span has a text of AWS or a value of
//! a spec among its attributes.

use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long sending a batch, or the last one at the end, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where our own spans come from.
const OURS: &str = "lambda_operator";

/// Traces can't be sent.
#[derive(Debug, thiserror::Error)]
#[error("--otlp-endpoint: {0}")]
pub struct TracesError(String);

/// Sends spans in the background, until it is ended.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts to send to the collector at `endpoint`, from within a runtime. Other `OTEL_` variables count too.
    ///
    /// # Errors
    /// When the endpoint is no URL, or the system has no certificates.
    pub fn start(endpoint: &str) -> Result<Self, TracesError> {
        let failed = |error: &dyn std::fmt::Display| TracesError(error.to_string());
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| failed(&error))?
            .https_or_http()
            .enable_http1()
            .build();
        let client =
            OnRuntime { runtime: Handle::current(), client: HyperClient::new(connector, PATIENCE, None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(client)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| failed(&error))?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        Ok(Self(provider))
    }

    /// What hands spans over, whatever level is logged.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(OURS))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with(OURS)))
    }

    /// Sends what is left, for a few seconds at most.
    pub async fn finish(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Says in the trace which object a span is about; the log has it as one field.
pub fn name_object(span: &Span, namespace: &str, name: &str) {
    span.set_attribute("namespace", namespace.to_owned());
    span.set_attribute("name", name.to_owned());
}

/// `OTEL_SERVICE_NAME` wins.
fn resource() -> Resource {
    let ours = Resource::builder_empty().with_service_name("lambda-operator").build();
    let named = std::env::var_os("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty());
    let builder = Resource::builder();
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = if named { builder } else { builder.with_attributes(key_values(&ours)) };
    builder.with_attribute(version).build()
}

fn key_values(resource: &Resource) -> Vec<opentelemetry::KeyValue> {
    resource.iter().map(|(key, value)| opentelemetry::KeyValue::new(key.clone(), value.clone())).collect()
}

/// A client that works from the thread of the exporter, which isn't one of the runtime.
#[derive(Debug)]
struct OnRuntime<C> {
    runtime: Handle,
    client: C,
}

#[async_trait::async_trait]
impl<C: HttpClient + Clone + 'static> HttpClient for OnRuntime<C> {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
