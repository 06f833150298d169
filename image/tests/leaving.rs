//! Nothing is left of an image however the process ends that has opened it: panics in its main thread
//! and in another one, and an exit that drops nothing. Each is a process of its own, this one called
//! anew; so there is no harness here, whose threads are not the main one.
//!
//! What no destructor sees (a signal, an abort) is the business of who ends the process: the `wasmscope`
//! command has a second process wait for that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use wasmscope_image::{Image, OpenOptions, Opened, open, temporary};

/// Which way to end, for the process that is to.
const WAY: &str = "WASMSCOPE_TEST_WAY";

/// The ways, and the exit codes that they end with.
const WAYS: [(&str, i32); 5] = [
    ("panic in the main thread", 101),
    ("panic while it is opened", 101),
    ("panic in the thread that has it", 0),
    ("panic in another thread", 7),
    ("exit", 7),
];

fn main() {
    // Test runners ask what there is.
    if env::args().any(|argument| argument == "--list") {
        if !env::args().any(|argument| argument == "--ignored") {
            println!("nothing_is_left: test");
        }
        return;
    }
    match env::var(WAY) {
        Ok(way) => leave(&way),
        Err(_) => nothing_is_left(),
    }
}

fn nothing_is_left() {
    for (way, code) in WAYS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = Command::new(env::current_exe().expect("it has a path"))
            .env(WAY, way)
            .env("TMPDIR", folder.path())
            .env("TEMP", folder.path())
            .env("TMP", folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{way}: {output:?}");
        // There was something to remove.
        let unpacked = Path::new(said.trim_end());
        assert!(unpacked.starts_with(folder.path()), "{way}: {output:?}");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
        assert!(left.is_empty(), "{way} leaves {left:?}");
    }
}

fn leave(way: &str) {
    match way {
        "panic in the main thread" => {
            let _image = opened(None);
            panic!("as it should");
        }
        "panic while it is opened" => {
            opened(Some(|folder| {
                println!("{}", folder.display());
                panic!("as it should");
            }));
        }
        "panic in the thread that has it" => {
            let owner = thread::spawn(|| {
                let _image = opened(None);
                panic!("as it should");
            });
            assert!(owner.join().is_err());
        }
        "panic in another thread" => {
            let image = opened(None);
            let other = thread::spawn(|| panic!("as it should"));
            assert!(other.join().is_err());
            assert!(image.rootfs.path().is_dir(), "it was not the other's");
            leave_with_it(image);
        }
        "exit" => leave_with_it(opened(None)),
        way => panic!("{way} is no way"),
    }
}

/// Ends the process as the command does, while the image is there.
fn leave_with_it(image: Image) {
    std::mem::forget(image);
    temporary::remove_all();
    std::process::exit(7);
}

/// An image, of which it is told where it is unpacked.
fn opened(created: Option<fn(&Path)>) -> Image {
    let archive =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/docker-save-26.tar");
    let options = OpenOptions {
        created: created.or(Some(|folder| println!("{}", folder.display()))),
        ..OpenOptions::default()
    };
    match open(&archive, &options) {
        Ok(Opened::Image(image)) => *image,
        other => panic!("it is an image: {other:?}"),
    }
}
