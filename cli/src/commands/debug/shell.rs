//! The shell: reads a line, carries it out, waits for the guest to stop, tells what happened.
//! What it makes of events is in `events`, what it says of errors in `errors`. What each command does is
//! in `words/`; how things look in `crate::debug_text`.

mod errors;
mod events;
mod waiting;

pub(super) use errors::in_expression;

use super::input::{Input, Line, Next};
use super::interrupt::{INTERRUPTED, Presses};
use super::link::{Failure, Happening, Link, Typed};
use super::location::Here;
use super::out::Out;
use super::parse;
use super::settings::Settings;
use super::table::{self, Call, Flow, Needs, Outcome, Repeat, Row};
use super::typed::Typing;
use crate::exit;
use crate::report::escape;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmscope_debugger::Report;
use wasmscope_debugger::protocol::*;
use wasmscope_tui::Told;

/// How the guest stands, as far as the shell has been told.
#[derive(Clone, Debug)]
pub(super) enum Guest {
    /// It is being compiled.
    Preparing,
    /// It could not be.
    Failed(String),
    /// It waits to be started.
    Ready,
    /// It runs.
    Running,
    /// It is paused.
    Stopped(Box<Stop>),
    /// It has ended.
    Ended(Exit),
}

/// An expression that is shown at every stop.
#[derive(Clone, Debug)]
pub(super) struct Display {
    pub id: u32,
    pub expression: String,
    pub format: ValueFormat,
}

/// How far the guest has been given its standard input.
#[derive(Clone, Copy, Debug, Default)]
struct Unfed {
    given: usize,
}

/// Bytes of standard input that are given at once.
const FEED_PIECE: usize = 1 << 20;
/// A guest that has much to read is offered more after this.
const FEED_AGAIN: std::time::Duration = std::time::Duration::from_millis(20);

/// Line mode, with all that it remembers.
pub(super) struct Shell {
    link: Arc<Mutex<Link>>,
    pub out: Out,
    pub input: Input,
    pub settings: Settings,
    pub guest: Guest,
    /// The frame that is looked at.
    pub frame: FrameId,
    pub breakpoints: BTreeMap<BreakpointId, Breakpoint>,
    /// Those that went away when they had stopped the guest.
    pub temporary: HashSet<BreakpointId>,
    /// Commands to carry out at a stop.
    pub actions: BTreeMap<BreakpointId, Vec<String>>,
    pub displays: Vec<Display>,
    pub last_display: u32,
    /// Function and file that the last stop was in: a step within them shows its line only.
    pub shown: Option<(Option<String>, Option<String>)>,
    /// Where `list` goes on, and what places without a file are in.
    pub listed: super::words::source::Listed,
    /// Where `x` goes on.
    pub examined: super::words::data::Examined,
    pub history: Vec<String>,
    /// The guest's standard input, to be given to it whenever it starts.
    pub stdin: Option<Vec<u8>>,
    /// How much of it has been given, while there is more.
    unfed: Option<Unfed>,
    /// By what the guest gets what is typed while it runs.
    pub typing: Option<Typing>,
    /// Whether commands give it.
    pub fed: bool,
    /// Whether this is the console of a screen, which tells by itself what the guest does.
    pub console: bool,
    /// What was typed there while something else was done.
    typed_ahead: VecDeque<Typed>,
    /// The program, as the user named it.
    pub name: String,
    /// Commands of the last stop that have not been carried out.
    due: VecDeque<String>,
    /// What an empty line does again.
    last: Option<String>,
    /// What `wasmscope run` would say of the failure.
    report: Option<Box<Report>>,
    report_look: crate::report::Look,
    presses: Presses,
    /// Whether a pause was asked for that has not come yet.
    pausing: bool,
    /// Whether the guest stopped because of Ctrl-C.
    was_interrupted: bool,
    failed: bool,
}

impl Shell {
    pub(super) fn new(
        link: Arc<Mutex<Link>>,
        out: Out,
        input: Input,
        presses: Presses,
        report_look: crate::report::Look,
    ) -> Self {
        let progress = out.progress.clone();
        link.lock().unwrap_or_else(PoisonError::into_inner).progress = progress;
        Shell {
            link,
            out,
            input,
            settings: Settings::default(),
            guest: Guest::Preparing,
            frame: 0,
            breakpoints: BTreeMap::new(),
            temporary: HashSet::new(),
            actions: BTreeMap::new(),
            displays: Vec::new(),
            last_display: 0,
            shown: None,
            listed: Default::default(),
            examined: Default::default(),
            history: Vec::new(),
            stdin: None,
            unfed: None,
            typing: None,
            fed: false,
            console: false,
            typed_ahead: VecDeque::new(),
            name: String::new(),
            due: VecDeque::new(),
            last: None,
            report: None,
            report_look,
            presses,
            pausing: false,
            was_interrupted: false,
            failed: false,
        }
    }

    /// Reads and carries out commands to the end; the process's exit code.
    pub(super) fn run(&mut self) -> i32 {
        let asked = self.commands();
        self.out.end_progress();
        let code = match asked {
            Ok(Some(code)) => return code,
            Ok(None) => self.code(),
            Err(Failure::Terminated(code)) => return code,
            Err(_) => {
                self.out
                    .error("the session has ended by itself, which is a bug of wasmscope");
                exit::OURSELVES
            }
        };
        self.tell_report();
        code
    }

    /// Tells a script's reader of the failure that it ended with.
    fn tell_report(&mut self) {
        if self.input.has_prompt() {
            return;
        }
        let failed = match &self.guest {
            Guest::Stopped(stop) => matches!(
                stop.reason,
                StopReason::Panic { .. } | StopReason::Trap { .. }
            ),
            Guest::Ended(Exit::Failure { .. }) => true,
            _ => false,
        };
        if failed
            && self.report.is_none()
            && let Ok(ReplyBody::Report(report)) = self.ask(Command::Report)
        {
            self.report = Some(report);
        }
        if let Some(report) = &self.report {
            let page = crate::report::text(report, self.report_look);
            self.out.report(&page);
        }
    }

    /// Shows the report on a failure.
    pub(super) fn show_report(&mut self) -> Outcome {
        match self.ask(Command::Report)? {
            ReplyBody::Report(report) => {
                let page = crate::report::text(&report, self.report_look);
                self.out.text(&page);
                Ok(Flow::Next)
            }
            _ => Err("there is no report".into()),
        }
    }

    /// Carries out commands until there are no more, or the user ends it with an exit code.
    fn commands(&mut self) -> Result<Option<i32>, Failure> {
        loop {
            self.catch_up()?;
            // Whatever a command made of it: nobody is asked while the guest runs.
            self.wait(|guest| !matches!(guest, Guest::Running))?;
            if self.out.is_closed() {
                return Ok(None);
            }
            let line = match self.due.pop_front() {
                Some(text) => Line { text, place: None },
                None => match self.input.next(false)? {
                    Next::Line(line) => line,
                    Next::End => return Ok(None),
                    Next::Cancelled | Next::NotYet => continue,
                },
            };
            let from_script = line.place.is_some();
            match self.line(&line) {
                Ok(Flow::Next) => {}
                Ok(Flow::Quit(code)) => return Ok(code),
                Err(error @ (Failure::Gone | Failure::Terminated(_))) => return Err(error),
                Err(error) => {
                    self.complain(&error, &line);
                    self.failed = true;
                    self.due.clear();
                    if self.input.is_batch() {
                        let interrupted = matches!(error, Failure::Interrupted);
                        return Ok(interrupted.then_some(INTERRUPTED));
                    }
                    if from_script {
                        self.input.drop_script();
                    }
                }
            }
            if std::mem::take(&mut self.was_interrupted) {
                if self.input.is_batch() {
                    // Whoever stops a batch that hangs wants to know where.
                    if matches!(self.guest, Guest::Stopped(_)) {
                        let _ = self.execute("backtrace", false, false);
                    }
                    self.out.error("interrupted");
                    return Ok(Some(INTERRUPTED));
                }
                if self.input.drop_scripts() {
                    self.out
                        .error("interrupted: the rest of the script is left out");
                }
            }
        }
    }

    /// Carries out what is typed in a screen's console, to the end of the session.
    pub(super) fn serve(&mut self, tell: &dyn Fn(Told)) {
        self.console = true;
        loop {
            let next = match self.typed_ahead.pop_front() {
                Some(typed) => Happening::Console(typed),
                None => self.link().next(),
            };
            match next {
                Happening::Event(event) => {
                    if self.take(*event).is_err() || !self.do_due() {
                        return;
                    }
                }
                Happening::Console(Typed::Line(text, frame)) => {
                    self.follow(frame);
                    let line = Line { text, place: None };
                    let goes_on = self.carry_out(&line) && self.do_due();
                    self.out.end();
                    tell(Told::Done { frame: self.frame });
                    if !goes_on {
                        return;
                    }
                }
                Happening::Console(Typed::Complete(line, frame)) => {
                    self.follow(frame);
                    let found = super::complete::complete(&line, &self.link);
                    tell(Told::Completions {
                        start: found.start,
                        words: found.words,
                    });
                }
                Happening::Typed(_) | Happening::Interrupt => {}
                Happening::Terminate(_) | Happening::Gone => return,
            }
        }
    }

    fn follow(&mut self, frame: FrameId) {
        if self.frame != frame {
            self.select(frame);
        }
    }

    /// Carries out commands of the last stop, and what scripts have left; whether there is still a
    /// session.
    fn do_due(&mut self) -> bool {
        loop {
            let line = match self.due.pop_front() {
                Some(text) => Line { text, place: None },
                None => match self.input.next(false) {
                    Ok(Next::Line(line)) => line,
                    _ => return true,
                },
            };
            if !self.carry_out(&line) {
                return false;
            }
        }
    }

    /// Carries out a line of a console, and says what is wrong; whether there is still a session.
    fn carry_out(&mut self, line: &Line) -> bool {
        match self.catch_up().and_then(|()| self.line(line)) {
            Ok(_) => true,
            Err(Failure::Gone | Failure::Terminated(_)) => false,
            Err(error) => {
                self.complain(&error, line);
                self.due.clear();
                self.input.drop_scripts();
                true
            }
        }
    }

    /// Carries out a line as it was typed.
    fn line(&mut self, line: &Line) -> Outcome {
        let typed = line.text.trim();
        let interactive = line.place.is_none() && (self.console || self.input.has_prompt());
        let (text, repeated) = match (typed.is_empty(), &self.last) {
            (true, Some(last)) if interactive => (last.clone(), true),
            _ => (typed.to_owned(), false),
        };
        if self.settings.echo && !interactive && !text.is_empty() {
            self.out.line(&format!("> {}", escape::line(&text)));
        }
        if !typed.is_empty() && interactive {
            self.history.push(typed.to_owned());
        }
        self.execute(&text, repeated, interactive)
    }

    /// Carries out a command.
    pub(super) fn execute(&mut self, text: &str, repeated: bool, remember: bool) -> Outcome {
        let Some(words) = parse::words(text) else {
            return Ok(Flow::Next);
        };
        let words = words?;
        let row = table::find(words.name)?;
        if remember {
            self.last = match row.repeat {
                Repeat::No => None,
                Repeat::Same => Some(text.to_owned()),
                Repeat::Bare => Some(match words.format {
                    Some(format) => format!("{}/{format}", row.name),
                    None => row.name.to_owned(),
                }),
            };
        }
        let call = Call {
            row,
            format: words.format,
            rest: words.rest,
            repeated,
        };
        self.call(row, &call)
    }

    /// Carries out a command of the table.
    pub(super) fn call(&mut self, row: &'static Row, call: &Call<'_>) -> Outcome {
        if row.needs == Needs::Paused {
            self.need_paused()?;
        }
        (row.run)(self, call)
    }

    /// Fails when the guest is not paused, and says why and what to do.
    pub(super) fn need_paused(&mut self) -> Result<&Stop, Failure> {
        let why = match &self.guest {
            Guest::Stopped(stop) => return Ok(stop),
            Guest::Preparing | Guest::Ready => {
                "the program has not been started: `run` starts it, `start` stops it in main"
            }
            Guest::Running => "the program runs",
            Guest::Ended(_) => "the program has ended: `run` starts it anew",
            Guest::Failed(message) => return Err(format!("there is no program: {message}").into()),
        };
        Err(why.into())
    }

    /// The line to the session.
    pub(super) fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the session something and waits for the answer.
    pub(super) fn ask(&self, command: Command) -> Result<ReplyBody, Failure> {
        self.link().ask(command)
    }

    /// Looks at a frame.
    pub(super) fn select(&mut self, frame: FrameId) {
        self.frame = frame;
        self.link().frame = frame;
        self.listed.forget();
    }

    /// Where the user looks, for places without a file.
    pub(super) fn here(&self) -> Option<Here> {
        self.listed.here()
    }

    /// The exit code when the commands have come to their end.
    fn code(&self) -> i32 {
        if self.input.has_prompt() {
            return 0;
        }
        match &self.guest {
            Guest::Failed(_) => exit::CANNOT_RUN,
            _ if self.failed => exit::COMMAND_FAILED,
            Guest::Ended(Exit::Code { code, .. } | Exit::Failure { code, .. }) => *code,
            Guest::Stopped(stop) => match &stop.reason {
                StopReason::Panic { .. } | StopReason::Trap { .. } => exit::TRAPPED,
                _ => exit::NOT_ENDED,
            },
            _ => exit::NOT_ENDED,
        }
    }
}
