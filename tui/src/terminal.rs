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
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is ours now: it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

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
                // Only where the screen is drawn: a panic in another thread ends that thread, and
                // the message would be lost on the alternate screen anyway.
                give_back();
                before(info);
            }));
        });
        enable_raw_mode()?;
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
}

fn undo(out: &mut impl Write, command: impl Command) -> io::Result<()> {
    out.queue(command).map(|_| ())
}
