//! What the shell tells by itself: stops with their frame, source line and displays, and what
//! logpoints say.

use super::link::Failure;
use super::shell::{Guest, Shell};
use crate::debug_text::{self, DIM, frame_line, frame_title, source_line, stop_headline};
use crate::report::{escape, place_text};
use wasmscope_debugger::protocol::*;

/// How much of an argument stands in a frame's line.
const ARGUMENTS: ValueLimits = ValueLimits {
    elements: 4,
    text: 40,
    depth: 2,
    children: 0,
};

impl Shell {
    /// Says what is debugged, and shows where it begins: there is something to read while it is
    /// being compiled.
    pub(super) fn greet(&mut self) {
        if !self.input.has_prompt() {
            return;
        }
        let name = escape::line(&self.name);
        self.out.line(&format!(
            "Debugging {name}. `help` lists the commands, `run` starts the program."
        ));
        // Where nothing is known there is nothing to show.
        if self.look_here().is_ok()
            && let Some(here) = self.here()
        {
            let first = here.line.saturating_sub(2).max(1);
            let last = first.saturating_add(self.settings.listsize.saturating_sub(1));
            let _ = self.show_lines(&here.file, first, last);
        }
    }

    /// Tells why and where the guest has stopped.
    pub(super) fn tell_stop(&mut self, stop: &Stop) -> Result<(), Failure> {
        let temporary: Vec<u32> = stop
            .breakpoints
            .iter()
            .copied()
            .filter(|id| {
                self.temporary.contains(id)
                    || self.breakpoints.get(id).is_some_and(|b| b.spec.temporary)
            })
            .collect();
        let is_temporary = |id: u32| temporary.contains(&id);
        let look = self.out.look;
        let headline = stop_headline(stop, is_temporary, look);
        let hit = match stop.reason {
            StopReason::Breakpoint | StopReason::Step | StopReason::Until => {
                debug_text::hit(stop, is_temporary)
            }
            _ => None,
        };
        self.out.text(&headline);
        let Some(info) = &stop.info else {
            if headline.is_empty() {
                let hit = hit.unwrap_or_else(|| "Stopped".to_owned());
                self.out
                    .line(&format!("{hit} outside of every known function"));
            }
            return self.notes(stop);
        };
        let file = info.place.as_ref().map(|place| place.file.clone());
        let here = (info.function.clone(), file);
        let same = self.shown.as_ref() == Some(&here) && hit.is_none() && headline.is_empty();
        self.shown = Some(here);
        if !same || info.place.is_none() {
            let mut line = String::new();
            if let Some(hit) = hit {
                line = format!("{}, ", look.styled(debug_text::REASON, &hit));
            }
            // At a breakpoint in inlined code, the frame is the one that the user named.
            let unnamed = line.is_empty();
            if stop.frame > 0 && unnamed {
                line.push_str(&format!("#{}  ", stop.frame));
            }
            line.push_str(&self.frame_text(info)?);
            self.out.line(&line);
        }
        self.tell_line(info)?;
        self.notes(stop)?;
        self.tell_displays()
    }

    fn notes(&mut self, stop: &Stop) -> Result<(), Failure> {
        for note in &stop.notes {
            let text = escape::lines(note).replace('\n', "\n  ");
            let text = self.out.look.styled(DIM, &format!("note: {text}"));
            self.out.line(&text);
        }
        Ok(())
    }

    /// A frame with its arguments.
    pub(super) fn frame_text(&mut self, frame: &FrameInfo) -> Result<String, Failure> {
        let look = self.out.look;
        let asked = self.ask(Command::Variables {
            frame: frame.id,
            limits: ARGUMENTS,
        });
        let arguments = match asked {
            Ok(ReplyBody::Variables {
                variables,
                unavailable: None,
            }) => Some(debug_text::arguments(&variables, look)),
            Ok(_) => Some("…".to_owned()),
            Err(error @ (Failure::Gone | Failure::Terminated(_) | Failure::Interrupted)) => {
                return Err(error);
            }
            Err(_) => None,
        };
        Ok(frame_line(frame, arguments.as_deref(), look))
    }

    /// Shows the frame's line of source, or its opcode when there is none.
    pub(super) fn tell_line(&mut self, frame: &FrameInfo) -> Result<(), Failure> {
        let look = self.out.look;
        if let Some(line) = frame.place.as_ref().and_then(|place| place.line) {
            let asked = self.ask(Command::Source {
                file: None,
                frame: frame.id,
                line: Some(line),
                before: 0,
                after: 0,
            });
            let text = match &asked {
                Ok(ReplyBody::Source(source)) => {
                    let at = line.checked_sub(source.first_line);
                    let at = at.and_then(|at| usize::try_from(at).ok());
                    at.and_then(|at| source.lines.get(at))
                }
                _ => None,
            };
            match (text, asked.as_ref().err()) {
                (Some(text), _) => {
                    let text = source_line(line, text, look);
                    self.out.text(&text);
                }
                (None, Some(Failure::Gone | Failure::Terminated(_))) => {
                    return asked.map(|_| ());
                }
                (None, _) => {
                    let place = frame.place.as_ref().map(place_text).unwrap_or_default();
                    let text = look.styled(DIM, "(its source is not at hand)");
                    self.out.line(&format!("{place} {text}"));
                }
            }
            return Ok(());
        }
        self.tell_opcode(frame)
    }

    /// Shows the opcode that a frame is at.
    pub(super) fn tell_opcode(&mut self, frame: &FrameInfo) -> Result<(), Failure> {
        let asked = self.ask(Command::Disassemble {
            place: None,
            frame: frame.id,
            around: Some(0),
        });
        match asked {
            Ok(ReplyBody::Disassembly(code)) => {
                for line in code.lines.iter().filter(|line| line.pc == frame.pc) {
                    let text = escape::line(&line.text);
                    self.out.line(&format!("=> {:#x}  {text}", line.pc));
                }
                Ok(())
            }
            Err(error @ (Failure::Gone | Failure::Terminated(_))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Shows the expressions that are displayed at every stop.
    pub(super) fn tell_displays(&mut self) -> Result<(), Failure> {
        for display in self.displays.clone() {
            self.tell_display(&display)?;
        }
        Ok(())
    }

    pub(super) fn tell_display(&mut self, display: &super::shell::Display) -> Result<(), Failure> {
        let asked = self.ask(Command::Evaluate {
            expression: display.expression.clone(),
            frame: self.frame,
            format: display.format,
            limits: self.settings.limits(),
        });
        let shown = match asked {
            Ok(ReplyBody::Value(value)) => escape::line(&value.to_string()),
            Err(Failure::Command(error)) => {
                format!("<{}>", escape::line(&error.message))
            }
            Err(error) => return Err(error),
            Ok(_) => "<no value>".to_owned(),
        };
        let text = escape::line(&display.expression);
        self.out.line(&format!("{}: {text} = {shown}", display.id));
        Ok(())
    }

    /// Tells what a logpoint says.
    pub(super) fn logged(&mut self, id: BreakpointId, text: &str, frame: Option<&FrameInfo>) {
        let text = escape::lines(text).replace('\n', "\n  ");
        let place = frame.map(|frame| {
            let place = frame.place.as_ref().map(place_text).unwrap_or_default();
            format!("{} at {place}", frame_title(frame))
        });
        let line = match (place, text.is_empty()) {
            (Some(place), true) => format!("[{id}] {place}"),
            // Who writes a text says what is to be seen.
            (_, _) => format!("[{id}] {text}"),
        };
        self.out.line(&line);
    }

    /// The frame that is looked at.
    pub(super) fn selected(&mut self) -> Result<FrameInfo, Failure> {
        self.need_paused()?;
        if let Guest::Stopped(stop) = &self.guest
            && let Some(info) = &stop.info
            && info.id == self.frame
        {
            return Ok(info.clone());
        }
        self.frame_info(self.frame)?
            .ok_or_else(|| format!("there is no frame {}", self.frame).into())
    }

    /// A frame by its number, if there is one.
    pub(super) fn frame_info(&mut self, frame: FrameId) -> Result<Option<FrameInfo>, Failure> {
        match self.ask(Command::Stack {
            from: frame,
            count: 1,
        })? {
            ReplyBody::Stack { frames, .. } => {
                Ok(frames.into_iter().next().filter(|info| info.id == frame))
            }
            _ => Ok(None),
        }
    }

    /// Shows the frame that is looked at.
    pub(super) fn tell_frame(&mut self) -> Result<(), Failure> {
        let frame = self.selected()?;
        let text = self.frame_text(&frame)?;
        self.out.line(&format!("#{}  {text}", frame.id));
        self.tell_line(&frame)
    }
}
