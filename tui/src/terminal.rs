//! The terminal: taken over while the UI runs, and given back as it was found, whatever ends us: the
//! normal way, an error, a panic.

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, QueueableCommand};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::ThreadId;

/// Whether the terminal is ours now: it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
/// The thread that draws.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);
/// What panics in other threads had to say while the screen was drawn.
static TOLD_LATER: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// As many as anybody reads.
const MAX_TOLD: usize = 10;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in there is whole whatever a thread that panicked was doing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal while it is ours; dropping it gives it back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard output is no terminal that does what is needed; it is as before then.
    pub fn take(mouse: bool) -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let taken_elsewhere = TAKEN.load(Ordering::SeqCst)
                    && *lock(&OWNER) != Some(std::thread::current().id());
                if taken_elsewhere {
                    // That thread ends, and the screen is still drawn: told when it is given back.
                    let mut told = lock(&TOLD_LATER);
                    if told.len() < MAX_TOLD {
                        told.push(info.to_string());
                    }
                    return;
                }
                give_back();
                before(info);
            }));
        });
        enable_raw_mode()?;
        *lock(&OWNER) = Some(std::thread::current().id());
        TAKEN.store(true, Ordering::SeqCst);
        let guard = Guard(());
        let mut out = io::stdout();
        out.queue(EnterAlternateScreen)?;
        out.queue(EnableBracketedPaste)?;
        if mouse {
            out.queue(EnableMouseCapture)?;
        }
        out.flush()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. Errors are of no use here: whoever reads may be gone.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = undo(&mut out, DisableMouseCapture);
    let _ = undo(&mut out, DisableBracketedPaste);
    let _ = undo(&mut out, LeaveAlternateScreen);
    let _ = undo(&mut out, Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
    for panic in lock(&TOLD_LATER).drain(..) {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}

fn undo(out: &mut impl Write, command: impl Command) -> io::Result<()> {
    out.queue(command).map(|_| ())
}
