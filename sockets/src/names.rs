//! `sock_getaddrinfo`: names to addresses, by the user's names and the host's resolver.
//!
//! The guest hands in a chain of nodes with room for addresses, which are filled from the front.

use crate::errno::Errno;
use crate::guest::{self, INET4, INET6};
use crate::network::Protocol;
use crate::policy::Lookup;
use crate::table::{Args, Sockets};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _};
use wiggle::GuestMemory;

/// The longest name.
const MAX_NAME: u32 = 256;

/// Most nodes that are filled.
const MAX_NODES: u32 = 256;

/// Sizes and places in a node, in bytes.
const NODE: u32 = 28;
const ADDRESS: u32 = 12;
const CANONICAL: u32 = 16;
const CANONICAL_LENGTH: u32 = 20;
const NEXT: u32 = 24;
/// In the structure of an address: where its bytes are.
const DATA_LENGTH: u32 = 4;
const DATA: u32 = 8;

const PASSIVE: u16 = 1;
const CANONNAME: u16 = 2;
const NUMERICHOST: u16 = 4;
const NUMERICSERV: u16 = 8;

/// Largest file of services that is read.
const MAX_SERVICES: u64 = 4 << 20;

/// What the guest wants to know.
struct Hints {
    flags: u16,
    /// 0: any.
    family: u8,
    /// 0: any, 1: datagrams, 2: streams.
    kind: u8,
    protocol: u8,
}

impl Sockets {
    /// `sock_getaddrinfo(node, length, service, length, *hints, **results, room, *count)`
    pub(crate) async fn resolve(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let node = text(memory, args.at(0), args.at(1))?;
        let service = text(memory, args.at(2), args.at(3))?;
        let hints = hints(memory, args.at(4))?;
        guest::check(memory, args.at(7), 4)?;
        let first = guest::read_u32(memory, args.at(5))?;
        if node.is_empty() && service.is_empty() {
            return Err(Errno::AINONAME);
        }
        let kinds = kinds(&hints)?;
        let ips = self.addresses(&node, &hints).await?;
        let mut found = Vec::new();
        for ip in ips {
            for protocol in &kinds {
                found.push((ip, *protocol, port(&service, *protocol, &hints)?));
            }
        }
        let mut node_at = first;
        let mut count = 0;
        for (ip, protocol, port) in found {
            if count >= args.at(6).min(MAX_NODES) || node_at == 0 {
                break;
            }
            fill(memory, node_at, &hints, ip, protocol, port)?;
            if count == 0 && hints.flags & CANONNAME != 0 {
                canonical_name(memory, node_at, &node)?;
            }
            count += 1;
            node_at = guest::read_u32(memory, offset(node_at, NEXT)?)?;
        }
        guest::write_u32(memory, args.at(7), count)
    }

    /// The addresses of a name, of the family that is wanted.
    async fn addresses(&mut self, node: &str, hints: &Hints) -> Result<Vec<IpAddr>, Errno> {
        let is_wanted = |ip: &IpAddr| match u16::from(hints.family) {
            INET4 => ip.is_ipv4(),
            INET6 => ip.is_ipv6(),
            _ => true,
        };
        if node.is_empty() {
            let both: [IpAddr; 2] = match hints.flags & PASSIVE {
                0 => [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
                _ => [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            };
            return Ok(both.into_iter().filter(is_wanted).collect());
        }
        let is_number = node.parse::<IpAddr>().is_ok();
        if hints.flags & NUMERICHOST != 0 && !is_number {
            return Err(Errno::AINONAME);
        }
        let found = match self.policy.lookup(node) {
            Err(refusal) => return Err(self.refuse(refusal)),
            Ok(Lookup::Given(given)) => given,
            Ok(Lookup::Host) => {
                let name = node.to_owned();
                let job = move || (&*name, 0).to_socket_addrs().map(Vec::from_iter);
                let found = tokio::task::spawn_blocking(job).await;
                let found = found.map_err(|_| Errno::AISYSTEM)?;
                found
                    .map_err(|error| not_found(&error))?
                    .iter()
                    .map(|a| a.ip())
                    .collect()
            }
        };
        let mut ips: Vec<IpAddr> = Vec::new();
        for ip in found.into_iter().filter(is_wanted) {
            if !ips.contains(&ip) {
                ips.push(ip);
            }
        }
        match (ips.is_empty(), is_number) {
            (false, _) => Ok(ips),
            (true, true) => Err(Errno::AIADDRFAMILY),
            (true, false) => Err(Errno::AINONAME),
        }
    }
}

/// What the resolver's error means; there is only its text to tell by.
fn not_found(error: &io::Error) -> Errno {
    let text = error.to_string();
    let has = |part: &str| text.contains(part);
    if has("emporary failure") || has("ry again") {
        Errno::AIAGAIN
    } else if has("No address associated") {
        Errno::AINODATA
    } else if has("Non-recoverable") || has("on-recoverable") {
        Errno::AIFAIL
    } else {
        Errno::AINONAME
    }
}

/// Text of the guest's, up to a NUL in it.
fn text(memory: &GuestMemory<'_>, at: u32, length: u32) -> Result<String, Errno> {
    if length > MAX_NAME {
        return Err(Errno::AINONAME);
    }
    let bytes = guest::read(memory, at, length)?;
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8(bytes.to_vec()).map_err(|_| Errno::AINONAME)
}

fn hints(memory: &GuestMemory<'_>, at: u32) -> Result<Hints, Errno> {
    if at == 0 {
        return Ok(Hints {
            flags: 0,
            family: 0,
            kind: 0,
            protocol: 0,
        });
    }
    let bytes = guest::read(memory, at, NODE)?;
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let hints = Hints {
        flags: guest::little(bytes.get(..2).unwrap_or_default()) as u16,
        family: byte(2),
        kind: byte(3),
        protocol: byte(4),
    };
    match hints.family {
        0..=2 => Ok(hints),
        _ => Err(Errno::AIFAMILY),
    }
}

/// Which protocols are wanted.
fn kinds(hints: &Hints) -> Result<Vec<Protocol>, Errno> {
    match (hints.kind, hints.protocol) {
        (2, 0 | 1) | (0, 1) => Ok(vec![Protocol::Tcp]),
        (1, 0 | 2) | (0, 2) => Ok(vec![Protocol::Udp]),
        (0, 0) => Ok(vec![Protocol::Tcp, Protocol::Udp]),
        _ => Err(Errno::AISOCKTYPE),
    }
}

/// The port of a service: a number, or a name of the host's list.
fn port(service: &str, protocol: Protocol, hints: &Hints) -> Result<u16, Errno> {
    if service.is_empty() {
        return Ok(0);
    }
    if let Ok(port) = service.parse() {
        return Ok(port);
    }
    if hints.flags & NUMERICSERV != 0 {
        return Err(Errno::AINONAME);
    }
    named_port(service, protocol).ok_or(Errno::AISERVICE)
}

/// A service by name, in the host's `/etc/services`: `http 80/tcp www`.
fn named_port(service: &str, protocol: Protocol) -> Option<u16> {
    use std::io::Read as _;
    let mut list = String::new();
    let file = std::fs::File::open("/etc/services").ok()?;
    file.take(MAX_SERVICES).read_to_string(&mut list).ok()?;
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    list.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let (name, place) = (words.next()?, words.next()?);
        let port = place.strip_suffix(protocol)?.strip_suffix('/')?;
        let is_it = name == service || words.any(|alias| alias == service);
        port.parse().ok().filter(|_| is_it)
    })
}

fn offset(at: u32, by: u32) -> Result<u32, Errno> {
    at.checked_add(by).ok_or(Errno::FAULT)
}

/// Fills a node and the address that it points to.
fn fill(
    memory: &mut GuestMemory<'_>,
    at: u32,
    hints: &Hints,
    ip: IpAddr,
    protocol: Protocol,
    port: u16,
) -> Result<(), Errno> {
    let (family, kind, number) = match (ip, protocol) {
        (IpAddr::V4(_), Protocol::Tcp) => (INET4, 2, 1),
        (IpAddr::V4(_), Protocol::Udp) => (INET4, 1, 2),
        (IpAddr::V6(_), Protocol::Tcp) => (INET6, 2, 1),
        (IpAddr::V6(_), Protocol::Udp) => (INET6, 1, 2),
    };
    let family = family as u8;
    // The port, and the rest of the system's structure after it.
    let mut data = port.to_be_bytes().to_vec();
    let length: u32 = match ip {
        IpAddr::V4(ip) => {
            data.extend(ip.octets());
            data.resize(14, 0);
            16
        }
        IpAddr::V6(ip) => {
            data.resize(6, 0);
            data.extend(ip.octets());
            data.resize(26, 0);
            28
        }
    };
    let address_at = guest::read_u32(memory, offset(at, ADDRESS)?)?;
    let data_at = guest::read_u32(memory, offset(address_at, DATA)?)?;
    guest::write(memory, data_at, &data)?;
    let data_length = u32::try_from(data.len()).map_err(|_| Errno::FAULT)?;
    guest::write(memory, address_at, &[family])?;
    guest::write_u32(memory, offset(address_at, DATA_LENGTH)?, data_length)?;
    let mut node = hints.flags.to_le_bytes().to_vec();
    node.extend([family, kind, number, 0, 0, 0]);
    node.extend(length.to_le_bytes());
    guest::write(memory, at, &node)
}

/// Writes the name to where the node has room for it.
fn canonical_name(memory: &mut GuestMemory<'_>, node: u32, name: &str) -> Result<(), Errno> {
    let at = guest::read_u32(memory, offset(node, CANONICAL)?)?;
    let room = guest::read_u32(memory, offset(node, CANONICAL_LENGTH)?)?;
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0);
    if at == 0 || bytes.len() > room as usize {
        return Ok(());
    }
    guest::write(memory, at, &bytes)
}
