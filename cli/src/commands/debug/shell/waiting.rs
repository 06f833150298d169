//! Waiting while the guest runs: for it to stop, for what is typed for it, for Ctrl-C. What an event
//! means to the user is in [`super::events`].

use super::*;

impl Shell {
    /// As the loop does while nobody types anything.
    pub(in super::super) fn stay_alive(&mut self) -> Result<(), Failure> {
        self.catch_up()
    }

    /// Waits until `over` says that the guest stands as it should.
    pub(super) fn wait(&mut self, over: impl Fn(&Guest) -> bool) -> Result<(), Failure> {
        if let Some(typing) = &self.typing {
            typing.switch(matches!(self.guest, Guest::Running));
        }
        let waited = self.wait_for(over);
        if let Some(typing) = &self.typing {
            typing.switch(false);
        }
        self.out.end_progress();
        self.pausing = false;
        waited
    }

    pub(super) fn wait_for(&mut self, over: impl Fn(&Guest) -> bool) -> Result<(), Failure> {
        while !over(&self.guest) {
            if self.console && matches!(self.guest, Guest::Running) {
                // Who looks at the screen sees what comes of it, and types on.
                return Ok(());
            }
            let next = match self.feed_more() {
                Ok(false) => self.link().next(),
                Ok(true) => match self.link().next_within(FEED_AGAIN) {
                    Some(next) => next,
                    None => continue,
                },
                Err(Failure::Interrupted) => Happening::Interrupt,
                Err(error) => return Err(error),
            };
            match next {
                Happening::Event(event) => self.take(*event)?,
                Happening::Terminate(code) => return Err(Failure::Terminated(code)),
                Happening::Gone => return Err(Failure::Gone),
                Happening::Interrupt => self.interrupt()?,
                Happening::Typed(bytes) => self.typed(bytes),
                Happening::Console(typed) => self.typed_ahead.push_back(typed),
            }
        }
        Ok(())
    }

    /// Gives the guest what was typed for it.
    pub(super) fn typed(&mut self, bytes: Vec<u8>) {
        let command = match bytes.is_empty() {
            true => Command::EndInput,
            false => Command::Input { bytes },
        };
        self.link().post(command);
    }

    /// Begins to give a guest that is about to start the standard input that the command line
    /// names.
    pub(in super::super) fn feed(&mut self) -> Result<(), Failure> {
        if let Some(typing) = &self.typing {
            typing.begin();
        }
        self.unfed = self.stdin.is_some().then(Unfed::default);
        self.feed_more().map(|_| ())
    }

    /// Gives the guest more of its input, as much as it takes; whether there is still some.
    pub(super) fn feed_more(&mut self) -> Result<bool, Failure> {
        while let (Some(unfed), Some(bytes)) = (&mut self.unfed, &self.stdin) {
            let rest = bytes.get(unfed.given..).unwrap_or_default();
            let piece = rest.get(..FEED_PIECE).unwrap_or(rest).to_vec();
            let length = piece.len();
            if length == 0 {
                self.unfed = None;
                self.ask(Command::EndInput)?;
                break;
            }
            match self.ask(Command::Input { bytes: piece }) {
                Ok(_) => {
                    if let Some(unfed) = &mut self.unfed {
                        unfed.given = unfed.given.saturating_add(length);
                    }
                }
                // It has much to read still.
                Err(Failure::Command(error)) if error.kind == CommandErrorKind::Unavailable => {
                    return Ok(true);
                }
                // It has ended, and needs no more.
                Err(Failure::Command(_)) => self.unfed = None,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Waits until the guest has been prepared.
    pub(in super::super) fn wait_prepared(&mut self) -> Result<(), Failure> {
        self.wait(|guest| !matches!(guest, Guest::Preparing))?;
        match &self.guest {
            // What is wrong has been told as it happened.
            Guest::Failed(_) => Err("the program cannot be run".into()),
            _ => Ok(()),
        }
    }

    /// Lets the guest go on by `command`, and waits until it stops or ends.
    pub(in super::super) fn resume(&mut self, command: Command) -> Outcome {
        self.due.clear();
        self.catch_up()?;
        match self.ask(command) {
            // It may run before it is heard here that it does.
            Err(Failure::Interrupted) if self.has_begun() => {
                self.guest = Guest::Running;
                self.interrupt()?;
            }
            asked => {
                asked?;
                self.guest = Guest::Running;
            }
        }
        self.wait(|guest| !matches!(guest, Guest::Running))?;
        Ok(Flow::Next)
    }

    /// Ends the guest.
    pub(in super::super) fn kill(&mut self) -> Result<(), Failure> {
        self.ask(Command::Kill)?;
        self.wait(|guest| !matches!(guest, Guest::Running | Guest::Stopped(_)))
    }

    /// Brings the guest to its beginning.
    pub(in super::super) fn restart(&mut self) -> Result<(), Failure> {
        self.due.clear();
        self.report = None;
        self.shown = None;
        self.ask(Command::Restart)?;
        self.guest = Guest::Preparing;
        self.wait_prepared()
    }

    /// Whether the guest runs by now: it may have begun, and even have written something, before this
    /// was heard here.
    fn has_begun(&mut self) -> bool {
        let patience = std::time::Duration::from_secs(1);
        let status = self.link().ask_within(Command::Status, patience);
        matches!(status, Ok(ReplyBody::Status(Status::Running { .. })))
    }

    /// Ctrl-C while something is waited for: the first pauses the guest, the second offers to end
    /// it.
    pub(super) fn interrupt(&mut self) -> Result<(), Failure> {
        self.presses.notice();
        if matches!(self.guest, Guest::Preparing) && !self.has_begun() {
            return Err(Failure::Interrupted);
        }
        self.was_interrupted = true;
        if !std::mem::replace(&mut self.pausing, true) {
            self.link().post(Command::Pause);
            return Ok(());
        }
        let patience = std::time::Duration::from_millis(200);
        let status = self.link().ask_within(Command::Status, patience);
        let inside = match status {
            Ok(ReplyBody::Status(Status::Running {
                host_call: Some(call),
            })) => format!(": it waits in the host call {}", escape::line(&call)),
            _ => String::new(),
        };
        let question = format!("The program has not paused yet{inside}. End it? (y or n) ");
        // The answer is not the guest's.
        if let Some(typing) = &self.typing {
            typing.switch(false);
        }
        let answer = self.input.confirm(&question);
        if let Some(typing) = &self.typing {
            typing.switch(true);
        }
        match answer {
            Some(false) => {}
            answer => {
                if answer.is_none() {
                    self.out
                        .error(&format!("the program does not pause{inside}: ended"));
                }
                self.link().post(Command::Kill);
            }
        }
        Ok(())
    }
}
