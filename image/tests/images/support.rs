//! Opening images made in memory, and looking at what came of it.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wasmscope_image::{
    Image, ImageError, Launch, LaunchOptions, Limits, OpenOptions, Opened, open,
};

/// The shortest module.
pub const MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// The shortest component.
pub const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A folder with images in it.
pub struct Scene {
    folder: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(&path, bytes).expect("writable");
        path
    }

    /// Writes the archive's files into a folder of this name.
    pub fn spread(&self, name: &str, archive: &[u8]) -> PathBuf {
        let path = self.path(name);
        let mut archive = tar::Archive::new(archive);
        archive.unpack(&path).expect("an honest archive");
        path
    }
}

/// Opens the bytes of an archive.
pub fn open_bytes(bytes: &[u8]) -> Result<Image, ImageError> {
    open_limited(bytes, Limits::default())
}

pub fn open_limited(bytes: &[u8], limits: Limits) -> Result<Image, ImageError> {
    let scene = Scene::new();
    let path = scene.write("image.tar", bytes);
    let options = OpenOptions {
        limits,
        ..OpenOptions::default()
    };
    opened(open(&path, &options))
}

/// Opens a path, which may have a tag or a digest after it.
pub fn open_path(path: impl AsRef<Path>) -> Result<Image, ImageError> {
    opened(open(path.as_ref(), &OpenOptions::default()))
}

#[track_caller]
fn opened(opened: Result<Opened, ImageError>) -> Result<Image, ImageError> {
    match opened? {
        Opened::Image(image) => Ok(*image),
        other => panic!("it was taken for {other:?}"),
    }
}

/// The error, as text, of what must not open.
#[track_caller]
pub fn refused(opened: Result<Image, ImageError>) -> String {
    match opened {
        Ok(image) => panic!("it was opened: {image:?}"),
        Err(error) => error.to_string(),
    }
}

/// Everything below the root: paths, with a slash after folders, an arrow after links.
pub fn tree(image: &Image) -> Vec<String> {
    let root = image.rootfs.path();
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of ours") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(root)
                .expect("below")
                .display()
                .to_string();
            let facts = fs::symlink_metadata(&path).expect("it is there");
            if facts.is_dir() {
                found.push(format!("{name}/"));
                folders.push(path);
            } else if facts.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                found.push(format!("{name} -> {}", target.display()));
            } else {
                let content = fs::read(&path).expect("readable");
                found.push(format!("{name}={}", String::from_utf8_lossy(&content)));
            }
        }
    }
    found.sort();
    found
}

/// What the image starts when it is run without options.
pub fn launch(image: &Image) -> Launch {
    image
        .launch(&LaunchOptions::default())
        .expect("it says what to start")
}
