//! Durable executions as text for people. Pure.

use crate::plugin::model::{Execution, ExecutionError, Happening};
use crate::plugin::output::{Table, or_none, time};

/// A line for each execution.
pub(super) fn executions(executions: &[Execution]) -> String {
    let mut table = Table::new(["NAME", "STATUS", "VERSION", "STARTED", "ENDED", "ARN"]);
    for execution in executions {
        table.row([
            execution.name.clone(),
            execution.status.clone(),
            or_none(execution.version.as_ref()),
            time(execution.started_at),
            time(execution.ended_at),
            execution.arn.clone(),
        ]);
    }
    table.render()
}

/// All that is known of one.
pub(super) fn execution(execution: &Execution) -> String {
    let Execution { arn, name, version, status, started_at, ended_at, input, result, error } = execution;
    let mut table = Table::of_facts();
    let mut row = |what: &str, value: String| table.row([what.to_owned(), value]);
    row("Name:", name.clone());
    row("ARN:", arn.clone());
    row("Status:", status.clone());
    row("Version:", or_none(version.as_ref()));
    row("Started:", time(*started_at));
    row("Ended:", time(*ended_at));
    row("Input:", or_none(input.as_ref()));
    row("Result:", or_none(result.as_ref()));
    if let Some(error) = error {
        row("Error:", failure(error));
    }
    table.render()
}

/// A line for all that happened.
pub(super) fn happenings(happenings: &[Happening]) -> String {
    let mut table = Table::new(["#", "TIME", "EVENT", "NAME", "DETAILS"]);
    for happening in happenings {
        table.row([
            happening.number.to_string(),
            time(happening.at),
            happening.kind.clone(),
            happening.name.clone().unwrap_or_default(),
            details(happening),
        ]);
    }
    table.render()
}

fn details(happening: &Happening) -> String {
    let Happening { callback_id, input, result, error, .. } = happening;
    let said = [
        callback_id.as_ref().map(|id| format!("callback id {id}")),
        input.as_ref().map(|input| format!("input {input}")),
        result.as_ref().map(|result| format!("result {result}")),
        error.as_ref().map(failure),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn failure(error: &ExecutionError) -> String {
    let ExecutionError { kind, message, data, stack_trace: _ } = error;
    let said = [kind, message, data].into_iter().flatten().cloned().collect::<Vec<_>>().join(": ");
    if said.is_empty() { "an error that nothing is said of".to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_happened_is_told_in_a_line_each() {
        let at = Some("2026-01-15T09:30:00Z".parse().unwrap());
        let failed = ExecutionError {
            kind: Some("Declined".to_owned()),
            message: Some("no stock".to_owned()),
            ..ExecutionError::default()
        };
        let all = [
            Happening {
                number: 1,
                kind: "ExecutionStarted".into(),
                at,
                input: Some(json!({"id": 7})),
                ..Happening::default()
            },
            Happening {
                number: 2,
                kind: "CallbackStarted".into(),
                name: Some("approval".into()),
                at,
                callback_id: Some("YQ==".into()),
                ..Happening::default()
            },
            Happening {
                number: 3,
                kind: "StepFailed".into(),
                name: Some("ship".into()),
                error: Some(failed),
                ..Happening::default()
            },
        ];
        assert_eq!(
            happenings(&all),
            "#   TIME                  EVENT              NAME       DETAILS\n\
             1   2026-01-15 09:30:00   ExecutionStarted              input {\"id\":7}\n\
             2   2026-01-15 09:30:00   CallbackStarted    approval   callback id YQ==\n\
             3   <none>                StepFailed         ship       Declined: no stock\n"
        );
    }
}
