//! Whose code a frame is, by its path and its name.
//!
//! Paths come first, since a generic function of the standard library carries the user's types
//! in its name. The rules follow where compilers and their distributions put sources; none of
//! them opens a file.

use super::report::FrameKind;

/// Parts of paths that only code of a distribution has.
const STD_PATHS: [&str; 3] = [
    "/lib/rustlib/src/rust/library/",
    "/rust/deps/",
    "/rustc-dist/",
];
const RUNTIME_PATHS: [&str; 6] = [
    "wasisdk://",
    "/wasi-libc/",
    "/wasi-sdk",
    "/emsdk/",
    "/wasi-preview1-component-adapter/",
    "/compiler-rt/",
];
const DEPENDENCY_PATHS: [&str; 4] = [
    "/registry/src/",
    "/git/checkouts/",
    "/vendor/",
    "/go/pkg/mod/",
];

/// Names of Rust's own, without a path to tell by.
const STD_NAMES: [&str; 9] = [
    "core::",
    "std::",
    "alloc::",
    "__rustc::",
    "__rust_",
    "__rdl_",
    "__rg_",
    "rust_",
    "hashbrown::",
];
/// Names of libc and of the glue around `main`.
const RUNTIME_NAMES: [&str; 22] = [
    "_start",
    "_initialize",
    "__main_void",
    "__original_main",
    "main",
    "__wasm_call_ctors",
    "__wasm_call_dtors",
    "abort",
    "_Exit",
    "exit",
    "__wasi_proc_exit",
    "dlmalloc",
    "malloc",
    "free",
    "calloc",
    "realloc",
    "cabi_realloc",
    "memcpy",
    "memmove",
    "memset",
    "__funcs_on_exit",
    "__stdio_exit",
];
/// What stands on the stack between a panicking line and the end of the program.
const PANIC_NAMES: [&str; 17] = [
    "rust_begin_unwind",
    "rust_panic",
    "core::panicking::",
    "std::panicking::",
    "std::sys::backtrace::__rust_end_short_backtrace",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "core::cell::panic_already",
    "core::slice::index::slice_",
    "core::str::slice_error_fail",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "alloc::raw_vec::capacity_overflow",
    "std::alloc::rust_oom",
    "std::alloc::default_alloc_error_hook",
    "std::process::abort",
];

/// Whose code it is.
///
/// `file` is the path in the debug info, `function` the readable name, `module` the core module's
/// name if it has one.
pub(crate) fn kind(file: Option<&str>, function: Option<&str>, module: Option<&str>) -> FrameKind {
    // Adapters and shims that component tools put around a module.
    if module.is_some_and(|name| name.starts_with("wit-component:")) {
        return FrameKind::Runtime;
    }
    let Some(file) = file else {
        return by_name(function);
    };
    let file = file.replace('\\', "/");
    let has = |parts: &[&str]| parts.iter().any(|part| file.contains(part));
    if is_rustc_path(&file) || has(&STD_PATHS) {
        match function.is_some_and(is_panic_machinery) {
            true => FrameKind::Panic,
            false => FrameKind::Std,
        }
    } else if has(&RUNTIME_PATHS) {
        FrameKind::Runtime
    } else if has(&DEPENDENCY_PATHS) {
        FrameKind::Dependency
    } else {
        FrameKind::User
    }
}

/// The package that a dependency's file belongs to, as the part of its path up to the package's
/// own folder; `None` for files that lie in no place for dependencies.
pub(crate) fn package(file: &str) -> Option<&str> {
    // Folders between the place and the package's own: the registry's, a checkout's revision.
    const DEPTHS: [(&str, usize); 4] = [
        ("/registry/src/", 2),
        ("/git/checkouts/", 2),
        ("/vendor/", 1),
        ("/go/pkg/mod/", 1),
    ];
    let separator = |c: char| c == '/' || c == '\\';
    let plain = file.replace('\\', "/");
    DEPTHS.iter().find_map(|(place, depth)| {
        // The same bytes, so that offsets are the same too.
        let start = plain.find(place)?.checked_add(place.len())?;
        let below = file.get(start..)?;
        let (end, _) = below.match_indices(separator).nth(depth.checked_sub(1)?)?;
        file.get(..start.checked_add(end)?)
    })
}

/// Whether a function stands between a panicking (or aborting) line and the end of the program.
pub(super) fn is_panic_machinery(function: &str) -> bool {
    let name = function.trim_start_matches('<');
    let name = name.strip_prefix("__rustc::").unwrap_or(name);
    PANIC_NAMES.iter().any(|start| name.starts_with(start))
}

fn by_name(function: Option<&str>) -> FrameKind {
    let Some(name) = function else {
        return FrameKind::Unknown;
    };
    if is_panic_machinery(name) {
        return FrameKind::Panic;
    }
    if RUNTIME_NAMES.contains(&name)
        || name.starts_with("__wasi")
        || name.starts_with("__imported_wasi")
    {
        return FrameKind::Runtime;
    }
    // `<alloc::vec::Vec<T> as Drop>::drop` is std's, `<orders::Line as core::fmt::Debug>::fmt` is not.
    let owner = name.trim_start_matches(['<', '&', '[', '(']);
    match STD_NAMES.iter().any(|start| owner.starts_with(start)) {
        true => FrameKind::Std,
        false => FrameKind::Unknown,
    }
}

/// `/rustc/<commit>/…`: a path remapped by Rust's own build. User crates are never remapped to it.
pub(super) fn is_rustc_path(file: &str) -> bool {
    rustc_path(file).is_some()
}

/// The commit and the path below the sources' root in `/rustc/<commit>/library/…`.
pub(crate) fn rustc_path(file: &str) -> Option<(&str, &str)> {
    let start = file.find("/rustc/")?;
    let rest = file.get(start + "/rustc/".len()..)?;
    let (commit, below) = rest.split_once('/')?;
    let is_commit = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some((commit, below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use FrameKind::{Dependency, Panic, Runtime, Std, Unknown, User};

    const RUSTC: &str =
        "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs";

    #[test]
    fn by_path_first() {
        for (file, function, expected) in [
            (
                "src/main.rs",
                "core::ops::function::FnOnce::call_once",
                User,
            ),
            ("/home/ann/orders/src/main.rs", "orders::main", User),
            (RUSTC, "core::panicking::panic_fmt", Panic),
            (RUSTC, "rust_begin_unwind", Panic),
            (RUSTC, "<orders::Line as core::clone::Clone>::clone", Std),
            (
                "/home/a/.rustup/toolchains/x/lib/rustlib/src/rust/library/alloc/src/vec.rs",
                "x",
                Std,
            ),
            (
                "/rust/deps/hashbrown-0.16.1/src/map.rs",
                "hashbrown::map::make_hash",
                Std,
            ),
            (
                "/home/a/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde-1.0/src/de.rs",
                "x",
                Dependency,
            ),
            (
                r"C:\Users\a\.cargo\registry\src\index\serde-1.0\src\de.rs",
                "x",
                Dependency,
            ),
            (
                "wasisdk://v30.0/build/sysroot/wasi-libc/dlmalloc/src/malloc.c",
                "dlmalloc",
                Runtime,
            ),
            ("/rustc/notes/src/main.rs", "main", User),
        ] {
            assert_eq!(
                kind(Some(file), Some(function), None),
                expected,
                "{file} {function}"
            );
        }
    }

    #[test]
    fn packages_of_dependencies() {
        let registry = "/h/.cargo/registry/src/index-1/ripgrep-15.2.0";
        for (file, expected) in [
            (format!("{registry}/crates/core/main.rs"), Some(registry)),
            (
                r"C:\a\registry\src\i\serde-1.0\src\de.rs".to_owned(),
                Some(r"C:\a\registry\src\i\serde-1.0"),
            ),
            (
                "/h/git/checkouts/x-1/ab12/src/a.rs".to_owned(),
                Some("/h/git/checkouts/x-1/ab12"),
            ),
            ("/app/vendor/x/src/a.rs".to_owned(), Some("/app/vendor/x")),
            ("/h/registry/src/".to_owned(), None),
            ("src/main.rs".to_owned(), None),
        ] {
            assert_eq!(package(&file), expected, "{file}");
        }
    }

    #[test]
    fn by_name_without_a_path() {
        for (function, expected) in [
            ("orders::main", Unknown),
            ("<orders::Line as core::fmt::Debug>::fmt", Unknown),
            ("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop", Std),
            ("std::rt::lang_start::{closure}", Std),
            ("__rustc::rust_begin_unwind", Panic),
            ("__rust_alloc", Std),
            ("_start", Runtime),
            ("main", Runtime),
            ("rustler::run", Unknown),
        ] {
            assert_eq!(kind(None, Some(function), None), expected, "{function}");
        }
        assert_eq!(kind(None, None, None), Unknown);
        assert_eq!(kind(None, Some("x"), Some("wit-component:shim")), Runtime);
    }
}
