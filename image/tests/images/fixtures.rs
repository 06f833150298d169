//! Images that real tools have written: `remake` beside them says which and how.

use crate::support::{Scene, launch, open_path, refused, tree};
use std::fs;
use std::path::PathBuf;
use wasmscope_image::{Form, Image, OpenOptions, Opened, open};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[test]
fn all_of_them_start_the_same_program() {
    for (name, form) in [
        ("docker-save-20.tar", Form::DockerArchive),
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
    for name in ["buildah-index.tar", "ctr-export.tar"] {
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
    for name in ["buildkit-tar.tar", "podman-export.tar"] {
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
    let image = open_path(fixture("docker-export-20.tar")).expect("it opens");
    assert_eq!(image.form, Form::FilesystemArchive);
    assert_eq!(launch(&image).argv, ["/app/args.wasm"]);
    let tree = tree(&image);
    assert!(tree.contains(&"dev/console=".to_owned()), "{tree:?}");
    assert!(
        tree.contains(&"etc/mtab -> /proc/mounts".to_owned()),
        "{tree:?}"
    );
}
