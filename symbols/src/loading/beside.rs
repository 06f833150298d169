//! Debug files on disk, beside the module they belong to.
//!
//! Names come from the module, so only regular files of a bounded size are opened, and only what
//! starts like an object file is read.

use super::DebugFiles;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How large a debug file may be, in bytes.
const MAX_SIZE: u64 = 4 << 30;

/// How object files start: Wasm, ELF, Mach-O.
const MAGICS: &[&[u8]] = &[
    b"\0asm",
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
];

/// Looks for debug files relative to the folder the module lies in, and split units also where
/// they were compiled.
#[derive(Clone, Debug)]
pub struct BesideModule {
    module: PathBuf,
    /// The folder that is not left.
    root: Option<PathBuf>,
}

impl BesideModule {
    /// For the module in this file.
    pub fn new(module: impl Into<PathBuf>) -> Self {
        BesideModule {
            module: module.into(),
            root: None,
        }
    }

    /// For a module that came with a filesystem of its own below `root`: nothing else is looked at,
    /// whatever its references and that filesystem's links say.
    #[must_use]
    pub fn within(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    fn read(&self, path: &Path) -> Result<Arc<[u8]>, String> {
        if let Some(root) = &self.root {
            let real = |path: &Path| {
                std::fs::canonicalize(path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))
            };
            if !real(path)?.starts_with(real(root)?) {
                return Err(format!("{} is not in the image", path.display()));
            }
        }
        read(path)
    }

    fn relative(&self, path: &str) -> PathBuf {
        let folder = self.module.parent().unwrap_or(Path::new(""));
        folder.join(path)
    }
}

impl DebugFiles for BesideModule {
    fn external(&self, reference: &str) -> Result<Arc<[u8]>, String> {
        let path = match reference.split_once("://") {
            Some(("file", rest)) => rest.strip_prefix("localhost").unwrap_or(rest),
            Some((scheme, _)) => {
                let scheme = scheme.escape_debug();
                return Err(format!(
                    "`{scheme}` URLs are not fetched; fetch it and name it as the debug file"
                ));
            }
            None => reference,
        };
        self.read(&self.relative(&percent_decoded(path)))
    }

    fn package(&self) -> Option<Arc<[u8]>> {
        // `app.wasm` has `app.dwp` or `app.wasm.dwp`.
        let mut appended = self.module.clone().into_os_string();
        appended.push(".dwp");
        let replaced = self.module.with_extension("dwp");
        [replaced, appended.into()]
            .iter()
            .find_map(|path| self.read(path).ok())
    }

    fn split_unit(&self, folder: Option<&str>, name: &str) -> Result<Arc<[u8]>, String> {
        let compiled = Path::new(folder.unwrap_or_default()).join(name);
        let beside = Path::new(name)
            .file_name()
            .map(|name| self.relative(&name.to_string_lossy()));
        let first = self.read(&compiled);
        match (first, beside) {
            (Err(why), Some(beside)) => self.read(&beside).map_err(|_| why),
            (first, _) => first,
        }
    }
}

fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high).zip(digit(*low))
            }
            _ => None,
        };
        let decoded = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match decoded {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read(path: &Path) -> Result<Arc<[u8]>, String> {
    let io = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    // Asked before opening: opening a pipe would wait for its other end.
    let facts = std::fs::metadata(path).map_err(io)?;
    if !facts.is_file() {
        return Err(format!("{} is not a regular file", path.display()));
    }
    if facts.len() > MAX_SIZE {
        return Err(format!("{} is larger than 4 GiB", path.display()));
    }
    let mut file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    let mut start = Read::by_ref(&mut file).take(4);
    start.read_to_end(&mut bytes).map_err(io)?;
    if !MAGICS.contains(&&*bytes) {
        return Err(format!("{} is no object file", path.display()));
    }
    bytes.reserve(usize::try_from(facts.len()).unwrap_or(0));
    file.take(MAX_SIZE).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes.into())
}
