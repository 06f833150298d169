//! Debuggable code: every Wasm local and operand of every frame, taken at the moment of failure,
//! while the guest is still on the stack. In plain code nothing of this is installed.

use crate::engine::MAX_FRAMES;
use crate::failure::{FrameValues, WasmFrame};
use crate::program::Program;
use crate::stopped::{self, WasmValue};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use wasmtime::{DebugEvent, DebugHandler, FrameHandle, Store, StoreContextMut, Trap};
use wasmtime_wasi::I32Exit;

/// Most values kept of one failure.
const MAX_VALUES: usize = 1 << 20;

/// A frame as it was when the guest failed.
#[derive(Clone, Debug)]
pub(crate) struct CapturedFrame {
    owner: Owner,
    values: Option<FrameValues>,
}

/// Whose frame it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    /// A core module's, by its place in the program.
    Module(usize),
    /// An adapter's between components.
    Adapter,
    /// Wasmtime cannot be asked.
    Unknown,
}

/// The frames of a guest that failed, once it has.
#[derive(Clone)]
pub(crate) struct Captured {
    program: Program,
    frames: Arc<Mutex<Vec<CapturedFrame>>>,
}

impl Captured {
    /// Nothing is captured yet.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            program: program.clone(),
            frames: Arc::default(),
        }
    }

    /// The frames of the last failure, innermost first.
    pub(crate) fn take(&self) -> Vec<CapturedFrame> {
        std::mem::take(&mut *self.lock())
    }

    /// Takes the frames if the event is a failure.
    pub(crate) fn hear<T: 'static>(&self, store: StoreContextMut<'_, T>, event: &DebugEvent<'_>) {
        // After a native stack overflow the innermost frame has not set up what Wasmtime would
        // read its values from; asking for them ends the process.
        let innermost_is_broken = match event {
            DebugEvent::Trap(trap) => *trap == Trap::StackOverflow,
            DebugEvent::HostcallError(error) if !error.is::<I32Exit>() => false,
            _ => return,
        };
        let captured = capture(&self.program, store, innermost_is_broken);
        *self.lock() = captured;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CapturedFrame>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Captures and does nothing else.
pub(crate) struct CaptureHandler<T> {
    captured: Captured,
    state: PhantomData<fn(T)>,
}

impl<T> Clone for CaptureHandler<T> {
    fn clone(&self) -> Self {
        Self {
            captured: self.captured.clone(),
            state: PhantomData,
        }
    }
}

impl<T: Send + 'static> CaptureHandler<T> {
    /// Has the failures of a store of debuggable code captured.
    pub(crate) fn install(captured: &Captured, store: &mut Store<T>) {
        store.set_debug_handler(Self {
            captured: captured.clone(),
            state: PhantomData,
        });
    }
}

impl<T: Send + 'static> DebugHandler for CaptureHandler<T> {
    type Data = T;

    async fn handle(&self, store: StoreContextMut<'_, T>, event: DebugEvent<'_>) {
        self.captured.hear(store, &event);
    }
}

/// Walks the stack.
fn capture<T: 'static>(
    program: &Program,
    mut store: StoreContextMut<'_, T>,
    mut broken: bool,
) -> Vec<CapturedFrame> {
    let mut frames = Vec::new();
    let mut budget = MAX_VALUES;
    let activations: Vec<FrameHandle> = store.debug_exit_frames().collect();
    for exit in activations {
        let mut next = Some(exit);
        while let Some(frame) = next {
            if frames.len() >= MAX_FRAMES {
                return frames;
            }
            frames.push(if std::mem::take(&mut broken) {
                CapturedFrame {
                    owner: Owner::Unknown,
                    values: None,
                }
            } else {
                captured(program, &mut store, &frame, &mut budget)
            });
            next = frame.parent(&mut store).unwrap_or(None);
        }
    }
    frames
}

fn captured<T: 'static>(
    program: &Program,
    store: &mut StoreContextMut<'_, T>,
    frame: &FrameHandle,
    budget: &mut usize,
) -> CapturedFrame {
    let owner = match frame.module(&mut *store) {
        Ok(Some(module)) => {
            stopped::module_index(program, module).map_or(Owner::Adapter, Owner::Module)
        }
        Ok(None) => Owner::Adapter,
        Err(_) => Owner::Unknown,
    };
    let values = values(store, frame, budget).ok().flatten();
    CapturedFrame { owner, values }
}

/// The locals and operands of a frame; `None` when there are too many to keep.
fn values<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    frame: &FrameHandle,
    budget: &mut usize,
) -> wasmtime::Result<Option<FrameValues>> {
    let locals = frame.num_locals(&mut *store)?;
    let operands = frame.num_stacks(&mut *store)?;
    let wanted = u64::from(locals) + u64::from(operands);
    let Some(left) = usize::try_from(wanted)
        .ok()
        .and_then(|wanted| budget.checked_sub(wanted))
    else {
        return Ok(None);
    };
    *budget = left;
    let mut values = FrameValues::default();
    for index in 0..locals {
        values
            .locals
            .push(WasmValue::of(&frame.local(&mut *store, index)?));
    }
    for index in 0..operands {
        values
            .operands
            .push(WasmValue::of(&frame.stack(&mut *store, index)?));
    }
    Ok(Some(values))
}

/// Puts captured frames beside those of the backtrace, which is the same stack walked twice: once
/// with adapters, once without. Empty when they do not match, which is better than wrong values.
pub(crate) fn values_of(
    frames: &[WasmFrame],
    captured: Vec<CapturedFrame>,
) -> Vec<Option<FrameValues>> {
    let own: Vec<_> = captured
        .into_iter()
        .filter(|captured| captured.owner != Owner::Adapter)
        .collect();
    let matches = own.len() == frames.len()
        && own
            .iter()
            .zip(frames)
            .all(|(captured, frame)| match captured.owner {
                Owner::Module(module) => module == frame.module,
                Owner::Unknown => true,
                Owner::Adapter => false,
            });
    if !matches {
        return Vec::new();
    }
    own.into_iter().map(|captured| captured.values).collect()
}

/// Runs a future to its end on this thread. Host functions block by themselves where they must
/// and have a runtime of their own for that, so there must not be one around them.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
