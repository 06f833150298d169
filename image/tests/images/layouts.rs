//! Every layout opens to the same files and the same program.

use crate::support::{MODULE, Scene, launch, open_bytes, open_path, refused, tree};
use serde_json::json;
use std::fs;
use wasmscope_image::{Form, Image};
use wasmscope_test_support::image::{
    ImageMaker, Stored, Tar, descriptor, gzip, layout, wasm_artifact, zstd,
};

/// Two layers: the second one changes a file, takes one away, and adds a module.
fn app() -> ImageMaker {
    ImageMaker::new()
        .layer(
            Tar::new()
                .folder("etc/")
                .data("etc/motd", "old")
                .data("etc/gone", "x")
                .finish(),
        )
        .layer(
            Tar::new()
                .data("etc/motd", "new")
                .data("etc/.wh.gone", "")
                .file("app.wasm", MODULE)
                .finish(),
        )
        .with("Entrypoint", json!(["/app.wasm", "first"]))
        .with("Cmd", json!(["second"]))
        .with("Env", json!(["A=1", "B=2=3", "C"]))
}

#[track_caller]
fn is_app(image: &Image) {
    let module = String::from_utf8_lossy(MODULE);
    assert_eq!(
        tree(image),
        [
            format!("app.wasm={module}"),
            "etc/".to_owned(),
            "etc/motd=new".to_owned()
        ]
    );
    let launch = launch(image);
    assert_eq!(launch.module, "/app.wasm");
    assert_eq!(launch.argv, ["/app.wasm", "first", "second"]);
    let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
    assert_eq!(
        launch.env,
        [pair("A", "1"), pair("B", "2=3"), pair("C", "")]
    );
    assert_eq!(launch.function, None);
}

#[test]
fn archives_of_all_tools() {
    let app = app();
    let archives = [
        (app.docker_save_24("app:latest"), Form::DockerArchive),
        (app.docker_save_25("app:latest"), Form::DockerArchive),
        (
            app.docker_save_containerd("app:latest"),
            Form::DockerArchive,
        ),
        (app.oci_archive("latest", Stored::Plain), Form::OciLayout),
        (app.oci_archive("latest", Stored::Gzip), Form::OciLayout),
        (app.oci_archive("latest", Stored::Zstd), Form::OciLayout),
    ];
    for (archive, form) in archives {
        let image = open_bytes(&archive).expect("it opens");
        assert_eq!(image.form, form);
        assert_eq!(image.layers.len(), 2);
        assert_eq!(image.layers[1].created_by.as_deref(), Some("COPY step 1"));
        assert_eq!(
            image.platform.as_ref().map(ToString::to_string).as_deref(),
            Some("wasi/wasm")
        );
        is_app(&image);
        // The whole archive compressed, as `docker save app | gzip` does.
        is_app(&open_bytes(&gzip(&archive)).expect("it opens"));
        is_app(&open_bytes(&zstd(&archive)).expect("it opens"));
    }
}

#[test]
fn layouts_as_folders() {
    let scene = Scene::new();
    let oci = scene.spread("oci", &app().oci_archive("app:v1", Stored::Gzip));
    is_app(&open_path(&oci).expect("it opens"));
    let docker = scene.spread("docker", &app().docker_save_24("app:v1"));
    is_app(&open_path(&docker).expect("it opens"));
}

#[test]
fn an_image_is_found_by_tag_and_digest() {
    let one = app();
    let two = app().with("Cmd", json!(["other"]));
    let (mut blobs, mut first) = one.blobs(Stored::Plain);
    let (more, mut second) = two.blobs(Stored::Plain);
    blobs.extend(more);
    let digest = second["digest"].as_str().expect("text").to_owned();
    first["annotations"] = json!({ "org.opencontainers.image.ref.name": "v1" });
    second["annotations"] = json!({ "io.containerd.image.name": "docker.io/library/app:v2" });
    let index = json!({ "schemaVersion": 2, "manifests": [first, second] });
    let scene = Scene::new();
    let path = scene.write("two.tar", &layout(&blobs, &index).finish());
    let path = path.display();

    is_app(&open_path(format!("{path}:v1")).expect("it opens"));
    let short = &digest["sha256:".len()..][..12];
    let names = ["v2", "app:v2", "docker.io/library/app:v2"].map(|name| format!(":{name}"));
    for reference in names
        .into_iter()
        .chain([format!("@{digest}"), format!("@{short}")])
    {
        let image = open_path(format!("{path}{reference}")).expect("it opens");
        assert_eq!(
            launch(&image).argv.last().map(String::as_str),
            Some("other")
        );
    }
    let error = refused(open_path(path.to_string()));
    for expected in [
        "two.tar: has several images: v1",
        "app:v2",
        "say which: TARGET:TAG",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let error = refused(open_path(format!("{path}:v3")));
    assert!(
        error.contains("has no image called `v3`; there is v1"),
        "{error}"
    );
}

#[test]
fn of_several_platforms_wasm_comes_first() {
    let native = app()
        .platform("linux", "amd64")
        .with("Cmd", json!(["native"]));
    let (mut blobs, mut first) = native.blobs(Stored::Plain);
    let (more, mut second) = app().blobs(Stored::Plain);
    blobs.extend(more);
    first["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    second["platform"] = json!({ "os": "wasi", "architecture": "wasm" });
    let index = json!({ "schemaVersion": 2, "manifests": [first, second] });
    is_app(&open_bytes(&layout(&blobs, &index).finish()).expect("it opens"));
}

#[test]
fn filesystems_as_archives_and_folders() {
    let files = Tar::new()
        .folder("dev/")
        .data(".dockerenv", "")
        .data("srv/.wh.not-a-whiteout", "kept")
        .file("./srv/app.wasm", MODULE)
        .finish();
    let scene = Scene::new();
    let folder = scene.spread("rootfs", &files);
    for (image, form) in [
        (open_bytes(&files), Form::FilesystemArchive),
        (open_bytes(&gzip(&files)), Form::FilesystemArchive),
        (open_path(&folder), Form::Folder),
    ] {
        let image = image.expect("it opens");
        assert_eq!(image.form, form);
        assert_eq!(launch(&image).argv, ["/srv/app.wasm"]);
        assert!(tree(&image).contains(&"srv/.wh.not-a-whiteout=kept".to_owned()));
        // The user's own folder is never the guest's.
        assert!(!image.rootfs.path().starts_with(scene.path("")));
    }
    assert!(folder.join("srv/app.wasm").is_file());
}

#[test]
fn modules_that_are_layers() {
    let cncf = json!({ "architecture": "wasm", "os": "wasip1", "layerDigests": [] });
    let runwasi = json!({
        "architecture": "wasm", "os": "wasip1", "rootfs": { "type": "layers", "diff_ids": [] },
        "config": { "Entrypoint": ["/hello.wasm#greet", "x"] },
    });
    let image = "application/vnd.oci.image.config.v1+json";
    for (config, config_type, layer_type, argv, function) in [
        (
            &cncf,
            "application/vnd.wasm.config.v0+json",
            "application/wasm",
            None,
            None,
        ),
        (
            &runwasi,
            image,
            "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
            Some(vec!["/hello.wasm#greet", "x"]),
            Some("greet"),
        ),
    ] {
        let archive = wasm_artifact(MODULE, config, config_type, layer_type);
        let image = open_bytes(&archive).expect("it opens");
        let launch = launch(&image);
        assert_eq!(fs::read(&launch.file).expect("it is there"), MODULE);
        assert_eq!(launch.function.as_deref(), function);
        match argv {
            Some(argv) => assert_eq!(launch.argv, argv),
            None => assert_eq!(launch.argv, [image.wasm_layers[0].path.clone()]),
        }
    }
}

#[test]
fn what_docker_has_got_wrong() {
    // `docker save` of some versions: no manifests in the index, all of it in manifest.json.
    let (blobs, _) = app().blobs(Stored::Plain);
    let whole = app().docker_save_25("app:latest");
    let mut archive = tar::Archive::new(&*whole);
    let mut docker = String::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("whole");
        if entry.path().expect("UTF-8").ends_with("manifest.json") {
            std::io::Read::read_to_string(&mut entry, &mut docker).expect("text");
        }
    }
    let index = json!({ "schemaVersion": 2, "manifests": null });
    let archive = layout(&blobs, &index)
        .data("manifest.json", &docker)
        .finish();
    is_app(&open_bytes(&archive).expect("it opens"));

    // Others: a manifest that is not there, and all of it in manifest.json.
    let gone = descriptor("application/vnd.oci.image.manifest.v1+json", b"gone");
    let index = json!({ "schemaVersion": 2, "manifests": [gone] });
    let archive = layout(&blobs, &index)
        .data("manifest.json", &docker)
        .finish();
    is_app(&open_bytes(&archive).expect("it opens"));
    let error = refused(open_bytes(&layout(&blobs, &index).finish()));
    assert!(error.contains("has no blob sha256:"), "{error}");
}

#[test]
fn links_between_layers_of_old_archives() {
    // Docker saved a layer that two images share once, and a link to it.
    let layer = Tar::new().file("app.wasm", MODULE).finish();
    let config = br#"{"config":{"Cmd":["/app.wasm"]}}"#;
    let manifest = json!([{ "Config": "c.json", "RepoTags": null, "Layers": ["b/layer.tar"] }]);
    let archive = Tar::new()
        .data("a/layer.tar", &layer)
        .symlink("b/layer.tar", "../a/layer.tar")
        .data("c.json", config)
        .data("manifest.json", manifest.to_string())
        .finish();
    assert_eq!(
        launch(&open_bytes(&archive).expect("it opens")).argv,
        ["/app.wasm"]
    );
}
