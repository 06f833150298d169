//! How layers lie over each other, as the OCI image specification has it.

use crate::support::{MODULE, open_bytes, tree};
use std::fs;
use wasmscope_image::Image;
use wasmscope_test_support::image::{ImageMaker, Stored, Tar, TarEntry};

fn unpack(layers: &[Vec<u8>]) -> Image {
    let maker = layers
        .iter()
        .fold(ImageMaker::new(), |maker, layer| maker.layer(layer.clone()));
    open_bytes(&maker.oci_archive("a", Stored::Plain)).expect("it opens")
}

#[test]
fn whiteouts_take_away_what_is_below() {
    let below = Tar::new()
        .data("a/file", "1")
        .data("a/kept", "2")
        .data("b/deep/file", "3")
        .data("c/old", "4")
        .data("c/sub/old", "5")
        .symlink("link", "/a")
        .finish();
    let above = Tar::new()
        .data("a/.wh.file", "")
        .data(".wh.b", "")
        .data("c/sub/new", "6")
        .data("c/.wh..wh..opq", "")
        .data("c/new", "7")
        .data(".wh.link", "")
        .data(".wh..wh.plnk", "")
        .data(".wh.never-there", "")
        .finish();
    assert_eq!(
        tree(&unpack(&[below, above])),
        ["a/", "a/kept=2", "c/", "c/new=7", "c/sub/", "c/sub/new=6"]
    );
}

#[test]
fn later_entries_take_the_place_of_earlier_ones() {
    let below = Tar::new()
        .data("file", "old")
        .data("folder/inside", "x")
        .symlink("link", "file")
        .folder("stays/")
        .data("stays/a", "1")
        .finish();
    let above = Tar::new()
        .folder("file/")
        .data("file/new", "1")
        .data("folder", "now a file")
        .data("link", "now a file")
        .folder("stays/")
        .data("stays/b", "2")
        .data("twice", "1")
        .data("twice", "2")
        .finish();
    assert_eq!(
        tree(&unpack(&[below, above])),
        [
            "file/",
            "file/new=1",
            "folder=now a file",
            "link=now a file",
            "stays/",
            "stays/a=1",
            "stays/b=2",
            "twice=2"
        ]
    );
}

#[test]
fn links_are_followed_inside() {
    let below = Tar::new()
        .folder("usr/lib/")
        .symlink("lib", "usr/lib")
        .finish();
    let above = Tar::new()
        .data("lib/through-relative", "1")
        .symlink("abs", "/usr/lib")
        .data("abs/through-absolute", "2")
        .symlink("up", "../../../../usr")
        .data("up/clamped", "3")
        .hard_link("copy", "lib/through-relative")
        .finish();
    assert_eq!(
        tree(&unpack(&[below, above])),
        [
            "abs -> /usr/lib",
            "copy=1",
            "lib -> usr/lib",
            "up -> ../../../../usr",
            "usr/",
            "usr/clamped=3",
            "usr/lib/",
            "usr/lib/through-absolute=2",
            "usr/lib/through-relative=1",
        ]
    );
}

#[test]
fn long_names_of_both_kinds() {
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(200));
    for header in [tar::Header::new_gnu(), tar::Header::new_ustar()] {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = header;
        header.set_mode(0o644);
        header.set_size(1);
        if header.as_gnu().is_none() {
            // What pax writers do: the name in a record, something short in the header.
            let records = [("path", long.as_bytes()), ("mtime", b"1700000000.5")];
            builder.append_pax_extensions(records).expect("memory");
            header.set_path("short").expect("it is");
            header.set_cksum();
            builder.append(&header, &b"x"[..]).expect("memory");
        } else {
            builder
                .append_data(&mut header, &long, &b"x"[..])
                .expect("memory");
        }
        let layer = builder.into_inner().expect("memory");
        let tree = tree(&unpack(&[layer]));
        assert!(tree.contains(&format!("{long}=x")), "{tree:?}");
    }
}

#[test]
fn modes_are_kept_but_for_what_is_dangerous_or_locks_us_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let layer = Tar::new()
        .entry("run", TarEntry::Regular, "", 0o6755, MODULE)
        .entry("locked/", TarEntry::Directory, "", 0, b"")
        .data("locked/inside", "x")
        .finish();
    let image = unpack(&[layer]);
    let mode = |name: &str| {
        let facts = fs::metadata(image.rootfs.path().join(name)).expect("it is there");
        facts.permissions().mode() & 0o7777
    };
    assert_eq!(mode("run"), 0o755);
    assert_eq!(mode("locked"), 0o700);
}

#[test]
fn the_folder_goes_with_the_image() {
    let image = unpack(&[Tar::new().data("a/b/c", "x").finish()]);
    let folder = image.folder.as_ref().expect("it has one").path().to_owned();
    assert!(folder.is_dir());
    drop(image);
    assert!(!folder.exists());
}
