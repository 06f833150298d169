//! How the shell says what is wrong with a command.

use super::super::input::Line;
use super::super::link::{Failure, is_about_state};
use super::{Guest, Shell};
use crate::report::escape;
use wasmscope_debugger::protocol::CommandError;

impl Shell {
    /// Says what is wrong, and where it stood.
    pub(super) fn complain(&mut self, error: &Failure, line: &Line) {
        let place = match &line.place {
            Some((name, number)) => format!("{}:{number}: ", escape::line(name)),
            None => String::new(),
        };
        let text = match error {
            Failure::Command(error) => {
                let paused = matches!(self.guest, Guest::Stopped(_));
                match is_about_state(error) && !paused {
                    // Said in the words of line mode, which knows the way out.
                    true => match self.need_paused() {
                        Err(Failure::Said(text)) => text,
                        _ => error_text(error),
                    },
                    false => error_text(error),
                }
            }
            Failure::Said(text) => text.clone(),
            Failure::Interrupted => "interrupted".to_owned(),
            Failure::Gone | Failure::Terminated(_) => return,
        };
        self.out.error(&format!("{place}{text}"));
    }
}

/// An error of the session's, with what it suggests.
fn error_text(error: &CommandError) -> String {
    let mut text = escape::lines(&error.message);
    if !error.suggestions.is_empty() {
        let names: Vec<String> = error
            .suggestions
            .iter()
            .take(8)
            .map(|name| escape::line(name))
            .collect();
        text.push_str(&format!("\n  did you mean {}?", names.join(", ")));
    }
    text
}

/// An expression's error, with a mark below the place in it.
pub(in crate::commands::debug) fn in_expression(error: Failure, expression: &str) -> Failure {
    let Failure::Command(error) = error else {
        return error;
    };
    let Some(position) = error.position else {
        return Failure::Command(error);
    };
    // The mark stands below the escaped text, which may be longer.
    let position = expression.floor_char_boundary(position);
    let (before, _) = expression.split_at(position);
    let indent = escape::line(before).chars().count();
    let shown = escape::line(expression);
    Failure::Said(format!(
        "{}\n  {shown}\n  {}^",
        error_text(&error),
        " ".repeat(indent)
    ))
}
