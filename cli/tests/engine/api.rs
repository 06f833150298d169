//! What is made of an engine's answers.

use crate::made_up::made_up;
use crate::{fails, fails_with, stdout, wasmscope};
use std::fs;

#[test]
fn images_and_containers_come_by_the_engines_api() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = made_up(folder.path());
    let run = |args: &[&str]| wasmscope(&engine, args);
    let image = stdout(&run(&["run", "docker://app:latest", "x"]));
    assert!(
        image.starts_with("args.wasm\nfrom-entrypoint\nx\nPATH="),
        "{image}"
    );

    let output = run(&["run", "container://made-up"]);
    assert_eq!(stdout(&output), "args.wasm\nof-the-container\nMADE=up\n");
    let warning = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        warning.contains("mount at /gone is left out: /nowhere/at/all is no folder"),
        "{warning}"
    );
    let looked_at = stdout(&run(&["inspect", "container://made-up"]));
    for expected in [
        "container of the Docker Engine",
        "/mnt/data",
        "  module     /app/args.wasm\n",
    ] {
        assert!(
            looked_at.contains(expected),
            "no {expected:?} in {looked_at}"
        );
    }

    let compose = folder.path().join("compose.yaml");
    let text = "services: {a: {image: 'app:latest', command: [of-the-file]}, b: {image: other}}";
    fs::write(&compose, text).expect("writable");
    let compose = compose.to_str().expect("UTF-8");
    let service = stdout(&run(&["run", "--service", "a", compose]));
    assert!(
        service.starts_with("args.wasm\nfrom-entrypoint\nof-the-file\n"),
        "{service}"
    );
    fails_with(
        127,
        &run(&["run", "--service", "b", compose]),
        "the image of b, `other`, is not to be had from a Docker Engine: `docker compose pull b` gets it",
    );

    fails_with(
        127,
        &run(&["run", "docker://other"]),
        "has no image `other`: `docker pull` gets it",
    );
    fails_with(
        127,
        &run(&["run", "container://other"]),
        "has no container `other`: `docker ps -a`",
    );
    fails(
        &run(&["run", "container://broken"]),
        "it refuses broken (500 Internal Server Error): a\\u{1b}b",
    );
    fails(
        &run(&["run", "container://odd"]),
        "describes the container wrongly",
    );
    fails(
        &run(&["run", "container://../info"]),
        "is no name of a container",
    );
    let limited = run(&["run", "--max-image-size", "1000", "docker://app:latest"]);
    fails(&limited, "larger than 1000 bytes");
    let nobody = wasmscope("unix:///nowhere/engine.sock", &["run", "docker://app"]);
    fails(&nobody, "cannot be asked");
}
