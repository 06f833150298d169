//! A whole Wasm binary, taken apart into the core modules in it.
//!
//! One pass over the container finds the sections, the function bodies and the nested modules;
//! what is inside custom sections is read elsewhere, when somebody asks. Opcodes are not decoded
//! and nothing is validated: that is the engine's work.

use super::CoreModule;
use super::module::ModuleBuilder;
use std::sync::Arc;
use wasmparser::{Encoding, Parser, Payload};

/// How deep components may nest: far beyond what any tool makes, and a bound for a file that
/// nests for the sake of nesting.
const MAX_NESTING: usize = 100;

/// How many core modules of one component are read.
const MAX_MODULES: usize = 10_000;

/// What kind of binary it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryKind {
    /// A core module.
    Module,
    /// A component: core modules and the wiring between them.
    Component,
}

/// Why a binary could not be taken apart.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BinaryError {
    /// The bytes do not start as a Wasm binary does.
    #[error("not a Wasm binary: {message}")]
    NotWasm {
        /// What it starts with instead.
        message: String,
    },
    /// The bytes are not well-formed Wasm from this offset on.
    #[error("malformed Wasm at offset {offset:#x}: {message}")]
    Malformed {
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the parser says.
        message: String,
    },
    /// Nesting or a count goes beyond what is read.
    #[error("{what} beyond the limit of {limit} at offset {offset:#x}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much would be read.
        limit: usize,
        /// Offset in the whole binary, in bytes.
        offset: u64,
    },
}

/// A Wasm binary and the core modules in it.
#[derive(Clone, Debug)]
pub struct Binary {
    /// What it is.
    pub kind: BinaryKind,
    /// The core modules: the module itself, or those nested in the component at any depth, in
    /// the order in which they stand in the binary.
    pub modules: Vec<Arc<CoreModule>>,
}

impl Binary {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// When the container itself is malformed. Custom sections (names, debug info) that are
    /// malformed are not an error here.
    pub fn parse(bytes: Arc<[u8]>) -> Result<Self, BinaryError> {
        match Self::parse_damaged(bytes)? {
            (binary, None) => Ok(binary),
            (_, Some(damage)) => Err(damage),
        }
    }

    /// Takes apart as much of `bytes` as can be read, up to the first damage (a truncated file,
    /// say), which comes with it.
    ///
    /// # Errors
    /// When it does not even start as Wasm.
    pub fn parse_damaged(bytes: Arc<[u8]>) -> Result<(Self, Option<BinaryError>), BinaryError> {
        let kind = kind_of(&bytes)?;
        let mut reading = Reading::default();
        let mut damage = None;
        for payload in Parser::new(0).parse_all(&bytes) {
            let step = match payload {
                Ok(payload) => reading.take(&bytes, payload),
                Err(error) => Err(malformed(&error)),
            };
            if let Err(error) = step {
                damage = Some(error);
                break;
            }
        }
        let modules = reading.finish(bytes.len());
        Ok((Binary { kind, modules }, damage))
    }
}

/// Tells from the first eight bytes whether it is Wasm, and which kind.
fn kind_of(bytes: &[u8]) -> Result<BinaryKind, BinaryError> {
    let not_wasm = |message: String| Err(BinaryError::NotWasm { message });
    match bytes {
        [] => not_wasm("the file is empty".into()),
        [b'\0', b'a', b's', b'm', rest @ ..] => match rest {
            [1, 0, 0, 0, ..] => Ok(BinaryKind::Module),
            [_, _, 1, 0, ..] => Ok(BinaryKind::Component),
            [a, b, c, d, ..] => not_wasm(format!(
                "its version field is {a:02x} {b:02x} {c:02x} {d:02x}, neither a core module's \
                 nor a component's"
            )),
            _ => not_wasm("it ends within the first eight bytes".into()),
        },
        [first, ..] => not_wasm(format!(
            "it starts with the byte {first:#04x}, where Wasm starts with \"\\0asm\""
        )),
    }
}

pub(super) fn malformed(error: &wasmparser::BinaryReaderError) -> BinaryError {
    BinaryError::Malformed {
        offset: error.offset() as u64,
        message: error.message().to_owned(),
    }
}

/// The state of the pass: the modules that are done, and the ones still open around the place
/// being read (components have no builder).
#[derive(Default)]
struct Reading {
    done: Vec<ModuleBuilder>,
    open: Vec<Option<ModuleBuilder>>,
}

impl Reading {
    fn take(&mut self, bytes: &Arc<[u8]>, payload: Payload<'_>) -> Result<(), BinaryError> {
        match payload {
            Payload::Version {
                encoding, range, ..
            } => self.enter(bytes, encoding, range.start),
            Payload::End(offset) => {
                if let Some(Some(mut builder)) = self.open.pop() {
                    builder.end(offset);
                    self.done.push(builder);
                }
                Ok(())
            }
            payload => match self.open.last_mut() {
                Some(Some(builder)) => builder.take(payload).map_err(|error| malformed(&error)),
                _ => Ok(()),
            },
        }
    }

    fn enter(
        &mut self,
        bytes: &Arc<[u8]>,
        encoding: Encoding,
        start: usize,
    ) -> Result<(), BinaryError> {
        let too_many = |what, limit| {
            Err(BinaryError::TooMany {
                what,
                limit,
                offset: start as u64,
            })
        };
        if self.open.len() >= MAX_NESTING {
            return too_many("nesting of components", MAX_NESTING);
        }
        if self.done.len() >= MAX_MODULES {
            return too_many("number of core modules", MAX_MODULES);
        }
        self.open.push(match encoding {
            Encoding::Module => Some(ModuleBuilder::new(Arc::clone(bytes), start)),
            Encoding::Component => None,
        });
        Ok(())
    }

    /// Closes what damage left open, and puts the modules in the order of their start.
    fn finish(mut self, end: usize) -> Vec<Arc<CoreModule>> {
        for mut builder in self.open.into_iter().flatten() {
            builder.end(end);
            self.done.push(builder);
        }
        let mut modules: Vec<_> = self.done.into_iter().map(ModuleBuilder::build).collect();
        modules.sort_by_key(|module| module.range.start);
        modules.into_iter().map(Arc::new).collect()
    }
}
