//! Standing at the gate: whoever supervises a guest may look at it before a call is carried out,
//! while the call waits, and after it has returned.
//!
//! Only [`super::add_to_gated_linker`] leads through a gate; without one nothing of this is there.

use crate::call::HostCall;
use crate::copies;
use crate::table::Function;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use wasmtime::{Caller, Result};
use wiggle::GuestMemory;

/// Who stands between a guest and its host. Everything is called on the guest's thread, with the
/// guest's stack as it was when the guest called.
pub trait CallGate<T: 'static>: Clone + Send + Sync + 'static {
    /// A call begins; whether [`CallGate::begins`] shall hear of it.
    fn enters(&self, function: &'static Function) -> bool;

    /// The host has not done anything yet. `call` is the call with its arguments, as far as calls
    /// are recorded.
    ///
    /// # Errors
    /// When the call shall not be carried out: the guest ends with this error.
    fn begins(
        &self,
        caller: &mut Caller<'_, T>,
        function: &'static Function,
        call: Option<HostCall>,
    ) -> Result<()>;

    /// Whether the guest has been asked to stop. Asked whenever a call that waits is looked after;
    /// whoever asks the guest to stop wakes its task. Answering `true` leads to
    /// [`CallGate::waits`].
    fn is_wanted(&self) -> bool;

    /// The call has waited in vain so far, and nothing of it has happened. It is carried out anew
    /// when this returns.
    ///
    /// # Errors
    /// As [`CallGate::begins`].
    fn waits(&self, caller: &mut Caller<'_, T>, function: &'static Function) -> Result<()>;

    /// The call has returned, or ends the guest; whether [`CallGate::returned`] shall hear of it.
    fn leaves(&self, function: &'static Function) -> bool;

    /// The call as it was, with its result.
    fn returned(&self, caller: &mut Caller<'_, T>, call: HostCall);
}

/// What came out of a call that was looked after.
pub(super) enum Waited<R> {
    /// It has returned.
    Done(R),
    /// The guest is wanted.
    Wanted,
}

/// Carries a call out until it returns or the guest is wanted.
pub(super) async fn look_after<R>(
    may_stop: bool,
    is_wanted: impl Fn() -> bool,
    call: impl Future<Output = R>,
) -> Waited<R> {
    let mut call = pin!(call);
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Waited::Done(result)),
        Poll::Pending if may_stop && is_wanted() => Poll::Ready(Waited::Wanted),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Whether a call that waits may be given up and carried out anew. What is read from a file or
/// written must not be read or written twice; waiting for events and for standard input has no
/// effect before it is over.
pub(super) fn may_wait_anew(function: &Function, args: &[u64]) -> bool {
    match function.name {
        "poll_oneoff" => true,
        "fd_read" => args.first() == Some(&0),
        _ => false,
    }
}

/// The timers of a `poll_oneoff` that was given up: when it is carried out anew, what has passed is
/// taken off, for as long as the call lasts. The guest gets its subscriptions back as they were.
#[derive(Default)]
pub(super) struct Timers {
    timers: Vec<Timer>,
}

/// A relative timer among the subscriptions.
struct Timer {
    /// Where its time-out stands in guest memory.
    address: u32,
    /// Nanoseconds, as the guest wrote it.
    timeout: u64,
    /// As it stands there now.
    written: u64,
}

/// Subscriptions looked at; Wasmtime's fuel allows no more than a few thousand.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// Size of a subscription and the places in it, in bytes; see `subscription` in the specification.
const SUBSCRIPTION: u32 = 48;
const TAG: u32 = 8;
const TIMEOUT: u32 = 24;
const FLAGS: u32 = 40;

impl Timers {
    /// The relative timers of a call.
    pub(super) fn of(function: &Function, args: &[u64], memory: &GuestMemory<'_>) -> Self {
        let mut timers = Vec::new();
        if !matches!(function.name, "poll_oneoff" | "epoll_oneoff") {
            return Self { timers };
        }
        let word = |index: usize| args.get(index).map(|word| *word as u32);
        let (Some(start), Some(count)) = (word(0), word(2)) else {
            return Self { timers };
        };
        for index in 0..count.min(MAX_SUBSCRIPTIONS) {
            let at = |offset: u32| start.checked_add(index * SUBSCRIPTION + offset);
            let number = |offset: u32| {
                let low = copies::read_u32(memory, at(offset)?)?;
                let high = copies::read_u32(memory, at(offset)?.checked_add(4)?)?;
                Some(u64::from(high) << 32 | u64::from(low))
            };
            let (Some(tag), Some(flags), Some(timeout)) =
                (number(TAG), number(FLAGS), number(TIMEOUT))
            else {
                break;
            };
            let is_timer = tag & 0xff == 0;
            let is_relative = flags & 1 == 0;
            if let Some(address) = at(TIMEOUT).filter(|_| is_timer && is_relative) {
                timers.push(Timer {
                    address,
                    timeout,
                    written: timeout,
                });
            }
        }
        Self { timers }
    }

    /// Takes the time since the call began off.
    pub(super) fn pass(&mut self, began: Instant, memory: &mut GuestMemory<'_>) {
        let passed = nanoseconds(began.elapsed());
        for timer in &mut self.timers {
            let left = timer.timeout.saturating_sub(passed);
            if copies::write(memory, timer.address, &left.to_le_bytes()) {
                timer.written = left;
            }
        }
    }

    /// Gives the guest its own back, where the host has not written over it.
    pub(super) fn restore(&self, memory: &mut GuestMemory<'_>) {
        for timer in &self.timers {
            if timer.written != timer.timeout
                && copies::read(memory, timer.address, 8).as_deref()
                    == Some(&timer.written.to_le_bytes()[..])
            {
                copies::write(memory, timer.address, &timer.timeout.to_le_bytes());
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
