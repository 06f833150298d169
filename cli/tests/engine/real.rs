//! The way to a real engine and back: images that it builds and saves, containers that it makes.

use crate::{fixture, stdout, wasmscope};
use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::wat_to_wasm;

/// Asks for the test with a real engine, as nobody's tests should start daemons unasked: with `1`
/// there has to be one, with `if-possible` the test is skipped where none can be started.
const REAL: &str = "WASMSCOPE_TEST_ENGINE";

/// A real engine of this test's own, ended with it.
struct RealEngine {
    daemon: Child,
    folder: TempDir,
}

/// The configuration with containerd's image store, which is there since Docker 25. Of its ways to keep
/// files, this one does without help of the system's.
const CONTAINERD: &str =
    r#"{"features": {"containerd-snapshotter": true}, "storage-driver": "native"}"#;

impl RealEngine {
    /// `None`: there is none here, or it does not start (as a user, or in a container).
    fn start(configuration: &str) -> Option<Self> {
        Command::new("docker").arg("--version").output().ok()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let log = fs::File::create(path("log")).expect("writable");
        fs::write(path("daemon.json"), configuration).expect("writable");
        let daemon = Command::new("dockerd")
            .arg("--config-file")
            .arg(path("daemon.json"))
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
        let asked = Command::new("kill").arg(pid).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.daemon.kill();
        }
        let _ = self.daemon.wait();
        // Newer ones leave this mounted on itself.
        let data = self.folder.path().join("data");
        let unmount = Command::new("umount")
            .arg(data)
            .stderr(Stdio::null())
            .status();
        drop(unmount);
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
    let Some(engine) = RealEngine::start("{}") else {
        assert_eq!(asked, "if-possible", "no Docker Engine can be started");
        eprintln!("skipped: no Docker Engine can be started (Debian: docker.io, as root)");
        return;
    };
    let version = engine.must(&["version", "--format", "{{.Server.Version}}"]);
    there_and_back(&engine);
    drop(engine);
    let major = version.split('.').next().unwrap_or_default();
    if major.parse().is_ok_and(|major: u32| major >= 25) {
        let engine = RealEngine::start(CONTAINERD).expect("it has started before");
        let stores = engine.must(&["info", "--format", "{{.DriverStatus}}"]);
        assert!(stores.contains("io.containerd"), "{stores}");
        there_and_back(&engine);
    } else {
        eprintln!("Docker {version} has no image store of containerd's: that is left out");
    }
}

/// Builds an image, saves it, makes a container of it and exports that.
fn there_and_back(engine: &RealEngine) {
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
