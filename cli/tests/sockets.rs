//! Servers and clients of WasmEdge's kind under the built command, with real requests: served, traced,
//! stopped at a breakpoint, interrupted, and refused what was not allowed.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::{Build, Target, command, line_of, sample, socket_sample, workspace};

/// Nothing here takes longer, on however slow a machine.
const AT_LAST: Duration = Duration::from_secs(120);

fn source(name: &str, what: &str) -> u32 {
    let path = workspace().join(format!("samples/sockets/src/bin/{name}.rs"));
    line_of(&path, what)
}

fn wasmscope(verb: &str, options: &[&str], program: &Path, args: &[&str]) -> Command {
    let mut wasmscope = command(env!("CARGO_BIN_EXE_wasmscope"), workspace());
    wasmscope
        .arg(verb)
        .args(options)
        .arg(program)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    wasmscope
}

/// A server that has said where it listens.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(command: &str, options: &[&str], name: &str) -> Self {
        let program = socket_sample(name);
        let mut child = wasmscope(command, options, &program, &["127.0.0.1:0"])
            .spawn()
            .expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on ");
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let _ = child.kill();
            let output = child.wait_with_output().expect("it ends");
            panic!("{line:?}, {}", String::from_utf8_lossy(&output.stderr));
        };
        Server {
            child,
            stdout,
            address,
        }
    }

    /// Waits for its end: exit code, the rest of its output, and standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).expect("text");
        let output = self.child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), stdout, stderr)
    }

    fn interrupt(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill is there").success());
    }
}

/// What a server answers to a request, without the headers.
fn request(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(AT_LAST)).expect("a limit");
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{answer}");
    body.to_owned()
}

fn get(address: SocketAddr, path: &str) -> String {
    request(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"),
    )
}

fn post(address: SocketAddr, path: &str, body: &str) -> String {
    let length = body.len();
    request(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
}

#[test]
fn a_blocking_server_serves() {
    let server = Server::start("run", &[], "http_server");
    assert_eq!(get(server.address, "/a"), "/a, request 1");
    assert_eq!(post(server.address, "/", "some words"), "echo: some words");
    let long = "word ".repeat(20_000);
    assert_eq!(post(server.address, "/", &long), format!("echo: {long}"));
    assert_eq!(get(server.address, "/quit"), "/quit, request 4");
    let (code, stdout, stderr) = server.end();
    assert_eq!((code, &*stderr), (Some(0), ""));
    assert_eq!(stdout.lines().last(), Some("request 4 from 127.0.0.1"));
}

#[test]
fn an_async_server_serves_several_at_once() {
    let server = Server::start("run", &[], "async_server");
    let address = server.address;
    // One that does not say what it wants keeps nobody waiting.
    let silent = TcpStream::connect(address).expect("it listens");
    let clients: Vec<JoinHandle<String>> = (0..8)
        .map(|index| std::thread::spawn(move || post(address, "/echo", &index.to_string())))
        .collect();
    for (index, client) in clients.into_iter().enumerate() {
        assert_eq!(client.join().expect("answered"), index.to_string());
    }
    assert_eq!(get(address, "/you"), "hello from /you");
    drop(silent);
    assert_eq!(get(address, "/quit"), "bye");
    let (code, _, stderr) = server.end();
    assert_eq!((code, &*stderr), (Some(0), ""));
}

#[test]
fn a_handler_that_panics_is_explained() {
    let server = Server::start("run", &["--color", "never"], "http_server");
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    stream
        .write_all(b"GET /panic HTTP/1.1\r\n\r\n")
        .expect("sent");
    let (code, _, stderr) = server.end();
    assert_eq!(code, Some(134), "{stderr}");
    let line = source("http_server", "panic!(\"asked to fail\")");
    for expected in [
        "error: panicked: asked to fail".to_owned(),
        format!("samples/sockets/src/bin/http_server.rs:{line}:"),
        "http_server::handle".to_owned(),
        "path: \"/panic\"".to_owned(),
        "sock_recv(fd=".to_owned(),
    ] {
        assert!(stderr.contains(&expected), "no {expected} in\n{stderr}");
    }
}

/// A trace without what differs from run to run: ports, and where the source is.
fn steady(trace: &str, server: SocketAddr) -> String {
    let mut lines = Vec::new();
    for line in trace.lines() {
        let line = line.replace(&server.to_string(), "SERVER");
        let (call, place) = line.rsplit_once(" at ").unwrap_or((&line, ""));
        let mut parts = call.split("127.0.0.1:");
        let mut call = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            call.push_str("CLIENT");
            call.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        // Whether the other end is still there by then is its own business.
        if call.starts_with("sock_shutdown(") {
            let end = call.find(") = ").unwrap_or(call.len());
            call.truncate(end);
            call.push_str(") = …");
        }
        let place = place.rsplit('/').next().unwrap_or_default();
        lines.push(format!("{call} at {place}"));
    }
    lines.join("\n")
}

fn traced(options: &[&str]) -> String {
    let folder = TempDir::new().expect("a folder");
    let trace = folder.path().join("trace");
    let to = ["-o", trace.to_str().expect("UTF-8")];
    let options = [options, &to, &["-q", "--no-duration"]].concat();
    let server = Server::start("trace", &options, "http_server");
    let address = server.address;
    assert_eq!(
        post(address, "/quit", "four words of text"),
        "echo: four words of text"
    );
    let (code, _, stderr) = server.end();
    assert_eq!((code, &*stderr), (Some(0), ""));
    steady(&std::fs::read_to_string(trace).expect("a trace"), address)
}

#[test]
fn the_trace_of_a_request() {
    insta::assert_snapshot!(traced(&["-e", "%sock", "-s", "96"]));
}

#[test]
fn traces_are_filtered_and_counted() {
    let names = |options: &[&str]| -> Vec<String> {
        let trace = traced(options);
        let name = |line: &str| line.split('(').next().unwrap_or_default().to_owned();
        trace.lines().map(name).collect()
    };
    assert_eq!(
        names(&["-e", "sock_send,sock_recv"]),
        ["sock_recv", "sock_send"]
    );
    assert_eq!(
        names(&["--fd", "1024", "-e", "sock_accept,sock_listen"]),
        ["sock_listen", "sock_accept"]
    );
    let counted = traced(&["-c", "-e", "%sock"]);
    let sent = counted.lines().find(|line| line.contains("sock_send"));
    assert!(sent.is_some(), "{counted}");
}

#[test]
fn a_fault_in_a_call_reaches_the_guest() {
    let program = socket_sample("http_server");
    let options = ["-e", "inject=sock_listen:error=EADDRINUSE", "-q"];
    let output = wasmscope("trace", &options, &program, &["127.0.0.1:0"]).output();
    let output = output.expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("(address in use) (INJECTED)"), "{stderr}");
}

#[test]
fn a_breakpoint_in_the_handler_is_hit_by_a_request() {
    let port = free_port();
    let program = socket_sample("http_server");
    let line = source("http_server", "// <- echoes");
    let script = [
        format!("break http_server.rs:{line}"),
        "run".to_owned(),
        "print request.body".to_owned(),
        "backtrace".to_owned(),
        "delete 1".to_owned(),
        "continue".to_owned(),
    ];
    let mut options = vec!["--batch", "--color", "never"];
    for command in &script {
        options.extend(["-e", command]);
    }
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let client = std::thread::spawn(move || {
        wait_for(address);
        let answer = post(address, "/", "hello");
        let bye = get(address, "/quit");
        (answer, bye)
    });
    let place = address.to_string();
    let output = wasmscope("debug", &options, &program, &[&place]).output();
    let output = output.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let (answer, _) = client.join().unwrap_or_else(|_| {
        panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(answer, "echo: hello");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let calls = source("http_server", "// <- answers");
    for expected in [
        "\"hello\"".to_owned(),
        "http_server::answer".to_owned(),
        format!("http_server.rs:{calls}"),
    ] {
        assert!(text.contains(&expected), "no {expected} in\n{text}");
    }
}

/// A port that nobody listens at; somebody may take it, which nobody does in these tests.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Waits until somebody listens there.
fn wait_for(address: SocketAddr) {
    let begun = Instant::now();
    loop {
        // Asking is a request as well, which fails.
        if let Ok(stream) = TcpStream::connect(address) {
            drop(stream);
            return;
        }
        assert!(begun.elapsed() < AT_LAST, "nobody listens at {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_waits_is_ended_by_an_interrupt() {
    let server = Server::start("run", &[], "http_server");
    server.interrupt();
    let (code, _, _) = server.end();
    assert_ne!(code, Some(0));

    let folder = TempDir::new().expect("a folder");
    let trace = folder.path().join("trace");
    let options = ["-o", trace.to_str().expect("UTF-8")];
    let server = Server::start("trace", &options, "http_server");
    // It has said where it listens, and comes to wait a moment later.
    std::thread::sleep(Duration::from_millis(1500));
    server.interrupt();
    let (code, _, _) = server.end();
    assert_eq!(code, Some(130));
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let waiting = trace.lines().rev().nth(1).unwrap_or_default();
    assert!(waiting.starts_with("sock_accept(fd=1024<TCP:["), "{trace}");
    assert!(waiting.contains("<unfinished ...>"), "{trace}");
}

#[test]
fn a_server_that_waits_is_ended_by_its_time_out() {
    for options in [["-W", "timeout=1s"], ["--timeout", "1s"]] {
        let server = Server::start("run", &options, "http_server");
        let (code, _, stderr) = server.end();
        assert_ne!(code, Some(0), "{stderr}");
        assert!(stderr.contains("timed out after 1 s"), "{stderr}");
    }
}

/// A server of ours that answers one request with `hello`; where it is.
fn greeter() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut buffer = [0; 256];
        let _ = stream.read(&mut buffer).expect("a request");
        let answer = b"HTTP/1.0 200 OK\r\n\r\nhello";
        stream.write_all(answer).expect("answered");
    });
    (address, thread)
}

fn fetch(command: &str, options: &[&str], place: &str) -> Output {
    let program = socket_sample("fetch");
    wasmscope(command, options, &program, &[place])
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_client_goes_where_it_is_allowed_to() {
    let (address, server) = greeter();
    let place = address.to_string();
    let refused = fetch("run", &[], &place);
    assert_eq!(refused.status.code(), Some(1));
    let stderr = text(&refused.stderr);
    let told = format!("wasmscope: refused: connecting to {place}/TCP: --net={place} allows it");
    assert_eq!(stderr.matches(&told).count(), 1, "{stderr}");
    let refused = fetch("trace", &["-e", "sock_connect"], &place);
    let stderr = text(&refused.stderr);
    let expected = format!("addr={place}) = -1 EACCES (permission denied: --net={place} allows it");
    assert!(stderr.contains(&expected), "{stderr}");
    assert!(stderr.contains(&told), "{stderr}");

    let allowed = fetch("run", &["--net", &place], &place);
    let answer = text(&allowed.stdout);
    assert!(
        answer.ends_with("hello\n"),
        "{answer}, {}",
        text(&allowed.stderr)
    );
    server.join().expect("served");
}

#[test]
fn names_are_answered_or_refused() {
    let refused = fetch("run", &[], "db.example:80");
    let stderr = text(&refused.stderr);
    let told = "wasmscope: refused: looking up db.example: --net";
    assert_eq!(stderr.matches(told).count(), 1, "{stderr}");

    let (address, server) = greeter();
    let port = address.port();
    let net = format!("--net=db.example:{port}");
    let options = [&*net, "--add-host", "db.example:127.0.0.1"];
    let place = format!("db.example:{port}");
    let answer = fetch("run", &options, &place);
    let stdout = text(&answer.stdout);
    assert_eq!(
        stdout,
        "db.example is 127.0.0.1\nhello\n",
        "{}",
        text(&answer.stderr)
    );
    server.join().expect("served");
}

/// A name server over TCP that answers one question with 127.0.0.1.
fn name_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut length = [0; 2];
        stream.read_exact(&mut length).expect("a length");
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query).expect("a question");
        // The question back, with one answer: the name at 12, an address, for a minute.
        let mut answer = query[..2].to_vec();
        answer.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        answer.extend(&query[12..]);
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        let length = u16::try_from(answer.len()).expect("short").to_be_bytes();
        stream
            .write_all(&[&length[..], &answer].concat())
            .expect("answered");
    });
    (address, thread)
}

#[test]
fn a_guests_own_name_server_is_asked() {
    let (names, asked) = name_server();
    let (address, server) = greeter();
    let variable = format!("DNS_SERVER={names}");
    let place = format!("db.example:{}", address.port());
    let answer = fetch("run", &["--env", &variable, "--net"], &place);
    let stdout = text(&answer.stdout);
    assert_eq!(
        stdout,
        "db.example is 127.0.0.1\nhello\n",
        "{}",
        text(&answer.stderr)
    );
    asked.join().expect("asked");
    server.join().expect("served");
}

/// Opens sockets until there are no more to be had, closes two and opens three. The exit code is the
/// error's number, and 100 more when the last two descriptors were not the two that were closed.
const LEAK: &str = r#"(module
    (import "wasi_snapshot_preview1" "sock_open"
      (func $open (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $other i32)
      (loop $more
        (br_if $more (i32.eqz (call $open (i32.const 1) (i32.const 2) (i32.const 0)))))
      (drop (call $close (i32.const 1030)))
      (drop (call $close (i32.const 1026)))
      (drop (call $open (i32.const 1) (i32.const 2) (i32.const 0)))
      (drop (call $open (i32.const 1) (i32.const 2) (i32.const 4)))
      (local.set $other (i32.or
        (i32.ne (i32.load (i32.const 0)) (i32.const 1026))
        (i32.ne (i32.load (i32.const 4)) (i32.const 1030))))
      (call $exit (i32.add
        (i32.mul (local.get $other) (i32.const 100))
        (call $open (i32.const 1) (i32.const 2) (i32.const 0))))))"#;

#[test]
fn a_guest_that_leaks_sockets_is_told_when_there_are_no_more() {
    let folder = TempDir::new().expect("a folder");
    let program = folder.path().join("leak.wat");
    std::fs::write(&program, LEAK).expect("written");
    let leak = |limit: &str, command: &str, options: &[&str]| {
        let wasmscope = wasmscope(command, options, &program, &[]);
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(wasmscope.get_program());
        let output = shell.args(wasmscope.get_args()).output().expect("it runs");
        // WASI's EMFILE.
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(33), "{stderr}");
        stderr
    };
    let how = "the guest has 128 open, and the system gives this process few more files: `ulimit -n` says";
    let told = format!("wasmscope: refused: another socket: {how}");
    let stderr = leak("256", "run", &[]);
    assert_eq!(stderr.matches(&told).count(), 1, "{stderr}");
    let stderr = leak("256", "trace", &["-Z"]);
    let line = format!(") = -1 EMFILE (too many open files: {how}");
    assert_eq!(stderr.matches(&line).count(), 2, "{stderr}");
}

#[test]
fn components_go_by_the_same_flags() {
    let program = sample("datagrams", Build::Debug, Target::WasiP2);
    let run = |options: &[&str]| {
        let output = wasmscope("run", options, &program, &[])
            .output()
            .expect("it runs");
        (text(&output.stdout), text(&output.stderr))
    };
    let (stdout, stderr) = run(&[]);
    assert!(stdout.starts_with("no network: "), "{stdout}");
    let told = stderr
        .lines()
        .filter(|line| line.starts_with("wasmscope: refused: sending to 127."));
    assert_eq!(told.count(), 1, "{stderr}");
    for options in [
        &["--net"][..],
        &["--net=127.0.0.1:*"],
        &["-S", "inherit-network"],
    ] {
        let (stdout, stderr) = run(options);
        assert!(stdout.starts_with("received: [\"ping\","), "{stdout}");
        assert_eq!(stderr, "");
    }
}

#[test]
fn a_component_sees_its_own_ports_and_not_the_hosts() {
    let program = sample("neighbours", Build::Debug, Target::WasiP2);
    let port = free_port();
    let publish = format!("{port}:80");
    let seen = |command: &str, options: &[&str], address: &str| {
        let output = wasmscope(command, options, &program, &["mirror", address]).output();
        let output = output.expect("it runs");
        (text(&output.stdout), text(&output.stderr))
    };
    let (stdout, stderr) = seen("run", &["-p", &publish], "0.0.0.0:80");
    let expected = "heard: 0.0.0.0:80, 127.0.0.1:80, 127.0.0.1:80, 0.0.0.0:80\n";
    assert_eq!((&*stdout, &*stderr), (expected, ""));
    // The same with every call watched, and under the debugger.
    let (stdout, trace) = seen("trace", &["-e", "%sock", "-p", &publish], "0.0.0.0:80");
    assert_eq!(stdout, expected);
    let dropped = trace.matches("[resource-drop]tcp-socket(").count();
    assert_eq!(dropped, 3, "{trace}");
    assert!(trace.contains("local-address=0.0.0.0:80"), "{trace}");
    assert!(!trace.contains(&format!(":{port}")), "{trace}");
    let (stdout, _) = seen(
        "debug",
        &["--batch", "-e", "run", "-p", &publish],
        "0.0.0.0:80",
    );
    assert!(stdout.contains(expected), "{stdout}");

    // Where nothing is published, the port that the host has chosen is the guest's.
    let (stdout, _) = seen("run", &[], "0.0.0.0:0");
    let places = stdout.trim_start_matches("heard: ");
    let ports: Vec<_> = places
        .split(", ")
        .filter_map(|at| at.split(':').nth(1))
        .collect();
    let [first, second, third, _] = &*ports else {
        panic!("{stdout}");
    };
    assert_eq!((first, second), (second, third), "{stdout}");
    assert!(stdout.starts_with("heard: 0.0.0.0:"), "{stdout}");

    let other = format!("0.0.0.0:{port}:80");
    let (stdout, stderr) = seen("run", &["-p", &other], "[::]:80");
    assert!(stdout.starts_with("no answer: "), "{stdout}");
    assert!(stderr.contains("-p [::1]:HOST:80 is of IPv6"), "{stderr}");
}

/// What three programs import that people run under WasmEdge, each beside `_start`.
const IMPORTS: [(&str, &[&str]); 3] = [
    (
        "a blocking server",
        &["bind listen accept connect recv send shutdown setsockopt getaddrinfo getpeeraddr"],
    ),
    (
        "an async server",
        &["bind listen accept recv send shutdown setsockopt getpeeraddr"],
    ),
    (
        "a service with a database",
        &[
            "bind listen accept connect recv send shutdown setsockopt getaddrinfo getpeeraddr",
            "getsockopt getlocaladdr",
        ],
    ),
];

#[test]
fn what_programs_import_is_all_there() {
    let folder = TempDir::new().expect("a folder");
    let params = |name: &str| match name {
        "shutdown" | "listen" | "accept" => 2,
        "open" | "bind" | "connect" => 3,
        "getpeeraddr" | "getlocaladdr" => 4,
        "send" | "setsockopt" | "getsockopt" => 5,
        "recv" => 6,
        "getaddrinfo" => 8,
        other => panic!("{other}"),
    };
    for (what, names) in IMPORTS {
        let names = names
            .iter()
            .flat_map(|names| names.split(' '))
            .chain(["open"]);
        let mut module = "(module\n".to_owned();
        for name in names {
            let types = "i32 ".repeat(params(name));
            module += &format!(
                "(import \"wasi_snapshot_preview1\" \"sock_{name}\" (func (param {types}) (result i32)))\n"
            );
        }
        for name in ["poll_oneoff", "fd_read", "fd_write"] {
            module += &format!(
                "(import \"wasi_snapshot_preview1\" \"{name}\" (func (param i32 i32 i32 i32) (result i32)))\n"
            );
        }
        module += "(memory (export \"memory\") 1) (func (export \"_start\")))";
        let path: PathBuf = folder.path().join("imports.wat");
        std::fs::write(&path, module).expect("written");
        let output = wasmscope("run", &[], &path, &[]).output().expect("it runs");
        assert!(output.status.success(), "{what}: {}", text(&output.stderr));
    }
}
