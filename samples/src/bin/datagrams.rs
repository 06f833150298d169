//! Works: sends itself two datagrams and says what came. Where there is no network to be had, it says
//! that instead.

use std::io;
use std::net::UdpSocket;

fn exchange() -> io::Result<Vec<String>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let own = socket.local_addr()?;
    let mut came = Vec::new();
    for text in ["ping", "and a longer one"] {
        socket.send_to(text.as_bytes(), own)?; // <- sends
        let mut buffer = [0; 64];
        let (length, from) = socket.recv_from(&mut buffer)?; // <- receives
        assert_eq!(from, own);
        came.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    Ok(came)
}

fn main() {
    match exchange() {
        Ok(came) => println!("received: {came:?}"),
        Err(error) => println!("no network: {error}"),
    }
}
