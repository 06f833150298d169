//! Works: speaks to another program, by lines of text. `listen ADDRESS` answers one that connects,
//! `ask ADDRESS` connects to one, `mirror ADDRESS` listens there, connects to itself and says where all
//! ends are. Where there is no network to be had, it says that instead.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};

fn listen(address: &str) -> io::Result<String> {
    let listener = TcpListener::bind(address)?;
    println!("listening");
    let (stream, _) = listener.accept()?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?; // <- hears
    (&stream).write_all(format!("you said {line}").as_bytes())?;
    Ok(line)
}

fn ask(address: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?; // <- connects
    stream.write_all(b"hello\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

fn mirror(address: &str) -> io::Result<String> {
    let listener = TcpListener::bind(address)?;
    let at = listener.local_addr()?;
    let there = TcpStream::connect((Ipv4Addr::LOCALHOST, at.port()))?.peer_addr()?;
    let here = listener.accept()?.0.local_addr()?;
    let datagrams = UdpSocket::bind(address)?.local_addr()?;
    Ok(format!("{at}, {there}, {here}, {datagrams}"))
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (role, address) = (
        args.next().unwrap_or_default(),
        args.next().unwrap_or_default(),
    );
    let heard = match &*role {
        "listen" => listen(&address),
        "ask" => ask(&address),
        "mirror" => mirror(&address),
        _ => return println!("neighbours listen|ask|mirror ADDRESS"),
    };
    match heard {
        Ok(line) => println!("heard: {}", line.trim_end()),
        Err(error) => println!("no answer: {error}"),
    }
}
