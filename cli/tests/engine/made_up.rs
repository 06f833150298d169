//! An engine that is made up: it has one image and one container.

use crate::fixture;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// One that listens at a socket in that folder, which is what `DOCKER_HOST` is to be. It ends with the
/// test's process.
pub fn made_up(folder: &Path) -> String {
    let socket = folder.join("engine.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let mounted = mounted(folder);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that has gone away is its own business.
            let _ = answer(&mut stream, &mounted);
        }
    });
    format!("unix://{}", socket.display())
}

/// The folder that its container has mounted.
pub fn mounted(folder: &Path) -> PathBuf {
    let mounted = folder.join("mounted");
    fs::create_dir(&mounted).expect("writable");
    mounted
}

/// Answers one request.
pub fn answer(stream: &mut (impl Read + Write), mounted: &Path) -> std::io::Result<()> {
    let request = request(stream)?;
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

/// The first line of a request; the others are read and left out.
fn request(stream: &mut impl Read) -> std::io::Result<String> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    Ok(request)
}
