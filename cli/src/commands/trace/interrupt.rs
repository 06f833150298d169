//! Ctrl-C and requests to end: the trace is finished as after any run, then the process ends with
//! the code that a shell gives for the signal.

use super::desk::lock_until;
use super::sink::TraceSink;
use anyhow::Context as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmscope_tracer::trace::End;

/// A trace whose reader has stopped reading is given up after this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Finishes the trace when the user ends the process.
pub(super) fn finish_when_interrupted(sink: &Arc<Mutex<TraceSink>>) -> anyhow::Result<()> {
    let sink = Arc::clone(sink);
    on_signal(move |code| {
        finish(&sink);
        crate::exit::with(code)
    })
    .context("signals cannot be caught")
}

/// Has `end` called, on a thread of its own, with the exit code for the signal that came.
#[cfg(unix)]
fn on_signal(end: impl FnOnce(i32) + Send + 'static) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // A second one, while the trace is being finished, ends the process at once.
                let _ = signal_hook::flag::register_conditional_default(signal, armed());
                end(128 + signal);
            }
        })?;
    Ok(())
}

/// Yes, from the start.
#[cfg(unix)]
fn armed() -> Arc<std::sync::atomic::AtomicBool> {
    Arc::new(std::sync::atomic::AtomicBool::new(true))
}

/// Has `end` called, on a thread of its own, with the exit code for Ctrl-C.
#[cfg(windows)]
fn on_signal(end: impl Fn(i32) + Send + 'static) -> anyhow::Result<()> {
    ctrlc::set_handler(move || end(130))?;
    Ok(())
}

fn finish(sink: &Mutex<TraceSink>) {
    let given_up = Some(Instant::now() + PATIENCE);
    let Some(mut sink) = lock_until(sink, given_up) else {
        return;
    };
    if let Err(error) = sink.finish(&End::Interrupted, given_up) {
        crate::exit::complain(&error);
    }
}
