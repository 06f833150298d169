//! `info tasks`: futures in variables, each with the chain of what it awaits. What is being polled
//! is on the stack by itself; this is about those that wait.

use super::super::link::Failure;
use super::super::shell::Shell;
use super::super::table::{Call, Flow, Outcome};
use crate::debug_text::{DIM, frame_title};
use crate::report::escape;
use std::fmt::Write as _;
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{Command, FrameInfo, ReplyBody, ValueLimits};
use wasmscope_debugger::values::Value;

/// How much of the values is looked through.
const LIMITS: ValueLimits = ValueLimits {
    elements: 100,
    text: 60,
    depth: 4,
    children: 24,
};

/// How rustc calls what a future waits for.
const AWAITED: &str = "__awaitee";

/// Tasks of one frame that are shown.
const MAX_TASKS: usize = 200;

/// What a future is called, and what it and those it waits for are at, outermost first.
struct Task {
    name: String,
    chain: Vec<String>,
}

/// `info tasks [all]`.
pub(super) fn tasks(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (all, words) = match call.rest {
        "" => (false, ""),
        "all" | "-a" => (true, ""),
        other => (false, other),
    };
    if !words.is_empty() {
        return Err(format!(
            "`all` or nothing is expected, not `{}`",
            escape::line(words)
        )
        .into());
    }
    let count = shell.settings.backtrace;
    let (frames, _) = shell.innermost(count)?;
    let look = shell.out.look;
    let mut text = String::new();
    let mut left_out = 0usize;
    for frame in &frames {
        let mut found = tasks_of(shell, frame)?;
        if found.is_empty() {
            continue;
        }
        if !all && !matches!(frame.kind, FrameKind::User | FrameKind::Dependency) {
            left_out += found.len();
            continue;
        }
        let _ = writeln!(text, "{}", frame_title(frame));
        let more = found.len().saturating_sub(MAX_TASKS);
        found.truncate(MAX_TASKS);
        let width = found.iter().map(|task| task.name.chars().count()).max();
        let width = width.unwrap_or(0).min(40);
        for task in found {
            let mut name = escape::line(&task.name).to_string();
            for (place, future) in task.chain.iter().enumerate() {
                let awaits = if place == 0 { "" } else { "awaits " };
                let future = escape::line(future);
                let _ = writeln!(text, "  {name:<width$}  {awaits}{future}");
                name.clear();
            }
        }
        if more > 0 {
            let _ = writeln!(text, "  … {more} more");
        }
    }
    if left_out > 0 {
        let line = format!("{left_out} more in frames of std (`info tasks all`)");
        let _ = writeln!(text, "{}", look.styled(DIM, &line));
    }
    match text.as_str() {
        "" => shell
            .out
            .line("No variable of these frames is or has a future that has been started."),
        text => {
            shell.out.text(text);
            let line = "One that is being polled stands as it did when it last waited: where it is \
                        now, the stack shows.";
            shell.out.line(&look.styled(DIM, line));
        }
    }
    Ok(Flow::Next)
}

/// The futures in a frame's variables.
fn tasks_of(shell: &mut Shell, frame: &FrameInfo) -> Result<Vec<Task>, Failure> {
    let shallow = ValueLimits {
        children: 0,
        depth: 1,
        ..LIMITS
    };
    let look = |limits| match shell.ask(Command::Variables {
        frame: frame.id,
        limits,
    }) {
        Ok(ReplyBody::Variables { variables, .. }) => Ok(variables),
        Ok(_) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    };
    let may_have = |value: &Value| {
        let name = &value.full_type;
        value.unavailable.is_none()
            && (name.contains("::future::Future") || name.contains("{async_"))
    };
    if !look(shallow)?
        .iter()
        .any(|variable| may_have(&variable.value))
    {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for variable in look(LIMITS)? {
        // What an `async` function waits for is on the stack, or of the one that it is part of.
        if may_have(&variable.value) && variable.value.name != AWAITED {
            search(&variable.value.name, &variable.value, &mut found);
        }
    }
    Ok(found)
}

/// Looks for futures in a value, which is known as `name`.
fn search(name: &str, value: &Value, found: &mut Vec<Task>) {
    if is_future(value) {
        found.push(Task {
            name: name.to_owned(),
            chain: chain(value),
        });
        return;
    }
    for child in &value.children {
        let is_element = child.name.bytes().all(|byte| byte.is_ascii_digit())
            && value.summary.as_deref().is_some_and(|it| it.contains('['));
        let name = match child.name.as_str() {
            "*" => name.to_owned(),
            index if is_element => format!("{name}[{index}]"),
            key if key.starts_with('[') => format!("{name}{key}"),
            field => format!("{name}.{field}"),
        };
        search(&name, child, found);
    }
}

/// Whether the compiler made a value's type of an `async` function, block or closure.
fn is_future(value: &Value) -> bool {
    let own = value.full_type.split('<').next().unwrap_or_default();
    own.rsplit("::")
        .next()
        .is_some_and(|last| last.starts_with("{async_"))
}

/// How a future stands, and all that it waits for, from one to the next.
fn chain(value: &Value) -> Vec<String> {
    let mut chain = Vec::new();
    let mut at = value;
    loop {
        // What pointers lead to is meant.
        while let [only] = at.children.as_slice()
            && only.name == "*"
        {
            at = only;
        }
        let text = at.to_string();
        let awaited = at.children.first().filter(|child| child.name == AWAITED);
        let (Some(awaited), true) = (awaited, is_future(at)) else {
            chain.push(text);
            return chain;
        };
        // The summary goes on with what is awaited, which has a line of its own here.
        let own = text.split(" awaiting ").next().unwrap_or(&text);
        chain.push(own.to_owned());
        at = awaited;
    }
}
