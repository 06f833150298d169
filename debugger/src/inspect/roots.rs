//! Source files summed up by the folder they lie below, each folder with its owner: hundreds of
//! files come down to a handful of lines that say whether sources will be shown.

use super::model::SourceRoot;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

/// How many roots are listed; the rest is summed up in one.
const MAX_ROOTS: usize = 40;

/// How many files of each root are looked for on disk.
const MAX_LOOKED_FOR: u64 = 2_000;

/// After how many files that are not here, and none that is, a root is taken to be elsewhere.
const MISSES: u64 = 20;

/// Whose code a source file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The program itself.
    Program,
    /// A crate out of a registry, or a git dependency.
    Dependency,
    /// Rust's standard library and what it is made of.
    Std,
    /// The C library and compiler runtime.
    CLibrary,
}

impl Owner {
    /// In words.
    fn words(self) -> &'static str {
        match self {
            Owner::Program => "the program",
            Owner::Dependency => "dependencies",
            Owner::Std => "Rust's standard library",
            Owner::CLibrary => "the C library",
        }
    }
}

/// Whose code the file at `path` is, and the folder to list it under when that is no matter of
/// compilation folders.
pub(super) fn owner(path: &str) -> (Owner, Option<&str>) {
    // `/rustc/<commit>/library/…`, or where `rust-src` is installed.
    if let Some(rest) = path.strip_prefix("/rustc/") {
        let commit = rest.find('/').map_or(path.len(), |at| "/rustc/".len() + at);
        return (Owner::Std, path.get(..commit));
    }
    for (part, owner, keep) in [
        (
            "/lib/rustlib/src/rust/",
            Owner::Std,
            "/lib/rustlib/src/rust".len(),
        ),
        // Crates that the standard library is made of.
        ("/rust/deps/", Owner::Std, "/rust/deps".len()),
        ("/registry/src/", Owner::Dependency, "/registry/src".len()),
        ("/git/checkouts/", Owner::Dependency, "/git/checkouts".len()),
    ] {
        if let Some(at) = path.find(part) {
            return (owner, path.get(..at.saturating_add(keep)));
        }
    }
    if let Some(rest) = path.strip_prefix("wasisdk://") {
        let end = rest
            .find('/')
            .map_or(path.len(), |at| "wasisdk://".len() + at);
        return (Owner::CLibrary, path.get(..end));
    }
    for part in ["wasi-libc", "wasi-sysroot", "wasi-sdk", "compiler-rt"] {
        if let Some(at) = path.find(part) {
            let end = path
                .get(at..)
                .and_then(|rest| rest.find('/'))
                .map_or(path.len(), |length| at.saturating_add(length));
            return (Owner::CLibrary, path.get(..end));
        }
    }
    (Owner::Program, None)
}

/// Sums up `files`. `folders` are the compilation folders: what lies below one of them is listed
/// under it. `find` says where a source is on this machine.
pub(super) fn sum_up(
    files: &[String],
    folders: &[String],
    find: &dyn Fn(&str) -> Option<PathBuf>,
) -> Vec<SourceRoot> {
    let mut roots: BTreeMap<(Owner, String), SourceRoot> = BTreeMap::new();
    let mut homes: HashMap<&Path, String> = HashMap::new();
    for file in files {
        let (owner, root) = owner(file);
        let root = match root {
            Some(root) => root.to_owned(),
            None => {
                let parent = Path::new(file).parent().unwrap_or(Path::new(""));
                homes
                    .entry(parent)
                    .or_insert_with(|| home(parent, folders))
                    .clone()
            }
        };
        let full = roots.len() >= MAX_ROOTS;
        let key = (owner, root.clone());
        let key = if full && !roots.contains_key(&key) {
            (owner, "…".to_owned())
        } else {
            key
        };
        let root = roots.entry(key.clone()).or_insert_with(|| SourceRoot {
            path: key.1,
            owner: owner.words().to_owned(),
            files: 0,
            found: 0,
            found_below: None,
        });
        look_for(file, root, find);
        root.files = root.files.saturating_add(1);
    }
    roots.into_values().collect()
}

/// Notes whether `file`, the next one of `root`, is on this machine.
fn look_for(file: &str, root: &mut SourceRoot, find: &dyn Fn(&str) -> Option<PathBuf>) {
    if root.files >= MAX_LOOKED_FOR || (root.found == 0 && root.files >= MISSES) {
        return;
    }
    // Asking is not free (toolchains are searched for their version); where one file of the root
    // was found, the others are.
    let beside = root
        .found_below
        .as_ref()
        .zip(below(file, &root.path))
        .map(|(folder, below)| Path::new(folder).join(below));
    let found = match beside {
        Some(path) => path.is_file().then_some(path),
        None => find(file),
    };
    if let Some(found) = found {
        root.found = root.found.saturating_add(1);
        if root.found_below.is_none() {
            root.found_below = elsewhere(file, &root.path, &found);
        }
    }
}

/// `file` relative to `root`; `None` when it is not plainly below it.
fn below<'f>(file: &'f str, root: &str) -> Option<&'f str> {
    let below = file.strip_prefix(root)?.trim_start_matches('/');
    let plain = |part| matches!(part, Component::Normal(_));
    Path::new(below).components().all(plain).then_some(below)
}

/// The compilation folder that `parent` lies below, the longest; `parent` itself if there is none.
fn home(parent: &Path, folders: &[String]) -> String {
    folders
        .iter()
        .filter(|folder| parent.starts_with(folder))
        .max_by_key(|folder| folder.len())
        .cloned()
        .unwrap_or_else(|| parent.display().to_string())
}

/// The folder that stands for `root` on this machine, when `file` was found in another place than
/// the debug info says.
fn elsewhere(file: &str, root: &str, found: &Path) -> Option<String> {
    if Path::new(file) == found {
        return None;
    }
    let below = below(file, root)?;
    let depth = Path::new(below).components().count();
    let folder = found.ancestors().nth(depth)?;
    Some(folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whose_code_it_is() {
        let table = [
            (
                "/rustc/5980/library/core/src/num.rs",
                Owner::Std,
                Some("/rustc/5980"),
            ),
            (
                "/home/me/.rustup/toolchains/t/lib/rustlib/src/rust/library/alloc/src/vec.rs",
                Owner::Std,
                Some("/home/me/.rustup/toolchains/t/lib/rustlib/src/rust"),
            ),
            (
                "/rust/deps/hashbrown-0.16.0/src/lib.rs",
                Owner::Std,
                Some("/rust/deps"),
            ),
            (
                "/home/me/.cargo/registry/src/index-1/serde-1.0.0/src/lib.rs",
                Owner::Dependency,
                Some("/home/me/.cargo/registry/src"),
            ),
            (
                "wasisdk://v30.0/build/sysroot/dlmalloc.c",
                Owner::CLibrary,
                Some("wasisdk://v30.0"),
            ),
            (
                "/src/wasi-libc/libc-top-half/exit.c",
                Owner::CLibrary,
                Some("/src/wasi-libc"),
            ),
            ("/home/me/shop/src/main.rs", Owner::Program, None),
            ("src/main.rs", Owner::Program, None),
        ];
        for (path, whose, root) in table {
            assert_eq!(owner(path), (whose, root), "{path}");
        }
    }

    #[test]
    fn files_are_summed_up_below_their_compilation_folder() {
        let files = [
            "/home/me/shop/src/main.rs",
            "/home/me/shop/src/orders/mod.rs",
            "/elsewhere/lib.rs",
            "/rustc/5980/library/core/src/num.rs",
        ]
        .map(str::to_owned);
        let folders = ["/home/me", "/home/me/shop", "/"].map(str::to_owned);
        let find = |file: &str| match file.strip_prefix("/rustc/5980/") {
            Some(rest) => Some(PathBuf::from(format!("/src/rust/{rest}"))),
            None => file.ends_with("main.rs").then(|| PathBuf::from(file)),
        };
        let roots = sum_up(&files, &folders[..2], &find);
        let lines: Vec<_> = roots
            .iter()
            .map(|root| {
                let below = root.found_below.as_deref().unwrap_or("there");
                format!(
                    "{} {}: {} of {} {below}",
                    root.owner, root.path, root.found, root.files
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "the program /elsewhere: 0 of 1 there",
                "the program /home/me/shop: 1 of 2 there",
                "Rust's standard library /rustc/5980: 1 of 1 /src/rust",
            ]
        );
    }
}
