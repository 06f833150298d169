//! Building the sample programs with cargo: which profiles and targets there are, one invocation
//! for all samples of a profile, and the lock that lets many test processes ask at once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use crate::places::{target_dir, workspace};

/// How a debuggee is built. Each is a profile of `samples/Cargo.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Build {
    /// `cargo build`: not optimised, full debug info, overflow checks.
    Debug,
    /// Optimised (`opt-level = 3`), full debug info.
    ReleaseWithDebug,
    /// Optimised, with line tables only: lines and inlined calls, no variables.
    ReleaseWithLines,
    /// `cargo build --release`: optimised, no debug info, but function names.
    Release,
    /// Optimised, neither debug info nor names.
    Stripped,
}

impl Build {
    /// Every way to build, from the most debug info to the least.
    pub const ALL: [Self; 5] = [
        Self::Debug,
        Self::ReleaseWithDebug,
        Self::ReleaseWithLines,
        Self::Release,
        Self::Stripped,
    ];

    /// The two ways that carry variables.
    pub const WITH_DEBUG: [Self; 2] = [Self::Debug, Self::ReleaseWithDebug];

    /// Cargo's name of the profile, and of the folder it builds into.
    fn profile_and_folder(self) -> (&'static str, &'static str) {
        match self {
            Self::Debug => ("dev", "debug"),
            Self::ReleaseWithDebug => ("release-with-debug", "release-with-debug"),
            Self::ReleaseWithLines => ("release-with-lines", "release-with-lines"),
            Self::Release => ("release", "release"),
            Self::Stripped => ("stripped", "stripped"),
        }
    }
}

/// What a debuggee is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `wasm32-wasip1`: a core module with WASI preview 1 imports.
    WasiP1,
    /// `wasm32-wasip2`: a component of the world `wasi:cli/command`.
    WasiP2,
}

impl Target {
    /// Both targets.
    pub const ALL: [Self; 2] = [Self::WasiP1, Self::WasiP2];

    /// The target's name as rustc spells it.
    pub fn triple(self) -> &'static str {
        match self {
            Self::WasiP1 => "wasm32-wasip1",
            Self::WasiP2 => "wasm32-wasip2",
        }
    }
}

/// The names of all samples, sorted.
pub fn samples() -> Vec<String> {
    let folder = workspace().join("samples/src/bin");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The path of the sample `name` (a file name in `samples/src/bin` without `.rs`), built.
pub fn sample(name: &str, build: Build, target: Target) -> PathBuf {
    crate::sample_source(name);
    let path = built_folder(build, target).join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "cargo built the samples without an error, but {} is not there",
        path.display()
    );
    path
}

/// The sample `name` alone, optimised as `opt-level = level` says (`1`, `s`), with full debug info.
pub fn sample_at_level(name: &str, level: &str, target: Target) -> PathBuf {
    crate::sample_source(name);
    let debuggees = target_dir().join("debuggees");
    let profile = format!("opt-{level}");
    let _lock = lock(&debuggees, &format!("{}-{profile}", target.triple()));
    let output = cargo(&debuggees)
        .args(["build", "--locked", "--bin", name, "--profile", &profile])
        .args(["--target", target.triple()])
        .output()
        .unwrap_or_else(|error| panic!("cannot start cargo to build the samples: {error}"));
    assert!(
        output.status.success(),
        "{}",
        explain_failure(&output, target)
    );
    debuggees
        .join(target.triple())
        .join(profile)
        .join(format!("{name}.wasm"))
}

/// The sample `name` built for the machine the test runs on, not optimised: for debuggers that know
/// nothing of Wasm. Samples that call WASI directly cannot be.
pub fn native_sample(name: &str) -> PathBuf {
    crate::sample_source(name);
    let debuggees = target_dir().join("debuggees");
    let _lock = lock(&debuggees, &format!("native-{name}"));
    let output = cargo(&debuggees)
        .args(["build", "--locked", "--profile", "dev", "--bin", name])
        .output()
        .unwrap_or_else(|error| panic!("cannot start cargo to build the samples: {error}"));
    assert!(
        output.status.success(),
        "building the sample {name} for this machine failed ({})\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    debuggees.join("debug").join(file)
}

/// The path of the program `name` of `samples/sockets`, built for `wasm32-wasip1`, debug build. Its
/// dependencies come from the package registry the first time.
pub fn socket_sample(name: &str) -> PathBuf {
    sample_of_package("sockets", name, Build::Debug, Target::WasiP1)
}

/// The path of the program `name` of `samples/crates`, built. Its dependencies come from the package
/// registry the first time.
pub fn crate_sample(name: &str, build: Build, target: Target) -> PathBuf {
    sample_of_package("crates", name, build, target)
}

/// A program of one of the packages in `samples` that have dependencies.
fn sample_of_package(package: &str, name: &str, build: Build, target: Target) -> PathBuf {
    let debuggees = target_dir().join("debuggees");
    let (profile, folder) = build.profile_and_folder();
    {
        let _lock = lock(
            &debuggees,
            &format!("{}-{package}-{profile}", target.triple()),
        );
        let output = cargo(&debuggees)
            .current_dir(workspace().join("samples").join(package))
            .args(["build", "--locked", "--bins", "--profile", profile])
            .args(["--target", target.triple()])
            .output()
            .unwrap_or_else(|error| panic!("cannot start cargo to build the samples: {error}"));
        assert!(
            output.status.success(),
            "{}",
            explain_failure(&output, target)
        );
    }
    let path = debuggees.join(target.triple()).join(folder);
    let path = path.join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "no sample in samples/{package} is called `{name}`"
    );
    path
}

/// The bytes of [`sample`].
pub fn sample_bytes(name: &str, build: Build, target: Target) -> Vec<u8> {
    let path = sample(name, build, target);
    fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The folder with all samples of one kind, built at most once per process.
fn built_folder(build: Build, target: Target) -> PathBuf {
    type Built = HashMap<(Build, Target), PathBuf>;
    static BUILT: OnceLock<Mutex<Built>> = OnceLock::new();

    // A panic while building poisons the lock; the next test shall fail for its own reason.
    let mut built = BUILT
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    built
        .entry((build, target))
        .or_insert_with(|| build_all(build, target))
        .clone()
}

/// Runs cargo for all samples and returns the folder it builds into.
fn build_all(build: Build, target: Target) -> PathBuf {
    let debuggees = target_dir().join("debuggees");
    let (profile, folder) = build.profile_and_folder();

    let _lock = lock(&debuggees, &format!("{}-{profile}", target.triple()));
    let output = cargo(&debuggees)
        .args(["build", "--locked", "--bins", "--profile", profile])
        .args(["--target", target.triple()])
        .output()
        .unwrap_or_else(|error| panic!("cannot start cargo to build the samples: {error}"));
    assert!(
        output.status.success(),
        "{}",
        explain_failure(&output, target)
    );
    debuggees.join(target.triple()).join(folder)
}

/// A lock in the folder that debuggees are built into, which is made if need be.
///
/// Held until cargo is done: other processes wait here, quietly, instead of each starting a cargo
/// of its own that would wait for the first one's lock anyway.
fn lock(debuggees: &Path, what: &str) -> File {
    fs::create_dir_all(debuggees)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", debuggees.display()));
    let path = debuggees.join(format!("{what}.lock"));
    let lock = File::create(&path)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    lock.lock()
        .unwrap_or_else(|error| panic!("cannot lock the samples' build: {error}"));
    lock
}

/// A cargo that builds the samples into `debuggees` and takes nothing from the cargo above it.
///
/// Flags meant for the host (coverage, sanitizers, `-C target-cpu=native`), another toolchain, or
/// another target directory would make different debuggees, or none.
fn cargo(debuggees: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let foreign = name.starts_with("CARGO")
            || name.starts_with("RUSTC")
            || ["RUSTFLAGS", "RUSTUP_TOOLCHAIN", "MAKEFLAGS", "MFLAGS"].contains(&&*name);
        let keep = ["CARGO_HOME", "CARGO_BUILD_JOBS"].contains(&&*name);
        if foreign && !keep {
            cargo.env_remove(&*name);
        }
    }
    cargo
        // An empty list, unlike none at all, also overrides `build.rustflags` of the user's
        // cargo configuration.
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env("CARGO_TARGET_DIR", debuggees)
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(workspace().join("samples"));
    cargo
}

/// What to tell when cargo failed: the way out where it is known, then cargo's own words.
fn explain_failure(output: &Output, target: Target) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let way_out = if stderr.contains("target may not be installed") {
        format!(
            "the Rust target is not installed: run `rustup target add {}` in the workspace\n",
            target.triple()
        )
    } else {
        String::new()
    };
    format!(
        "building the samples for {} failed ({})\n{way_out}{stderr}",
        target.triple(),
        output.status
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_core_module_is_built_and_carries_dwarf() {
        let bytes = sample_bytes("success", Build::Debug, Target::WasiP1);
        assert_eq!(&bytes[..8], b"\0asm\x01\0\0\0");
        assert!(contains(&bytes, b".debug_info"));
    }

    #[test]
    fn a_stripped_component_is_built_and_carries_none() {
        let bytes = sample_bytes("success", Build::Stripped, Target::WasiP2);
        assert_eq!(&bytes[..8], b"\0asm\x0d\0\x01\0");
        assert!(!contains(&bytes, b".debug_info"));
    }

    #[test]
    #[should_panic(expected = "no sample is called `nonsense`")]
    fn an_unknown_sample_is_named() {
        sample("nonsense", Build::Debug, Target::WasiP1);
    }

    fn contains(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }
}
