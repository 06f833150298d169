//! The loop: a terminal, a session, and the pure functions between them.
//!
//! The terminal's input and the session's events come through two queues of their own. Input is
//! taken first and always; of the session's events as many as fit into a part of a frame's time,
//! while the thread that brings them waits when the queue is full. So a guest that prints or calls
//! without end never makes a key wait, and nothing grows without bound.

use crate::actions::Bindings;
use crate::command_line::{CommandLine, Commands, Told};
use crate::config::{Config, MouseUse};
use crate::highlight;
use crate::layout::Layout;
use crate::message::{Effect, Message};
use crate::saved::{Project, Saved};
use crate::state::{Guest, State};
use crate::terminal::Guard;
use crate::theme::{Theme, ThemeName};
use crate::{update, view};
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::Event as Input;
use crossterm::execute;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use std::collections::VecDeque;
use std::io;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wasmscope_debugger::protocol::{Event, Exit, Request};

/// The shortest time from one drawing to the next.
const FRAME: Duration = Duration::from_millis(16);
/// The part of it that events of the session may take.
const EVENTS: Duration = Duration::from_millis(8);
/// How often time is told, for what turns and expires.
const TICK: Duration = Duration::from_millis(200);
/// The signal of a terminal that goes away.
const HANGUP: i32 = 1;
/// Events that wait to be taken.
const MAX_EVENTS: usize = 4_096;
/// Keys that wait to be taken: more are typed by nobody.
const MAX_INPUT: usize = 10_000;

/// What the UI sends requests to.
pub trait Link {
    /// Sends a request; must not block. The answer comes as an event.
    fn send(&self, request: Request);
}

impl<L: Link> Link for Arc<L> {
    fn send(&self, request: Request) {
        L::send(self, request);
    }
}

impl Link for wasmscope_debugger::session::Session {
    fn send(&self, request: Request) {
        wasmscope_debugger::session::Session::send(self, request);
    }
}

/// How the UI is started.
#[derive(Clone, Debug, Default)]
pub struct TuiOptions {
    /// The program as the user named it.
    pub target: String,
    /// The user's configuration.
    pub config: Config,
    /// What the state is kept for; `None` keeps nothing.
    pub project: Option<Project>,
    /// Where it is kept; `None` chooses the platform's place.
    pub state_file: Option<PathBuf>,
    /// Whether there are to be no colours: `NO_COLOR`, `--color never`.
    pub no_color: bool,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitSummary {
    /// How the guest ended; `None` when it had not, and was ended by leaving.
    pub exit: Option<Exit>,
    /// Why the guest could not be started, when that is so.
    pub failed: Option<String>,
    /// The number of the signal that asked us to end; that of SIGHUP when the terminal went away.
    pub signal: Option<i32>,
    /// What went wrong with keeping the state.
    pub warning: Option<String>,
}

/// Why the UI cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuiError {
    /// The terminal does not do what is needed, or is gone.
    #[error("the terminal cannot be used: {0}; `--line` debugs without a screen")]
    Terminal(#[from] io::Error),
}

/// What waits to be taken.
#[derive(Default)]
struct Mailbox {
    queues: Mutex<Queues>,
    /// Something came.
    news: Condvar,
    /// There is room for events again.
    room: Condvar,
    /// The signal that asks us to end; 0 for none.
    signal: AtomicI32,
}

#[derive(Default)]
struct Queues {
    input: VecDeque<Message>,
    events: VecDeque<Message>,
    closed: bool,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        // What is in the queues is whole whatever a thread that panicked was doing.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts input there; never waits. Whether anybody will take it.
    fn input(&self, message: Message) -> bool {
        let mut queues = self.lock();
        if queues.input.len() < MAX_INPUT {
            queues.input.push_back(message);
        }
        self.news.notify_one();
        !queues.closed
    }

    /// Asks for the end, because of a signal; the first one is remembered. Whether anybody will see
    /// to it.
    fn terminate(&self, signal: i32) -> bool {
        let _ = self
            .signal
            .compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        self.input(Message::Terminate)
    }

    /// Puts an event there; waits while there are too many. Whether anybody will take it.
    fn event(&self, message: Message) -> bool {
        let mut queues = self.lock();
        while queues.events.len() >= MAX_EVENTS && !queues.closed {
            queues = self
                .room
                .wait(queues)
                .unwrap_or_else(PoisonError::into_inner);
        }
        queues.events.push_back(message);
        self.news.notify_one();
        !queues.closed
    }

    /// Waits until something is there, or the time is up.
    fn wait(&self, timeout: Duration) {
        let queues = self.lock();
        if queues.input.is_empty() && queues.events.is_empty() {
            let _ = self.news.wait_timeout(queues, timeout);
        }
    }

    fn take_input(&self) -> VecDeque<Message> {
        std::mem::take(&mut self.lock().input)
    }

    fn has_input(&self) -> bool {
        !self.lock().input.is_empty()
    }

    fn take_events(&self, count: usize) -> Vec<Message> {
        let mut queues = self.lock();
        let count = count.min(queues.events.len());
        let taken = queues.events.drain(..count).collect();
        self.room.notify_all();
        taken
    }

    fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
    }
}

/// Runs the UI on the process's terminal until the user leaves.
///
/// # Errors
/// When the terminal cannot be used. It is given back as it was found in any case.
pub fn run(
    session: impl Link,
    events: Receiver<Event>,
    options: TuiOptions,
    commands: Option<Commands>,
) -> Result<ExitSummary, TuiError> {
    let guard = Guard::take(options.config.mouse == MouseUse::On)?;
    // Never dropped: it would complain on standard error about a terminal that is gone, and panic
    // when that is gone too. The guard gives everything back.
    let mut terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
    let mailbox = Arc::new(Mailbox::default());
    watch_input(&mailbox);
    watch_signals(&mailbox);
    let line = commands.map(|commands| {
        watch_commands(&mailbox, commands.told);
        commands.line
    });
    watch_session(&mailbox, events, line.clone());
    let mut app = App::new(session, options, terminal.size()?, Arc::clone(&mailbox));
    app.state.has_line_mode = line.is_some();
    app.line = line;
    let summary = app.run(&mut terminal);
    mailbox.close();
    drop(guard);
    summary
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without the thread the UI is deaf on one ear: the others still let the user leave.
    let _ = thread::Builder::new().name(name.to_owned()).spawn(work);
}

fn watch_input(mailbox: &Arc<Mailbox>) {
    let mailbox = Arc::clone(mailbox);
    spawn("input", move || {
        loop {
            let message = match crossterm::event::read() {
                Ok(Input::Key(key)) => Message::Key(key),
                Ok(Input::Mouse(mouse)) => Message::Mouse(mouse),
                Ok(Input::Paste(text)) => Message::Paste(text),
                Ok(Input::Resize(width, height)) => Message::Resize(Size::new(width, height)),
                Ok(Input::FocusGained | Input::FocusLost) => continue,
                // The terminal is gone.
                Err(_) => {
                    mailbox.terminate(HANGUP);
                    return;
                }
            };
            if !mailbox.input(message) {
                return;
            }
        }
    });
}

#[cfg(unix)]
fn watch_signals(mailbox: &Arc<Mailbox>) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT]) else {
        return;
    };
    let mailbox = Arc::clone(mailbox);
    spawn("signals", move || {
        for signal in signals.forever() {
            if !mailbox.terminate(signal) {
                // The UI has ended already, and the signal still means what it means.
                std::process::exit(signal.saturating_add(128));
            }
        }
    });
}

#[cfg(not(unix))]
fn watch_signals(_: &Arc<Mailbox>) {}

fn watch_commands(mailbox: &Arc<Mailbox>, told: Receiver<Told>) {
    let mailbox = Arc::clone(mailbox);
    spawn("commands", move || {
        for told in told {
            if !mailbox.event(Message::Told(told)) {
                return;
            }
        }
    });
}

fn watch_session(
    mailbox: &Arc<Mailbox>,
    events: Receiver<Event>,
    line: Option<Arc<dyn CommandLine>>,
) {
    let mailbox = Arc::clone(mailbox);
    spawn("session-events", move || {
        for event in events {
            if line.as_ref().is_some_and(|line| line.event(&event)) {
                continue;
            }
            if !mailbox.event(Message::Session(Box::new(event))) {
                return;
            }
        }
        mailbox.event(Message::SessionClosed);
    });
}

/// What the loop works with.
struct App<L> {
    session: L,
    line: Option<Arc<dyn CommandLine>>,
    state: State,
    mailbox: Arc<Mailbox>,
    highlighter: std::sync::mpsc::Sender<highlight::Job>,
    options: TuiOptions,
    started: Instant,
    warning: Option<String>,
    quit: bool,
    redraw: bool,
    /// Whether the terminal did what is needed, once.
    has_drawn: bool,
}

impl<L: Link> App<L> {
    fn new(session: L, options: TuiOptions, size: Size, mailbox: Arc<Mailbox>) -> Self {
        let config = &options.config;
        let bindings = Bindings::new(config.keymap, &config.keys);
        let theme = Theme::new(theme_name(config.theme, options.no_color));
        let screen = Rect::new(0, 0, size.width, size.height);
        let mut state = State::new(screen, options.target.clone(), bindings, theme);
        state.layout = Layout::new(config.layout);
        let back = Arc::clone(&mailbox);
        let highlighter = highlight::start(move |part| back.event(Message::Highlighted(part)));
        App {
            session,
            line: None,
            state,
            mailbox,
            highlighter,
            options,
            started: Instant::now(),
            warning: None,
            quit: false,
            redraw: false,
            has_drawn: false,
        }
    }

    fn state_file(&self) -> Option<PathBuf> {
        let project = self.options.project.as_ref()?;
        self.options
            .state_file
            .clone()
            .or_else(|| project.default_path())
    }

    fn restore(&mut self) {
        if let (Some(project), Some(path)) = (&self.options.project, self.state_file()) {
            let breakpoints = Saved::load(&path, project).restore(&mut self.state);
            self.state.restored = breakpoints;
        }
    }

    fn save(&mut self) {
        if let (Some(project), Some(path)) = (&self.options.project, self.state_file())
            && let Err(error) = Saved::of(&self.state, project).store(&path)
        {
            self.warning = Some(format!(
                "breakpoints and layout were not kept: {}: {error}",
                path.display()
            ));
        }
    }

    /// Runs until the user leaves. What is to be kept is kept, however it ends.
    fn run<B>(mut self, terminal: &mut Terminal<B>) -> Result<ExitSummary, TuiError>
    where
        B: ratatui::backend::Backend<Error = io::Error>,
    {
        self.restore();
        let result = self.turn(terminal);
        self.save();
        match result {
            // A terminal that could be drawn on went away, with its user or without: no error of
            // ours, whether its signal has come or is on its way.
            Err(error) if self.has_drawn => {
                self.mailbox.terminate(HANGUP);
                self.warning
                    .get_or_insert_with(|| format!("the terminal failed: {error}"));
            }
            result => result?,
        }
        Ok(self.summary())
    }

    fn turn<B>(&mut self, terminal: &mut Terminal<B>) -> Result<(), TuiError>
    where
        B: ratatui::backend::Backend<Error = io::Error>,
    {
        self.take(Message::Start);
        let mut drawn = self.started;
        let mut told = self.started;
        let mut changed = true;
        while !self.quit {
            if told.elapsed() >= TICK {
                told = Instant::now();
                self.take(Message::Tick(self.started.elapsed()));
                changed = changed || self.turns();
            }
            changed |= self.take_news();
            if self.redraw {
                self.redraw = false;
                // Not `clear`: that asks the terminal where its cursor is, and waits for the answer.
                let size = terminal.size()?;
                terminal.resize(Rect::new(0, 0, size.width, size.height))?;
                changed = true;
            }
            if changed && drawn.elapsed() >= FRAME {
                drawn = Instant::now();
                changed = false;
                terminal.draw(|frame| view(&self.state, frame))?;
                self.has_drawn = true;
            }
            let next = match changed {
                true => FRAME.saturating_sub(drawn.elapsed()),
                false => TICK.saturating_sub(told.elapsed()),
            };
            if !next.is_zero() && !self.quit {
                self.mailbox.wait(next);
            }
        }
        Ok(())
    }

    /// Whether something on the screen turns or may expire.
    fn turns(&self) -> bool {
        !self.state.progress.is_empty()
            || self.state.notice.is_some()
            || self.state.pausing
            || self.state.notice_expired
    }

    /// Takes what came: all input, and events as long as a frame allows. Whether there was any.
    fn take_news(&mut self) -> bool {
        let since = Instant::now();
        let mut any = false;
        loop {
            for message in self.mailbox.take_input() {
                any = true;
                self.take(message);
            }
            let events = self.mailbox.take_events(64);
            if events.is_empty() {
                return any;
            }
            any = true;
            for event in events {
                self.take(event);
            }
            if since.elapsed() >= EVENTS && !self.mailbox.has_input() {
                return any;
            }
        }
    }

    fn take(&mut self, message: Message) {
        // A terminal that has had other sizes meanwhile has lost what was drawn, and may have the
        // old size again.
        self.redraw |= matches!(message, Message::Resize(_));
        for effect in update(&mut self.state, message) {
            match effect {
                Effect::Send(request) => self.session.send(request),
                Effect::Line(text, frame) => {
                    if let Some(line) = &self.line {
                        line.carry_out(&text, frame);
                    }
                }
                Effect::Complete(text, frame) => {
                    if let Some(line) = &self.line {
                        line.complete(&text, frame);
                    }
                }
                Effect::Highlight(job) => {
                    let _ = self.highlighter.send(job);
                }
                Effect::Copy(text) => {
                    // OSC 52: the terminal's clipboard, over ssh and in tmux too.
                    let _ = execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text));
                }
                Effect::Redraw => self.redraw = true,
                Effect::Quit => self.quit = true,
            }
        }
    }

    fn signal(&self) -> Option<i32> {
        let signal = self.mailbox.signal.load(Ordering::SeqCst);
        (signal != 0).then_some(signal)
    }

    fn summary(&self) -> ExitSummary {
        ExitSummary {
            exit: match &self.state.guest {
                Guest::Exited(exit) => Some(exit.clone()),
                _ => None,
            },
            failed: match &self.state.guest {
                Guest::Failed(message) => Some(message.clone()),
                _ => None,
            },
            signal: self.signal(),
            warning: self.warning.clone(),
        }
    }
}

/// The theme that was asked for, or what the terminal can show.
fn theme_name(wanted: Option<ThemeName>, no_color: bool) -> ThemeName {
    let environment = |name: &str| std::env::var(name).unwrap_or_default();
    let has_true_colour = || {
        let colour = environment("COLORTERM");
        colour.contains("truecolor") || colour.contains("24bit")
    };
    match wanted {
        _ if no_color => ThemeName::Mono,
        Some(theme) => theme,
        None if environment("TERM") == "dumb" => ThemeName::Mono,
        None if has_true_colour() => ThemeName::Dark,
        None => ThemeName::Ansi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn input_never_waits_for_events() {
        let mailbox = Arc::new(Mailbox::default());
        let sender = Arc::clone(&mailbox);
        let flood = thread::spawn(move || {
            let mut sent = 0u32;
            while sender.event(Message::Tick(Duration::ZERO)) {
                sent += 1;
            }
            sent
        });
        while mailbox.lock().events.len() < MAX_EVENTS {
            thread::yield_now();
        }
        let key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::empty());
        assert!(mailbox.input(Message::Key(key)));
        assert_eq!(mailbox.take_input().len(), 1);
        assert_eq!(mailbox.lock().events.len(), MAX_EVENTS);
        assert_eq!(mailbox.take_events(64).len(), 64);
        mailbox.close();
        assert!(flood.join().unwrap() >= u32::try_from(MAX_EVENTS).unwrap());
    }
}
