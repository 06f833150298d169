//! Removing temporary folders whatever becomes of this process, be it killed: a second process of
//! wasmscope waits for the end of the first one, and takes away what that has left.
//!
//! The first one removes its folders itself when it can; then the second finds nothing to do.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// What makes a call of wasmscope such a waiting one. No user types it.
pub const COMMAND: &str = "__remove-when-orphaned";

/// The lines to the waiting processes: they end with this process.
static LINES: Mutex<Vec<ChildStdin>> = Mutex::new(Vec::new());

/// Has `folder` removed when this process has ended.
pub fn watch(folder: &Path) {
    if let Err(error) = start(folder) {
        tracing::warn!(
            folder = %folder.display(),
            %error,
            "nobody will remove this folder if wasmscope is killed"
        );
    }
}

fn start(folder: &Path) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(COMMAND)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        // Ctrl-C in the terminal is for the first process only.
        use std::os::unix::process::CommandExt as _;
        command.process_group(0).current_dir("/");
    }
    let mut child = command.spawn()?;
    if let Some(line) = child.stdin.take() {
        let mut lines = LINES
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.push(line);
    }
    Ok(())
}

/// Waits and removes, if that is what this process was started for.
pub fn serve() -> Option<i32> {
    let mut args = std::env::args_os().skip(1);
    if args.next() != Some(OsString::from(COMMAND)) {
        return None;
    }
    let folder = args.next()?;
    let mut nothing = Vec::new();
    // Nobody ever writes: this is the end of the other process.
    let _ = io::stdin().take(1).read_to_end(&mut nothing);
    wasmscope_image::temporary::remove_left(Path::new(&folder));
    Some(0)
}
