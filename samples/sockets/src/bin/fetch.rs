//! Fetches `/` from the server at the first argument, `HOST:PORT`, and prints what it answers. A name is
//! looked up by `sock_getaddrinfo`, or by the server in `DNS_SERVER`.

use std::io::{Read, Write};
use wasmedge_wasi_socket::{nslookup, TcpStream};

fn fetch(place: &str) -> std::io::Result<String> {
    let (name, port) = place
        .rsplit_once(':')
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let ip = match name.parse() {
        Ok(ip) => ip,
        Err(_) => {
            let found = nslookup(name, port)?; // <- looks up
            found.first().ok_or(std::io::ErrorKind::NotFound)?.ip()
        }
    };
    println!("{name} is {ip}");
    let mut stream = TcpStream::connect((ip, port.parse().unwrap_or(0)))?; // <- connects
    write!(stream, "GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer
        .split("\r\n\r\n")
        .nth(1)
        .unwrap_or_default()
        .to_owned())
}

fn main() {
    let place = std::env::args().nth(1).unwrap_or_default();
    match fetch(&place) {
        Ok(body) => println!("{body}"),
        Err(error) => {
            println!("cannot: {error}");
            std::process::exit(1);
        }
    }
}
