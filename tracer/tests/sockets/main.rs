//! WasmEdge's socket extension: what a guest gets from it, with real sockets of this machine, and what
//! the record says of each call.

mod guest;

use guest::{FIRST, Guest, SECOND};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use wasmscope_sockets::{Network, Outgoing};
use wasmscope_tracer::table::wasmedge;

/// Where things are in the guest's memory.
const ADDRESS: u32 = 0x100;
const OCTETS: u32 = 0x110;
const RESULT: u32 = 0x200;
const SECOND_RESULT: u32 = 0x204;
const THIRD_RESULT: u32 = 0x208;
const BUFFERS: u32 = 0x300;
const DATA: u32 = 0x400;
const SUBSCRIPTIONS: u32 = 0x1000;
const EVENTS: u32 = 0x2000;
const CHAIN: u32 = 0x3000;

const TCP: i64 = 2;
const UDP: i64 = 1;
const INET: i64 = 1;
const INET6: i64 = 2;

/// Bad addresses of a guest's: outside, and not aligned.
const OUTSIDE: i64 = 0xffff_fff0;
const EACCES: i32 = 2;
const EADDRNOTAVAIL: i32 = 4;
const EAGAIN: i32 = 6;
const EBADF: i32 = 8;
const EFAULT: i32 = 21;
const EINPROGRESS: i32 = 26;
const EINVAL: i32 = 28;
const ENOPROTOOPT: i32 = 50;
const ENOTSOCK: i32 = 57;
const ESPIPE: i32 = 70;

fn open(guest: &mut Guest, name: &str, family: i64, kind: i64) -> i64 {
    guest.ok(name, &[family, kind, RESULT.into()]);
    guest.word(RESULT).into()
}

/// Puts an address into the guest's memory.
fn address(guest: &mut Guest, ip: IpAddr) {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    guest.words(ADDRESS, &[OCTETS, octets.len() as u32]);
    guest.put(OCTETS, &octets);
}

/// Puts an address with its family in front into the guest's memory.
fn storage(guest: &mut Guest, ip: IpAddr) {
    let mut bytes = match ip {
        IpAddr::V4(ip) => [&[1, 0][..], &ip.octets()].concat(),
        IpAddr::V6(ip) => [&[2, 0][..], &ip.octets()].concat(),
    };
    bytes.resize(128, 0);
    guest.words(ADDRESS, &[OCTETS, 128]);
    guest.put(OCTETS, &bytes);
}

fn buffer(guest: &mut Guest, bytes: &[u8]) {
    guest.words(BUFFERS, &[DATA, bytes.len() as u32]);
    guest.put(DATA, bytes);
}

fn room(guest: &mut Guest, length: u32) {
    guest.words(BUFFERS, &[DATA, length]);
    guest.put(DATA, &vec![0; length as usize]);
}

fn at(address: u32) -> i64 {
    address.into()
}

/// A socket of the guest's that listens; its descriptor and port.
fn listening(guest: &mut Guest, ip: IpAddr) -> (i64, u16) {
    let family = if ip.is_ipv4() { INET } else { INET6 };
    let fd = open(guest, "sock_open", family, TCP);
    address(guest, ip);
    guest.ok("sock_bind", &[fd, at(ADDRESS), 0]);
    guest.ok("sock_listen", &[fd, 8]);
    guest.words(ADDRESS, &[OCTETS, 16]);
    guest.ok(
        "sock_getlocaladdr",
        &[fd, at(ADDRESS), at(RESULT), at(SECOND_RESULT)],
    );
    let port = guest.word(SECOND_RESULT);
    (fd, u16::try_from(port).expect("a port"))
}

/// Whether this machine has IPv6 at all; many containers have not.
fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// A conversation over TCP; whether all went as it should is told by both ends.
fn tcp(guest: &mut Guest, ip: IpAddr) {
    let (listener, port) = listening(guest, ip);
    let version = guest.word(RESULT);
    assert_eq!(version, if ip.is_ipv4() { 4 } else { 6 });
    let host = match ip {
        IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    };
    let mut client = TcpStream::connect(host).expect("the guest listens");
    let own = client.local_addr().expect("an address");
    let line = guest.ok("sock_accept", &[listener, at(RESULT)]);
    let fd = i64::from(guest.word(RESULT));
    let connection = format!("{fd}<TCP:[{host}->{own}]>");
    let asked = SocketAddr::new(ip, port);
    assert_eq!(
        line,
        format!("sock_accept(fd={listener}<TCP:[{asked}]>) = {connection}")
    );

    guest.words(ADDRESS, &[OCTETS, 16]);
    let peer = [fd, at(ADDRESS), at(RESULT), at(SECOND_RESULT)];
    let line = guest.ok("sock_getpeeraddr", &peer);
    assert_eq!(line, format!("sock_getpeeraddr(fd={connection}) = {own}"));

    client.write_all(b"ping").expect("sent");
    room(guest, 64);
    // Peeking takes nothing away; waiting for all needs another four.
    let receive = [fd, at(BUFFERS), 1, 1, at(RESULT), at(SECOND_RESULT)];
    let line = guest.ok("sock_recv", &receive);
    let expected = format!(
        "sock_recv(fd={connection}, ri_data=[\"ping\"], 64, ri_flags=RECV_PEEK) = (ro_datalen=4, ro_flags=0)"
    );
    assert_eq!(line, expected);
    room(guest, 8);
    client.write_all(b"pong").expect("sent");
    guest.ok(
        "sock_recv",
        &[fd, at(BUFFERS), 1, 2, at(RESULT), at(SECOND_RESULT)],
    );
    assert_eq!(guest.bytes(DATA, 8), b"pingpong");

    buffer(guest, b"answer");
    let line = guest.ok("sock_send", &[fd, at(BUFFERS), 1, 0, at(RESULT)]);
    let expected = format!("sock_send(fd={connection}, si_data=[\"answer\"], 6, si_flags=0) = 6");
    assert_eq!(line, expected);
    guest.ok("fd_write", &[fd, at(BUFFERS), 1, at(RESULT)]);
    let mut answer = [0; 12];
    client.read_exact(&mut answer).expect("received");
    assert_eq!(&answer, b"answeranswer");

    client.write_all(b"file").expect("sent");
    room(guest, 64);
    guest.ok("fd_read", &[fd, at(BUFFERS), 1, at(RESULT)]);
    assert_eq!(
        (guest.word(RESULT), guest.bytes(DATA, 4)),
        (4, b"file".to_vec())
    );

    guest.ok("sock_shutdown", &[fd, 2]);
    assert_eq!(client.read(&mut answer).expect("the end"), 0);
    drop(client);
    guest.ok("fd_read", &[fd, at(BUFFERS), 1, at(RESULT)]);
    assert_eq!(guest.word(RESULT), 0);
    guest.ok("fd_close", &[fd]);
    guest.fails(EBADF, "sock_send", &[fd, at(BUFFERS), 1, 0, at(RESULT)]);
    guest.ok("fd_close", &[listener]);
}

#[test]
fn a_server_over_ipv4_and_ipv6() {
    let mut guest = Guest::new(FIRST, Network::default());
    tcp(&mut guest, Ipv4Addr::UNSPECIFIED.into());
    tcp(&mut guest, Ipv4Addr::LOCALHOST.into());
    if has_ipv6() {
        tcp(&mut guest, Ipv6Addr::UNSPECIFIED.into());
        tcp(&mut guest, Ipv6Addr::LOCALHOST.into());
    }
}

#[test]
fn a_published_port_is_where_it_was_published() {
    // Any port that is free; it may be taken by the time the guest wants it.
    let mut tries = 0;
    loop {
        let free = TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("it");
        let published = format!("127.0.0.1:{}:80", free.port());
        let mut guest = Guest::new(
            FIRST,
            Network {
                published: vec![published.parse().expect("valid")],
                ..Network::default()
            },
        );
        let fd = open(&mut guest, "sock_open", INET, TCP);
        address(&mut guest, Ipv4Addr::UNSPECIFIED.into());
        let (errno, line) = guest.call("sock_bind", &[fd, at(ADDRESS), 80]);
        tries += 1;
        if errno != 0 && tries < 10 {
            continue;
        }
        assert_eq!(
            line,
            format!("sock_bind(fd={fd}<TCP>, addr=0.0.0.0:80) = 0")
        );
        guest.ok("sock_listen", &[fd, 1]);
        let client = TcpStream::connect(free).expect("published");
        guest.ok("sock_accept", &[fd, at(RESULT)]);
        // In the guest's eyes the port is its own.
        let accepted = i64::from(guest.word(RESULT));
        guest.words(ADDRESS, &[OCTETS, 4]);
        let local = [accepted, at(ADDRESS), at(RESULT), at(SECOND_RESULT)];
        let line = guest.ok("sock_getlocaladdr", &local);
        let own = client.local_addr().expect("an address");
        let expected =
            format!("sock_getlocaladdr(fd={accepted}<TCP:[127.0.0.1:80->{own}]>) = 127.0.0.1:80");
        assert_eq!(line, expected);
        // And the guest reaches itself where it believes itself to be.
        let other = open(&mut guest, "sock_open", INET, TCP);
        address(&mut guest, Ipv4Addr::LOCALHOST.into());
        guest.ok("sock_connect", &[other, at(ADDRESS), 80]);
        return;
    }
}

#[test]
fn a_client_goes_where_it_may() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut guest = Guest::new(
        FIRST,
        Network {
            outgoing: Outgoing::To(vec![format!("127.0.0.1:{port}").parse().expect("valid")]),
            ..Network::default()
        },
    );
    let fd = open(&mut guest, "sock_open", INET, TCP);
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    let other = i64::from(port ^ 1);
    let line = guest.fails(EACCES, "sock_connect", &[fd, at(ADDRESS), other]);
    let expected = format!(
        "sock_connect(fd={fd}<TCP>, addr=127.0.0.1:{other}) = -1 EACCES (permission denied: \
         --net=127.0.0.1:{other} allows it, --net all outgoing connections)"
    );
    assert_eq!(line, expected);
    guest.fails(EACCES, "sock_connect", &[fd, at(ADDRESS), other]);
    let told = guest.told();
    assert_eq!(told.len(), 1, "once: {told:?}");
    assert!(told[0].contains("--net"), "{told:?}");

    let line = guest.ok("sock_connect", &[fd, at(ADDRESS), port.into()]);
    assert_eq!(
        line,
        format!("sock_connect(fd={fd}<TCP>, addr=127.0.0.1:{port}) = 0")
    );
    let (mut accepted, _) = listener.accept().expect("a connection");
    accepted.write_all(b"hello").expect("sent");
    room(&mut guest, 16);
    guest.ok(
        "sock_recv",
        &[fd, at(BUFFERS), 1, 0, at(RESULT), at(SECOND_RESULT)],
    );
    assert_eq!(guest.bytes(DATA, 5), b"hello");
}

#[test]
fn listening_elsewhere_has_to_be_allowed() {
    let mut guest = Guest::new(FIRST, Network::default());
    let fd = open(&mut guest, "sock_open", INET, TCP);
    address(&mut guest, Ipv4Addr::new(192, 0, 2, 1).into());
    let line = guest.fails(EACCES, "sock_bind", &[fd, at(ADDRESS), 8080]);
    assert!(line.contains("addr=192.0.2.1:8080"), "{line}");
    assert!(line.contains("-p 192.0.2.1:8080:8080 allows it"), "{line}");
    // Without an address of its own the system would choose all of them.
    guest.ok("sock_listen", &[fd, 1]);
    guest.words(ADDRESS, &[OCTETS, 4]);
    guest.ok(
        "sock_getlocaladdr",
        &[fd, at(ADDRESS), at(RESULT), at(SECOND_RESULT)],
    );
    let port = u16::try_from(guest.word(SECOND_RESULT)).expect("a port");
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("on the loopback address");
}

#[test]
fn datagrams_of_both_versions() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let own = socket.local_addr().expect("an address");
    // The first version, which has no place for the port.
    let mut guest = Guest::new(FIRST, Network::default());
    let fd = open(&mut guest, "sock_open", INET, UDP);
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.ok("sock_bind", &[fd, at(ADDRESS), 0]);
    guest.ok(
        "sock_getlocaladdr",
        &[fd, at(ADDRESS), at(RESULT), at(SECOND_RESULT)],
    );
    let port = u16::try_from(guest.word(SECOND_RESULT)).expect("a port");
    // To whom it has not heard from it may not send.
    buffer(&mut guest, b"unasked");
    let send = [
        fd,
        at(BUFFERS),
        1,
        at(ADDRESS),
        own.port().into(),
        0,
        at(RESULT),
    ];
    guest.fails(EACCES, "sock_send_to", &send);
    socket
        .send_to(b"ping, and more", (Ipv4Addr::LOCALHOST, port))
        .expect("sent");
    room(&mut guest, 4);
    guest.words(ADDRESS, &[OCTETS, 4]);
    let receive = [
        fd,
        at(BUFFERS),
        1,
        at(ADDRESS),
        0,
        at(RESULT),
        at(SECOND_RESULT),
    ];
    let line = guest.ok("sock_recv_from", &receive);
    let expected = format!(
        "sock_recv_from(fd={fd}<UDP:[127.0.0.1:{port}]>, ri_data=[\"ping\"], 4, ri_flags=0) = \
         (addr=127.0.0.1, ro_datalen=4)"
    );
    assert_eq!(line, expected);
    assert_eq!(guest.word(SECOND_RESULT) & 0xffff, 1, "it was cut");
    buffer(&mut guest, b"answer");
    let line = guest.ok("sock_send_to", &send);
    let expected = format!(
        "sock_send_to(fd={fd}<UDP:[127.0.0.1:{port}]>, si_data=[\"answer\"], 6, addr={own}, \
         si_flags=0) = 6"
    );
    assert_eq!(line, expected);
    let mut answer = [0; 16];
    let (count, from) = socket.recv_from(&mut answer).expect("received");
    assert_eq!((&answer[..count], from.port()), (&b"answer"[..], port));

    // The second version, with families in front and the port in the order of the network.
    for (ip, family) in [
        (IpAddr::from(Ipv4Addr::LOCALHOST), INET),
        (IpAddr::from(Ipv6Addr::LOCALHOST), INET6),
    ] {
        if ip.is_ipv6() && !has_ipv6() {
            continue;
        }
        let socket = UdpSocket::bind((ip, 0)).expect("a port");
        let own = socket.local_addr().expect("an address");
        let mut guest = Guest::new(SECOND, Network::default());
        let fd = open(&mut guest, "sock_open_v2", family, UDP);
        storage(&mut guest, ip);
        guest.ok("sock_bind_v2", &[fd, at(ADDRESS), 0]);
        guest.ok("sock_getlocaladdr", &[fd, at(ADDRESS), at(RESULT)]);
        let port = u16::try_from(guest.word(RESULT)).expect("a port");
        for name in ["sock_recv_from", "sock_recv_from_v2"] {
            socket.send_to(b"ping", (ip, port)).expect("sent");
            room(&mut guest, 64);
            let places = [at(THIRD_RESULT), at(RESULT), at(SECOND_RESULT)];
            let args = [&[fd, at(BUFFERS), 1, at(ADDRESS), 0][..], &places].concat();
            let line = guest.ok(name, &args);
            let bound = SocketAddr::new(ip, port);
            let expected = format!(
                "sock_recv_from(fd={fd}<UDP:[{bound}]>, ri_data=[\"ping\"], 64, ri_flags=0) = \
                 (addr={own}, ro_datalen=4)"
            );
            assert_eq!(line, expected);
            assert_eq!(guest.bytes(THIRD_RESULT, 2), own.port().to_be_bytes());
        }
        buffer(&mut guest, b"answer");
        let to = [
            fd,
            at(BUFFERS),
            1,
            at(ADDRESS),
            own.port().into(),
            0,
            at(RESULT),
        ];
        guest.ok("sock_send_to_v2", &to);
        socket.recv_from(&mut answer).expect("received");
    }
}

#[test]
fn the_second_version_by_its_own_names() {
    let mut guest = Guest::new(SECOND, Network::default());
    let listener = open(&mut guest, "sock_open_v2", INET, TCP);
    storage(&mut guest, Ipv4Addr::UNSPECIFIED.into());
    guest.ok("sock_bind_v2", &[listener, at(ADDRESS), 0]);
    guest.ok("sock_listen_v2", &[listener, 8]);
    let line = guest.ok("sock_getlocaladdr", &[listener, at(ADDRESS), at(RESULT)]);
    let port = guest.word(RESULT);
    let asked = format!("0.0.0.0:{port}");
    assert_eq!(
        line,
        format!("sock_getlocaladdr(fd={listener}<TCP:[{asked}]>) = {asked}")
    );

    let client = open(&mut guest, "sock_open_v2", INET, TCP);
    storage(&mut guest, Ipv4Addr::LOCALHOST.into());
    let line = guest.ok("sock_connect_v2", &[client, at(ADDRESS), port.into()]);
    assert!(line.starts_with("sock_connect("), "{line}");
    // Not waiting, and the port that the first crate passed instead of flags.
    guest.ok("sock_accept_v2", &[listener, 4, at(RESULT)]);
    let accepted = i64::from(guest.word(RESULT));
    room(&mut guest, 16);
    let receive = [accepted, at(BUFFERS), 1, 0, at(RESULT), at(SECOND_RESULT)];
    guest.fails(EAGAIN, "sock_recv_v2", &receive);
    guest.ok("sock_getpeeraddr_v2", &[accepted, at(ADDRESS), at(RESULT)]);
    buffer(&mut guest, b"hi");
    guest.ok("sock_send_v2", &[client, at(BUFFERS), 1, 0, at(RESULT)]);
    // The first crate passed a port where flags are now, and waited.
    let client = open(&mut guest, "sock_open_v2", INET, TCP);
    storage(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.ok("sock_connect_v2", &[client, at(ADDRESS), port.into()]);
    let line = guest.ok("sock_accept", &[listener, port.into(), at(RESULT)]);
    assert!(
        line.contains(&format!("= {}<TCP:[127.0.0.1:{port}->", guest.word(RESULT))),
        "{line}"
    );
}

/// A subscription: `kind` 1 for reading, 2 for writing.
fn subscription(userdata: u64, kind: u8, fd: i64) -> Vec<u8> {
    let mut bytes = userdata.to_le_bytes().to_vec();
    bytes.extend([kind, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend((fd as u32).to_le_bytes());
    bytes.resize(48, 0);
    bytes
}

/// A subscription to a relative time-out on the monotonic clock.
fn timer(userdata: u64, timeout: u64) -> Vec<u8> {
    let mut bytes = userdata.to_le_bytes().to_vec();
    bytes.extend([0; 8]);
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(timeout.to_le_bytes());
    bytes.resize(48, 0);
    bytes
}

/// Polls; userdata and type of the events.
fn poll(guest: &mut Guest, name: &str, subscriptions: &[Vec<u8>]) -> Vec<(u64, u8)> {
    guest.put(SUBSCRIPTIONS, &subscriptions.concat());
    let count = subscriptions.len() as i64;
    guest.ok(name, &[at(SUBSCRIPTIONS), at(EVENTS), count, at(RESULT)]);
    (0..guest.word(RESULT))
        .map(|index| {
            let event = guest.bytes(EVENTS + index * 32, 32);
            assert_eq!(event[8..10], [0, 0], "no error");
            let userdata = u64::from_le_bytes(event[..8].try_into().expect("eight"));
            (userdata, event[10])
        })
        .collect()
}

#[test]
fn waiting_for_several_things_without_blocking() {
    let mut guest = Guest::new(FIRST, Network::default());
    let (listener, port) = listening(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.ok("fd_fdstat_set_flags", &[listener, 4]);
    let line = guest.ok("fd_fdstat_get", &[listener, at(DATA)]);
    assert!(
        line.ends_with("= {filetype=SOCKET_STREAM, flags=NONBLOCK}"),
        "{line}"
    );
    let line = guest.ok("fd_filestat_get", &[listener, at(DATA)]);
    assert!(line.contains("filetype=SOCKET_STREAM"), "{line}");
    guest.fails(EAGAIN, "sock_accept", &[listener, at(RESULT)]);

    // Nobody has come: the timer is all there is, alone or with others.
    for name in ["poll_oneoff", "epoll_oneoff"] {
        let read = subscription(7, 1, listener);
        let soon = timer(9, 1_000_000);
        assert_eq!(
            poll(&mut guest, name, &[read.clone(), soon.clone()]),
            [(9, 0)]
        );
        let late = timer(10, 3_600_000_000_000);
        assert_eq!(poll(&mut guest, name, &[late, read, soon]), [(9, 0)]);
    }
    let client = open(&mut guest, "sock_open", INET, TCP);
    guest.ok("fd_fdstat_set_flags", &[client, 4]);
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    let (errno, line) = guest.call("sock_connect", &[client, at(ADDRESS), port.into()]);
    assert!(errno == 0 || errno == EINPROGRESS, "{line}");
    let late = timer(9, 3_600_000_000_000);
    let events = poll(
        &mut guest,
        "poll_oneoff",
        &[subscription(8, 2, client), late.clone()],
    );
    assert_eq!(events, [(8, 2)]);
    guest.words(SECOND_RESULT, &[4]);
    let error = [client, 0, 2, at(RESULT), at(SECOND_RESULT)];
    let line = guest.ok("sock_getsockopt", &error);
    assert!(
        line.contains("level=SOL_SOCKET, name=SO_ERROR) = 0"),
        "{line}"
    );
    let events = poll(
        &mut guest,
        "epoll_oneoff",
        &[subscription(7, 1, listener), late.clone()],
    );
    assert_eq!(events, [(7, 1)]);
    guest.ok("sock_accept", &[listener, at(RESULT)]);
    let accepted = i64::from(guest.word(RESULT));
    buffer(&mut guest, b"twelve bytes");
    guest.ok("sock_send", &[client, at(BUFFERS), 1, 0, at(RESULT)]);
    // Standard input is ready as well, and Wasmtime's.
    let both = [subscription(1, 1, accepted), subscription(2, 1, 0)];
    let mut events = poll(&mut guest, "poll_oneoff", &both);
    events.sort_unstable();
    assert_eq!(events, [(1, 1), (2, 1)]);
    let read = poll(&mut guest, "poll_oneoff", &[subscription(1, 1, accepted)]);
    assert_eq!(read, [(1, 1)]);
    let event = guest.bytes(EVENTS + 16, 8);
    assert_eq!(u64::from_le_bytes(event.try_into().expect("eight")), 12);
    // A connection that nobody takes is refused, and poll says that there is something to know.
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("it")
        .port();
    let mut guest = Guest::new(
        FIRST,
        Network {
            outgoing: Outgoing::Anywhere,
            ..Network::default()
        },
    );
    let client = open(&mut guest, "sock_open", INET, TCP);
    guest.ok("fd_fdstat_set_flags", &[client, 4]);
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.fails(
        EINPROGRESS,
        "sock_connect",
        &[client, at(ADDRESS), free.into()],
    );
    poll(
        &mut guest,
        "poll_oneoff",
        &[subscription(8, 2, client), late],
    );
    guest.words(SECOND_RESULT, &[4]);
    let line = guest.ok(
        "sock_getsockopt",
        &[client, 0, 2, at(RESULT), at(SECOND_RESULT)],
    );
    assert!(line.ends_with("name=SO_ERROR) = ECONNREFUSED"), "{line}");
    assert_eq!(guest.word(RESULT), 14, "in the guest's numbers");
}

#[test]
fn options() {
    let mut guest = Guest::new(FIRST, Network::default());
    let fd = open(&mut guest, "sock_open", INET, TCP);
    let get = |guest: &mut Guest, name: i64| {
        guest.words(SECOND_RESULT, &[16]);
        let line = guest.ok(
            "sock_getsockopt",
            &[fd, 0, name, at(DATA), at(SECOND_RESULT)],
        );
        line.split_once("name=").expect("a name").1.to_owned()
    };
    let set = |guest: &mut Guest, name: i64, bytes: &[u8]| {
        guest.put(DATA, bytes);
        let line = guest.ok(
            "sock_setsockopt",
            &[fd, 0, name, at(DATA), bytes.len() as i64],
        );
        line.split_once("name=").expect("a name").1.to_owned()
    };
    let one = 1_u32.to_le_bytes();
    for (name, number) in [
        ("SO_REUSEADDR", 0),
        ("SO_BROADCAST", 4),
        ("SO_KEEPALIVE", 7),
        ("SO_OOBINLINE", 8),
    ] {
        assert_eq!(get(&mut guest, number), format!("{name}) = 0"));
        assert_eq!(
            set(&mut guest, number, &one),
            format!("{name}, value=1) = 0")
        );
        assert_eq!(get(&mut guest, number), format!("{name}) = 1"));
    }
    assert_eq!(get(&mut guest, 1), "SO_TYPE) = SOCK_STREAM");
    assert_eq!(get(&mut guest, 13), "SO_ACCEPTCONN) = 0");
    for (name, number) in [("SO_SNDBUF", 5), ("SO_RCVBUF", 6)] {
        set(&mut guest, number, &16384_u32.to_le_bytes());
        let got = get(&mut guest, number);
        let size = got.strip_prefix(&format!("{name}) = ")).expect(name);
        assert!(size.parse::<u32>().expect("a size") >= 16384, "{got}");
    }
    let linger = [one, 5_u32.to_le_bytes()].concat();
    assert_eq!(set(&mut guest, 9, &linger), "SO_LINGER, value=5s) = 0");
    assert_eq!(get(&mut guest, 9), "SO_LINGER) = 5s");
    let half = [0_u64.to_le_bytes(), 500_000_u64.to_le_bytes()].concat();
    for (name, number) in [("SO_RCVTIMEO", 11), ("SO_SNDTIMEO", 12)] {
        assert_eq!(
            set(&mut guest, number, &half),
            format!("{name}, value=500ms) = 0")
        );
        assert_eq!(get(&mut guest, number), format!("{name}) = 500ms"));
    }
    // What this system's sockets are not asked to do, is said to be missing.
    for number in [3, 10, 99] {
        guest.put(DATA, &one);
        guest.fails(
            ENOPROTOOPT,
            "sock_setsockopt",
            &[fd, 0, number, at(DATA), 4],
        );
    }
    guest.fails(ENOPROTOOPT, "sock_setsockopt", &[fd, 6, 1, at(DATA), 4]);
    guest.fails(EINVAL, "sock_setsockopt", &[fd, 0, 0, at(DATA), 2]);
    guest.words(SECOND_RESULT, &[2]);
    guest.fails(
        EINVAL,
        "sock_getsockopt",
        &[fd, 0, 0, at(DATA), at(SECOND_RESULT)],
    );
    let line = guest.fails(EACCES, "sock_setsockopt", &[fd, 0, 14, at(DATA), 4]);
    assert!(line.contains("-S inherit-network"), "{line}");

    // A socket that waits, waits no longer than it was told.
    let (listener, _) = listening(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.put(
        DATA,
        &[0_u64.to_le_bytes(), 1000_u64.to_le_bytes()].concat(),
    );
    guest.ok("sock_setsockopt", &[listener, 0, 11, at(DATA), 16]);
    guest.fails(EAGAIN, "sock_accept", &[listener, at(RESULT)]);
}

/// Puts a chain of nodes into the guest's memory.
fn chain(guest: &mut Guest, nodes: u32) {
    for index in 0..nodes {
        let node = CHAIN + index * 0x100;
        let next = if index + 1 < nodes { node + 0x100 } else { 0 };
        guest.put(node, &[0; 0x100]);
        guest.words(node + 12, &[node + 0x40, node + 0x80, 32, next]);
        guest.words(node + 0x40, &[0, 14, node + 0x60]);
    }
    guest.words(RESULT, &[CHAIN]);
}

/// Looks a name up with room for four addresses: error number and line.
fn look_up(guest: &mut Guest, node: &str, service: &str, hints: [u8; 5]) -> (i32, String) {
    chain(guest, 4);
    guest.put(DATA, node.as_bytes());
    guest.put(DATA + 0x80, service.as_bytes());
    guest.put(DATA + 0x100, &hints);
    let (node, service) = (node.len() as i64, service.len() as i64);
    guest.call(
        "sock_getaddrinfo",
        &[
            at(DATA),
            node,
            at(DATA + 0x80),
            service,
            at(DATA + 0x100),
            at(RESULT),
            4,
            at(SECOND_RESULT),
        ],
    )
}

#[test]
fn names_are_looked_up() {
    let mut guest = Guest::new(
        FIRST,
        Network {
            hosts: vec![
                "db:192.0.2.7".parse().expect("valid"),
                "db:2001:db8::7".parse().expect("valid"),
            ],
            ..Network::default()
        },
    );
    // As the crate does: a NUL at the end of both.
    let (errno, line) = look_up(&mut guest, "db\0", "3306\0", [0, 0, 1, 2, 0]);
    let expected = "sock_getaddrinfo(node=\"db\", service=\"3306\", hints={flags=0, \
        family=AF_INET, socktype=SOCK_STREAM, protocol=IPPROTO_IP}) = [192.0.2.7:3306]";
    assert_eq!((errno, &*line), (0, expected));
    let data = guest.bytes(CHAIN + 0x60, 6);
    assert_eq!(
        data,
        [&3306_u16.to_be_bytes()[..], &[192, 0, 2, 7]].concat()
    );
    assert_eq!(guest.bytes(CHAIN + 2, 3), [1, 2, 1]);

    let (_, line) = look_up(&mut guest, "db", "", [2, 0, 0, 0, 0]);
    let all = "= [192.0.2.7:0, 192.0.2.7:0/UDP, [2001:db8::7]:0, [2001:db8::7]:0/UDP]";
    assert!(line.ends_with(all), "{line}");
    assert_eq!(guest.bytes(CHAIN + 0x80, 3), b"db\0", "its canonical name");
    let v6 = guest.bytes(CHAIN + 0x260, 26);
    assert_eq!((v6[6..8].to_vec(), v6[21]), (vec![0x20, 0x01], 7));

    let (_, line) = look_up(&mut guest, "localhost", "80", [0, 0, 2, 2, 1]);
    assert!(line.ends_with("= [[::1]:80]"), "{line}");
    let (_, line) = look_up(&mut guest, "", "80", [1, 0, 1, 1, 2]);
    assert!(line.ends_with("= [0.0.0.0:80/UDP]"), "{line}");
    let (_, line) = look_up(&mut guest, "203.0.113.1", "80", [4, 0, 0, 2, 0]);
    assert!(line.ends_with("= [203.0.113.1:80]"), "{line}");

    for (node, service, hints, name) in [
        ("db", "80", [4, 0, 0, 0, 0], "EAI_NONAME"),
        ("203.0.113.1", "80", [0, 0, 2, 0, 0], "EAI_ADDRFAMILY"),
        ("db", "no-such-service", [0, 0, 0, 0, 0], "EAI_SERVICE"),
        ("db", "80", [0, 0, 3, 0, 0], "EAI_FAMILY"),
        ("db", "80", [0, 0, 0, 2, 2], "EAI_SOCKTYPE"),
        ("", "", [0, 0, 0, 0, 0], "EAI_NONAME"),
    ] {
        let (_, line) = look_up(&mut guest, node, service, hints);
        assert!(line.contains(&format!("= -1 {name} (")), "{line}");
    }
    let (errno, line) = look_up(&mut guest, "example.com", "80", [0; 5]);
    assert_eq!(errno, EACCES, "{line}");
    assert!(line.contains("--add-host"), "{line}");
    // By the host's resolver, which knows itself.
    let mut guest = Guest::new(
        FIRST,
        Network {
            name_lookup: true,
            ..Network::default()
        },
    );
    let (_, line) = look_up(&mut guest, "no-such-name.invalid", "80", [0; 5]);
    assert!(line.contains("= -1 EAI_"), "{line}");
}

#[test]
fn what_lies_outside_is_refused() {
    let mut guest = Guest::new(FIRST, Network::default());
    let (listener, port) = listening(&mut guest, Ipv4Addr::LOCALHOST.into());
    let fd = open(&mut guest, "sock_open", INET, TCP);
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.ok("sock_connect", &[fd, at(ADDRESS), port.into()]);
    guest.fails(EFAULT, "sock_open", &[INET, TCP, 0xffff_fffc]);
    guest.fails(EADDRNOTAVAIL, "sock_open", &[INET, TCP, 0x201]);
    guest.fails(EFAULT, "sock_accept", &[listener, 0xffff_fffc]);
    let line = guest.fails(EFAULT, "sock_bind", &[fd, OUTSIDE, 80]);
    assert!(
        line.contains("addr=0xfffffff0 (unavailable: outside"),
        "{line}"
    );
    // The structure is there, and lies about where the address is, or how long.
    guest.words(ADDRESS, &[0xffff_fff0, 16]);
    guest.fails(EFAULT, "sock_bind", &[fd, at(ADDRESS), 80]);
    for length in [0, 3, 5, 127, 129, u32::MAX] {
        guest.words(ADDRESS, &[OCTETS, length]);
        guest.fails(EINVAL, "sock_bind", &[fd, at(ADDRESS), 80]);
    }
    address(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.fails(EINVAL, "sock_connect", &[fd, at(ADDRESS), 65536]);
    // Buffers outside, too many, and of more bytes than there are.
    let send = |buffers: i64, count: i64| [fd, buffers, count, 0, at(RESULT)];
    guest.fails(EFAULT, "sock_send", &send(OUTSIDE, 1));
    guest.fails(EADDRNOTAVAIL, "sock_send", &send(0x301, 1));
    guest.fails(EINVAL, "sock_send", &send(at(BUFFERS), -1));
    guest.words(BUFFERS, &[DATA, u32::MAX]);
    guest.fails(EFAULT, "sock_send", &send(at(BUFFERS), 1));
    let receive = [fd, at(BUFFERS), 1, 0, at(RESULT), at(SECOND_RESULT)];
    guest.fails(EFAULT, "sock_recv", &receive);
    room(&mut guest, 4);
    guest.fails(
        EFAULT,
        "sock_recv",
        &[fd, at(BUFFERS), 1, 0, OUTSIDE, at(RESULT)],
    );
    guest.words(SUBSCRIPTIONS, &[0; 12]);
    let many = [at(SUBSCRIPTIONS), at(EVENTS), 0x7fff_ffff, at(RESULT)];
    let (errno, line) = guest.call("epoll_oneoff", &many);
    assert_ne!(errno, 0, "{line}");
    guest.put(SUBSCRIPTIONS, &subscription(1, 2, fd));
    guest.fails(
        EFAULT,
        "epoll_oneoff",
        &[at(SUBSCRIPTIONS), OUTSIDE, 1, at(RESULT)],
    );
    // A chain that bites its own tail, and one that leads outside.
    chain(&mut guest, 2);
    guest.words(CHAIN + 0x100 + 24, &[CHAIN]);
    guest.put(DATA, b"localhost");
    let look_up = [
        at(DATA),
        9,
        0,
        0,
        0,
        at(RESULT),
        0x7fff_ffff,
        at(SECOND_RESULT),
    ];
    guest.ok("sock_getaddrinfo", &look_up);
    guest.words(CHAIN + 12, &[0xffff_fff0]);
    guest.fails(EFAULT, "sock_getaddrinfo", &look_up);
    for errno in [-1, 5000] {
        guest.fails(EBADF, "sock_listen", &[errno, 1]);
    }
    guest.fails(ENOTSOCK, "sock_listen", &[0, 1]);
}

#[test]
fn sockets_are_descriptors() {
    let mut guest = Guest::new(FIRST, Network::default());
    let (listener, port) = listening(&mut guest, Ipv4Addr::LOCALHOST.into());
    guest.fails(ESPIPE, "fd_seek", &[listener, 0, 0, at(RESULT)]);
    guest.fails(EINVAL, "fd_sync", &[listener]);
    let path_open = [listener, 0, at(DATA), 1, 0, 0, 0, 0, at(RESULT)];
    let (errno, line) = guest.call("path_open", &path_open);
    assert_ne!(errno, 0, "{line}");
    // In place of standard input, whose number nobody else gets meanwhile.
    guest.ok("fd_renumber", &[listener, 0]);
    guest.fails(EBADF, "sock_accept", &[listener, at(RESULT)]);
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    guest.ok("sock_accept", &[0, at(RESULT)]);
    let accepted = i64::from(guest.word(RESULT));
    client.write_all(b"hi").expect("sent");
    guest.ok("fd_renumber", &[accepted, 0]);
    room(&mut guest, 8);
    let line = guest.ok("fd_read", &[0, at(BUFFERS), 1, at(RESULT)]);
    assert!(line.contains("iovs=[\"hi\"]"), "{line}");
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect_err("the listener is closed");
    guest.ok("fd_close", &[0]);
    guest.fails(EBADF, "fd_read", &[0, at(BUFFERS), 1, at(RESULT)]);
    let fd = open(&mut guest, "sock_open", INET, TCP);
    guest.fails(EBADF, "fd_renumber", &[fd, 4000]);
}

#[test]
fn faults_are_put_into_sockets_too() {
    let mut guest = Guest::new(FIRST, Network::default());
    guest.inject("sock_open,sock_connect:error=ECONNREFUSED:when=1");
    let line = guest.fails(14, "sock_open", &[INET, TCP, at(RESULT)]);
    assert!(
        line.ends_with("= -1 ECONNREFUSED (connection refused) (INJECTED)"),
        "{line}"
    );
    open(&mut guest, "sock_open", INET, TCP);
}

#[test]
fn every_row_is_carried_out() {
    // The other tests' calls, once more for the count of rows alone.
    let mut first = Guest::new(FIRST, Network::default());
    tcp(&mut first, Ipv4Addr::LOCALHOST.into());
    let fd = open(&mut first, "sock_open", INET, TCP);
    first.words(SECOND_RESULT, &[4]);
    first.ok("sock_getsockopt", &[fd, 0, 1, at(DATA), at(SECOND_RESULT)]);
    first.ok("sock_setsockopt", &[fd, 0, 0, at(DATA), 4]);
    look_up(&mut first, "localhost", "1", [0; 5]);
    poll(&mut first, "epoll_oneoff", &[subscription(1, 2, fd)]);
    let (_, port) = listening(&mut first, Ipv4Addr::LOCALHOST.into());
    address(&mut first, Ipv4Addr::LOCALHOST.into());
    first.ok("sock_connect", &[fd, at(ADDRESS), port.into()]);
    let socket = open(&mut first, "sock_open", INET, UDP);
    first.ok("sock_bind", &[socket, at(ADDRESS), 0]);
    first.ok(
        "sock_getlocaladdr",
        &[socket, at(ADDRESS), at(RESULT), at(SECOND_RESULT)],
    );
    let own = i64::from(first.word(SECOND_RESULT));
    buffer(&mut first, b"to myself");
    first.ok(
        "sock_send_to",
        &[socket, at(BUFFERS), 1, at(ADDRESS), own, 0, at(RESULT)],
    );
    let receive = [
        socket,
        at(BUFFERS),
        1,
        at(ADDRESS),
        0,
        at(RESULT),
        at(SECOND_RESULT),
    ];
    first.ok("sock_recv_from", &receive);

    let mut second = Guest::new(SECOND, Network::default());
    let socket = open(&mut second, "sock_open_v2", INET, UDP);
    storage(&mut second, Ipv4Addr::LOCALHOST.into());
    second.ok("sock_bind_v2", &[socket, at(ADDRESS), 0]);
    second.ok("sock_getlocaladdr", &[socket, at(ADDRESS), at(RESULT)]);
    let own = i64::from(second.word(RESULT));
    second.ok("sock_connect_v2", &[socket, at(ADDRESS), own]);
    second.ok("sock_getpeeraddr_v2", &[socket, at(ADDRESS), at(RESULT)]);
    buffer(&mut second, b"to myself");
    second.ok("sock_send_v2", &[socket, at(BUFFERS), 1, 0, at(RESULT)]);
    let places = [at(THIRD_RESULT), at(RESULT), at(SECOND_RESULT)];
    second.ok(
        "sock_recv_from",
        &[&[socket, at(BUFFERS), 1, at(ADDRESS), 0][..], &places].concat(),
    );

    let succeeded: BTreeSet<_> = first.succeeded.iter().chain(&second.succeeded).collect();
    for row in wasmedge::ROWS {
        let row = (row.function.name, row.function.wasm_params().count());
        assert!(succeeded.contains(&row), "{row:?}");
    }
}
