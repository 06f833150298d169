//! Ctrl-C and requests to end, as happenings on the line to the session. The third Ctrl-C that
//! nobody has taken notice of ends the process: the user is never locked in.

use super::link::Happening;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;

/// Exit code for Ctrl-C, as shells have it.
pub(super) const INTERRUPTED: i32 = 130;
/// So many unnoticed ones end the process.
const UNNOTICED: u32 = 3;

/// A request to end that nobody takes notice of is carried out after this.
#[cfg(unix)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// How many times the user pressed Ctrl-C since that was last noticed.
#[derive(Clone, Debug, Default)]
pub(super) struct Presses(Arc<AtomicU32>);

impl Presses {
    /// Says that they have been noticed.
    pub(super) fn notice(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn press(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) + 1 >= UNNOTICED
    }
}

/// Puts signals on the line; `give_up_prompt` is set when the process is to end.
#[cfg(unix)]
pub(super) fn listen(
    to: Sender<Happening>,
    presses: Presses,
    give_up_prompt: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    use anyhow::Context as _;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .context("signals cannot be caught")?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let mut ending = false;
            for signal in signals.forever() {
                let happening = match signal {
                    SIGINT if presses.press() => give_up(INTERRUPTED),
                    SIGINT => Happening::Interrupt,
                    // The second request finds somebody who does not listen.
                    _ if ending => give_up(128 + signal),
                    _ => {
                        ending = true;
                        end_soon(128 + signal);
                        give_up_prompt.store(true, Ordering::Relaxed);
                        Happening::Terminate(128 + signal)
                    }
                };
                if to.send(happening).is_err() {
                    give_up(128 + signal);
                }
            }
        })
        .context("signals cannot be listened to")?;
    Ok(())
}

/// Puts Ctrl-C on the line.
#[cfg(windows)]
pub(super) fn listen(
    to: Sender<Happening>,
    presses: Presses,
    _give_up_prompt: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        if presses.press() || to.send(Happening::Interrupt).is_err() {
            give_up(INTERRUPTED);
        }
    })?;
    Ok(())
}

/// Ends the process after a while, whether somebody listens or not.
#[cfg(unix)]
fn end_soon(code: i32) {
    let end = move || {
        std::thread::sleep(PATIENCE);
        give_up(code)
    };
    if std::thread::Builder::new().spawn(end).is_err() {
        give_up(code);
    }
}

fn give_up(code: i32) -> ! {
    super::prompt::restore_terminal();
    crate::exit::with(code)
}
