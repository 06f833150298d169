//! Why the guest is not running: stops and ends.

use super::{Look, REASON, WRONG};
use crate::report::escape;
use std::fmt::Write as _;
use wasmscope_debugger::protocol::{Exit, Stop, StopReason};
use wasmscope_debugger::values::Value;
use wasmscope_tracer::HostCall;

/// Why the guest stopped, in a line or more; empty where the place alone tells it, as after a
/// step. `temporary` tells which breakpoints are.
pub fn stop_headline(stop: &Stop, temporary: impl Fn(u32) -> bool, look: Look) -> String {
    let reason = |text: &str| look.styled(REASON, text);
    let wrong = |text: &str| look.styled(WRONG, text);
    let mut out = String::new();
    let _ = match &stop.reason {
        // The breakpoints hit stand before the frame.
        StopReason::Breakpoint | StopReason::Step | StopReason::Until => Ok(()),
        StopReason::Finished { function, value } => {
            let function = function
                .as_deref()
                .map_or("the function".to_owned(), escape::line);
            match value {
                None => writeln!(out, "{}", reason(&format!("Returned from {function}"))),
                Some(value) => writeln!(
                    out,
                    "{}: {}",
                    reason(&format!("Returned from {function}")),
                    returned(value)
                ),
            }
        }
        StopReason::Panic { message } => {
            let message = message.as_deref().map_or_else(
                || "its message could not be read".to_owned(),
                |message| escape::lines(message).replace('\n', "\n  "),
            );
            writeln!(out, "{} {message}", wrong("Panic:"))
        }
        StopReason::Trap { headline } => {
            let headline = escape::lines(headline).replace('\n', "\n  ");
            writeln!(out, "{} {headline}", wrong("Trap:"))
        }
        StopReason::Pause => writeln!(out, "{}", reason("Paused")),
        StopReason::HostCall { function, call } => {
            let call = call
                .as_ref()
                .map_or_else(|| escape::line(function), host_call_line);
            let what = match hit(stop, &temporary) {
                Some(hit) => format!("{hit}, host call"),
                None => "Host call".to_owned(),
            };
            writeln!(out, "{} {call}", reason(&format!("{what}:")))
        }
        StopReason::Watch {
            id,
            expression,
            old,
            new,
        } => writeln!(
            out,
            "{}\n  old value: {}\n  new value: {}",
            reason(&format!("Watchpoint {id}: {}", escape::line(expression))),
            escape::line(&old.to_string()),
            escape::line(&new.to_string()),
        ),
        StopReason::WatchEnded { id, expression } => writeln!(
            out,
            "{}",
            reason(&format!(
                "Watchpoint {id} is gone: the frame in which `{}` was watched has returned",
                escape::line(expression)
            ))
        ),
        StopReason::Exit { code } => {
            writeln!(
                out,
                "{}",
                reason(&format!("About to exit with code {code}"))
            )
        }
    };
    out
}

/// The breakpoints hit, as they stand before the frame: `Breakpoint 1, `.
pub fn hit(stop: &Stop, temporary: impl Fn(u32) -> bool) -> Option<String> {
    let one = |id: &u32| match temporary(*id) {
        true => format!("temporary breakpoint {id}"),
        false => format!("breakpoint {id}"),
    };
    let all: Vec<String> = stop.breakpoints.iter().map(one).collect();
    let text = all.join(", ");
    let mut chars = text.chars();
    let first = chars.next()?;
    Some(format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
}

/// A returned value with its type.
fn returned(value: &Value) -> String {
    let text = escape::line(&value.to_string());
    match value.type_name.is_empty() {
        true => text,
        false => format!("{} = {text}", escape::line(&value.type_name)),
    }
}

/// A host call in a line.
pub fn host_call_line(call: &HostCall) -> String {
    escape::line(&call.to_string())
}

/// How the guest ended.
pub fn exit_line(exit: &Exit, look: Look) -> String {
    match exit {
        Exit::Code { code, results } => {
            let mut out = String::new();
            for result in results {
                let _ = writeln!(out, "{}", escape::line(result));
            }
            let _ = writeln!(out, "Program exited with code {code}.");
            out
        }
        Exit::Failure { code, headline } => {
            let headline = escape::lines(headline).replace('\n', "\n  ");
            format!(
                "{} {headline} (exit code {code})\n",
                look.styled(WRONG, "Program failed:")
            )
        }
        Exit::Killed => "Program was ended.\n".to_owned(),
    }
}
