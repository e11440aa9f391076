//! The frames in which a streamed answer arrives
//! (<https://smithy.io/2.0/aws/amazon-eventstream.html>, and the events of
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>).

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::Value;

use crate::invocation::Outcome;

/// The media type of a stream.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// What a function answers, part by part, and how it ended; `log` is the end of the log, if it was asked for.
pub(crate) fn of(outcome: &Outcome, log: Option<String>) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut end = serde_json::Map::new();
    if let Some(error) = &outcome.function_error {
        end.insert("ErrorCode".into(), error.clone().into());
        end.insert("ErrorDetails".into(), outcome.parts.concat().into());
    } else {
        for part in &outcome.parts {
            write(&mut frames, "PayloadChunk", "application/octet-stream", part);
        }
    }
    if let Some(log) = log {
        end.insert("LogResult".into(), log.into());
    }
    write(&mut frames, "InvokeComplete", "application/json", &Value::Object(end).to_string());
    frames
}

fn write(frames: &mut Vec<u8>, event: &'static str, media_type: &'static str, payload: &str) {
    let header =
        |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(payload.as_bytes().to_vec())
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", event))
        .add_header(header(":content-type", media_type));
    write_message_to(&message, frames).expect("a function's answer is shorter than the longest frame");
}
