//! Finding the debug sections: in the module, in a separate file, in split units' files.
//!
//! In this order: a file the user named; what `external_debug_info` refers to (it overrides what
//! is embedded, says the DWARF-for-WebAssembly convention); the module's own sections. A file that
//! proves to be another module's is refused. Split units come from a `.dwp` package or their own
//! `.dwo` files.

mod beside;
mod split;

pub use beside::BesideModule;
pub(crate) use split::{attach_splits, load_splits, wanted_splits};

use crate::symbols::{Problem, SymbolsOptions};
use crate::wasm::{Binary, CoreModule};
use object::{Object, ObjectSection};
use std::ops::Range;
use std::sync::Arc;

/// How files that a module's debug info refers to are found and read. Every name comes out of the
/// module: it is a stranger's.
pub trait DebugFiles: Send + Sync {
    /// The file that `external_debug_info` names: a URL, or a path relative to the module.
    ///
    /// # Errors
    /// Why it cannot be had, in words that follow the reference.
    fn external(&self, reference: &str) -> Result<Arc<[u8]>, String>;

    /// The `.dwp` package that belongs to the module, if there is one.
    fn package(&self) -> Option<Arc<[u8]>>;

    /// The `.dwo` file of one split unit, named relative to the folder it was compiled in.
    ///
    /// # Errors
    /// Why it cannot be had, in words that follow the name.
    fn split_unit(&self, folder: Option<&str>, name: &str) -> Result<Arc<[u8]>, String>;
}

/// Sections by name, out of one file.
#[derive(Default)]
pub(crate) struct SectionSet {
    bytes: Arc<[u8]>,
    sections: Vec<(String, Range<usize>)>,
}

impl SectionSet {
    /// The contents of the last section of this name; empty when there is none.
    pub fn get(&self, name: &str) -> &[u8] {
        let found = self.sections.iter().rev().find(|(own, _)| own == name);
        let contents = found.and_then(|(_, range)| self.bytes.get(range.clone()));
        contents.unwrap_or_default()
    }

    /// The debug sections and their sizes in bytes.
    pub fn sizes(&self) -> Vec<(String, u64)> {
        let debug = |name: &str| name.starts_with(".debug_");
        let sections = self.sections.iter().filter(|(name, _)| debug(name));
        sections
            .map(|(name, range)| (name.clone(), range.len() as u64))
            .collect()
    }

    fn has(&self, prefix: &str) -> bool {
        self.sections
            .iter()
            .any(|(name, _)| name.starts_with(prefix))
    }

    pub fn of_module(module: &CoreModule) -> Self {
        let start = module.file_offset();
        let sections = module.custom_sections.iter().map(|section| {
            let range = &section.range;
            let range = start.saturating_add(range.start)..start.saturating_add(range.end);
            (section.name.clone(), range)
        });
        SectionSet {
            bytes: Arc::clone(&module.bytes),
            sections: sections.collect(),
        }
    }

    /// Reads a file that holds debug info: a Wasm binary, or another kind of object file.
    fn of_file(bytes: &Arc<[u8]>) -> Result<(Self, Option<Arc<CoreModule>>), String> {
        if bytes.starts_with(b"\0asm") {
            let (binary, _) =
                Binary::parse_damaged(Arc::clone(bytes)).map_err(|error| error.to_string())?;
            return match &*binary.modules {
                [module] => Ok((SectionSet::of_module(module), Some(Arc::clone(module)))),
                [] => Err("it holds no core module".into()),
                _ => Err("it holds several core modules".into()),
            };
        }
        let file = object::File::parse(&**bytes)
            .map_err(|_| "it is neither Wasm nor another known kind of object file".to_owned())?;
        let mut sections = Vec::new();
        for section in file.sections() {
            if let (Ok(name), Some((start, len))) = (section.name(), section.file_range())
                && let (Ok(start), Ok(len)) = (usize::try_from(start), usize::try_from(len))
            {
                sections.push((name.to_owned(), start..start.saturating_add(len)));
            }
        }
        let set = SectionSet {
            bytes: Arc::clone(bytes),
            sections,
        };
        Ok((set, None))
    }
}

/// All bytes that debug info is read from.
pub(crate) struct Loaded {
    pub module: Arc<CoreModule>,
    pub main: SectionSet,
    /// A few words on where `main` comes from.
    pub source: String,
    package: Option<SectionSet>,
    /// Single `.dwo` files, each with the number of its unit.
    splits: Vec<(u32, SectionSet)>,
}

/// Finds the main sections.
pub(crate) fn load(
    module: Arc<CoreModule>,
    options: &SymbolsOptions,
    problems: &mut Vec<Problem>,
) -> Loaded {
    let mut loaded = Loaded {
        main: SectionSet::of_module(&module),
        source: "the module".into(),
        module,
        package: None,
        splits: Vec::new(),
    };
    let refused = |place: &str, why: String| Problem {
        what: why,
        place: place.to_owned(),
        effect: "it is not used".into(),
    };
    if let Some(bytes) = &options.debug_file {
        let place = "the separate debug file";
        match separate(&loaded.module, bytes) {
            Ok(set) => {
                loaded.main = set;
                loaded.source = place.to_owned();
                return loaded;
            }
            Err(why) => problems.push(refused(place, why)),
        }
    }
    if let (Some(search), Some(reference)) = (&options.search, loaded.module.external_debug_info())
    {
        let place = format!("external_debug_info `{}`", reference.escape_debug());
        let found = search.external(reference);
        match found.and_then(|bytes| separate(&loaded.module, &bytes)) {
            Ok(set) => {
                loaded.main = set;
                loaded.source = place;
            }
            Err(why) => problems.push(refused(&place, why)),
        }
    }
    loaded
}

/// Reads a separate debug file, and checks that it is this module's.
fn separate(module: &CoreModule, bytes: &Arc<[u8]>) -> Result<SectionSet, String> {
    let (set, wasm) = SectionSet::of_file(bytes)?;
    if let Some(other) = &wasm {
        if let (Some(ours), Some(theirs)) = (module.build_id(), other.build_id())
            && ours != theirs
        {
            return Err(format!(
                "it belongs to another build: its build id is {}, the module's is {}",
                hex(theirs),
                hex(ours)
            ));
        }
        // Debug files made by stripping a copy keep the code; then it must be the same.
        if other.code.len != 0 && other.code.len != module.code.len {
            return Err(format!(
                "it belongs to another build: its code has {} bytes, the module's {}",
                other.code.len, module.code.len
            ));
        }
    }
    if let Some(other) = wasm
        && other.code.len != 0
        && code(&other) != code(module)
    {
        return Err(
            "it belongs to another build: its code is as long as the module's, and not the same"
                .into(),
        );
    }
    if !set.has(".debug_") {
        return Err("it holds no debug info (no .debug_* section)".into());
    }
    Ok(set)
}

/// The contents of a module's code section.
fn code(module: &CoreModule) -> &[u8] {
    let start = usize::try_from(module.code.start).unwrap_or(usize::MAX);
    let len = usize::try_from(module.code.len).unwrap_or(usize::MAX);
    let contents = module.bytes().get(start..start.saturating_add(len));
    contents.unwrap_or_default()
}

/// Checks that a file that a user names holds debug info of this very module: by the build id where
/// both have one, and by the code where the file has any.
///
/// # Errors
/// Why it does not, in words that follow the file's name.
pub fn check_debug_file(module: &CoreModule, bytes: &Arc<[u8]>) -> Result<(), String> {
    separate(module, bytes).map(drop)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(32)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
