//! What an image starts, by its configuration, by options and by rule.

use crate::support::{COMPONENT, MODULE, launch, open_bytes};
use serde_json::json;
use wasmscope_image::{Image, Launch, LaunchOptions};
use wasmscope_test_support::image::{ImageMaker, Stored, Tar, wasm_artifact};

fn image(maker: &ImageMaker) -> Image {
    open_bytes(&maker.oci_archive("a", Stored::Plain)).expect("it opens")
}

/// Modules at `/app.wasm`, `/bin/tool` and `/srv/other.wasm`, a native program and a script.
fn files() -> ImageMaker {
    let files = Tar::new()
        .file("app.wasm", MODULE)
        .file("bin/tool", MODULE)
        .file("srv/other.wasm", COMPONENT)
        .symlink("srv/link.wasm", "/app.wasm")
        .file("bin/native", b"\x7fELF\x02\x01\x01")
        .file("hello.js", "console.log(1)");
    ImageMaker::new().layer(files.finish())
}

fn options(args: &[&str]) -> LaunchOptions {
    LaunchOptions {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..LaunchOptions::default()
    }
}

fn error(image: &Image, options: &LaunchOptions) -> String {
    match image.launch(options) {
        Ok(launch) => panic!("it starts {launch:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn arguments_replace_the_command_and_entrypoints_replace_both() {
    let both = image(
        &files()
            .with("Entrypoint", json!(["/app.wasm", "-e"]))
            .with("Cmd", json!(["-c"])),
    );
    let argv = |options: &LaunchOptions| both.launch(options).expect("it starts").argv;
    assert_eq!(argv(&options(&[])), ["/app.wasm", "-e", "-c"]);
    assert_eq!(argv(&options(&["x", "y"])), ["/app.wasm", "-e", "x", "y"]);
    let other = |args| LaunchOptions {
        entrypoint: Some("/srv/other.wasm".into()),
        ..options(args)
    };
    assert_eq!(argv(&other(&[])), ["/srv/other.wasm"]);
    assert_eq!(argv(&other(&["x"])), ["/srv/other.wasm", "x"]);

    let cmd = image(&files().with("Cmd", json!(["/app.wasm", "-c"])));
    assert_eq!(launch(&cmd).argv, ["/app.wasm", "-c"]);
    let replaced = cmd
        .launch(&options(&["/bin/tool", "x"]))
        .expect("it starts");
    assert_eq!(
        (replaced.module.as_str(), replaced.argv.len()),
        ("/bin/tool", 2)
    );
    let error = error(&cmd, &options(&["--port", "1"]));
    for expected in [
        "`--port`, the first argument, is not in it",
        "arguments replace the image's whole command (/app.wasm -c)",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn programs_are_looked_for_as_in_a_container() {
    let at = |program: &str, folder: &str, path: &str| -> Result<Launch, String> {
        let maker = files()
            .with("Entrypoint", json!([program]))
            .with("WorkingDir", json!(folder))
            .with("Env", json!([format!("PATH={path}")]));
        let launch = image(&maker).launch(&LaunchOptions::default());
        launch.map_err(|error| error.to_string())
    };
    let module = |program, folder, path| at(program, folder, path).map(|launch| launch.module);
    let found = |path: &str| Ok(path.to_owned());
    assert_eq!(module("/app.wasm", "", ""), found("/app.wasm"));
    assert_eq!(module("./other.wasm", "/srv", ""), found("/srv/other.wasm"));
    assert_eq!(
        module("other.wasm", "/srv", "/bin"),
        found("/srv/other.wasm")
    );
    assert_eq!(module("tool", "/srv", "/nowhere:/bin"), found("/bin/tool"));
    assert_eq!(module("/srv/link.wasm", "", ""), found("/app.wasm"));
    assert_eq!(module("../app.wasm", "/srv", ""), found("/app.wasm"));
    assert_eq!(module("../../../app.wasm", "/srv", ""), found("/app.wasm"));
    let error = module("app.wasm", "/srv", "/bin").expect_err("it is elsewhere");
    assert!(
        error.contains("--module can name one of /app.wasm, /bin/tool"),
        "{error}"
    );
    let error = module("/bin/sh", "", "").expect_err("no shell");
    assert!(error.contains("given in shell form"), "{error}");

    let with_function = at("/app.wasm#greet", "", "").expect("it starts");
    assert_eq!(with_function.function.as_deref(), Some("greet"));
    assert_eq!(with_function.argv, ["/app.wasm#greet"]);
    assert_eq!(
        at("/app.wasm#_start", "", "").expect("it starts").function,
        None
    );
}

#[test]
fn the_working_folder_of_the_user_counts() {
    let maker = files()
        .with("Entrypoint", json!(["other.wasm"]))
        .with("WorkingDir", json!("/nowhere"));
    let options = LaunchOptions {
        working_dir: Some("/srv".into()),
        ..LaunchOptions::default()
    };
    let launch = image(&maker).launch(&options).expect("it starts");
    assert_eq!(launch.module, "/srv/other.wasm");
}

#[test]
fn without_a_configuration_the_only_program_is_started() {
    let open = |tar: Tar| open_bytes(&tar.finish()).expect("it opens");
    let one = open(
        Tar::new()
            .data("a.wasm", MODULE)
            .data("b.debug.wasm", MODULE),
    );
    let started = one.launch(&options(&["x"])).expect("it starts");
    assert_eq!(started.argv, ["/a.wasm", "x"]);
    let marked = open(Tar::new().data("a.wasm", MODULE).file("b.wasm", MODULE));
    assert_eq!(launch(&marked).module, "/b.wasm");
    let several = open(Tar::new().file("a.wasm", MODULE).file("b.wasm", MODULE));
    let said = error(&several, &options(&[]));
    for expected in ["several modules", "--module PATH: /a.wasm, /b.wasm"] {
        assert!(said.contains(expected), "{said}");
    }
    let named = LaunchOptions {
        module: Some("b.wasm".into()),
        ..LaunchOptions::default()
    };
    let started = several.launch(&named).expect("it starts");
    assert_eq!(started.module, "/b.wasm");
    assert_eq!(started.argv, ["/b.wasm"]);
    let with_args = LaunchOptions {
        args: vec!["x".into()],
        ..named.clone()
    };
    let argv = |image: &Image, options| image.launch(options).expect("it starts").argv;
    assert_eq!(argv(&several, &with_args), ["/b.wasm", "x"]);
    // The same where arguments replace a command; an entrypoint stays.
    let files = Tar::new().file("a.wasm", MODULE).file("b.wasm", MODULE);
    let cmd = ImageMaker::new()
        .layer(files.finish())
        .with("Cmd", json!(["/a.wasm", "c"]));
    assert_eq!(argv(&image(&cmd), &with_args), ["/b.wasm", "x"]);
    assert_eq!(argv(&image(&cmd), &named), ["/a.wasm", "c"]);
    let both = cmd.with("Entrypoint", json!(["/a.wasm", "e"]));
    assert_eq!(argv(&image(&both), &with_args), ["/a.wasm", "e", "x"]);
    let wrong = LaunchOptions {
        module: Some("/c.wasm".into()),
        ..LaunchOptions::default()
    };
    assert!(error(&several, &wrong).contains("`/c.wasm`, which --module names, is not in it"));
    let none = open(Tar::new().file("readme", "text"));
    assert!(error(&none, &options(&[])).contains("has no WebAssembly module in it"));
}

#[test]
fn programs_for_other_hosts_are_recognised() {
    let other = |maker: &ImageMaker| error(&image(maker), &options(&[]));
    let module = Tar::new().file("app.wasm", MODULE);
    let spin = ImageMaker::new().layer(module.data("spin.toml", "").finish());
    assert!(other(&spin.clone().with("Cmd", json!(["/"]))).contains("is a Spin application"));
    // With a program of its own it can be run, and with a module that the user names.
    assert_eq!(
        launch(&image(&spin.clone().with("Cmd", json!(["/app.wasm"])))).argv,
        ["/app.wasm"]
    );
    let named = LaunchOptions {
        module: Some("/app.wasm".into()),
        ..LaunchOptions::default()
    };
    assert!(image(&spin).launch(&named).is_ok());

    let slight = Tar::new()
        .file("app.wasm", MODULE)
        .data("slightfile.toml", "");
    assert!(other(&ImageMaker::new().layer(slight.finish())).contains("for slight"));
    assert!(other(&files().with("Entrypoint", json!(["/hello.js"]))).contains("(wws)"));

    let artifact = wasm_artifact(
        MODULE,
        &json!({}),
        "application/vnd.fermyon.spin.application.v1+config",
        "application/vnd.wasm.content.layer.v1+wasm",
    );
    let error = open_bytes(&artifact)
        .expect_err("it is refused")
        .to_string();
    assert!(error.contains("is a Spin application"), "{error}");
}

#[test]
fn mounts_get_a_folder_inside() {
    let files = Tar::new()
        .file("app.wasm", MODULE)
        .symlink("out", "/etc")
        .folder("etc/");
    let image = image(&ImageMaker::new().layer(files.finish()));
    for guest in ["/data/deep", "/out/below", "/etc"] {
        image.make_mount_point(guest).expect("it can be made");
    }
    assert!(image.rootfs.path().join("data/deep").is_dir());
    assert!(image.rootfs.path().join("etc/below").is_dir());
    let error = image.make_mount_point("/app.wasm").expect_err("a file");
    assert!(
        error.to_string().contains("cannot be made a folder"),
        "{error}"
    );
}
