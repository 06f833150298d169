//! What the user types at the terminal while the guest waits for input, which is the guest's. At all
//! other times nobody but the prompt reads the terminal, so that commands can be typed ahead: that is
//! why the guest does not read it by itself.

use super::link::Happening;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Switches the reading on and off.
#[derive(Clone, Debug, Default)]
pub(super) struct Typing(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// Whether the guest runs, and the terminal is not needed for a question.
    on: bool,
    /// Whether the guest waits for input.
    wanted: bool,
    /// Whether the guest was told of the end.
    ended: bool,
}

impl Typing {
    /// Says whether what is typed is the guest's from now on, if it waits for it.
    pub(super) fn switch(&self, on: bool) {
        let (state, changed) = &*self.0;
        state.lock().unwrap_or_else(PoisonError::into_inner).on = on;
        changed.notify_all();
    }

    /// The guest waits for a line.
    pub(super) fn wanted(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap_or_else(PoisonError::into_inner).wanted = true;
        changed.notify_all();
    }

    /// A new guest: its input has not ended.
    pub(super) fn begin(&self) {
        let (state, _) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended = false;
        state.wanted = false;
    }
}

/// Reads the terminal when that is switched on.
#[cfg(unix)]
pub(super) fn read(typing: Typing, to: Sender<Happening>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("typed".into())
        .spawn(move || while pass_on(&typing, &to) {})?;
    Ok(())
}

/// Passes on what is typed next; no when nobody wants more.
#[cfg(unix)]
fn pass_on(typing: &Typing, to: &Sender<Happening>) -> bool {
    use rustix::event::{PollFd, PollFlags};
    use std::io::BufRead as _;
    let (state, changed) = &*typing.0;
    let waits = |state: &mut State| !state.on || !state.wanted || state.ended;
    let held = state.lock().unwrap_or_else(PoisonError::into_inner);
    drop(
        changed
            .wait_while(held, waits)
            .unwrap_or_else(PoisonError::into_inner),
    );
    // Without the lock: who switches it off must not wait for somebody to type.
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match rustix::event::poll(&mut fds, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(_) => return false,
    }
    let mut held = state.lock().unwrap_or_else(PoisonError::into_inner);
    let readable = fds
        .iter()
        .any(|fd| fd.revents().intersects(PollFlags::IN | PollFlags::HUP));
    if !held.on || !held.wanted || !readable {
        return true;
    }
    // A terminal gives a line at a time, and there is one.
    let mut stdin = stdin.lock();
    let bytes = match stdin.fill_buf() {
        Ok(bytes) => bytes.to_vec(),
        Err(_) => return false,
    };
    stdin.consume(bytes.len());
    held.wanted = false;
    held.ended = bytes.is_empty();
    to.send(Happening::Typed(bytes)).is_ok()
}
