//! Temporary folders, and that they go: when their owner is dropped, and, by [`remove_all`], when
//! the process ends without dropping anything (an exit, a signal).
//!
//! What a guest has left in them is as hostile as the guest: folders nested deeper than a path can
//! be long are taken apart level by level.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folders to remove when the process ends.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How their names begin.
const PREFIX: &str = "wasmscope-";

/// How often removing is tried again: a guest on another thread may still be writing.
const ATTEMPTS: usize = 5;

/// A folder that only its user may enter, removed with everything in it when this is dropped.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    kept: bool,
}

impl TemporaryFolder {
    /// Makes a folder in the system's folder for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let path = folder.keep();
        live().push(path.clone());
        Ok(Self { path, kept: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is, for good.
    pub fn keep(&mut self) {
        self.kept = true;
        live().retain(|path| *path != self.path);
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.path);
            live().retain(|path| *path != self.path);
        }
    }
}

/// Removes all temporary folders of this process: for those who end it. A second call, from a
/// signal's thread perhaps, waits for the first one.
pub fn remove_all() {
    let mut live = live();
    for path in live.drain(..) {
        remove(&path);
    }
}

/// Removes a temporary folder that another process has left, if it is one by its name.
pub fn remove_left(folder: &Path) {
    let name = folder.file_name().and_then(|name| name.to_str());
    if name.is_some_and(|name| name.starts_with(PREFIX)) && folder.is_absolute() {
        remove(folder);
    }
}

fn live() -> MutexGuard<'static, Vec<PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove(path: &Path) {
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(_) => {}
        }
        if flatten(path).is_ok() && fs::remove_dir(path).is_ok() {
            return;
        }
    }
    tracing::warn!(folder = %path.display(), "a temporary folder cannot be removed");
}

/// Empties a folder without ever going deeper than two levels: what is below is moved up first.
fn flatten(top: &Path) -> io::Result<()> {
    let mut moved = 0u64;
    loop {
        let mut empty = true;
        for entry in fs::read_dir(top)? {
            let entry = entry?;
            empty = false;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            for inner in fs::read_dir(entry.path())? {
                let inner = inner?;
                if inner.file_type()?.is_dir() {
                    let name = loop {
                        moved = moved.wrapping_add(1);
                        let name = top.join(format!(".moved-{moved}"));
                        if fs::symlink_metadata(&name).is_err() {
                            break name;
                        }
                    };
                    fs::rename(inner.path(), name)?;
                } else {
                    fs::remove_file(inner.path())?;
                }
            }
            fs::remove_dir(entry.path())?;
        }
        if empty {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_with_their_owner_and_stay_when_kept() {
        let folder = TemporaryFolder::new().expect("writable");
        let path = folder.path().to_owned();
        fs::write(path.join("file"), "x").expect("writable");
        drop(folder);
        assert!(!path.exists());

        let mut folder = TemporaryFolder::new().expect("writable");
        let path = folder.path().to_owned();
        folder.keep();
        drop(folder);
        assert!(path.is_dir());
        fs::remove_dir_all(path).expect("it is there");
    }

    #[test]
    fn a_nest_deeper_than_paths_go_is_taken_apart() {
        let outer = tempfile::tempdir().expect("writable");
        let top = outer.path().join("top");
        fs::create_dir(&top).expect("writable");
        // Deeper than any path: made from the inside to the outside.
        for _ in 0..3_000 {
            let next = outer.path().join("next");
            fs::create_dir(&next).expect("writable");
            fs::rename(&top, next.join("d")).expect("movable");
            fs::rename(&next, &top).expect("movable");
        }
        flatten(&top).expect("it can be emptied");
        fs::remove_dir(&top).expect("it is empty");
    }
}
