//! Services of Compose files as targets, as a user meets them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::image::{ImageMaker, Tar};
use wasmscope_test_support::{
    Answer, Build, Target, command, prebuilt, sample, wat_to_wasm, workspace,
};

/// Prints its arguments and its environment; its entrypoint is `./args.wasm from-entrypoint`.
const ARGS: &str = "image/tests/fixtures/docker-save-20.tar";

/// Makes `new` in the folder that is its second one and exits with the error's number, or with 0.
const WRITER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "new")
    (func (export "_start")
      (call $exit (call $open (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 3)
        (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))))"#;

/// Prints its environment, one variable after the other with a zero byte at its end.
const ENVIRONMENT: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get"
      (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
      (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "_start")
      (drop (call $sizes (i32.const 0) (i32.const 12)))
      (drop (call $get (i32.const 1024) (i32.const 65536)))
      (i32.store (i32.const 8) (i32.const 65536))
      (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))"#;

/// A folder with a project in it.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(compose: &str) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        fs::create_dir(scene.path("tmp")).expect("writable");
        scene.write("compose.yaml", compose);
        fs::copy(workspace().join(ARGS), scene.path("args.tar")).expect("it is there");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("writable");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_wasmscope"), self.folder.path());
        command
            .args(args)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TMPDIR", self.path("tmp"))
            .env("TEMP", self.path("tmp"))
            .env("DOCKER_HOST", "unix:///nowhere/engine.sock")
            .env("SHELL_SAYS", "yes")
            .env_remove("COMPOSE_PROJECT_NAME")
            .env_remove("COMPOSE_PROFILES");
        command
    }

    fn answer(&self, args: &[&str]) -> Answer {
        Answer::of(&mut self.command(args))
    }

    #[track_caller]
    fn stdout(&self, args: &[&str]) -> String {
        let answer = self.answer(args);
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        answer.stdout
    }
}

const ECHO: &str = r#"
services:
  echo:
    image: app:${TAG:-latest}
    command: [of-the-file, "$$HOME"]
    environment:
      GREETING: from ${WHO:?say who}
      SHELL_SAYS:
    env_file: more.env
  other:
    image: app
    entrypoint: args.wasm "two words"
    working_dir: /app
    profiles: [never]
"#;

fn echo() -> Scene {
    let scene = Scene::new(ECHO);
    scene.write(".env", "WHO=dotenv\n");
    scene.write("more.env", "GREETING=overridden\nMORE=1\n");
    scene
}

#[test]
fn what_the_file_says_counts_before_what_the_image_says() {
    let scene = echo();
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let env = format!("{path}GREETING=from dotenv\nMORE=1\nSHELL_SAYS=yes\n");
    let expected = format!("args.wasm\nfrom-entrypoint\nof-the-file\n$HOME\n{env}");
    let run = ["run", "--image", "args.tar", "--service", "echo"];
    let with = |more: &[&str]| scene.stdout(&[&run, more].concat());
    assert_eq!(sorted(&with(&["compose.yaml"])), sorted(&expected));
    // The user's word counts before the file's.
    let own = with(&["--env", "MORE=2", "compose.yaml", "mine", "--service", "x"]);
    assert!(
        own.starts_with("args.wasm\nfrom-entrypoint\nmine\n--service\nx\n"),
        "{own}"
    );
    assert!(own.contains("\nMORE=2\n"), "{own}");
    // The folder, the name after the file, and the only service whose profile is active.
    let whole = sorted(&expected);
    assert_eq!(
        sorted(&scene.stdout(&["run", "--image", "args.tar", "."])),
        whole
    );
    for name in [&["--service", "echo"][..], &["--service=echo"]] {
        let args = [&["run", "--image", "args.tar", "compose.yaml"], name].concat();
        assert_eq!(sorted(&scene.stdout(&args)), whole);
    }
    let other = ["run", "--image", "args.tar", "--service", "other", "."];
    let other = scene.stdout(&[&other[..], &["more"]].concat());
    assert!(other.starts_with("args.wasm\ntwo words\nmore\n"), "{other}");
    assert!(other.contains("GREETING=hello\n"), "{other}");
}

#[test]
fn a_file_comes_through_standard_input() {
    let scene = echo();
    let mut child = scene
        .command(&["run", "--image", "args.tar", "--service", "echo", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(ECHO.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("GREETING=from dotenv\n"), "{stdout}");
}

#[test]
fn a_service_is_traced_debugged_and_looked_at() {
    let scene = Scene::new(
        "services:\n  orders: {image: orders, platform: wasi/wasm, runtime: io.containerd.wasmedge.v1, \
         ports: ['8080:80'], depends_on: [db]}\n  db: {image: mariadb}\n",
    );
    let module = fs::read(prebuilt("orders")).expect("it is there");
    let image = ImageMaker::new()
        .layer(Tar::new().file("app.wasm", &module).finish())
        .with("Entrypoint", serde_json::json!(["/app.wasm"]));
    scene.write("orders.tar", image.docker_save_25("orders:latest"));
    let of = ["--image", "orders.tar", "compose.yaml"];
    let with = |command: &[&str]| scene.answer(&[command, &of[..]].concat());
    let failure = "panicked: index out of bounds: the len is 3 but the index is 7";
    let no_port = "compose.yaml: orders: db publishes no port, so it cannot be reached from here";
    with(&["run"]).says(134, &[failure, no_port]);
    with(&["trace"]).says(134, &[failure, "fd_write(fd=1</dev/stdout>"]);
    let debugged = with(&["debug", "--batch", "-e", "run", "-e", "print line.shelf"]);
    debugged.says(134, &["Panic: index out of bounds", "\n7\n"]);
    let looked_at = with(&["inspect"]);
    looked_at.says(
        0,
        &[
            "compose.yaml: service orders\n",
            "  platform   wasi/wasm\n",
            "  runtime    io.containerd.wasmedge.v1\n",
            "  ports      8080:80\n",
            "  depends on db (service_started)\n",
            "  module     /app.wasm\n",
        ],
    );
    let json = scene.stdout(&[&["inspect", "--json"], &of[..]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["compose"]["service"], "orders");
    assert_eq!(json["compose"]["depends_on"][0], "db (service_started)");
    assert!(json["image"].is_object());
}

#[test]
fn the_image_may_be_a_layout_in_a_folder() {
    let scene =
        Scene::new("services: {web: {image: 'other:v1', platform: wasi/wasm}, db: {image: y}}");
    let unpack = |fixture: &str, folder: &str| {
        let archive = workspace().join("image/tests/fixtures").join(fixture);
        let archive = fs::File::open(archive).expect("it is there");
        let unpacked = tar::Archive::new(archive).unpack(scene.path(folder));
        unpacked.expect("an honest archive");
    };
    unpack("buildx-oci.tar", "layout");
    unpack("docker-save-26-two.tar", "two");
    let run = |image: &str| scene.answer(&["run", "--image", image, "compose.yaml"]);
    for (image, last) in [
        ("layout", "from-cmd"),
        ("./layout", "from-cmd"),
        ("layout:v1", "from-cmd"),
        ("layout:app:v1", "from-cmd"),
        ("two:app", "from-cmd"),
        ("two:other:v1", "from-other"),
        // Of several, it is the one that the file names.
        ("two", "from-other"),
    ] {
        run(image).says(0, &[&format!("args.wasm\nfrom-entrypoint\n{last}\n")]);
    }
    run("layout:v2").says(
        126,
        &[
            "compose.yaml: the image of web, which --image names, cannot be used",
            "layout:v2: has no image called `v2`; there is docker.io/library/app:v1",
        ],
    );
    scene.write("other.yaml", "services: {web: {image: shop/web}}");
    let other = scene.answer(&["run", "--image", "two", "other.yaml", "--service", "web"]);
    let expected =
        "two:shop/web: has no image called `shop/web`; there is docker.io/library/app:latest";
    other.says(126, &[expected]);
    run("nowhere:v1").says(127, &["nowhere:v1: no such file"]);
}

#[test]
fn an_image_that_is_not_there() {
    let scene = Scene::new(
        "name: Shop\nservices:\n  built: {build: ./app}\n  pulled: {image: 'nginx:alpine'}\n",
    );
    let run = |args: &[&str]| scene.answer(&[&["run"], args].concat());
    run(&["--service", "built", "."]).says(
        126,
        &[
            "the image of built, `shop-built`, is not to be had from a Docker Engine: \
             `docker compose build built` makes it from",
            "/app; or name it with --image, as a saved archive, a folder, or a module",
            "the Docker Engine at unix:///nowhere/engine.sock: it cannot be asked",
        ],
    );
    run(&["--service", "pulled", "."]).says(126, &["`docker compose pull pulled` gets it"]);
    let no_image = ["--service", "pulled", "--image", "no.tar", "."];
    run(&no_image).says(127, &["no.tar: no such file"]);
    // What the file says can be looked at all the same.
    let inspect = |args: &[&str]| scene.answer(&[&["inspect"], args].concat());
    inspect(&["--service", "built", "compose.yaml"]).says(126, &["  image      shop-built\n"]);
    inspect(&["compose.yaml"]).says(0, &["services\n", "  pulled           nginx:alpine\n"]);
    let json = scene.stdout(&["inspect", "--json", "compose.yaml"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["services"][1]["image"], "nginx:alpine");
}

#[test]
fn what_is_wrong_says_what_helps() {
    let scene = echo();
    let run = |args: &[&str]| scene.answer(&[&["run"], args].concat());
    run(&["--service", "web", "compose.yaml"]).says(
        126,
        &["compose.yaml: it has no service `web`; its services are echo, other"],
    );
    run(&["compose.yaml", "--service"]).says(125, &["--service: names no service"]);
    run(&["--service", "echo", "no.yaml"]).says(127, &["no.yaml: cannot be read"]);
    run(&["--service", "echo", "args.tar"]).says(126, &["args.tar: "]);
    scene.write(".env", "");
    run(&["--service", "echo", "compose.yaml"]).says(
        126,
        &["services.echo.environment.GREETING: the variable WHO has to be set: say who"],
    );
    let deep = format!("a: {}\n", "[".repeat(100_000));
    let laughs = (1..30).fold(String::from("a0: &a0 [x, x]\n"), |text, level| {
        let last = level - 1;
        text + &format!("a{level}: &a{level} [*a{last}, *a{last}]\n")
    });
    let large = "#".repeat(3 << 20);
    for hostile in [deep, laughs, large, "services: {\"\\e[31m\": 1}".to_owned()] {
        scene.write("compose.yaml", hostile);
        let refused = run(&["compose.yaml"]);
        refused.says(126, &["compose.yaml: "]);
        assert!(refused.stderr.len() < 1_000, "{refused:?}");
        assert!(!refused.stderr.contains('\u{1b}'), "{refused:?}");
    }
}

#[test]
fn volumes_are_mounted_as_far_as_they_are_here() {
    let volumes = |volumes: &str| {
        let scene = Scene::new(&format!(
            "services: {{a: {{image: x, volumes: [{volumes}]}}}}\n"
        ));
        fs::create_dir(scene.path("data")).expect("writable");
        let writer = wat_to_wasm(WRITER);
        let image = ImageMaker::new()
            .layer(Tar::new().file("app.wasm", &writer).finish())
            .with("Entrypoint", serde_json::json!(["/app.wasm"]));
        scene.write("x.tar", image.docker_save_25("x"));
        scene.write("x.wasm", writer);
        scene
    };
    let scene = volumes("'./data:/data'");
    for image in ["x.tar", "x.wasm"] {
        // Of a module alone it is the first folder.
        let written = scene.path("data/new");
        let code = scene.answer(&["run", "--image", image, "."]).code;
        assert_eq!((code == Some(0), written.exists()), {
            let is_image = image == "x.tar";
            (is_image, is_image)
        });
        let _ = fs::remove_file(written);
    }
    let scene = volumes("'./data:/data:ro'");
    let answer = scene.answer(&["run", "--image", "x.tar", "."]);
    assert_ne!(answer.code, Some(0));
    assert!(!scene.path("data/new").exists());
    fs::create_dir(scene.path("own")).expect("writable");
    let own = ["run", "-v", "own:/data", "--image", "x.tar", "."];
    scene.answer(&own).says(0, &[]);
    assert!(scene.path("own/new").exists());

    let scene = volumes("'kept:/data', './compose.yaml:/etc/app/conf', './nowhere:/gone'");
    let answer = scene.answer(&["run", "--image", "x.tar", "."]);
    for expected in [
        "/data: the volume kept is the engine's",
        "-v HOST:/data gives a folder",
        "/etc/app/conf is a copy of",
        "the mount at /gone is left out",
    ] {
        assert!(
            answer.stderr.contains(expected),
            "no {expected} in {answer:#?}"
        );
    }
    let keeping = ["run", "--keep", "--image", "x.tar", "."];
    let kept = scene.answer(&keeping).stderr;
    let kept = kept.split("kept in ").nth(1).expect("it says where");
    let kept = PathBuf::from(kept.lines().next().expect("a line"));
    let copied = fs::read_to_string(kept.join("etc/app/conf")).expect("it is there");
    assert!(copied.contains("kept:/data"), "{copied}");
}

/// A service at a port of this machine that says who it is, once, to one that greets it; the answer is
/// the greeting.
fn service() -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    let service = std::thread::spawn(move || {
        for _ in 0..3 {
            // One that only tries whether somebody is there says nothing.
            let (mut stream, _) = listener.accept().expect("it comes");
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            let read = reader.read_line(&mut line);
            if matches!(read, Ok(count) if count > 0) {
                stream.write_all(b"here is db\n").expect("it listens");
                return line;
            }
        }
        String::new()
    });
    (port, service)
}

/// A project whose service `web` asks a port of `db`, which is published.
fn asking(asked: u16, published: u16, guest: u16) -> String {
    format!(
        "services:\n  web: {{image: x, command: [ask, 'db:{asked}']}}\n  db: {{image: y, ports: \
         ['{published}:{guest}']}}\n"
    )
}

#[test]
fn other_services_are_found_where_they_are_published() {
    let program = sample("neighbours", Build::Debug, Target::WasiP2);
    let program = program.to_str().expect("UTF-8");
    let (port, service) = service();
    let scene = Scene::new(&asking(port, port, port));
    let web = ["--service", "web", "compose.yaml"];
    let run =
        |options: &[&str]| scene.answer(&[&["run", "--image", program], options, &web].concat());
    let answer = run(&[]);
    answer.says(0, &["heard: here is db\n"]);
    assert_eq!(answer.stderr, "");
    assert_eq!(service.join().expect("it ends"), "hello\n");

    // Nobody is there any more.
    let gone = format!(
        "nothing answers at 127.0.0.1:{port}, where db is published: `docker compose up -d db` starts \
         it, or --add-host db:ADDRESS says where it is"
    );
    run(&[]).says(0, &[&gone, "no answer: "]);
    // What the user says of the network counts before the file.
    let said = run(&["--add-host", "db:127.0.0.1"]);
    assert!(!said.stderr.contains("nothing answers"), "{said:?}");
    let refused = run(&["--net=127.0.0.1:1"]);
    refused.says(0, &["no answer: ", "--net="]);
    // A service without a port.
    scene.write(
        "compose.yaml",
        "services: {web: {image: x, command: [ask, 'db:5'], depends_on: [db]}, db: {image: y}}",
    );
    run(&[]).says(
        0,
        &["db publishes no port, so it cannot be reached from here: `ports` of db would"],
    );
}

#[test]
fn another_number_of_a_published_port_is_no_matter() {
    let program = sample("neighbours", Build::Debug, Target::WasiP2);
    let program = program.to_str().expect("UTF-8");
    let web = ["--service", "web", "compose.yaml"];
    for options in [&[][..], &["--net=db:80"]] {
        let (port, service) = service();
        let scene = Scene::new(&asking(80, port, 80));
        let run = || scene.answer(&[&["run", "--image", program], options, &web].concat());
        let answer = run();
        answer.says(0, &["heard: here is db\n"]);
        assert_eq!(answer.stderr, "");
        assert_eq!(service.join().expect("it ends"), "hello\n");
        // The number on this machine is not one of the service's own.
        scene.write("compose.yaml", asking(port, port, 80));
        run().says(
            0,
            &[
                "no answer: ",
                "of that service only the ports can be reached that it publishes",
            ],
        );
    }
}

#[test]
fn the_engines_own_resolver_is_not_asked() {
    let scene = Scene::new(
        "services: {web: {image: x, environment: {DNS_SERVER: '127.0.0.11:53', ELSE: kept}}}\n",
    );
    scene.write("env.wasm", wat_to_wasm(ENVIRONMENT));
    let left_out = "DNS_SERVER=127.0.0.11:53 is left out: that is the engine's own resolver";
    let run = |options: &[&str]| {
        scene.answer(&[&["run", "--image", "env.wasm"], options, &["compose.yaml"]].concat())
    };

    let answer = run(&[]);
    answer.says(0, &["ELSE=kept\0", left_out]);
    assert!(!answer.stdout.contains("DNS_SERVER"), "{answer:#?}");
    run(&["--env", "DNS_SERVER=192.0.2.1:53"]).says(0, &["DNS_SERVER=192.0.2.1:53\0", left_out]);

    // An image may say so, too.
    let image = ImageMaker::new()
        .layer(
            Tar::new()
                .file("env.wasm", wat_to_wasm(ENVIRONMENT))
                .finish(),
        )
        .with(
            "Env",
            serde_json::json!(["DNS_SERVER=127.0.0.11", "ELSE=kept"]),
        );
    scene.write("env.tar", image.docker_save_25("env"));
    let answer = scene.answer(&["run", "env.tar"]);
    answer.says(0, &["ELSE=kept\0", "DNS_SERVER=127.0.0.11 is left out"]);
    assert!(!answer.stdout.contains("DNS_SERVER"), "{answer:#?}");
}

#[test]
fn its_own_ports_are_where_they_are_published() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("it has one").port();
    drop(free);
    let scene = Scene::new(&format!(
        "services: {{web: {{image: x, entrypoint: [web, listen, '0.0.0.0:8000'], ports: ['{port}:8000']}}}}\n"
    ));
    let program = sample("neighbours", Build::Debug, Target::WasiP2);
    let mut child = scene
        .command(&["run", "--image", program.to_str().expect("UTF-8"), "."])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it writes");
    assert_eq!(line, "listening\n");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    stream.write_all(b"you\n").expect("it listens");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("it answers");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it ends");
    assert_eq!((&*said, &*rest), ("you said you\n", "heard: you\n"));
    assert!(child.wait().expect("it ends").success());
}
