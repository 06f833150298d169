//! Images that real tools have written: `remake` beside them says which and how.

use crate::support::{launch, open_path, tree};
use std::path::PathBuf;
use wasmscope_image::Form;

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
        ("skopeo-zstd.tar", Form::OciLayout),
    ] {
        let image = open_path(fixture(name)).expect(name);
        assert_eq!(image.form, form, "{name}");
        let started = launch(&image);
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
            tree(&image)
                .iter()
                .any(|file| file.starts_with("etc/motd=FROM scratch"))
        );
    }
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
