//! The operator's metrics and probes, as Prometheus and the kubelet ask for them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use test_support::Process;

/// Where an operator process says that it serves.
pub async fn serving_address(operator: &Process) -> SocketAddr {
    operator.word_after("address=").await.parse().expect("the operator logs an address")
}

/// The whole answer to a GET, with status line and headers.
pub async fn fetch(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the operator serves metrics and probes");
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is text");
    answer
}
