//! What the UI knows: plain data that [`crate::update`] changes and [`crate::view`] draws. Nothing
//! here touches a terminal, a clock or a session.

pub(crate) mod calls;
pub(crate) mod code;
pub(crate) mod console;
pub(crate) mod output;
pub(crate) mod popup;
pub(crate) mod source;
pub(crate) mod stack;
pub(crate) mod tree;

use crate::actions::Bindings;
use crate::cursor::Cursor;
use crate::layout::{Arrangement, Layout, arrange};
use crate::message::Effect;
use crate::pane::{PANES, Pane};
use crate::theme::Theme;
use calls::Calls;
use code::{Code, Memory, Wasm};
use console::{Console, Said};
use output::{Output, Writer};
use popup::Popup;
use ratatui::layout::Rect;
use source::Source;
use stack::Stack;
use std::collections::HashMap;
use std::time::Duration;
use tree::Tree;
use wasmscope_debugger::explain::{Place, Report};
use wasmscope_debugger::protocol::{
    Breakpoint, Command, Exit, FrameId, FrameInfo, Request, Stop, StopReason,
};

/// Requests that may wait for their answers; more are refused, since something is wrong then.
const MAX_PENDING: usize = 4_000;
/// How long a notice is shown.
const NOTICE: Duration = Duration::from_secs(8);

/// How the guest stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Guest {
    /// It is being compiled.
    Preparing,
    /// It could not be prepared.
    Failed(String),
    /// It has not been started.
    Ready,
    /// It runs.
    Running,
    /// It is paused.
    Stopped(Box<Stop>),
    /// It has ended.
    Exited(Exit),
}

impl Guest {
    /// Whether it would be ended by leaving.
    pub fn lives(&self) -> bool {
        matches!(self, Guest::Running | Guest::Stopped(_))
    }

    /// The stop, while it is paused.
    pub fn stop(&self) -> Option<&Stop> {
        match self {
            Guest::Stopped(stop) => Some(stop),
            _ => None,
        }
    }
}

/// What an answer is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    /// Nobody: only an error is told.
    Nothing,
    /// Going on: what happens is told by events.
    Run,
    /// The stack from a frame on.
    Stack(FrameId),
    /// Variables of a frame.
    Variables(FrameId),
    /// A value of the variables, by path.
    Variable(String),
    /// A watch, by place.
    Watch(usize),
    /// A value of the watches, by path.
    WatchChild(String),
    /// A source file.
    Source(String),
    /// Where `main` is, for a look before the start.
    Main,
    /// Where a program without `main` begins.
    Entry,
    /// A place to show, and what names it.
    Show(String),
    /// A place whose opcodes are to be shown beside the source.
    Align,
    /// All breakpoints.
    Breakpoints,
    /// One breakpoint that was set or changed.
    Breakpoint,
    /// Opcodes.
    Disassembly,
    /// The Wasm view.
    WasmFrame,
    /// Modules.
    Modules,
    /// Bytes of memory.
    Memory,
    /// What lies in the memory that is shown.
    MemoryOwners,
    /// Source files to choose from.
    Files,
    /// Functions to choose from, for a query.
    Functions,
    /// The report on a failure.
    Report,
    /// An assignment: what is shown is asked for again.
    Assigned,
    /// A command of the console.
    Console,
    /// Completions of the console's line.
    Completions,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Pending {
    purpose: Purpose,
    /// The stop that it was about.
    stop: u64,
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// Something to know.
    Info,
    /// Something that did not work.
    Error,
}

/// A line about what just happened.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// How it is meant.
    pub kind: NoticeKind,
    /// The text.
    pub text: String,
    until: Duration,
}

/// The breakpoints.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakpoints {
    /// In the order in which they were set.
    pub list: Vec<Breakpoint>,
    /// The selected row.
    pub cursor: Cursor,
}

impl Breakpoints {
    /// The selected one.
    pub fn selected(&self) -> Option<&Breakpoint> {
        self.list.get(self.cursor.at)
    }

    /// Takes one in, or takes it away.
    pub fn update(&mut self, breakpoint: Breakpoint, gone: bool) {
        let place = self.list.iter().position(|known| known.id == breakpoint.id);
        match (place, gone) {
            (Some(place), true) => {
                self.list.remove(place);
            }
            (Some(place), false) => {
                if let Some(known) = self.list.get_mut(place) {
                    *known = breakpoint;
                }
            }
            (None, false) => self.list.push(breakpoint),
            (None, true) => {}
        }
        self.cursor.at = self.cursor.at.min(self.list.len().saturating_sub(1));
    }
}

/// Everything the UI knows.
#[derive(Debug)]
pub struct State {
    /// The screen.
    pub(crate) screen: Rect,
    /// Time since the start.
    pub(crate) now: Duration,
    /// The keys in force.
    pub(crate) bindings: Bindings,
    /// What things look like.
    pub(crate) theme: Theme,
    /// The program as the user named it.
    pub(crate) target: String,
    /// How the guest stands.
    pub(crate) guest: Guest,
    /// Long work that goes on, and since when.
    pub(crate) progress: Vec<(String, Duration)>,
    /// How many stops there were: answers about older ones are of no use.
    pub(crate) stop_count: u64,
    /// The selected frame.
    pub(crate) frame: FrameId,
    /// How the screen is shared out.
    pub(crate) layout: Layout,
    /// The panes in the order in which they had the focus.
    pub(crate) recent: Vec<Pane>,
    pub(crate) source: Source,
    pub(crate) stack: Stack,
    pub(crate) variables: Tree,
    pub(crate) watches: Tree,
    /// The watched expressions, and their values or why there are none.
    pub(crate) watched: Vec<Watched>,
    pub(crate) breakpoints: Breakpoints,
    pub(crate) code: Code,
    pub(crate) memory: Memory,
    pub(crate) wasm: Wasm,
    pub(crate) output: Output,
    pub(crate) calls: Calls,
    pub(crate) console: Console,
    pub(crate) popups: Vec<Popup>,
    pub(crate) notice: Option<Notice>,
    /// What was searched for last.
    pub(crate) search: Option<String>,
    /// The report on the failure that the guest is stopped at, or ended with.
    pub(crate) report: Option<Box<Report>>,
    /// Whether the user was asked to start before the guest was ready.
    pub(crate) start_when_ready: Option<Start>,
    /// Whether the guest was sent on by a step, and has not stopped since.
    pub(crate) stepping: bool,
    /// Steps that were typed meanwhile.
    pub(crate) steps: std::collections::VecDeque<crate::actions::Action>,
    /// Whether a pause was asked for and has not come.
    pub(crate) pausing: bool,
    /// Whether a notice has just gone: the screen is to be drawn.
    pub(crate) notice_expired: bool,
    /// Breakpoints of the last session, to be set when this one starts.
    pub(crate) restored: Vec<wasmscope_debugger::protocol::BreakpointSpec>,
    /// Whether the session is gone.
    pub(crate) closed: bool,
    /// Whether the console has line mode's commands.
    pub(crate) has_line_mode: bool,
    pending: HashMap<u64, Pending>,
    next_request: u64,
    effects: Vec<Effect>,
}

/// How to start the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Run on.
    Run,
    /// Stop at `main`.
    AtMain,
}

/// An expression that the user keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched {
    /// The expression.
    pub expression: String,
    /// Its value, or why it has none.
    pub value: Option<Result<wasmscope_debugger::values::Value, String>>,
}

impl State {
    /// The state before anything happened.
    pub fn new(screen: Rect, target: String, bindings: Bindings, theme: Theme) -> Self {
        State {
            screen,
            now: Duration::ZERO,
            bindings,
            theme,
            target,
            guest: Guest::Preparing,
            progress: Vec::new(),
            stop_count: 0,
            frame: 0,
            layout: Layout::default(),
            recent: PANES.to_vec(),
            source: Source::default(),
            stack: Stack::default(),
            variables: Tree::default(),
            watches: Tree::default(),
            watched: Vec::new(),
            breakpoints: Breakpoints::default(),
            code: Code::default(),
            memory: Memory::default(),
            wasm: Wasm::default(),
            output: Output::default(),
            calls: Calls::default(),
            console: Console::default(),
            popups: Vec::new(),
            notice: None,
            search: None,
            report: None,
            start_when_ready: None,
            stepping: false,
            steps: std::collections::VecDeque::new(),
            pausing: false,
            notice_expired: false,
            restored: Vec::new(),
            closed: false,
            has_line_mode: false,
            pending: HashMap::new(),
            next_request: 1,
            effects: Vec::new(),
        }
    }

    /// The same, with line mode's commands in the console.
    #[must_use]
    pub fn with_line_mode(self) -> Self {
        State {
            has_line_mode: true,
            ..self
        }
    }

    /// How the screen is shared out now.
    pub(crate) fn arrangement(&self) -> Arrangement {
        arrange(self.screen, &self.layout, &self.recent)
    }

    /// The pane that has the focus.
    pub(crate) fn focus(&self) -> Pane {
        self.recent.first().copied().unwrap_or(Pane::Source)
    }

    /// Gives a pane the focus.
    pub(crate) fn set_focus(&mut self, pane: Pane) {
        self.recent.retain(|known| *known != pane);
        self.recent.insert(0, pane);
    }

    /// Brings a pane to where it can be seen, without giving it the focus.
    pub(crate) fn reveal(&mut self, pane: Pane) {
        if self.focus() == pane {
            return;
        }
        self.recent.retain(|known| *known != pane);
        self.recent.insert(1.min(self.recent.len()), pane);
    }

    /// Whether a pane can be seen.
    pub(crate) fn is_visible(&self, pane: Pane) -> bool {
        self.arrangement().slot_of(pane).is_some()
    }

    /// Rows that a pane has on the screen; some, when it cannot be seen.
    pub(crate) fn height_of(&self, pane: Pane) -> usize {
        let arrangement = self.arrangement();
        arrangement
            .slot_of(pane)
            .map_or(10, |slot| usize::from(slot.body.height))
    }

    /// Asks the session.
    pub(crate) fn send(&mut self, command: Command, purpose: Purpose) {
        if self.closed {
            return;
        }
        if self.pending.len() >= MAX_PENDING {
            self.complain("the session does not answer");
            return;
        }
        let id = self.next_request;
        self.next_request = self.next_request.saturating_add(1);
        let stop = self.stop_count;
        self.pending.insert(id, Pending { purpose, stop });
        self.effects.push(Effect::Send(Request { id, command }));
    }

    /// What an answer is for; `None` when nobody asked, or it is about an older stop.
    pub(crate) fn answered(&mut self, id: u64) -> Option<Purpose> {
        let pending = self.pending.remove(&id)?;
        let is_about_stop = !matches!(
            pending.purpose,
            Purpose::Nothing
                | Purpose::Run
                | Purpose::Source(_)
                | Purpose::Main
                | Purpose::Entry
                | Purpose::Show(_)
                | Purpose::Breakpoint
                | Purpose::Breakpoints
                | Purpose::Modules
                | Purpose::Files
                | Purpose::Functions
                | Purpose::Report
                | Purpose::Assigned
                | Purpose::Console
                | Purpose::Completions
        );
        (!is_about_stop || pending.stop == self.stop_count).then_some(pending.purpose)
    }

    /// How many requests wait for their answers.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Asks for something outside.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// What was asked for since the last time.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Tells something for a while.
    pub(crate) fn tell(&mut self, text: impl Into<String>) {
        self.set_notice(NoticeKind::Info, text.into());
    }

    /// Tells that something did not work.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.set_notice(NoticeKind::Error, text.into());
    }

    fn set_notice(&mut self, kind: NoticeKind, text: String) {
        self.notice = Some(Notice {
            kind,
            text,
            until: self.now.saturating_add(NOTICE),
        });
    }

    /// Takes the notice away when its time is up.
    pub(crate) fn expire(&mut self) {
        self.notice_expired = self
            .notice
            .as_ref()
            .is_some_and(|notice| notice.until <= self.now);
        if self.notice_expired {
            self.notice = None;
        }
    }

    /// A line about the guest in the output and in the console.
    pub(crate) fn announce(&mut self, text: &str) {
        self.output.say(Writer::Own, text);
        self.console.say(Said::Event, text);
    }

    /// The selected frame, when it is known.
    pub(crate) fn frame_info(&self) -> Option<&FrameInfo> {
        let stop = self.guest.stop()?;
        let of_stop = stop.info.as_ref().filter(|_| stop.frame == self.frame);
        self.stack.frame(self.frame).or(of_stop)
    }

    /// Where the selected frame is.
    pub(crate) fn frame_place(&self) -> Option<&Place> {
        self.frame_info()?.place.as_ref()
    }

    /// Whether the guest is stopped at a failure.
    pub(crate) fn failed(&self) -> bool {
        match &self.guest {
            Guest::Stopped(stop) => {
                matches!(
                    stop.reason,
                    StopReason::Panic { .. } | StopReason::Trap { .. }
                )
            }
            Guest::Exited(Exit::Failure { .. }) | Guest::Failed(_) => true,
            _ => false,
        }
    }
}
