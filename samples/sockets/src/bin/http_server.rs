//! Serves HTTP, one connection after the other, with blocking calls: `POST` is answered with what came,
//! `GET` with how often somebody has asked. `GET /quit` ends it, `GET /panic` shows how it fails.
//! The first argument is the address to listen on.

use std::io::{Read, Write};
use wasmedge_wasi_socket::{Shutdown, TcpListener, TcpStream};

struct Request {
    method: String,
    path: String,
    body: String,
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 512];
    loop {
        let count = stream.read(&mut buffer)?; // <- receives
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() < length.unwrap_or(0) && count > 0 {
            continue;
        }
        let mut words = head.split_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        return Ok(Request {
            method: word(),
            path: word(),
            body: body.to_owned(),
        });
    }
}

fn answer(request: &Request, asked: u32) -> String {
    let body = match (&*request.method, &*request.path) {
        ("POST", _) => format!("echo: {}", request.body), // <- echoes
        (_, "/panic") => panic!("asked to fail"),
        (_, path) => format!("{path}, request {asked}"),
    };
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn handle(mut stream: TcpStream, asked: u32) -> std::io::Result<bool> {
    let request = read_request(&mut stream)?;
    let text = answer(&request, asked); // <- answers
    stream.write_all(text.as_bytes())?; // <- sends
    stream.shutdown(Shutdown::Both)?;
    Ok(request.path != "/quit")
}

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "0.0.0.0:1234".to_owned());
    let listener = TcpListener::bind(&address, false)?; // <- binds
    println!("listening on {}", listener.local_addr()?);
    let mut asked = 0;
    loop {
        let (stream, peer) = listener.accept(false)?; // <- accepts
        asked += 1;
        println!("request {asked} from {}", peer.ip());
        match handle(stream, asked) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => println!("a bad request: {error}"),
        }
    }
}
