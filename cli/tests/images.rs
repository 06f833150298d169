//! Container images and filesystems as targets, as a user meets them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::image::{ImageMaker, Stored, Tar, gzip};
use wasmscope_test_support::{Answer, command, prebuilt, wat_to_wasm, workspace};

/// Makes the file `/new` and exits with the error's number, or with 0.
const WRITER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "new")
    (func (export "_start")
      (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 3)
        (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))))"#;

/// Runs for ever.
const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start") (loop $next (br $next))))"#;

/// A folder with images in it, and one for temporary files that has to be empty in the end.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("tmp")).expect("writable");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("writable");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_wasmscope"), self.folder.path());
        command
            .args(args)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TMPDIR", self.path("tmp"))
            .env("TEMP", self.path("tmp"));
        command
    }

    fn answer(&self, args: &[&str]) -> Answer {
        let answer = Answer::of(&mut self.command(args));
        self.is_clean();
        answer
    }

    /// Until there is that file in a temporary folder.
    #[cfg(unix)]
    #[track_caller]
    fn wait_for(&self, file: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let is_there = || {
            let folders = fs::read_dir(self.path("tmp")).expect("it is there");
            let mut folders = folders.flatten();
            folders.any(|folder| folder.path().join(file).is_file())
        };
        while !is_there() {
            assert!(Instant::now() < deadline, "nothing is unpacked");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whatever was unpacked is gone; a moment later, when others have to take it away.
    #[track_caller]
    fn is_clean(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let left: Vec<_> = fs::read_dir(self.path("tmp"))
                .expect("it is there")
                .collect();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn fixture(name: &str) -> String {
    let path = workspace().join("image/tests/fixtures").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

fn image_of(module: &[u8]) -> ImageMaker {
    ImageMaker::new()
        .layer(Tar::new().file("app.wasm", module).finish())
        .with("Entrypoint", serde_json::json!(["/app.wasm"]))
}

/// The sample that fails, in an image.
fn orders() -> ImageMaker {
    image_of(&fs::read(prebuilt("orders")).expect("it is there"))
}

#[test]
fn a_real_image_runs_with_its_arguments_and_environment() {
    let scene = Scene::new();
    let saved = fixture("docker-save-20.tar");
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
    let stdout = |args: &[&str]| {
        let answer = scene.answer(args);
        answer.says(0, &[]);
        assert_eq!(answer.stderr, "");
        answer.stdout
    };
    assert_eq!(
        stdout(&["run", &saved]),
        format!("args.wasm\nfrom-entrypoint\nfrom-cmd\n{path}GREETING=hello\n")
    );
    assert_eq!(
        stdout(&[
            "run",
            "--env",
            "GREETING=bye",
            "--env",
            "B=1",
            &saved,
            "x",
            "--env"
        ]),
        format!("args.wasm\nfrom-entrypoint\nx\n--env\n{path}GREETING=bye\nB=1\n")
    );
    assert_eq!(
        stdout(&[
            "run",
            "--argv0",
            "me",
            "--entrypoint",
            "/app/args.wasm#other",
            &saved,
            "y"
        ]),
        "me\ny\n"
    );
    assert_eq!(
        stdout(&["run", &format!("{saved}:latest"), "z"])
            .lines()
            .nth(2),
        Some("z")
    );
    let exported = fixture("docker-export-20.tar");
    assert_eq!(stdout(&["run", &exported, "a"]), "/app/args.wasm\na\n");
    assert_eq!(
        stdout(&[
            "run",
            "--module",
            "/app/args.wasm",
            "--invoke",
            "other",
            &exported
        ]),
        "/app/args.wasm\n"
    );
}

#[test]
fn images_come_through_pipes() {
    let scene = Scene::new();
    let archive = orders().docker_save_25("orders:latest");
    for bytes in [archive.clone(), gzip(&archive)] {
        let mut child = scene
            .command(&["run", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(&bytes).expect("it reads all of it");
        drop(stdin);
        let answer = Answer::from(child.wait_with_output().expect("it ends"));
        answer.says(
            134,
            &["index out of bounds: the len is 3 but the index is 7"],
        );
        scene.is_clean();
    }
    // A bare module too, and nothing.
    let output = scene
        .command(&["run", "-"])
        .stdin(fs::File::open(prebuilt("orders")).expect("it is there"))
        .output()
        .expect("it starts");
    Answer::from(output).says(134, &["orders::Inventory::remove"]);
    scene
        .answer(&["run", "-"])
        .says(126, &["standard input: is empty"]);
}

#[test]
fn a_failure_in_an_image_is_explained_by_its_source() {
    let scene = Scene::new();
    scene.write("app.tar", &orders().docker_save_24("orders"));
    let expected = [
        "panicked: index out of bounds: the len is 3 but the index is 7",
        "samples/src/bin/orders.rs:",
        "line = &Line {",
    ];
    scene.answer(&["run", "app.tar"]).says(134, &expected);
    scene
        .answer(&["trace", "-e", "trace=fd_write", "app.tar"])
        .says(134, &["fd_write(fd=1", "in orders::main", expected[0]]);
    let answer = scene.answer(&[
        "debug",
        "--batch",
        "-e",
        "break orders::pick",
        "-e",
        "run",
        "-e",
        "bt",
        "-e",
        "kill",
        "app.tar",
    ]);
    answer.says(124, &["Breakpoint 1", "orders::pick"]);
    scene.answer(&["inspect", "app.tar"]).says(
        0,
        &[
            "app.tar: container image (docker save)\n",
            "  platform   wasi/wasm\n",
            "  entrypoint [\"/app.wasm\"]\n",
            "  module     /app.wasm\n",
            "app.tar:/app.wasm: core module, 2.6 MB\n",
            "\ndebugging: good\n",
        ],
    );
    let json = scene.answer(&["inspect", "--json", "app.tar"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["image"]["form"], "docker-archive");
    assert_eq!(json["image"]["start"]["argv"][0], "/app.wasm");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["verdict"]["debuggability"], "full");
}

/// What README.md begins with.
#[test]
fn the_committed_image_fails_as_its_program_does() {
    let scene = Scene::new();
    let image = workspace().join("samples/prebuilt/orders.tar.gz");
    let output = scene
        .command(&["run", image.to_str().expect("UTF-8")])
        .current_dir(workspace())
        .output()
        .expect("it starts");
    let answer = Answer::from(output);
    answer.says(
        134,
        &[
            "index out of bounds: the len is 3 but the index is 7",
            "let shelf = &mut self.shelves[line.shelf]; // <- fails",
        ],
    );
    // The image's times are all those of the epoch, from which nothing follows.
    assert!(!answer.stderr.contains("has been changed"), "{answer:?}");
    scene.is_clean();
}

#[test]
fn what_the_guest_writes_is_thrown_away_unless_it_is_kept() {
    let scene = Scene::new();
    let image = image_of(&wat_to_wasm(WRITER));
    scene.write("app.tar", &image.oci_archive("app", Stored::Gzip));
    scene.answer(&["run", "app.tar"]).says(0, &[]);
    // 76: the guest has no such right (ENOTCAPABLE); 69: a filesystem that cannot be written to.
    let code = scene.answer(&["run", "--read-only", "app.tar"]).code;
    assert!(matches!(code, Some(63 | 69 | 76)), "{code:?}");

    let answer = Answer::from(
        scene
            .command(&["run", "--keep", "app.tar"])
            .output()
            .expect("it starts"),
    );
    answer.says(0, &["wasmscope: kept in "]);
    let kept = answer
        .stderr
        .trim()
        .split_once("kept in ")
        .expect("it says where")
        .1;
    assert!(Path::new(kept).join("new").is_file(), "{kept}");
    fs::remove_dir_all(Path::new(kept).parent().expect("it has one")).expect("it is there");
    scene.is_clean();

    // A folder of the user's own is copied, or used where it is when nothing is changed.
    fs::create_dir(scene.path("rootfs")).expect("writable");
    scene.write("rootfs/app.wasm", &wat_to_wasm(WRITER));
    scene.answer(&["run", "rootfs"]).says(0, &[]);
    assert_ne!(
        scene.answer(&["run", "--read-only", "rootfs"]).code,
        Some(0)
    );
    assert!(!scene.path("rootfs/new").exists());
}

#[test]
fn folders_of_the_host_are_mounted() {
    let scene = Scene::new();
    // The image's own root is descriptor 3, the mounted folder the next one.
    let in_mount = WRITER.replace("(call $open (i32.const 3)", "(call $open (i32.const 4)");
    assert_ne!(in_mount, WRITER);
    let image = image_of(&wat_to_wasm(&in_mount));
    scene.write("app.tar", &image.docker_save_25("app"));
    fs::create_dir(scene.path("host")).expect("writable");
    let answer = scene.answer(&["run", "-v", "host:/data:ro", "app.tar"]);
    assert_ne!(answer.code, Some(0), "{answer:?}");
    assert!(!scene.path("host/new").exists());
    scene
        .answer(&["run", "-v", "host:/data", "app.tar"])
        .says(0, &[]);
    assert!(scene.path("host/new").is_file());
    scene
        .answer(&["trace", "-v", "host:/data", "app.tar"])
        .says(0, &["path_open(dirfd=4</data>, path=\"new\""]);
    scene
        .answer(&["run", "-v", "nowhere:/d", "app.tar"])
        .says(125, &["nowhere: cannot be opened as a folder"]);
    scene
        .answer(&["run", "--volume", "host:relative", "app.tar"])
        .says(125, &["expected HOST:GUEST"]);
}

#[test]
fn programs_for_other_hosts_are_refused_with_what_helps() {
    let scene = Scene::new();
    let engine = wasmtime::Engine::default();
    let compiled = engine.precompile_module(&wat_to_wasm("(module)"));
    let image = image_of(&compiled.expect("it compiles"));
    scene.write("compiled.tar", &image.docker_save_25("app"));
    scene.answer(&["run", "compiled.tar"]).says(
        126,
        &[
            "code that Wasmtime compiled ahead of time (`.cwasm`)",
            "needs the `.wasm` it was compiled from",
        ],
    );
    let lunatic = r#"(module (import "lunatic::process" "this" (func (result i64)))
        (func (export "_start")))"#;
    let image = image_of(&wat_to_wasm(lunatic));
    scene.write("lunatic.tar", &image.docker_save_25("app"));
    for command in ["run", "trace"] {
        scene.answer(&[command, "lunatic.tar"]).says(
            126,
            &[
                "lunatic::process",
                "it is lunatic's: run it with `lunatic run`",
            ],
        );
    }
}

/// Signals that are caught, and such that end the process before it can do anything: an abort is what
/// becomes of a panic within a panic.
#[cfg(unix)]
#[test]
fn nothing_is_left_after_a_signal() {
    let scene = Scene::new();
    let image = image_of(&wat_to_wasm(ENDLESS));
    scene.write("app.tar", &image.docker_save_25("app"));
    let commands = [
        &["run", "app.tar"][..],
        &["trace", "app.tar"],
        &["debug", "--batch", "-e", "run", "app.tar"],
    ];
    for command in commands {
        for signal in ["TERM", "INT", "HUP", "QUIT", "ABRT", "KILL"] {
            let mut child = scene
                .command(command)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts");
            scene.wait_for("rootfs/app.wasm");
            let pid = child.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status();
            assert!(sent.expect("it starts").success());
            let status = child.wait().expect("it has ended");
            assert!(!status.success(), "{command:?}, {signal}: {status}");
            scene.is_clean();
        }
    }
}

#[test]
fn what_cannot_be_run_says_why() {
    let scene = Scene::new();
    let maker = image_of(b"\x7fELF\x02\x01\x01");
    scene.write("native.tar", &maker.docker_save_25("native"));
    scene.answer(&["run", "native.tar"]).says(
        126,
        &[
            "native.tar:/app.wasm: is not Wasm: it looks like a native ELF",
            "no WebAssembly module",
        ],
    );
    let tar = Tar::new()
        .file("a.wasm", wat_to_wasm(WRITER))
        .file("b.wasm", wat_to_wasm(WRITER));
    scene.write("two.tar", &tar.finish());
    scene
        .answer(&["run", "two.tar"])
        .says(126, &["--module PATH: /a.wasm, /b.wasm"]);
    scene
        .answer(&["inspect", "two.tar"])
        .says(0, &["starts nothing", "/a.wasm", "/b.wasm"]);
    scene
        .answer(&["run", "--module", "/a.wasm", "two.tar"])
        .says(0, &[]);
    scene
        .answer(&["run", "--max-image-size", "100", "two.tar"])
        .says(126, &["is larger than 100 bytes when unpacked"]);
    scene
        .answer(&["run", "two.tar:latest"])
        .says(126, &["`latest`"]);
    scene
        .answer(&["run", "nowhere.tar"])
        .says(127, &["nowhere.tar: no such file"]);
    scene.write("bare.wat", WRITER.as_bytes());
    scene.answer(&["run", "--keep", "bare.wat"]).says(
        125,
        &["--keep: is about container images, and bare.wat is a program by itself"],
    );
    scene.write("hostile.tar", &Tar::new().data("../escape", "x").finish());
    scene
        .answer(&["run", "hostile.tar"])
        .says(126, &["`../escape` is refused"]);
}

#[test]
fn debug_info_beside_the_image_has_to_be_its_own() {
    use wasmscope_test_support::{Build, Target, sample, sample_bytes};
    let scene = Scene::new();
    let full = sample_bytes("index_out_of_bounds", Build::Debug, Target::WasiP1);
    // What `wasm-tools strip` leaves: the same code without anything to tell of it.
    scene.write("app.tar", &image_of(&stripped(&full)).docker_save_25("app"));
    scene.write("full.wasm", &full);
    let place = "samples/src/bin/index_out_of_bounds.rs:";
    let bare = scene.answer(&["run", "app.tar"]);
    bare.says(134, &[]);
    assert!(!bare.stderr.contains(place), "{bare:?}");
    for command in ["run", "trace"] {
        scene
            .answer(&[command, "--debug-file", "full.wasm", "app.tar"])
            .says(134, &[place]);
    }
    let other = sample("divide_by_zero", Build::Debug, Target::WasiP1);
    let other = other.to_str().expect("UTF-8");
    for command in [&["run"][..], &["trace"], &["debug", "--batch"]] {
        let args = [command, &["--debug-file", other, "app.tar"]].concat();
        scene.answer(&args).says(
            125,
            &[
                "belongs to another build",
                "name a file of the build that app.tar:/app.wasm is of",
            ],
        );
    }
    // Code of the same length that is not the same.
    let mut changed = full.clone();
    let place = inside_code(&changed);
    changed[place] ^= 1;
    scene.write("changed.wasm", &changed);
    scene
        .answer(&["run", "--debug-file", "changed.wasm", "app.tar"])
        .says(
            125,
            &["its code is as long as the module's, and not the same"],
        );
}

/// A module without its custom sections.
fn stripped(module: &[u8]) -> Vec<u8> {
    let mut kept = module[..8].to_vec();
    for (id, whole) in sections(module) {
        if id != 0 {
            kept.extend_from_slice(&module[whole]);
        }
    }
    kept
}

/// The place of a byte in the middle of the code section.
fn inside_code(module: &[u8]) -> usize {
    let (_, code) = sections(module)
        .into_iter()
        .find(|(id, _)| *id == 10)
        .expect("it has code");
    code.start + code.len() / 2
}

/// The sections: their numbers, and where they are with their headers.
fn sections(module: &[u8]) -> Vec<(u8, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < module.len() {
        let (mut size, mut shift, mut end) = (0usize, 0, at + 1);
        loop {
            let byte = module[end];
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            end += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        end += size;
        found.push((module[at], at..end));
        at = end;
    }
    found
}
