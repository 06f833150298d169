//! The source lines that host calls were made from: a guest's stack, looked up frame by frame, each
//! frame once for as long as the program runs.
//!
//! Whose code a frame is, is decided as in reports. The variables at such a place are [`locals`]' business.

mod locals;

pub use locals::CallingGuest;

use crate::explain::{FrameKind, kind_of_code};
use crate::sources::{PathMap, Sources};
use std::collections::HashMap;
use std::sync::Arc;
use wasmscope_runner::CodePlace;
use wasmscope_symbols::{ModulePc, SourceFrame, Symbols, names};
use wasmscope_tracer::trace::Site;

/// More places than this are not kept: no program calls its host from so many.
const MAX_KEPT: usize = 1 << 16;

/// Frames beyond these are not looked up.
const MAX_FRAMES: usize = 1024;

/// Finds source lines, and keeps what it found.
pub struct CallSites {
    symbols: Vec<Symbols>,
    /// Which modules are nobody's source: the component tools put them around the program's.
    shims: Vec<bool>,
    sources: Sources,
    known: HashMap<(usize, u64), Arc<[Frame]>>,
}

/// A source frame and whose it is.
struct Frame {
    site: Site,
    kind: FrameKind,
}

impl CallSites {
    /// For a program with these core modules' symbols.
    pub fn new(symbols: Vec<Symbols>, maps: Vec<PathMap>) -> Self {
        CallSites {
            shims: symbols.iter().map(is_shim).collect(),
            symbols,
            sources: Sources::new(maps),
            known: HashMap::new(),
        }
    }

    /// The innermost place in the program's own code on a stack (innermost frame first); in a
    /// library's where it has none there, or in code that nothing is known of. `None` when all of the
    /// stack is the runtime's.
    pub fn site(&mut self, stack: &[CodePlace]) -> Option<Site> {
        let (wasm, source) = self.calling_frame(stack.iter().copied())?;
        let frames = self.frames(*stack.get(wasm)?);
        frames.get(source).map(|frame| frame.site.clone())
    }

    /// The frame that [`Self::site`] tells of: its place on the Wasm stack, and among the source
    /// frames there.
    fn calling_frame(&mut self, stack: impl Iterator<Item = CodePlace>) -> Option<(usize, usize)> {
        let mut second: Option<(FrameKind, (usize, usize))> = None;
        for (at, wasm) in stack.take(MAX_FRAMES).enumerate() {
            for (source, frame) in self.frames(wasm).iter().enumerate() {
                let found = second.map(|(kind, _)| kind);
                match (frame.kind, found) {
                    (FrameKind::User, _) => return Some((at, source)),
                    (kind @ FrameKind::Unknown, None)
                    | (kind @ FrameKind::Dependency, None | Some(FrameKind::Unknown)) => {
                        second = Some((kind, (at, source)));
                    }
                    _ => {}
                }
            }
        }
        second.map(|(_, place)| place)
    }

    /// All source frames of a stack, inlined ones too, innermost first; without the runtime's unless
    /// `all` are wanted.
    pub fn stack(&mut self, stack: &[CodePlace], all: bool) -> Vec<Site> {
        let mut sites = Vec::new();
        for wasm in stack.iter().copied().take(MAX_FRAMES) {
            let frames = self.frames(wasm);
            let shown = frames.iter().filter(|frame| {
                all || matches!(
                    frame.kind,
                    FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
                )
            });
            sites.extend(shown.map(|frame| frame.site.clone()));
        }
        sites
    }

    fn frames(&mut self, wasm: CodePlace) -> Arc<[Frame]> {
        let key = (wasm.module, wasm.pc);
        if let Some(known) = self.known.get(&key) {
            return Arc::clone(known);
        }
        let frames = self.look_up(wasm);
        if self.known.len() < MAX_KEPT {
            self.known.insert(key, Arc::clone(&frames));
        }
        frames
    }

    fn look_up(&self, wasm: CodePlace) -> Arc<[Frame]> {
        let symbols = self.symbols.get(wasm.module);
        let is_shim = self.shims.get(wasm.module) == Some(&true);
        let module = symbols.and_then(|symbols| symbols.module().name.as_deref());
        let found = symbols.and_then(|symbols| {
            let offset = symbols.module().code.to_code(ModulePc(wasm.pc))?;
            Some(symbols.frames(offset))
        });
        match found {
            Some(found) if !found.is_empty() && !is_shim => found
                .iter()
                .map(|source| self.frame(source, module))
                .collect(),
            _ => {
                let name =
                    symbols.and_then(|symbols| symbols.module().function_name(wasm.func_index));
                let function = name.map(names::prettify);
                let kind = match is_shim {
                    true => FrameKind::Runtime,
                    false => kind_of_code(None, function.as_deref(), module),
                };
                Arc::new([Frame {
                    kind,
                    site: Site {
                        function,
                        ..Site::default()
                    },
                }])
            }
        }
    }

    fn frame(&self, source: &SourceFrame, module: Option<&str>) -> Frame {
        let function = source
            .function
            .as_ref()
            .map(|name| name.pretty().to_owned());
        let place = source.location.as_ref();
        let file = place.map(|place| &*place.file);
        Frame {
            kind: kind_of_code(file, function.as_deref(), module),
            site: Site {
                file: file.map(|file| self.sources.resolve(file).display),
                line: place.and_then(|place| place.line),
                column: place.and_then(|place| place.column),
                function,
            },
        }
    }
}

/// Whether the component tools made a module: nothing was compiled into it, and it names no one else.
fn is_shim(symbols: &Symbols) -> bool {
    let producers = symbols.module().producers();
    !producers.is_empty()
        && producers
            .iter()
            .all(|producer| producer.field == "processed-by" && producer.name == "wit-component")
}
