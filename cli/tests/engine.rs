//! Images and containers of a Docker Engine: one that is made up, which answers what the real one
//! does, and a real one where that is asked for.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::{wat_to_wasm, workspace};

fn fixture(name: &str) -> PathBuf {
    workspace().join("image/tests/fixtures").join(name)
}

fn wasmscope(engine: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .args(args)
        .env("DOCKER_HOST", engine)
        .env_remove("DOCKER_TLS_VERIFY")
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn fails(output: &Output, part: &str) {
    fails_with(126, output, part);
}

#[track_caller]
fn fails_with(code: i32, output: &Output, part: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(errors.contains(part), "no {part:?} in {errors}");
}

/// An engine that has one image and one container. It ends with the test's process.
fn made_up(folder: &Path) -> String {
    let socket = folder.join("engine.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let mounted = folder.join("mounted");
    fs::create_dir(&mounted).expect("writable");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that has gone away is its own business.
            let _ = answer(stream, &mounted);
        }
    });
    format!("unix://{}", socket.display())
}

fn answer(mut stream: UnixStream, mounted: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let container = serde_json::json!({
        "Id": "0123",
        "Config": {
            "Entrypoint": null, "Cmd": ["args.wasm", "of-the-container"],
            "Env": ["MADE=up"], "WorkingDir": "/app", "User": "",
        },
        "Mounts": [
            { "Type": "bind", "Source": mounted, "Destination": "/mnt/data", "RW": false },
            { "Type": "volume", "Source": "/nowhere/at/all", "Destination": "/gone", "RW": true },
        ],
    });
    let (status, body) = match request.split(' ').nth(1).unwrap_or_default() {
        "/images/app:latest/json" => ("200 OK", b"{}".to_vec()),
        "/images/app:latest/get" => ("200 OK", fs::read(fixture("docker-save-20.tar"))?),
        "/containers/made-up/json" => ("200 OK", container.to_string().into_bytes()),
        "/containers/made-up/export" => ("200 OK", fs::read(fixture("docker-export-20.tar"))?),
        "/containers/broken/json" => (
            "500 Internal Server Error",
            b"{\"message\":\"a\\u001bb\"}".to_vec(),
        ),
        "/containers/odd/json" => ("200 OK", b"[]".to_vec()),
        _ => ("404 Not Found", b"{\"message\":\"nothing\"}".to_vec()),
    };
    // Archives come in chunks, as their size is not known before.
    write!(
        stream,
        "HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )?;
    for chunk in body.chunks(5_000) {
        write!(stream, "{:x}\r\n", chunk.len())?;
        stream.write_all(chunk)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

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

/// Asks for the test with a real engine, as nobody's tests should start daemons unasked: with `1`
/// there has to be one, with `if-possible` the test is skipped where none can be started.
const REAL: &str = "WASMSCOPE_TEST_ENGINE";

/// A real engine of this test's own, ended with it.
struct RealEngine {
    daemon: Child,
    folder: TempDir,
}

impl RealEngine {
    /// `None`: there is none here, or it does not start (as a user, or in a container).
    fn start() -> Option<Self> {
        Command::new("docker").arg("--version").output().ok()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let log = fs::File::create(path("log")).expect("writable");
        let daemon = Command::new("dockerd")
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"))
            .arg("-H")
            .arg(format!("unix://{}", path("s").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let daemon = daemon.ok()?;
        let mut engine = Self { daemon, folder };
        let deadline = Instant::now() + Duration::from_secs(120);
        while !engine.docker(&["version"]).status.success() {
            let ended = engine.daemon.try_wait().ok().flatten().is_some();
            if ended || Instant::now() > deadline {
                let log = fs::read_to_string(engine.folder.path().join("log"));
                eprintln!("{}", log.unwrap_or_default());
                return None;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(engine)
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("s").display())
    }

    fn client(&self, args: &[&str]) -> Command {
        let mut docker = Command::new("docker");
        docker.args(args).env("DOCKER_HOST", self.host());
        docker.env("DOCKER_BUILDKIT", "0").stdin(Stdio::null());
        docker
    }

    fn docker(&self, args: &[&str]) -> Output {
        self.client(args).output().unwrap_or_else(|error| {
            panic!("dockerd is installed, and docker cannot be started: {error}")
        })
    }

    #[track_caller]
    fn must(&self, args: &[&str]) -> String {
        let output = self.docker(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {args:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for RealEngine {
    fn drop(&mut self) {
        // Asked to end, it takes its mounts away.
        let pid = self.daemon.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.daemon.wait();
    }
}

#[test]
fn a_real_engine_and_back() {
    let Some(asked) = std::env::var_os(REAL) else {
        eprintln!(
            "skipped: {REAL}=1 starts a Docker Engine of its own (Debian: docker.io, as root)"
        );
        return;
    };
    let Some(engine) = RealEngine::start() else {
        assert_eq!(asked, "if-possible", "no Docker Engine can be started");
        eprintln!("skipped: no Docker Engine can be started (Debian: docker.io, as root)");
        return;
    };
    let context = engine.folder.path().join("context");
    fs::create_dir(&context).expect("writable");
    fs::copy(fixture("Dockerfile"), context.join("Dockerfile")).expect("writable");
    let wat = fs::read_to_string(fixture("args.wat")).expect("it is there");
    fs::write(context.join("args.wasm"), wat_to_wasm(&wat)).expect("writable");
    engine.must(&["build", "-q", "-t", "app", context.to_str().expect("UTF-8")]);
    let host = engine.host();
    let run = |args: &[&str]| stdout(&wasmscope(&host, args));
    let all = "args.wasm\nfrom-entrypoint\nfrom-cmd\nPATH=";
    assert!(run(&["run", "docker://app"]).starts_with(all));

    let compose = engine.folder.path().join("compose.yaml");
    let text = "services: {a: {image: app, platform: wasi/wasm, command: [of-the-file]}}";
    fs::write(&compose, text).expect("writable");
    let service = run(&["run", compose.to_str().expect("UTF-8"), "--service", "a"]);
    let expected = "args.wasm\nfrom-entrypoint\nof-the-file\n";
    assert!(service.starts_with(expected), "{service}");

    let saved = engine.folder.path().join("saved.tar");
    let saved = saved.to_str().expect("UTF-8");
    engine.must(&["save", "app", "-o", saved]);
    assert!(run(&["run", saved]).starts_with(all));

    // A container that can never have run: there is nothing here that runs modules.
    let data = engine.folder.path().join("host-data");
    fs::create_dir(&data).expect("writable");
    let volume = format!("{}:/data:ro", data.display());
    let create = [
        "create", "--name", "dead", "-e", "MORE=1", "-v", &volume, "app", "mine",
    ];
    engine.must(&create);
    assert!(!engine.docker(&["start", "dead"]).status.success());
    let ran = run(&["run", "container://dead"]);
    assert!(
        ran.starts_with("args.wasm\nfrom-entrypoint\nmine\n"),
        "{ran}"
    );
    assert!(ran.contains("MORE=1\n"), "{ran}");
    let inspected = run(&["inspect", "container://dead"]);
    assert!(inspected.contains("  mounts     "), "{inspected}");

    let exported = engine.folder.path().join("exported.tar");
    let exported = exported.to_str().expect("UTF-8");
    engine.must(&["export", "dead", "-o", exported]);
    assert_eq!(run(&["run", exported, "a"]), "/app/args.wasm\na\n");

    // As README.md has it: through a pipe, with the module named.
    let mut export = engine
        .client(&["export", "dead"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let pipe = export.stdout.take().expect("a pipe");
    let debugged = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .args(["debug", "--batch", "-e", "break host:args_get", "-e", "run"])
        .args(["-e", "continue", "--module", "/app/args.wasm", "-"])
        .stdin(pipe)
        .output()
        .expect("it starts");
    assert!(export.wait().expect("it ends").success());
    let said = String::from_utf8_lossy(&debugged.stdout);
    assert!(said.contains("host call: args_get("), "{debugged:?}");
    assert_eq!(debugged.status.code(), Some(0), "{debugged:?}");
}
