//! Images that real tools have written: `remake` and `remake-docker` beside them say which and how.

use crate::support::{MODULE, Scene, launch, open_path, refused, tree};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use wasmscope_image::{Form, Image, OpenOptions, Opened, open};
use wasmscope_test_support::image::{ImageMaker, Tar};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[test]
fn all_of_them_start_the_same_program() {
    for (name, form) in [
        ("docker-save-20.tar", Form::DockerArchive),
        ("docker-save-26.tar", Form::DockerArchive),
        ("docker-save-26-containerd.tar", Form::DockerArchive),
        ("docker-save-26-platforms.tar", Form::DockerArchive),
        ("buildx-oci.tar", Form::OciLayout),
        ("buildx-oci-zstd.tar", Form::OciLayout),
        ("buildx-docker.tar", Form::DockerArchive),
        ("buildah-docker-archive.tar", Form::DockerArchive),
        ("buildah-oci-archive.tar", Form::OciLayout),
        ("buildah-index.tar", Form::OciLayout),
        ("ctr-export.tar", Form::OciLayout),
        ("podman-docker-archive.tar", Form::DockerArchive),
        ("podman-oci-archive.tar", Form::OciLayout),
        ("skopeo-zstd.tar", Form::OciLayout),
        ("skopeo-dir.tar", Form::Directory),
        ("umoci.tar", Form::OciLayout),
    ] {
        let image = open_path(fixture(name)).expect(name);
        is_it(&image, name, form);
        // The same files in a folder.
        let bytes = fs::read(fixture(name)).expect("it is there");
        let scene = Scene::new();
        let folder = scene.spread("folder", &bytes);
        is_it(&open_path(folder).expect(name), name, form);
    }
}

fn is_it(image: &Image, name: &str, form: Form) {
    assert_eq!(image.form, form, "{name}");
    let started = launch(image);
    assert_eq!(started.module, "/app/args.wasm", "{name}");
    assert_eq!(
        started.argv,
        ["args.wasm", "from-entrypoint", "from-cmd"],
        "{name}"
    );
    assert!(
        started
            .env
            .contains(&("GREETING".to_owned(), "hello".to_owned())),
        "{name}"
    );
    let config = image.config.as_ref().expect("it has one");
    assert_eq!(config.exposed_ports, ["8080/tcp"]);
    assert_eq!(config.working_dir, "/app");
    assert_eq!(config.labels["maintainer"], "me");
    assert!(
        tree(image)
            .iter()
            .any(|file| file.starts_with("etc/motd=FROM scratch"))
    );
}

#[test]
fn of_two_platforms_the_other_one_can_be_had() {
    for name in [
        "buildah-index.tar",
        "ctr-export.tar",
        "docker-save-26-platforms.tar",
    ] {
        let options = OpenOptions {
            platform: Some("linux/amd64".parse().expect("a platform")),
            ..OpenOptions::default()
        };
        let Ok(Opened::Image(image)) = open(&fixture(name), &options) else {
            panic!("{name} is an image");
        };
        assert_eq!(
            launch(&image).argv.last().map(|word| &**word),
            Some("from-native")
        );
    }
}

/// The last argument of the program that the image starts.
fn last_argument(target: &str) -> String {
    let image = open_path(fixture(target)).expect(target);
    launch(&image).argv.pop().expect("it has some")
}

#[test]
fn of_several_images_docker_has_saved_one_is_named() {
    for (reference, last) in [
        (":app:latest", "from-cmd"),
        (":app", "from-cmd"),
        (":docker.io/library/app", "from-cmd"),
        (":latest", "from-cmd"),
        (":other:v1", "from-other"),
        (":v1", "from-other"),
    ] {
        let target = format!("docker-save-26-two.tar{reference}");
        assert_eq!(last_argument(&target), last, "{target}");
    }
    let error = refused(open_path(fixture("docker-save-26-two.tar")));
    for expected in ["app:latest (linux/amd64)", "other:v1", "TARGET:TAG"] {
        assert!(error.contains(expected), "{error}");
    }
    // As for Docker: `other` is `other:latest`, and there is none.
    let error = refused(open_path(fixture("docker-save-26-two.tar:other")));
    assert!(error.contains("has no image called `other`"), "{error}");
}

#[test]
fn two_names_may_share_an_image() {
    // Both are the same for Wasm, and one of them is for another platform too.
    let archive = "docker-save-26-containerd-two.tar";
    let index = |name: &str| {
        let index = entry(&fixture(archive), "index.json");
        let images = index["manifests"].as_array().expect("some").clone();
        let named = images
            .into_iter()
            .find(|image| image["annotations"]["io.containerd.image.name"] == name)
            .expect("it is there");
        named["digest"].as_str().expect("text").to_owned()
    };
    let both = index("docker.io/library/both:v1");
    let short = &both["sha256:".len()..][..12];
    for target in [
        archive.to_owned(),
        format!("{archive}:app"),
        format!("{archive}:both:v1"),
        format!("{archive}@{both}"),
        format!("{archive}@{short}"),
        format!("{archive}@{}", index("docker.io/library/app:latest")),
    ] {
        assert_eq!(last_argument(&target), "from-cmd", "{target}");
    }
    let image = open_path(fixture(archive)).expect("it opens");
    let names = ["app:latest", "both:v1"].map(|name| format!("docker.io/library/{name}"));
    assert_eq!(image.names, names);
    let options = OpenOptions {
        platform: Some("linux/amd64".parse().expect("a platform")),
        ..OpenOptions::default()
    };
    let Ok(Opened::Image(image)) = open(&fixture(archive), &options) else {
        panic!("only one is for that platform");
    };
    assert_eq!(
        launch(&image).argv.last().map(|word| &**word),
        Some("from-native")
    );
}

/// A JSON document of an archive.
fn entry(archive: &Path, name: &str) -> Value {
    json_in(&fs::read(archive).expect("it is there"), name)
}

fn json_in(archive: &[u8], name: &str) -> Value {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("whole");
        if entry.path().expect("UTF-8") == Path::new(name) {
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            return serde_json::from_str(&text).expect("JSON");
        }
    }
    panic!("no {name}");
}

/// What there is in a document, whatever its values: `manifests.0.digest`. Where values are the keys
/// they are left out.
fn shape(document: &Value, path: &str, found: &mut BTreeSet<String>) {
    let mut below = |key: &str, inner: &Value| shape(inner, &format!("{path}.{key}"), found);
    match document {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| match key {
            key if key.starts_with("sha256:") => below("DIGEST", inner),
            key => below(key, inner),
        }),
        Value::Array(items) => items.iter().for_each(|inner| below("N", inner)),
        _ => drop(found.insert(path.to_owned())),
    }
}

/// The archives that other tests are made of are told from Docker's own by their content alone.
#[test]
fn made_up_archives_have_the_shape_of_dockers() {
    let maker = ImageMaker::new()
        .layer(Tar::new().file("app.wasm", MODULE).finish())
        .with("Entrypoint", json!(["/app.wasm"]));
    for (made_up, real) in [
        (maker.docker_save_24("app:latest"), "docker-save-20.tar"),
        (maker.docker_save_25("app:latest"), "docker-save-26.tar"),
        (
            maker.docker_save_containerd("app:latest"),
            "docker-save-26-containerd.tar",
        ),
    ] {
        let real_bytes = fs::read(fixture(real)).expect("it is there");
        let documents = match real {
            "docker-save-20.tar" => &["manifest.json"][..],
            _ => &["manifest.json", "index.json", "oci-layout"],
        };
        for document in documents {
            let shapes = [&made_up, &real_bytes].map(|archive| {
                let mut found = BTreeSet::new();
                shape(&json_in(archive, document), document, &mut found);
                found
            });
            assert_eq!(shapes[0], shapes[1], "{document} of {real}");
        }
        let top = |archive: &[u8]| {
            let mut archive = tar::Archive::new(archive);
            let entries = archive.entries().expect("a tar");
            let names =
                entries.map(|entry| entry.expect("whole").path().expect("UTF-8").into_owned());
            let tops = names.map(|name| {
                name.components()
                    .next()
                    .expect("a name")
                    .as_os_str()
                    .to_owned()
            });
            // Layers and configurations of old are called by their digests.
            tops.filter(|name| name.len() < 32).collect::<BTreeSet<_>>()
        };
        assert_eq!(top(&made_up), top(&real_bytes), "{real}");
    }
}

#[test]
fn artifacts_whose_layer_is_the_module() {
    for (name, form, module) in [
        ("oci-tar-builder.tar", Form::DockerArchive, None),
        ("oras-artifact.tar", Form::OciLayout, Some("args.wasm")),
    ] {
        let image = open_path(fixture(name)).expect(name);
        assert_eq!(image.form, form, "{name}");
        let platform = image.platform.as_ref().map(ToString::to_string);
        assert_eq!(platform.as_deref(), Some("wasip1/wasm"), "{name}");
        let started = launch(&image);
        assert_eq!(started.argv, ["args.wasm"], "{name}");
        assert!(
            module.is_none_or(|module| started.module == module),
            "{name}"
        );
        let bytes = fs::read(started.file).expect("it is there");
        assert!(bytes.starts_with(b"\0asm"), "{name}");
    }
}

#[test]
fn filesystems_as_buildkit_and_podman_write_them() {
    for name in [
        "buildkit-tar.tar",
        "buildx-tar.tar",
        "buildx-local.tar",
        "podman-export.tar",
    ] {
        let image = open_path(fixture(name)).expect(name);
        assert_eq!(image.form, Form::FilesystemArchive, "{name}");
        assert_eq!(launch(&image).argv, ["/app/args.wasm"], "{name}");
        // As `--output type=local` leaves it.
        let bytes = fs::read(fixture(name)).expect("it is there");
        let scene = Scene::new();
        let image = open_path(scene.spread("folder", &bytes)).expect(name);
        assert_eq!(image.form, Form::Folder, "{name}");
        assert_eq!(launch(&image).argv, ["/app/args.wasm"], "{name}");
    }
}

#[test]
fn a_damaged_part_of_skopeos_folder_is_noticed() {
    let scene = Scene::new();
    let bytes = fs::read(fixture("skopeo-dir.tar")).expect("it is there");
    let folder = scene.spread("folder", &bytes);
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("named")
            .to_string_lossy()
            .into_owned();
        if name.len() < 64 {
            continue;
        }
        let whole = fs::read(&path).expect("it is there");
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        fs::write(&path, damaged).expect("writable");
        let error = refused(open_path(&folder));
        assert!(error.contains(&format!("names sha256:{name}")), "{error}");
        fs::remove_file(&path).expect("it is there");
        let error = refused(open_path(&folder));
        assert!(
            error.contains(&format!("has no blob sha256:{name}")),
            "{error}"
        );
        fs::write(&path, whole).expect("writable");
    }
    assert!(open_path(&folder).is_ok());
}

#[test]
fn a_container_as_docker_exports_it() {
    for name in ["docker-export-20.tar", "docker-export-26.tar"] {
        let image = open_path(fixture(name)).expect("it opens");
        assert_eq!(image.form, Form::FilesystemArchive);
        assert_eq!(launch(&image).argv, ["/app/args.wasm"]);
        let tree = tree(&image);
        assert!(tree.contains(&"dev/console=".to_owned()), "{tree:?}");
        assert!(
            tree.contains(&"etc/mtab -> /proc/mounts".to_owned()),
            "{tree:?}"
        );
    }
}
