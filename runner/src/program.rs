//! A program on disk: found by content, checked for being whole, taken apart no further than the
//! list of its core modules. What is inside it is the symbols' business, running it is
//! [`crate::run`]'s.

use crate::sniff::LooksLike;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmparser::{BinaryReaderError, Chunk, Encoding, Parser, Payload};

/// Files above this are refused: no Wasm tool makes them, and a device file must not be read for
/// ever.
const MAX_FILE: u64 = 2 << 30;

/// The first bytes of every Wasm binary.
const WASM_MAGIC: &[u8] = b"\0asm";

/// What kind of program it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgramKind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// A core module inside a program.
#[derive(Clone, Debug)]
pub(crate) struct CoreModuleRange {
    /// Where its binary lies in the program's bytes.
    pub range: Range<usize>,
    /// How many functions it defines (imports not counted).
    pub defined_functions: u32,
    /// Whether it has a start function, which runs when the module is instantiated.
    pub has_start: bool,
}

impl CoreModuleRange {
    fn new(range: Range<usize>) -> Self {
        Self {
            range,
            defined_functions: 0,
            has_start: false,
        }
    }
}

/// A program: bytes that are known to be a well-formed container of Wasm.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    /// Where its file is, when that is not `path`, and the root that files beside it are below.
    unpacked: Option<(PathBuf, PathBuf)>,
    name: String,
    kind: ProgramKind,
    bytes: Arc<[u8]>,
    from_text: bool,
    modules: Vec<CoreModuleRange>,
}

/// Why a file is no program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is nothing at that path.
    #[error("{}: no such file", .path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error(
        "{}: is a folder, not a Wasm program: give the `.wasm` file itself",
        .path.display()
    )]
    IsFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("{}: cannot be read: {source}", .path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than any Wasm program.
    #[error(
        "{}: is larger than {} MiB, which no Wasm program is: is it the right file?",
        .path.display(), MAX_FILE >> 20
    )]
    TooLarge {
        /// The path as given.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("{}: is empty: did the build that was to write it succeed?", .path.display())]
    Empty {
        /// The path as given.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{}: is not Wasm: it looks like {looks_like}; {}", .path.display(), .looks_like.advice())]
    NotWasm {
        /// The path as given.
        path: PathBuf,
        /// What its content looks like.
        looks_like: LooksLike,
    },
    /// The file ends in the middle of the module or component.
    #[error(
        "{}: is cut off: it ends after {size} bytes, in the middle of {within}; copy or build it \
         again",
        .path.display()
    )]
    Truncated {
        /// The path as given.
        path: PathBuf,
        /// Size of the file, in bytes.
        size: u64,
        /// What the file ends in, such as "the code section".
        within: String,
    },
    /// The file starts as Wasm does but is not well-formed.
    #[error(
        "{}: is malformed Wasm: {message} (at offset {offset:#x}); build it again, or check it \
         with `wasm-tools validate`",
        .path.display()
    )]
    Malformed {
        /// The path as given.
        path: PathBuf,
        /// Offset in the file, in bytes.
        offset: u64,
        /// What is wrong there.
        message: String,
    },
    /// The file is Wasm text with a mistake in it.
    #[error("{}: is not valid Wasm text: {message}", .path.display())]
    Text {
        /// The path as given.
        path: PathBuf,
        /// What is wrong, with line, column and the line's text.
        message: String,
    },
}

impl LoadError {
    /// Whether the target does not exist at all, as opposed to being unusable.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

impl Program {
    /// Reads the program at `path`. What it is, is found by content: the file's name plays no
    /// part, except that text is only taken for Wasm text when it begins as such or the name
    /// ends in `.wat`.
    ///
    /// # Errors
    /// When there is no such file, or it is not a whole Wasm module, component or text. The
    /// module is not validated here: that is done when it is compiled.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let bytes = read(path, path)?;
        Self::from_bytes(path, bytes)
    }

    /// As [`Program::load`], for a program that was unpacked: it is read from `file`, what belongs
    /// to it lies below `root`, and `path` is what the user calls it.
    ///
    /// # Errors
    /// As [`Program::load`].
    pub fn load_unpacked(
        path: impl AsRef<Path>,
        file: &Path,
        root: &Path,
    ) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let bytes = read(file, path)?;
        let program = Self::from_bytes(path, bytes)?;
        Ok(program.unpacked_at(file.to_owned(), root.to_owned()))
    }

    /// As [`Program::load`], for bytes already at hand; `path` is what errors and the guest's
    /// `argv[0]` call it.
    ///
    /// # Errors
    /// As [`Program::load`].
    pub fn from_bytes(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let owned = || path.to_path_buf();
        if bytes.is_empty() {
            return Err(LoadError::Empty { path: owned() });
        }
        let from_text = !bytes.starts_with(WASM_MAGIC);
        let bytes = if !from_text {
            bytes
        } else if is_wasm_text(path, &bytes) {
            assemble(path, &bytes)?
        } else if WASM_MAGIC.starts_with(&bytes) {
            let size = bytes.len() as u64;
            return Err(LoadError::Truncated {
                path: owned(),
                size,
                within: "the header".into(),
            });
        } else {
            let looks_like = LooksLike::of(&bytes);
            return Err(LoadError::NotWasm {
                path: owned(),
                looks_like,
            });
        };
        let (kind, modules) = outline(path, &bytes)?;
        let name = path.file_name().map_or_else(
            || path.to_string_lossy().into_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Ok(Self {
            path: owned(),
            unpacked: None,
            name,
            kind,
            bytes: bytes.into(),
            from_text,
            modules,
        })
    }

    /// The path as the user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same program, known to have been unpacked: its file is `file`, and what belongs to it
    /// lies below `root`. [`Program::path`] goes on saying what the user calls it.
    #[must_use]
    pub(crate) fn unpacked_at(mut self, file: PathBuf, root: PathBuf) -> Self {
        self.unpacked = Some((file, root));
        self
    }

    /// Where the program's file is: its path, unless it was unpacked from something.
    pub fn file(&self) -> &Path {
        match &self.unpacked {
            Some((file, _)) => file,
            None => &self.path,
        }
    }

    /// The folder that everything belonging to the program is below, if it was unpacked. What is
    /// outside of it must not be looked at on the program's behalf.
    pub fn root(&self) -> Option<&Path> {
        self.unpacked.as_ref().map(|(_, root)| &**root)
    }

    /// The file's name without its folders: the guest's `argv[0]` unless the world says otherwise.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a module or a component.
    pub fn kind(&self) -> ProgramKind {
        self.kind
    }

    /// The binary: the file's own bytes, or what its text assembles to.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Whether the file is text, so that the binary has offsets of its own.
    pub fn is_text(&self) -> bool {
        self.from_text
    }

    /// Where the binary of each core module lies in [`Program::bytes`]: the module itself, or
    /// those nested in the component at any depth, in the order in which they stand. A
    /// [`crate::WasmFrame`] names a module by its place in this list.
    pub fn core_modules(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.modules.iter().map(|module| module.range.clone())
    }

    pub(crate) fn module_ranges(&self) -> &[CoreModuleRange] {
        &self.modules
    }
}

/// Reads the whole file, within bounds; `name` is what errors call it.
fn read(path: &Path, name: &Path) -> Result<Vec<u8>, LoadError> {
    let owned = || name.to_path_buf();
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => LoadError::NotFound { path: owned() },
        io::ErrorKind::IsADirectory => LoadError::IsFolder { path: owned() },
        _ => LoadError::Unreadable {
            path: owned(),
            source,
        },
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(LoadError::IsFolder { path: owned() });
    }
    if metadata.len() > MAX_FILE {
        return Err(LoadError::TooLarge { path: owned() });
    }
    let mut bytes = Vec::new();
    // Reserving is a courtesy; a pipe has no length, and the reader grows the buffer anyway.
    let _ = bytes.try_reserve(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(LoadError::TooLarge { path: owned() });
    }
    Ok(bytes)
}

/// Whether to take the bytes for Wasm text: the first thing that is neither space nor comment is
/// a parenthesis and one of the words that can follow it, or the name says so.
fn is_wasm_text(path: &Path, bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let named = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("wat"));
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix(";;") {
        rest = comment
            .split_once('\n')
            .map_or("", |(_, after)| after)
            .trim_start();
    }
    let word = rest.strip_prefix('(').unwrap_or_default().trim_start();
    named
        || rest.starts_with("(;")
        || ["module", "component"].iter().any(|keyword| {
            word.strip_prefix(keyword)
                .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
        })
}

/// Turns Wasm text into a binary with line tables, so that failures point into the text.
fn assemble(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    let text = |message: String| LoadError::Text {
        path: path.to_path_buf(),
        message,
    };
    let source = std::str::from_utf8(bytes).map_err(|error| {
        text(format!(
            "it is not UTF-8 from byte {} on",
            error.valid_up_to()
        ))
    })?;
    let mut parser = wat::Parser::new();
    parser.generate_dwarf(wat::GenerateDwarf::Lines);
    parser
        .parse_str(Some(path), source)
        .map_err(|error| text(error.to_string()))
}

/// Walks the sections: the kind of the binary and where its core modules are.
fn outline(path: &Path, bytes: &[u8]) -> Result<(ProgramKind, Vec<CoreModuleRange>), LoadError> {
    let mut parser = Parser::new(0);
    let mut outer: Vec<Parser> = Vec::new();
    let mut modules: Vec<CoreModuleRange> = Vec::new();
    let mut kind = None;
    let mut offset = 0usize;
    let mut within = String::from("the header");
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        let (consumed, payload) = match parser.parse(rest, true) {
            Ok(Chunk::Parsed { consumed, payload }) => (consumed, payload),
            Ok(Chunk::NeedMoreData(_)) => return Err(truncated(path, bytes, within)),
            Err(error) => return Err(malformed(path, bytes, &error, within)),
        };
        if let Some(name) = section_name(&payload) {
            within = name;
        }
        offset = offset.saturating_add(consumed);
        match payload {
            Payload::Version {
                encoding, range, ..
            } => {
                let found = match encoding {
                    Encoding::Module => ProgramKind::Module,
                    Encoding::Component => ProgramKind::Component,
                };
                kind.get_or_insert(found);
                if encoding == Encoding::Module && outer.is_empty() {
                    let range = range.start..bytes.len();
                    modules.push(CoreModuleRange::new(range));
                }
            }
            Payload::FunctionSection(section) => {
                if let Some(module) = modules.last_mut() {
                    module.defined_functions = section.count();
                }
            }
            Payload::StartSection { .. } => {
                if let Some(module) = modules.last_mut() {
                    module.has_start = true;
                }
            }
            Payload::CodeSectionStart { size, .. } => {
                // Bodies are looked at when they are needed, not now.
                parser.skip_section();
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                offset = offset.saturating_add(size);
                if offset > bytes.len() {
                    return Err(truncated(path, bytes, within));
                }
            }
            Payload::ModuleSection {
                parser: inner,
                unchecked_range,
            } => {
                let start = unchecked_range.start;
                let end = unchecked_range.end;
                modules.push(CoreModuleRange::new(start..end));
                outer.push(std::mem::replace(&mut parser, inner));
            }
            Payload::ComponentSection { parser: inner, .. } => {
                outer.push(std::mem::replace(&mut parser, inner));
            }
            Payload::End(_) => match outer.pop() {
                Some(next) => parser = next,
                None => break,
            },
            _ => {}
        }
    }
    Ok((kind.unwrap_or(ProgramKind::Module), modules))
}

/// What the parser has come to, in words, for "the file ends in the middle of …".
fn section_name(payload: &Payload<'_>) -> Option<String> {
    Some(match payload {
        Payload::Version { .. } => "the first section".into(),
        Payload::CodeSectionStart { .. } => "the code section".into(),
        Payload::ModuleSection { .. } => "a nested module".into(),
        Payload::ComponentSection { .. } => "a nested component".into(),
        Payload::CustomSection(section) => {
            format!(
                "the section after custom section `{}`",
                section.name().escape_debug()
            )
        }
        other => {
            let (id, _) = other.as_section()?;
            format!("the section after section {id}")
        }
    })
}

fn truncated(path: &Path, bytes: &[u8], within: String) -> LoadError {
    LoadError::Truncated {
        path: path.to_path_buf(),
        size: bytes.len() as u64,
        within,
    }
}

fn malformed(path: &Path, bytes: &[u8], error: &BinaryReaderError, within: String) -> LoadError {
    // The parser reports a section that reaches past the end of the file as an early end, and
    // what is missing at the very end as an error there.
    if error.message().starts_with("unexpected end") || error.offset() >= bytes.len() {
        return truncated(path, bytes, within);
    }
    LoadError::Malformed {
        path: path.to_path_buf(),
        offset: error.offset() as u64,
        message: error.message().to_owned(),
    }
}
