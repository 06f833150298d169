//! The stack and its frames.

use super::super::link::Failure;
use super::super::parse;
use super::super::shell::Shell;
use super::super::table::{Call, Flow, Group, Outcome, Repeat, Row, shown};
use crate::debug_text::{DIM, StackLook, stack, variables};
use crate::report::escape;
use wasmscope_debugger::explain::{Variable, VariableKind};
use wasmscope_debugger::protocol::*;

pub(in super::super) const GROUP: Group = Group {
    name: "stack",
    summary: "Looking at frames of the stack",
    rows: &[
        Row::new("backtrace", "Shows the stack, innermost first", backtrace)
            .aliases(&["bt", "where", "stack"])
            .usage("[-a] [full] [N|-N]")
            .help(
                "With N, the innermost N frames; with -N, the outermost. With `full`, their variables. Frames of std and of the runtime are counted; `-a` shows them.",
            )
            .paused(),
        Row::new("frame", "Looks at a frame, or shows the one that is looked at", frame)
            .aliases(&["f"])
            .usage("[N]")
            .help("`print`, `locals`, `list` and `finish` mean the frame that is looked at.")
            .paused(),
        Row::new("up", "Looks at the caller", up)
            .usage("[N]")
            .paused()
            .repeats(Repeat::Same),
        Row::new("down", "Looks at the called frame", down)
            .usage("[N]")
            .paused()
            .repeats(Repeat::Same),
        Row::new("locals", "Shows the variables of the frame", locals)
            .help("Those in scope where the frame is. `args` shows its arguments.")
            .paused(),
        Row::new("args", "Shows the arguments of the frame", args).paused(),
    ],
};

/// Frames asked for at a time.
const PIECE: usize = 1_000;
/// Frames shown at most.
const MOST: usize = 100_000;

fn backtrace(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (mut all, mut full, mut count) = (false, false, None);
    for word in call.rest.split_whitespace() {
        match word {
            "-a" | "--all" | "all" => all = true,
            "full" | "-full" => full = true,
            text => {
                let (outermost, digits) = match text.strip_prefix('-') {
                    Some(digits) => (true, digits),
                    None => (false, text),
                };
                let what = "a number of frames, `full` or `-a` is expected";
                let number = parse::number_for(digits, what)?;
                count = Some((outermost, usize::try_from(number).unwrap_or(usize::MAX)));
            }
        }
    }
    let (frames, more) = match count {
        Some((true, count)) => (shell.outermost(count)?, Some(0)),
        Some((false, count)) => shell.innermost(count)?,
        None => shell.innermost(shell.settings.backtrace)?,
    };
    let look = shell.out.look;
    let mut below = std::collections::HashMap::new();
    if full {
        for frame in &frames {
            let text = shell.variables_text(frame.id, 6, |_| true)?;
            below.insert(frame.id, text);
        }
    }
    let text = stack(
        &frames,
        more,
        |frame| below.get(&frame.id).cloned().unwrap_or_default(),
        StackLook {
            look,
            // Who says how many wants to see them.
            fold: !all && count.is_none(),
            selected: shell.frame,
        },
    );
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn frame(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (word, rest) = parse::first_word(call.rest);
    match word {
        "" => {}
        // LLDB's words.
        "variable" | "variables" => {
            let text = shell.variables_text(shell.frame, 0, |_| true)?;
            shell.out.text(&text);
            return Ok(Flow::Next);
        }
        "select" => return shell.look_at(rest),
        _ => return shell.look_at(call.rest),
    }
    shell.tell_frame()?;
    Ok(Flow::Next)
}

fn up(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = usize::try_from(parse::count(call.rest)?).unwrap_or(usize::MAX);
    let wanted = shell.frame.saturating_add(count);
    if shell.frame_info(wanted)?.is_none() {
        // As far as there are frames.
        let last = shell.outermost(1)?.last().map_or(0, |frame| frame.id);
        if last <= shell.frame {
            return Err("this is the outermost frame".into());
        }
        shell.select(last);
    } else {
        shell.select(wanted);
    }
    shell.tell_frame()?;
    Ok(Flow::Next)
}

fn down(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = usize::try_from(parse::count(call.rest)?).unwrap_or(usize::MAX);
    if shell.frame == 0 {
        return Err("this is the innermost frame".into());
    }
    shell.select(shell.frame.saturating_sub(count));
    shell.tell_frame()?;
    Ok(Flow::Next)
}

pub(super) fn locals(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    shell.show_variables(VariableKind::Local, "No locals.")
}

pub(super) fn args(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    shell.show_variables(VariableKind::Argument, "No arguments.")
}

impl Shell {
    fn look_at(&mut self, number: &str) -> Outcome {
        let what = "the number of a frame is expected: `bt` shows them";
        let number = parse::number_for(number, what)?;
        let frame = usize::try_from(number).unwrap_or(usize::MAX);
        if self.frame_info(frame)?.is_none() {
            return Err(format!("there is no frame {}", shown(&number.to_string())).into());
        }
        self.select(frame);
        self.tell_frame()?;
        Ok(Flow::Next)
    }

    fn show_variables(&mut self, kind: VariableKind, none: &str) -> Outcome {
        let text = self.variables_text(self.frame, 0, |variable| variable.kind == kind)?;
        match text.as_str() {
            "" => self.out.line(none),
            text => self.out.text(text),
        }
        Ok(Flow::Next)
    }

    /// Variables of a frame as text.
    pub(in super::super) fn variables_text(
        &mut self,
        frame: FrameId,
        indent: usize,
        wanted: impl Fn(&Variable) -> bool,
    ) -> Result<String, Failure> {
        let look = self.out.look;
        let limits = self.settings.limits();
        let (all, unavailable) = match self.ask(Command::Variables { frame, limits })? {
            ReplyBody::Variables {
                variables,
                unavailable,
            } => (variables, unavailable),
            _ => (Vec::new(), None),
        };
        let mut text = variables(all.iter().filter(|v| wanted(v)), indent, look);
        if let Some(reason) = unavailable {
            let line = format!("variables unavailable: {}", escape::line(&reason));
            text.push_str(&" ".repeat(indent));
            text.push_str(&look.styled(DIM, &line));
            text.push('\n');
        }
        Ok(text)
    }

    /// The innermost frames, and how many there are beyond them.
    pub(super) fn innermost(
        &mut self,
        count: usize,
    ) -> Result<(Vec<FrameInfo>, Option<usize>), Failure> {
        let count = count.min(MOST);
        let mut all: Vec<FrameInfo> = Vec::new();
        let mut total = None;
        while all.len() < count {
            let command = Command::Stack {
                from: all.len(),
                count: (count - all.len()).min(PIECE),
            };
            let ReplyBody::Stack {
                frames,
                total: known,
            } = self.ask(command)?
            else {
                break;
            };
            total = known.or(total);
            if frames.is_empty() {
                return Ok((all, Some(0)));
            }
            all.extend(frames);
        }
        let more = match total {
            Some(total) => Some(total.saturating_sub(all.len())),
            // Whether there is one more tells whether that was all.
            None => match self.frame_info(all.len())? {
                Some(_) => None,
                None => Some(0),
            },
        };
        Ok((all, more))
    }

    /// The outermost frames.
    fn outermost(&mut self, count: usize) -> Result<Vec<FrameInfo>, Failure> {
        let (mut all, _) = self.innermost(MOST)?;
        let first = all.len().saturating_sub(count);
        Ok(all.split_off(first))
    }
}
