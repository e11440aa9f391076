//! The command `probe`, which the chart's test runs: whether an operator answers that it is ready. Called by `main`.

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks `url` until it answers 200, at most for `patience`.
///
/// # Errors
/// The last answer, when that was none.
pub async fn probe(url: &Uri, patience: Duration) -> Result<(), String> {
    let mut last = "no answer".to_owned();
    let asking = async {
        while let Err(answer) = ask(url).await {
            last = answer;
            tokio::time::sleep(AGAIN).await;
        }
    };
    let answered = tokio::time::timeout(patience, asking).await;
    answered.map_err(|_| format!("{url} isn't ready: {last}"))
}

async fn ask(url: &Uri) -> Result<(), String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    match client.get(url.clone()).await.map(|answer| answer.status()) {
        Ok(StatusCode::OK) => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => {
            Err(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        }
    }
}
