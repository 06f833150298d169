//! Images made of any bytes: as they are, as entries of layers with the worst of names, and as good
//! images with damage. For tests and fuzzing: nothing may panic, be written outside of the temporary
//! folder, or be left behind.

use std::fs;
use std::path::Path;
use wasmscope_image::{LaunchOptions, Limits, OpenOptions, Opened, open};
use wasmscope_test_support::image::{ImageMaker, Stored, Tar, TarEntry};

/// Most entries of a layer.
const ENTRIES: usize = 24;

/// What must be as it was in the end.
const SENTINEL: &str = "sentinel";

/// Opens the image that these bytes make, and looks for what it did.
pub fn open_anything(bytes: &[u8]) {
    let scene = tempfile::tempdir().expect("a temporary folder");
    let outside = scene.path().join("outside");
    fs::create_dir(&outside).expect("writable");
    fs::write(outside.join(SENTINEL), SENTINEL).expect("writable");
    let file = scene.path().join("image");
    fs::write(&file, image(&mut Choices(bytes), &outside)).expect("writable");
    let limits = Limits {
        bytes: 1 << 20,
        ..Limits::default()
    };
    let options = OpenOptions {
        limits,
        ..OpenOptions::default()
    };
    if let Ok(Opened::Image(image)) = open(&file, &options) {
        let _ = image.launch(&LaunchOptions::default());
        let _ = image.make_mount_point("/a/b");
        let _ = image.put_file(&file, "/a/c");
        let folder = image.folder.as_ref().map(|folder| folder.path().to_owned());
        drop(image);
        assert!(!folder.is_some_and(|folder| folder.exists()), "left behind");
    }
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("it is there");
        let names = entries.map(|entry| entry.expect("readable").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(scene.path()), ["image", "outside"]);
    assert_eq!(names(&outside), [SENTINEL]);
    let kept = fs::read_to_string(outside.join(SENTINEL)).expect("it is there");
    assert_eq!(kept, SENTINEL);
    assert!(!std::env::temp_dir().join(ESCAPED).exists());
    assert!(!Path::new("/").join(ESCAPED).exists());
}

/// A name that nothing outside has.
const ESCAPED: &str = "wasmscope-test-escaped";

/// Bytes, and zeros after them.
struct Choices<'b>(&'b [u8]);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first)
            }
            None => 0,
        }
    }
}

fn image(choices: &mut Choices<'_>, outside: &Path) -> Vec<u8> {
    let form = choices.next() % 8;
    if form == 0 {
        return choices.0.to_vec();
    }
    let damaged = choices.next() % 4 == 1;
    let at = [choices.next(), choices.next(), choices.next()];
    let layers = [layer(choices, outside), layer(choices, outside)];
    let [first, second] = layers.clone();
    let maker = ImageMaker::new().layer(first).layer(second);
    let maker = maker.with("Entrypoint", serde_json::json!([path(choices, outside)]));
    let mut archive = match form {
        1 => maker.docker_save_24("x"),
        2 | 3 => maker.docker_save_25("x"),
        4 => maker.docker_save_containerd("x"),
        5 => maker.oci_archive("x", Stored::Gzip),
        6 => maker.oci_archive("x", Stored::Zstd),
        _ => layers[0].clone(),
    };
    if damaged {
        let [high, middle, low] = at;
        let place = (high << 16 | middle << 8 | low) % archive.len();
        archive[place] ^= 1 << (low % 8);
        archive.truncate(archive.len().saturating_sub(choices.next() * 3));
    }
    archive
}

fn layer(choices: &mut Choices<'_>, outside: &Path) -> Vec<u8> {
    let mut layer = Tar::new();
    for _ in 0..choices.next() % ENTRIES {
        let kind = match choices.next() % 9 {
            0..=2 => TarEntry::Regular,
            3 => TarEntry::Directory,
            4 | 5 => TarEntry::Symlink,
            6 => TarEntry::Link,
            7 => TarEntry::Fifo,
            _ => TarEntry::Char,
        };
        let content = match kind {
            TarEntry::Regular => &b"\0asm\x01\0\0\0"[..],
            _ => b"",
        };
        // A name that leads out has all of the image refused: links do more harm.
        let name = match choices.next() % 64 {
            1 => path(choices, outside),
            _ => name(choices, 3).join("/"),
        };
        let link = path(choices, outside);
        layer = layer.entry(&name, kind, &link, 0o755, content);
    }
    layer.finish()
}

/// A path of those that hurt.
fn path(choices: &mut Choices<'_>, outside: &Path) -> String {
    let mut parts = vec![match choices.next() % 8 {
        0 => outside.display().to_string(),
        1 => "..".to_owned(),
        2 => String::new(),
        _ => ".".to_owned(),
    }];
    for part in name(choices, 4) {
        parts.push(match choices.next() % 4 {
            1 => "..".to_owned(),
            _ => part.to_owned(),
        });
    }
    // No longer than a tar's header holds.
    parts.join("/").chars().take(90).collect()
}

/// Parts of a path that stays inside.
fn name(choices: &mut Choices<'_>, most: usize) -> Vec<&'static str> {
    const PARTS: [&str; 12] = [
        "a",
        "b",
        "c",
        "a",
        "b",
        SENTINEL,
        ESCAPED,
        ".wh.a",
        ".wh.b",
        ".wh..wh..opq",
        "app.wasm",
        "\u{1b}[31m",
    ];
    let count = choices.next() % most;
    let part = |_| PARTS[choices.next() % PARTS.len()];
    (0..=count).map(part).collect()
}
