//! Source files: from the path in the debug info to a file on this machine and to the name that
//! the user knows it by.
//!
//! The paths are a stranger's, so that nothing is opened but regular files of bounded size whose
//! name says that they are source code, and nothing is run to find them.

use crate::explain::rustc_path;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Files above this hold no source that a person wrote.
const MAX_FILE: u64 = 16 << 20;
/// Lines above this are cut in excerpts.
const MAX_LINE: usize = 400;
/// Toolchains looked through for the one that built the program.
const MAX_TOOLCHAINS: usize = 64;
/// Commits of Rust of which the toolchains are kept.
const MAX_COMMITS: usize = 64;
/// What a file must end in to be shown.
const EXTENSIONS: [&str; 25] = [
    "rs", "c", "h", "cc", "hh", "cpp", "hpp", "cxx", "hxx", "inc", "inl", "m", "go", "zig",
    "swift", "d", "nim", "odin", "v", "f90", "s", "asm", "wat", "ts", "cs",
];

/// How much later than the program a source must have been written to count as changed: a checkout
/// or a copy writes both within moments, in any order.
const SAME_TIME: Duration = Duration::from_secs(60);

/// Whether a source was changed after the program was built.
pub(crate) fn is_later(modified: SystemTime, built: SystemTime) -> bool {
    modified
        .duration_since(built)
        .is_ok_and(|later| later > SAME_TIME)
}

/// One `FROM=TO` of `--map`: sources that have moved since the program was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMap {
    /// How paths begin in the debug info.
    pub from: String,
    /// What stands there now.
    pub to: PathBuf,
}

/// Finds sources. Nothing is kept between questions but which toolchains built which standard
/// library.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    maps: Vec<PathMap>,
    current_folder: Option<PathBuf>,
    toolchains: Vec<PathBuf>,
    /// By commit of Rust: looking is slow, and a program has hundreds of files of std.
    built: Arc<Mutex<HashMap<String, Arc<[PathBuf]>>>>,
}

/// What became of a path in the debug info.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The name to show: relative to the current folder where the file lies below it, and
    /// readable for the standard library and for dependencies.
    pub display: String,
    /// The file, if there is one that can be shown.
    pub path: Option<PathBuf>,
}

impl Sources {
    /// Sources as this process sees them: relative to its current folder, the standard library's
    /// in the toolchains that are installed.
    pub fn new(maps: Vec<PathMap>) -> Self {
        Sources {
            maps,
            current_folder: std::env::current_dir().ok(),
            toolchains: toolchains(),
            built: Arc::default(),
        }
    }

    /// Sources seen from another folder, with these toolchains (folders that hold `lib/rustlib`).
    pub fn within(
        folder: impl Into<PathBuf>,
        maps: Vec<PathMap>,
        toolchains: Vec<PathBuf>,
    ) -> Self {
        Sources {
            maps,
            current_folder: Some(folder.into()),
            toolchains,
            built: Arc::default(),
        }
    }

    /// The file behind `raw`, a path in the debug info. Maps apply to the path as it was recorded
    /// and, so that what a report shows can be typed, as it would be displayed without them.
    pub fn resolve(&self, raw: &str) -> Resolved {
        let mapped = self.map(raw).or_else(|| match self.maps.is_empty() {
            true => None,
            false => self.map(&self.displayed(raw)),
        });
        let path = mapped.clone().unwrap_or_else(|| PathBuf::from(raw));
        if mapped.is_none()
            && let Some((commit, below)) = rustc_path(raw)
        {
            return Resolved {
                display: below.to_owned(),
                path: self.rust_source(commit, below),
            };
        }
        let absolute = match &self.current_folder {
            Some(folder) => folder.join(&path),
            None => path.clone(),
        };
        let found = is_shown(&absolute).then_some(absolute);
        Resolved {
            display: self.display(&path),
            path: found,
        }
    }

    /// Where a file was looked for: the path that a reader can check.
    pub fn looked_for(&self, raw: &str) -> String {
        let path = self.map(raw).or_else(|| self.map(&self.displayed(raw)));
        let path = path.unwrap_or_else(|| PathBuf::from(raw.strip_prefix("./").unwrap_or(raw)));
        let absolute = match &self.current_folder {
            Some(folder) => folder.join(path),
            None => path,
        };
        absolute.to_string_lossy().into_owned()
    }

    /// How a path is shown when no map changes it.
    fn displayed(&self, raw: &str) -> String {
        match rustc_path(raw) {
            Some((_, below)) => below.to_owned(),
            None => self.display(Path::new(raw)),
        }
    }

    /// The first map whose `from` is the path's beginning, whole parts of it.
    fn map(&self, raw: &str) -> Option<PathBuf> {
        self.maps.iter().find_map(|map| {
            let from = map.from.trim_end_matches('/');
            if from.is_empty() && !map.from.starts_with('/') {
                return None;
            }
            let rest = raw.strip_prefix(from)?;
            match rest.strip_prefix('/') {
                Some(below) => Some(map.to.join(below)),
                None => rest.is_empty().then(|| map.to.clone()),
            }
        })
    }

    /// A file of the standard library, out of the toolchain of just that commit.
    fn rust_source(&self, commit: &str, below: &str) -> Option<PathBuf> {
        let below = Path::new(below);
        if below
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            return None;
        }
        let same = self.toolchains_of(commit);
        same.iter()
            .map(|toolchain| toolchain.join("lib/rustlib/src/rust").join(below))
            .find(|path| is_shown(path))
    }

    /// The toolchains that were built from a commit of Rust.
    fn toolchains_of(&self, commit: &str) -> Arc<[PathBuf]> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = built.get(commit) {
            return Arc::clone(known);
        }
        let same = self.toolchains.iter();
        let same = same.filter(|toolchain| is_commit(toolchain, commit));
        let same: Arc<[PathBuf]> = same.cloned().collect();
        // A program has one; more than a few are a stranger's lies.
        if built.len() < MAX_COMMITS {
            built.insert(commit.to_owned(), Arc::clone(&same));
        }
        same
    }

    fn display(&self, path: &Path) -> String {
        let text = path.to_string_lossy();
        // `/home/ann/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde-1.0/src/de.rs`
        if let Some((_, below)) = text.split_once("/registry/src/")
            && let Some((_, package)) = below.split_once('/')
        {
            return package.to_owned();
        }
        // `wasisdk://v30.0/build/…/wasisdk://v30.0/src/wasi-libc/libc-bottom-half/crt/crt1-command.c`
        if let Some((_, below)) = text.rsplit_once("wasisdk://")
            && let Some((_, file)) = below.split_once("/src/")
        {
            return file.to_owned();
        }
        let relative = self
            .current_folder
            .as_ref()
            .and_then(|folder| path.strip_prefix(folder).ok());
        let shown = relative.unwrap_or(path);
        shown
            .strip_prefix(".")
            .unwrap_or(shown)
            .to_string_lossy()
            .into_owned()
    }
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Number of the first line.
    pub first: u32,
    /// The lines without their ends, long ones cut.
    pub lines: Vec<String>,
    /// How many lines the file has.
    pub total: u32,
    /// When the file was last changed, if the system tells.
    pub modified: Option<SystemTime>,
}

/// The lines around line `line` of a file, `context` of them before and after; `None` when the
/// file cannot be read, is no text or has no such line.
pub fn lines_around(path: &Path, line: u32, context: u32) -> Option<Lines> {
    let first = line.saturating_sub(context).max(1);
    let count = line
        .checked_sub(first)?
        .checked_add(context)?
        .checked_add(1)?;
    let read = read_lines(path, first, count)?;
    let marked = usize::try_from(line - first).ok()?;
    (read.lines.len() > marked).then_some(read)
}

/// At most `count` lines of a file from line `first` on; `None` when the file cannot be read or is
/// no text.
pub fn read_lines(path: &Path, first: u32, count: u32) -> Option<Lines> {
    if !is_shown(path) {
        return None;
    }
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    if bytes.contains(&0) {
        return None;
    }
    let skip = usize::try_from(first.checked_sub(1)?).ok()?;
    let count = usize::try_from(count).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(Lines {
        first,
        lines: text.lines().skip(skip).take(count).map(cut).collect(),
        total: u32::try_from(text.lines().count()).unwrap_or(u32::MAX),
        modified: metadata.modified().ok(),
    })
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// Whether a path names a regular file of a bearable size with source code in it.
fn is_shown(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
        && std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE)
}

/// The toolchains that rustup has installed for this user. `rustc` itself is not asked: in a
/// stranger's folder, which program answers to that name is the stranger's choice.
fn toolchains() -> Vec<PathBuf> {
    let home = std::env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::home_dir()?;
            Some(home.join(".rustup"))
        });
    let Some(Ok(folder)) = home.map(|home| std::fs::read_dir(home.join("toolchains"))) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = folder
        .flatten()
        .map(|entry| entry.path())
        .take(MAX_TOOLCHAINS)
        .collect();
    found.sort();
    found
}

/// Whether a toolchain was built from this commit of Rust, by its own manifest: release channels
/// have the commit in short in the compiler's version, others in full.
fn is_commit(toolchain: &Path, commit: &str) -> bool {
    let manifest = toolchain.join("lib/rustlib/multirust-channel-manifest.toml");
    let Ok(file) = File::open(manifest) else {
        return false;
    };
    let mut text = String::new();
    if file.take(MAX_FILE).read_to_string(&mut text).is_err() {
        return false;
    }
    // A manifest has some ten thousand lines: they are searched, not looked at one by one.
    if text.contains(&format!("\ngit_commit_hash = \"{commit}\"\n")) {
        return true;
    }
    // version = "1.95.0 (59807616e 2026-04-14)"
    let after = text.split_once("\n[pkg.rustc]\n");
    let version = after.and_then(|(_, after)| after.lines().next());
    let build = version.and_then(|version| version.split_once(" ("));
    let short = build.and_then(|(_, build)| build.split_once(' '));
    short.is_some_and(|(short, _)| short.len() >= 7 && commit.starts_with(short))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const COMMIT: &str = "59807616e1fa2540724bfbac14d7976d7e4a3860";

    /// A folder with `src/main.rs` (five lines) and a toolchain of [`COMMIT`].
    fn folder(name: &str) -> PathBuf {
        let folder = wasmscope_test_support::target_dir()
            .join("sources-test")
            .join(name);
        let library = folder.join("toolchain/lib/rustlib/src/rust/library/core/src");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(&library).unwrap();
        fs::write(folder.join("src/main.rs"), "one\ntwo\nthree\nfour\nfive\n").unwrap();
        fs::write(folder.join("src/secret"), "no source\n").unwrap();
        fs::write(library.join("lib.rs"), "core\n").unwrap();
        let manifest = folder.join("toolchain/lib/rustlib/multirust-channel-manifest.toml");
        let version = format!("version = \"1.95.0 ({} 2026-04-14)\"", &COMMIT[..9]);
        fs::write(
            manifest,
            format!("[pkg.cargo]\nversion = \"0\"\n\n[pkg.rustc]\n{version}\n"),
        )
        .unwrap();
        folder
    }

    fn sources(folder: &Path, maps: &[(&str, PathBuf)]) -> Sources {
        let maps = maps.iter().map(|(from, to)| PathMap {
            from: (*from).into(),
            to: to.clone(),
        });
        Sources::within(folder, maps.collect(), vec![folder.join("toolchain")])
    }

    #[test]
    fn paths_below_the_current_folder_are_relative() {
        let folder = folder("relative");
        let sources = sources(&folder, &[]);
        let file = folder.join("src/main.rs");
        for raw in [file.to_str().unwrap(), "src/main.rs", "./src/main.rs"] {
            let found = sources.resolve(raw);
            assert_eq!(found.display, "src/main.rs", "{raw}");
            assert!(found.path.is_some_and(|path| path.is_file()), "{raw}");
        }
        let elsewhere = sources.resolve("/nowhere/src/main.rs");
        assert_eq!(elsewhere.display, "/nowhere/src/main.rs");
        assert_eq!(elsewhere.path, None);
    }

    #[test]
    fn moved_sources_are_found_by_whole_parts() {
        let folder = folder("moved");
        let sources = sources(&folder, &[("/build/app/", folder.clone())]);
        assert_eq!(
            sources.resolve("/build/app/src/main.rs").display,
            "src/main.rs"
        );
        assert_eq!(sources.resolve("/build/apple/src/main.rs").path, None);
    }

    #[test]
    fn maps_match_paths_as_they_are_shown() {
        let folder = folder("shown");
        let below = folder.join("src");
        // `./` is recorded, but not shown; a dependency is shown from its package on.
        let maps = [("src", below.clone()), ("serde-1.0.2/src", below.clone())];
        let sources = sources(&folder, &maps);
        let package = "/home/ann/.cargo/registry/src/index-1/serde-1.0.2/src/main.rs";
        for raw in ["./src/main.rs", "src/main.rs", package] {
            let found = sources.resolve(raw);
            assert_eq!(found.path, Some(below.join("main.rs")), "{raw}");
        }
        assert_eq!(
            sources.looked_for(package),
            below.join("main.rs").to_string_lossy()
        );
        let elsewhere = sources.resolve("./srcs/main.rs");
        assert_eq!(elsewhere.path, None);
        assert_eq!(
            sources.looked_for("./srcs/main.rs"),
            folder.join("srcs/main.rs").to_string_lossy()
        );
    }

    #[test]
    fn the_standard_library_is_taken_from_its_own_toolchain_only() {
        let folder = folder("std");
        let sources = sources(&folder, &[]);
        let found = sources.resolve(&format!("/rustc/{COMMIT}/library/core/src/lib.rs"));
        assert_eq!(found.display, "library/core/src/lib.rs");
        assert!(found.path.is_some());
        let other = COMMIT.replace('5', "6");
        assert_eq!(
            sources
                .resolve(&format!("/rustc/{other}/library/core/src/lib.rs"))
                .path,
            None
        );
        let up = format!("/rustc/{COMMIT}/library/../../../../../../../src/main.rs");
        assert_eq!(sources.resolve(&up).path, None);
    }

    #[test]
    fn the_c_library_is_named_by_its_own_folder() {
        let sources = Sources::default();
        let file = "wasi-libc/libc-bottom-half/crt/crt1-command.c";
        for root in [
            "wasisdk://v30.0/src/",
            "wasisdk://v30.0/build/sysroot/wasi-libc-build/src/x/wasisdk://v30.0/src/",
        ] {
            assert_eq!(sources.resolve(&format!("{root}{file}")).display, file);
        }
    }

    #[test]
    fn dependencies_are_named_by_package() {
        let sources = Sources::default();
        let raw =
            "/home/ann/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde-1.0.2/src/de.rs";
        assert_eq!(sources.resolve(raw).display, "serde-1.0.2/src/de.rs");
    }

    #[test]
    fn excerpts_stay_within_the_file() {
        let folder = folder("lines");
        let file = folder.join("src/main.rs");
        let lines =
            |line, context| lines_around(&file, line, context).map(|l| (l.first, l.lines.len()));
        assert_eq!(lines(3, 1), Some((2, 3)));
        assert_eq!(lines(1, 2), Some((1, 3)));
        assert_eq!(lines(5, 2), Some((3, 3)));
        assert_eq!(lines(6, 2), None);
        assert_eq!(lines(u32::MAX, u32::MAX), None);
        assert_eq!(lines(0, 0), None);
    }

    #[test]
    fn what_is_no_source_is_not_opened() {
        let folder = folder("no-source");
        assert_eq!(lines_around(&folder.join("src/secret"), 1, 1), None);
        assert_eq!(lines_around(&folder.join("src"), 1, 1), None);
        fs::write(folder.join("src/binary.rs"), b"\0\0").unwrap();
        assert_eq!(lines_around(&folder.join("src/binary.rs"), 1, 1), None);
        fs::write(folder.join("src/long.rs"), "é".repeat(9000)).unwrap();
        let long = lines_around(&folder.join("src/long.rs"), 1, 1).unwrap();
        assert_eq!(long.lines[0].chars().count(), MAX_LINE + 1);
    }
}
