//! The program's source and its opcodes.

use super::super::link::Failure;
use super::super::location::{self, Here};
use super::super::parse;
use super::super::shell::{Guest, Shell};
use super::super::table::{Call, Completes, Flow, Group, Outcome, Repeat, Row};
use crate::debug_text::{DIM, Mark, disassembly, listing};
use crate::report::escape;
use wasmscope_debugger::protocol::*;

pub(in super::super) const GROUP: Group = Group {
    name: "source",
    summary: "Looking at code",
    rows: &[
        Row::new("list", "Shows lines of source", list)
            .aliases(&["l", "ls"])
            .usage("[LOC | FIRST,LAST | -]")
            .help(
                "Without arguments, the lines around where the program is; then those that follow, and with `-` those before. `▶` marks the line of the frame, `●` a breakpoint, `○` one that is switched off.\n\n    list 120\n    list orders.rs:60\n    list ship\n    list 10,30",
            )
            .completes(Completes::Place)
            .repeats(Repeat::Bare),
        Row::new("disassemble", "Shows opcodes", disassemble)
            .aliases(&["disass", "disas"])
            .usage("[LOC] [N]")
            .help(
                "The function of the frame that is looked at, or of LOC; with N, so many opcodes before and after the one it is at. `=>` marks that one; the numbers are offsets in the module, as `break *PC` takes them.\n\n    disassemble 5\n    disassemble orders::pick",
            )
            .completes(Completes::Function),
    ],
};

/// Lines beyond this are never shown at once.
const MOST_LINES: u32 = 10_000;

/// What has been listed.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Listed {
    file: Option<String>,
    /// The line that places without a file count from.
    line: u32,
    /// The lines shown last; none when `list` begins anew.
    shown: Option<(u32, u32)>,
}

impl Listed {
    /// The guest is elsewhere.
    pub(in super::super) fn forget(&mut self) {
        *self = Listed::default();
    }

    pub(in super::super) fn here(&self) -> Option<Here> {
        Some(Here {
            file: self.file.clone()?,
            line: self.line.max(1),
        })
    }
}

fn list(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    shell.look_here()?;
    let size = shell.settings.listsize.max(1);
    let here = shell.listed.here();
    let (file, first, last) = match (call.rest, shell.listed.shown) {
        ("", Some((_, last))) => (here_file(here)?, last.saturating_add(1), None),
        ("-", Some((first, _))) => {
            if first <= 1 {
                return Err("the file begins here".into());
            }
            let last = first.saturating_sub(1);
            let first = first.saturating_sub(size).max(1);
            (here_file(here)?, first, Some(last))
        }
        ("" | "-", None) => {
            let here = here.ok_or("nothing is known to list: list FILE:LINE, list FUNCTION")?;
            let first = around(here.line, size);
            (here.file, first, None)
        }
        (text, _) => shell.asked_lines(text, here)?,
    };
    let last = last.unwrap_or(first.saturating_add(size).saturating_sub(1));
    shell.show_lines(&file, first, last)?;
    Ok(Flow::Next)
}

fn here_file(here: Option<Here>) -> Result<String, Failure> {
    Ok(here.ok_or("nothing has been listed")?.file)
}

/// The first of the lines around one.
fn around(line: u32, size: u32) -> u32 {
    line.saturating_sub(size / 2).max(1)
}

/// What `disassemble` shows without arguments is the whole function, if it is no longer than this.
const MOST_OPCODES: usize = 2_000;

fn disassemble(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let words: Vec<&str> = call.rest.split_whitespace().collect();
    let (place, around) = match words.as_slice() {
        [] => ("", None),
        [.., last] => match parse::number(last) {
            Some(number) => (
                call.rest.strip_suffix(last).unwrap_or_default().trim(),
                Some(usize::try_from(number).unwrap_or(usize::MAX).min(100_000)),
            ),
            None => (call.rest, None),
        },
    };
    let (place, pc) = match place {
        "" => (None, Some(shell.selected()?.pc)),
        text => {
            shell.look_here()?;
            let pc = match &shell.guest {
                Guest::Stopped(_) => Some(shell.selected()?.pc),
                _ => None,
            };
            (Some(location::place(text, shell.here().as_ref())?), pc)
        }
    };
    let asked = shell.ask(Command::Disassemble {
        place,
        frame: shell.frame,
        around,
    })?;
    if let ReplyBody::Disassembly(mut code) = asked {
        let many = code.lines.len();
        let from = match code.failing.checked_sub(MOST_OPCODES / 2) {
            Some(from) if many > MOST_OPCODES && around.is_none() => from,
            _ => 0,
        };
        let lines = code.lines.into_iter().skip(from);
        code.lines = match around {
            None => lines.take(MOST_OPCODES).collect(),
            Some(_) => lines.collect(),
        };
        let text = disassembly(&code, pc, shell.out.look);
        shell.out.text(&text);
        if code.lines.len() < many {
            let text = format!(
                "({} of {many} opcodes; `disassemble 5000` shows more)",
                code.lines.len()
            );
            let text = shell.out.look.styled(DIM, &text);
            shell.out.line(&text);
        }
    }
    Ok(Flow::Next)
}

impl Shell {
    /// Finds out where the user looks, if that is not known: the frame's line, or before the
    /// start that of `main`.
    pub(in super::super) fn look_here(&mut self) -> Result<(), Failure> {
        if self.listed.file.is_some() {
            return Ok(());
        }
        let place = match &self.guest {
            Guest::Stopped(_) => self.selected()?.place,
            Guest::Running | Guest::Failed(_) => None,
            Guest::Preparing | Guest::Ready | Guest::Ended(_) => {
                let main = self.main_place();
                match main {
                    Ok(place) => self.first_place(place)?,
                    Err(error @ (Failure::Gone | Failure::Terminated(_))) => return Err(error),
                    Err(_) => None,
                }
            }
        };
        if let Some(place) = place {
            self.listed = Listed {
                line: place.line.unwrap_or(1),
                file: Some(place.file),
                shown: None,
            };
        }
        Ok(())
    }

    /// Where the program's own `main` is.
    pub(in super::super) fn main_place(&mut self) -> Result<BreakpointPlace, Failure> {
        const NONE: &str =
            "the program has no function `main`: `break` and `run` stop it elsewhere";
        let function = |name: &str| BreakpointPlace::Function { name: name.into() };
        let asked = self.ask(Command::Functions {
            pattern: "(^|::)main$".into(),
            limit: 100,
        })?;
        let ReplyBody::Functions { functions, .. } = asked else {
            return Err(NONE.into());
        };
        // The program's own: not libc's, that of the crate with the program's name, the least
        // nested.
        let crate_name = std::path::Path::new(&self.name)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().replace('-', "_"));
        let of_crate = format!("{crate_name}::main");
        let best = functions
            .iter()
            .filter(|function| function.name.contains("::") && function.declared.is_some())
            .min_by_key(|function| {
                let nesting = function.name.matches("::").count();
                (function.name != of_crate, nesting)
            })
            .or_else(|| {
                functions
                    .iter()
                    .find(|function| function.declared.is_some())
            })
            .or_else(|| functions.first());
        match best {
            Some(best) => Ok(function(&best.name)),
            None => Err(NONE.into()),
        }
    }

    /// The first place of source at a place in code.
    fn first_place(
        &mut self,
        place: BreakpointPlace,
    ) -> Result<Option<wasmscope_debugger::explain::Place>, Failure> {
        match self.ask(Command::Resolve { place })? {
            ReplyBody::Locations { locations, .. } => {
                Ok(locations.into_iter().find_map(|at| at.place))
            }
            _ => Ok(None),
        }
    }

    /// The lines that `list` is told: a file, the first, and the last if that is told.
    fn asked_lines(
        &mut self,
        text: &str,
        here: Option<Here>,
    ) -> Result<(String, u32, Option<u32>), Failure> {
        let size = self.settings.listsize.max(1);
        if let Some((first, last)) = text.split_once(',') {
            let line = |text: &str| -> Result<Option<(String, u32)>, String> {
                match text.trim() {
                    "" => Ok(None),
                    text => match location::place(text, here.as_ref())? {
                        BreakpointPlace::Line { file, line, .. } => Ok(Some((file, line))),
                        _ => Err("two lines are expected: list 10,30".into()),
                    },
                }
            };
            let file = || here_file(here.clone());
            return Ok(match (line(first)?, line(last)?) {
                (Some((file, first)), Some((_, last))) => (file, first, Some(last.max(first))),
                (Some((file, first)), None) => (file, first, None),
                (None, Some((file, last))) => {
                    let first = last.saturating_sub(size - 1).max(1);
                    (file, first, Some(last))
                }
                (None, None) => (file()?, 1, None),
            });
        }
        let place = location::place(text, here.as_ref())?;
        if let BreakpointPlace::Line { file, line, .. } = place {
            return Ok((file, around(line, size), None));
        }
        let asked = self.ask(Command::Resolve { place })?;
        let ReplyBody::Locations {
            locations,
            suggestions,
        } = asked
        else {
            return Err("there is no such place".into());
        };
        match locations.into_iter().find_map(|at| at.place) {
            Some(place) => {
                let line = place.line.unwrap_or(1);
                Ok((place.file, around(line, size), None))
            }
            None => {
                let names: Vec<String> = suggestions
                    .iter()
                    .take(8)
                    .map(|name| escape::line(name))
                    .collect();
                let near = match names.is_empty() {
                    true => String::new(),
                    false => format!("\n  did you mean {}?", names.join(", ")),
                };
                Err(format!(
                    "nothing matches `{}`{near}",
                    super::super::table::shown(text)
                )
                .into())
            }
        }
    }

    /// Shows lines of a file.
    pub(in super::super) fn show_lines(
        &mut self,
        file: &str,
        first: u32,
        last: u32,
    ) -> Result<(), Failure> {
        let after = last.saturating_sub(first).min(MOST_LINES - 1);
        let asked = self.ask(Command::Source {
            file: Some(file.to_owned()),
            frame: self.frame,
            line: Some(first),
            before: 0,
            after,
        });
        let mut source = match asked? {
            ReplyBody::Source(source) => source,
            _ => return Err("there is no source".into()),
        };
        if source.lines.is_empty() {
            return Err(
                format!("{} has {} lines", escape::line(&source.file), source.total).into(),
            );
        }
        let stands_here = matches!(self.guest, Guest::Stopped(_));
        if !stands_here {
            source.current = None;
        }
        let marks: Vec<(u32, bool)> = self
            .breakpoints
            .values()
            .flat_map(|breakpoint| {
                let enabled = breakpoint.spec.enabled;
                let places = breakpoint
                    .locations
                    .iter()
                    .filter_map(|at| at.place.as_ref());
                places
                    .filter(|place| place.file == source.file)
                    .filter_map(move |place| Some((place.line?, enabled)))
            })
            .collect();
        let mark = |line: u32| {
            let mut here = marks.iter().filter(|(at, _)| *at == line).peekable();
            here.peek()?;
            Some(match here.any(|(_, enabled)| *enabled) {
                true => Mark::Enabled,
                false => Mark::Disabled,
            })
        };
        let text = listing(&source, mark, self.out.look);
        self.out.text(&text);
        if source.changed {
            let text = "note: the file was changed after the program was built";
            let text = self.out.look.styled(DIM, text);
            self.out.line(&text);
        }
        let count = u32::try_from(source.lines.len()).unwrap_or(1);
        let last = source.first_line.saturating_add(count).saturating_sub(1);
        // What was looked at before is what relative places count from, while it is in sight.
        let in_sight = (source.first_line..=last).contains(&self.listed.line)
            && self.listed.file.as_deref() == Some(source.file.as_str());
        self.listed = Listed {
            line: match in_sight {
                true => self.listed.line,
                false => source.first_line.saturating_add(count / 2),
            },
            file: Some(source.file),
            shown: Some((source.first_line, last)),
        };
        Ok(())
    }
}
