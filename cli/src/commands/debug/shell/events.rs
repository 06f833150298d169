//! What the shell makes of what happens: the guest's starts, stops and ends, its output, and who presses
//! Ctrl-C or types meanwhile.

use super::super::interrupt::INTERRUPTED;
use super::super::link::{Failure, Happening};
use super::{Guest, Shell};
use crate::report::escape;
use wasmscope_debugger::protocol::*;

impl Shell {
    /// Takes notice of what has happened meanwhile.
    pub(super) fn catch_up(&mut self) -> Result<(), Failure> {
        loop {
            let next = self.link().try_next();
            match next {
                None => return Ok(()),
                Some(Happening::Event(event)) => self.take(*event)?,
                Some(Happening::Terminate(code)) => return Err(Failure::Terminated(code)),
                Some(Happening::Gone) => return Err(Failure::Gone),
                Some(Happening::Typed(bytes)) => self.typed(bytes),
                Some(Happening::Console(typed)) => self.typed_ahead.push_back(typed),
                Some(Happening::Interrupt) => {
                    // Nothing runs: where somebody types, this is no reason to end.
                    self.presses.notice();
                    if !self.input.has_prompt() {
                        return Err(Failure::Terminated(INTERRUPTED));
                    }
                }
            }
        }
    }

    /// Takes notice of an event.
    pub(super) fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Reply { .. } => {}
            Event::Progress { what, done: false } => self.out.progress.tell(&what),
            Event::Progress { done: true, .. } => self.out.end_progress(),
            Event::Ready => self.guest = Guest::Ready,
            Event::Failed { message } => {
                if !self.console {
                    self.out.error(&escape::lines(&message));
                }
                self.guest = Guest::Failed(escape::lines(&message));
                self.failed = true;
            }
            Event::Running => self.guest = Guest::Running,
            Event::Stopped(stop) => return self.stopped(stop),
            Event::Output { stream, bytes } => {
                self.out.raw(stream == OutputStream::Stderr, &bytes);
            }
            Event::OutputLost { bytes } => {
                self.out
                    .line(&format!("({bytes} bytes of output were left out)"));
            }
            Event::InputWanted => {
                if let Some(typing) = &self.typing {
                    typing.wanted();
                }
            }
            Event::Log { id, text, frame } => self.logged(id, &text, frame.as_ref()),
            Event::BreakpointChanged { breakpoint, gone } => self.changed(breakpoint, gone),
            Event::HostCall { call, .. } => {
                let line = format!("host: {}", crate::debug_text::host_call_line(&call));
                self.out.line(&line);
            }
            Event::Exited(exit) => self.exited(exit),
        }
        Ok(())
    }

    fn changed(&mut self, breakpoint: Breakpoint, gone: bool) {
        match gone {
            true => {
                if breakpoint.spec.temporary {
                    self.temporary.insert(breakpoint.id);
                }
                self.breakpoints.remove(&breakpoint.id);
            }
            false => {
                self.breakpoints.insert(breakpoint.id, breakpoint);
            }
        }
    }

    fn exited(&mut self, exit: Exit) {
        self.shown = None;
        self.select(0);
        // A restart ends the guest on the way, which is nothing to tell.
        if !matches!(self.guest, Guest::Preparing) {
            let text = crate::debug_text::exit_line(&exit, self.out.look);
            if !self.console {
                self.out.text(&text);
            }
            self.guest = Guest::Ended(exit);
        }
    }

    /// The guest has stopped: tells it, and looks up what is to be done about it.
    fn stopped(&mut self, stop: Stop) -> Result<(), Failure> {
        self.pausing = false;
        self.select(stop.frame);
        self.guest = Guest::Stopped(Box::new(stop.clone()));
        self.due = stop
            .breakpoints
            .iter()
            .filter_map(|id| self.actions.get(id))
            .flatten()
            .cloned()
            .collect();
        if self.console {
            return Ok(());
        }
        match self.tell_stop(&stop) {
            Err(error @ (Failure::Gone | Failure::Terminated(_))) => Err(error),
            _ => Ok(()),
        }
    }
}
