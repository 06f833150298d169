//! Images that mean harm: each is refused with a reason, or disarmed, and nothing is written
//! outside of the temporary folder.

use crate::support::{MODULE, Scene, open_bytes, open_limited, open_path, refused, tree};
use serde_json::json;
use std::fs;
use wasmscope_image::{Image, ImageError, Limits};
use wasmscope_test_support::image::{
    ImageMaker, Stored, Tar, TarEntry, descriptor, digest, gzip, layout, wasm_artifact,
};

fn open_layer(layer: Vec<u8>) -> Result<Image, ImageError> {
    open_bytes(
        &ImageMaker::new()
            .layer(layer)
            .oci_archive("a", Stored::Plain),
    )
}

#[track_caller]
fn says(opened: Result<Image, ImageError>, parts: &[&str]) {
    let error = refused(opened);
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error:?}");
    }
}

#[test]
fn names_that_lead_out() {
    for name in ["../escape", "a/../../escape", "/../escape", ".."] {
        says(
            open_layer(Tar::new().data(name, "x").finish()),
            &["is refused: it leads out of its folder (`..`)"],
        );
    }
    let image = open_layer(Tar::new().data("/etc/absolute", "x").finish()).expect("harmless");
    assert_eq!(tree(&image), ["etc/", "etc/absolute=x"]);
}

#[test]
fn links_that_lead_out_are_followed_inside_only() {
    let outside = Scene::new();
    let victim = outside.write("victim", b"untouched");
    let folder = outside.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    assert!(folder.len() < 90);
    let layer = Tar::new()
        .symlink("out", folder)
        .data("out/victim", "overwritten")
        .symlink("up", "../../../../../../../../../../../..")
        .data("up/top", "x")
        .finish();
    let image = open_layer(layer).expect("disarmed");
    assert_eq!(fs::read(&victim).expect("it is there"), b"untouched");
    let inside = image
        .rootfs
        .path()
        .join(folder.trim_start_matches('/'))
        .join("victim");
    assert_eq!(fs::read(inside).expect("it is inside"), b"overwritten");
    assert!(!std::path::Path::new("/top").exists());
}

#[test]
fn a_folder_that_becomes_a_link_is_not_written_through() {
    let outside = Scene::new();
    let folder = outside.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    // The folder of the entry before is remembered: not when it is replaced.
    let layer = Tar::new()
        .folder("a/")
        .data("a/first", "1")
        .symlink("a", folder)
        .data("a/second", "2")
        .finish();
    open_layer(layer).expect("disarmed");
    assert_eq!(
        fs::read_dir(outside.path("")).expect("it is there").count(),
        0
    );
    // A file in the place of a link takes the link away, and leaves what it leads to.
    let victim = outside.write("victim", b"untouched");
    let layer = Tar::new()
        .symlink("link", victim.to_str().expect("UTF-8"))
        .data("link", "mine")
        .finish();
    assert_eq!(tree(&open_layer(layer).expect("disarmed")), ["link=mine"]);
    assert_eq!(fs::read(&victim).expect("it is there"), b"untouched");
}

#[test]
fn hard_links_to_the_host_and_to_nothing() {
    let outside = Scene::new();
    let victim = outside.write("victim", b"untouched");
    let victim = victim.to_str().expect("UTF-8");
    says(
        open_layer(Tar::new().hard_link("own", victim).finish()),
        &[
            "entry `own` is refused: it is a hard link to",
            "no file of the image",
        ],
    );
    says(
        open_layer(Tar::new().hard_link("own", "../../etc/passwd").finish()),
        &["leads out"],
    );
    // A hard link to a link is one to the link itself.
    let layer = Tar::new()
        .symlink("link", victim)
        .hard_link("own", "link")
        .finish();
    let image = open_layer(layer).expect("disarmed");
    assert_eq!(
        tree(&image),
        [format!("link -> {victim}"), format!("own -> {victim}")]
    );
    says(
        open_layer(Tar::new().folder("d/").hard_link("own", "d").finish()),
        &["no file of the image"],
    );
}

#[test]
fn links_in_circles() {
    let layer = Tar::new()
        .symlink("a", "b")
        .symlink("b", "a")
        .data("a/x", "1")
        .finish();
    says(open_layer(layer), &["more than 40 symbolic links"]);
}

#[test]
fn devices_and_pipes_are_left_out() {
    let layer = Tar::new()
        .entry("dev/sda", TarEntry::Block, "", 0o666, b"")
        .entry("dev/null", TarEntry::Char, "", 0o666, b"")
        .entry("pipe", TarEntry::Fifo, "", 0o666, b"")
        .file("app.wasm", MODULE)
        .finish();
    let image = open_layer(layer).expect("it opens");
    assert_eq!(image.left_out_count, 3);
    assert_eq!(image.left_out, ["dev/sda", "dev/null", "pipe"]);
    assert_eq!(tree(&image).len(), 2);
}

#[test]
fn whiteouts_that_lead_out() {
    for name in [".wh...", ".wh..", ".wh.", "a/.wh..."] {
        says(
            open_layer(Tar::new().data(name, "").finish()),
            &["takes something away that has no name"],
        );
    }
}

#[test]
fn bombs() {
    let small = Limits {
        bytes: 1 << 20,
        entries: 100,
    };
    // A file that compresses a thousand times.
    let layer = Tar::new().data("zeros", vec![0; 8 << 20]).finish();
    let maker = ImageMaker::new().layer(layer);
    for stored in [Stored::Gzip, Stored::Zstd, Stored::Plain] {
        let archive = maker.oci_archive("a", stored);
        says(
            open_limited(&archive, small),
            &[
                "is larger than 1048576 bytes when unpacked",
                "--max-image-size",
            ],
        );
    }
    // The archive itself.
    says(
        open_limited(&gzip(&maker.oci_archive("a", Stored::Plain)), small),
        &["is larger than 1048576 bytes when unpacked"],
    );
    // Many small layers are one large one.
    let many = (0..8).fold(ImageMaker::new(), |maker, n| {
        maker.layer(
            Tar::new()
                .data(&format!("f{n}"), vec![0; 200 << 10])
                .finish(),
        )
    });
    says(
        open_limited(&many.oci_archive("a", Stored::Gzip), small),
        &["is larger than 1048576 bytes"],
    );
    // A module that is a layer.
    let module = [MODULE, &vec![0; 2 << 20]].concat();
    let archive = wasm_artifact(
        &module,
        &json!({}),
        "application/vnd.wasm.config.v0+json",
        "application/wasm",
    );
    says(
        open_limited(&archive, small),
        &["is larger than 1048576 bytes"],
    );
    // Many entries.
    let entries = (0..101).fold(Tar::new(), |tar, n| tar.data(&format!("f{n}"), ""));
    let archive = ImageMaker::new()
        .layer(entries.finish())
        .oci_archive("a", Stored::Gzip);
    says(
        open_limited(&archive, small),
        &["has more than 100 entries"],
    );
}

#[test]
fn a_name_as_long_as_a_disk() {
    // An extension header of gigabytes, as compressed data can pretend it.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(TarEntry::GNULongName);
    header.set_size(5 << 30);
    header.set_cksum();
    let layer = [header.as_bytes(), &[b'a'; 4096][..]].concat();
    says(
        open_layer(layer),
        &["an extension header has 5368709120 bytes"],
    );
    // A path of many folders.
    let deep = "d/".repeat(48);
    let mut layer = Tar::new();
    for depth in 0..4 {
        layer = layer.symlink(&format!("l{depth}"), &deep);
    }
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    let path = format!("{}f", "d/".repeat(200));
    builder
        .append_data(&mut header, path, &b""[..])
        .expect("memory");
    says(
        open_layer(builder.into_inner().expect("memory")),
        &["deeper than 128 folders"],
    );
}

#[test]
fn sparse_files() {
    let layer = Tar::new()
        .entry("s", TarEntry::GNUSparse, "", 0o644, b"")
        .finish();
    says(open_layer(layer), &["it has a sparse file"]);
}

#[test]
fn thousands_of_layers() {
    let empty = Tar::new().finish();
    let maker = (0..1_001).fold(ImageMaker::new(), |maker, _| maker.layer(empty.clone()));
    says(
        open_bytes(&maker.oci_archive("a", Stored::Plain)),
        &["has more than 1000 layers"],
    );
}

#[test]
fn indexes_within_indexes() {
    let mut blobs = Vec::new();
    let (more, mut inner) = ImageMaker::new().blobs(Stored::Plain);
    blobs.extend(more);
    for _ in 0..12 {
        let index = json!({ "schemaVersion": 2, "manifests": [inner] }).to_string();
        let path = format!(
            "blobs/sha256/{}",
            &digest(index.as_bytes())["sha256:".len()..]
        );
        inner = descriptor("application/vnd.oci.image.index.v1+json", index.as_bytes());
        blobs.push((path, index.into_bytes()));
    }
    let index = json!({ "schemaVersion": 2, "manifests": [inner] });
    says(
        open_bytes(&layout(&blobs, &index).finish()),
        &["has more than 8 indexes within indexes"],
    );
}

#[test]
fn other_bytes_than_the_digest_says() {
    let app = ImageMaker::new()
        .layer(Tar::new().file("app.wasm", MODULE).finish())
        .with("Cmd", json!(["/app.wasm"]));
    // Each blob in turn has one bit changed.
    let (blobs, manifest) = app.blobs(Stored::Gzip);
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    for changed in 0..blobs.len() {
        let mut blobs = blobs.clone();
        let middle = blobs[changed].1.len() / 2;
        blobs[changed].1[middle] ^= 1;
        says(
            open_bytes(&layout(&blobs, &index).finish()),
            &["its digest is sha256:", "the image names sha256:"],
        );
    }
    // The same for what older Docker writes: the configuration, then the layer.
    let whole = app.docker_save_24("app");
    for marker in [&b"/app.wasm"[..], MODULE] {
        let place = whole
            .windows(marker.len())
            .position(|window| window == marker)
            .expect("it is in there");
        let mut changed = whole.clone();
        changed[place + 1] ^= 1;
        says(open_bytes(&changed), &["its digest is sha256:"]);
    }
    // A size that is not the blob's.
    let (blobs, mut manifest) = app.blobs(Stored::Plain);
    manifest["digest"] = json!("sha256:../../../../etc/passwd");
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    says(
        open_bytes(&layout(&blobs, &index).finish()),
        &["is no digest"],
    );
}

#[test]
fn archives_that_end_too_early() {
    let app = ImageMaker::new()
        .layer(Tar::new().file("app.wasm", vec![7; 5_000]).finish())
        .with("Cmd", json!(["/app.wasm"]));
    let whole = app.docker_save_25("app");
    for part in [1, 2, 3, 5] {
        let end = whole.len() * part / 6;
        // Wherever it ends: an error, and no panic.
        let error = refused(open_bytes(&whole[..end]));
        assert!(
            error.contains("is cut off")
                || error.contains("has no blob")
                || error.contains("WebAssembly")
                || error.contains("damaged"),
            "{error}"
        );
    }
    let compressed = gzip(&whole);
    says(
        open_bytes(&compressed[..compressed.len() / 2]),
        &["is cut off"],
    );
    let cut = gzip(&Tar::new().file("app.wasm", MODULE).finish());
    let maker = ImageMaker::new().layer(Tar::new().finish());
    let (mut blobs, _) = maker.blobs(Stored::Plain);
    let config = descriptor(
        "application/vnd.oci.image.config.v1+json",
        maker.config.to_string().as_bytes(),
    );
    let half = cut[..cut.len() / 2].to_vec();
    let layer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &half);
    let manifest = json!({ "config": config, "layers": [layer] })
        .to_string()
        .into_bytes();
    for bytes in [&half, &manifest] {
        let path = format!("blobs/sha256/{}", &digest(bytes)["sha256:".len()..]);
        blobs.push((path, bytes.clone()));
    }
    let own = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    let index = json!({ "schemaVersion": 2, "manifests": [own] });
    says(
        open_bytes(&layout(&blobs, &index).finish()),
        &["layer sha256:", "is cut off"],
    );
}

#[test]
fn kinds_of_layers_that_nobody_knows() {
    for (media_type, known) in [
        (
            "application/vnd.example.secret",
            "no kind of layer that is known here",
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "an encrypted layer",
        ),
        ("evil\u{1b}[31m", "evil\\u{1b}[31m"),
    ] {
        let config = "application/vnd.oci.image.config.v1+json";
        let archive = wasm_artifact(MODULE, &json!({}), config, media_type);
        says(open_bytes(&archive), &["is of the media type `", known]);
    }
}

#[test]
fn a_folder_with_links_to_the_host() {
    let scene = Scene::new();
    let secret = scene.write("secret", b"\0asm\x01\0\0\0secret");
    let root = scene.path("root");
    fs::create_dir(&root).expect("writable");
    fs::write(root.join("app.wasm"), MODULE).expect("writable");
    std::os::unix::fs::symlink(&secret, root.join("secret.wasm")).expect("writable");
    let image = open_path(&root).expect("it opens");
    let modules: Vec<_> = image
        .modules()
        .into_iter()
        .map(|module| module.path)
        .collect();
    assert_eq!(modules, ["/app.wasm"]);

    // A layout whose documents are links to files of the host.
    let layout = scene.path("layout");
    fs::create_dir_all(layout.join("blobs/sha256")).expect("writable");
    fs::write(layout.join("oci-layout"), "{}").expect("writable");
    let index = scene.write("elsewhere.json", br#"{"manifests":[{"digest":"x"}]}"#);
    std::os::unix::fs::symlink(&index, layout.join("index.json")).expect("writable");
    says(open_path(&layout), &["index.json names no image"]);
}

#[test]
fn garbage_in_every_byte() {
    let app = ImageMaker::new()
        .layer(
            Tar::new()
                .file("app.wasm", MODULE)
                .symlink("l", "/")
                .finish(),
        )
        .with("Cmd", json!(["/app.wasm"]));
    for whole in [
        app.docker_save_24("app"),
        app.docker_save_containerd("app"),
        Tar::new()
            .file("app.wasm", MODULE)
            .symlink("l", "app.wasm")
            .finish(),
    ] {
        // Whatever comes of it: no panic. What is wrong in it, others tests say.
        for place in (0..whole.len()).step_by(37) {
            let mut changed = whole.clone();
            changed[place] = changed[place].wrapping_add(0x55);
            let scene = Scene::new();
            let path = scene.write("image.tar", &changed);
            let _ = wasmscope_image::open(&path, &Default::default());
        }
    }
}
