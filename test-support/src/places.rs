//! Where things are in the repository and in the target directory. Nothing is built here.

use std::fs;
use std::path::{Path, PathBuf};

/// The root folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("test-support lies in a folder of the workspace")
}

/// The source file of the sample called `name`.
pub fn sample_source(name: &str) -> PathBuf {
    let path = workspace()
        .join("samples/src/bin")
        .join(format!("{name}.rs"));
    assert!(
        path.is_file(),
        "no sample is called `{name}`: {} does not exist",
        path.display()
    );
    path
}

/// The committed, prebuilt debuggee `samples/prebuilt/NAME.wasm`.
pub fn prebuilt(name: &str) -> PathBuf {
    let path = workspace()
        .join("samples/prebuilt")
        .join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "no prebuilt sample is called `{name}`: {} does not exist",
        path.display()
    );
    path
}

/// The committed file `path` (in the repository, ending in `.zst`), unpacked into the target directory.
pub fn unpacked(path: &str) -> PathBuf {
    let packed = workspace().join(path);
    let bytes = fs::read(&packed)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", packed.display()));
    let bytes = zstd::stream::decode_all(&bytes[..])
        .unwrap_or_else(|error| panic!("cannot unpack {}: {error}", packed.display()));
    let folder = target_dir().join("debuggees/unpacked");
    fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    let name = packed.file_stem().unwrap_or_default();
    let file = folder.join(name);
    // Another test may be reading it: it is put into its place whole.
    let beside = folder.join(format!(
        "{}.{}.{:?}",
        name.display(),
        std::process::id(),
        std::thread::current().id()
    ));
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, &file))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    file
}

/// The sample in the text format `samples/wat/NAME.wat`.
pub fn wat_sample(name: &str) -> PathBuf {
    let path = workspace().join("samples/wat").join(format!("{name}.wat"));
    assert!(
        path.is_file(),
        "no text sample is called `{name}`: {} does not exist",
        path.display()
    );
    path
}

/// Cargo's target directory: the one the running test was built in.
///
/// Found by going up from the test's executable to cargo's own mark, so it is right for
/// `CARGO_TARGET_DIR`, `--target-dir` and cargo's configuration alike. A program that lies outside
/// of every target directory gets the workspace's `target`.
pub fn target_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("the running test has a path");
    exe.ancestors()
        .skip(1)
        .find(|dir| dir.join("CACHEDIR.TAG").is_file())
        .map_or_else(|| workspace().join("target"), Path::to_path_buf)
}

/// The built `wasmscope` command, for tests outside of the `cli` crate.
///
/// Tests of `cli` itself use `env!("CARGO_BIN_EXE_wasmscope")`, which cargo keeps fresh. Here the
/// binary is looked for beside the running test, and is as fresh as the last build made it:
/// `cargo test --workspace` and `cargo build` both make it.
pub fn wasmscope_binary() -> PathBuf {
    let exe = std::env::current_exe().expect("the running test has a path");
    let name = format!("wasmscope{}", std::env::consts::EXE_SUFFIX);
    exe.ancestors()
        .skip(1)
        .take(3)
        .map(|dir| dir.join(&name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!(
                "`{name}` is not built beside {}: run `cargo build -p wasmscope` with the same \
                 profile first",
                exe.display()
            )
        })
}
