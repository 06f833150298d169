//! What a guest may do on the network, as the user says it: published ports, destinations, names.
//!
//! Plain data and its syntax. What follows from it for a call is in [`policy`](crate::policy).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// What a guest may do on the network. By default it may listen on the host's loopback addresses, and
/// nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Network {
    /// The host's network: any address, TCP and UDP, and looking up names.
    pub inherit: bool,
    /// Looking up any name.
    pub name_lookup: bool,
    /// Where ports that the guest listens on are on the host.
    pub published: Vec<Publish>,
    /// Where the guest may connect and send to.
    pub outgoing: Outgoing,
    /// Names and what they stand for, before the host's resolver is asked.
    pub hosts: Vec<HostAlias>,
    /// Addresses that are elsewhere on the host.
    pub moved: Vec<Moved>,
}

/// A place that the guest may connect to, over TCP, under an address that is nobody's on the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Where it is for the guest.
    pub guest: SocketAddr,
    /// Where it is on the host; of the same family.
    pub host: SocketAddr,
}

/// Where a guest may connect and send to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Outgoing {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To these.
    To(Vec<Destination>),
    /// Anywhere.
    Anywhere,
}

/// TCP or UDP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// A port of the guest's and where it is on the host: `[ADDR:]HOST:GUEST[/tcp|/udp]`, as Docker
/// spells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publish {
    /// The host's address; `None`: its loopback address.
    pub address: Option<IpAddr>,
    /// The port on the host.
    pub host: u16,
    /// The port that the guest listens on.
    pub guest: u16,
    /// For this protocol alone.
    pub protocol: Option<Protocol>,
}

/// Where a guest may connect to: `HOST:PORT`; `*` is any port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The host.
    pub host: Host,
    /// The port; `None`: any.
    pub port: Option<u16>,
}

/// A host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host {
    /// By address.
    Address(IpAddr),
    /// By name, in lower case.
    Name(String),
}

/// A name and an address that it stands for: `NAME:IP`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostAlias {
    /// The name, in lower case.
    pub name: String,
    /// One of its addresses.
    pub address: IpAddr,
}

/// What is wrong with one of these, for the user.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(&'static str);

const PUBLISH: SyntaxError = SyntaxError(
    "expected [ADDR:]HOST:GUEST, the host's port and the guest's, such as 8080:80 or 0.0.0.0:8080:80",
);
const DESTINATION: SyntaxError =
    SyntaxError("expected HOST:PORT, such as db:3306, [::1]:53 or example.com:*");
const ALIAS: SyntaxError = SyntaxError("expected NAME:IP, such as db:127.0.0.1");

impl Network {
    /// The addresses that the user gave a name.
    pub fn aliases<'n>(&'n self, name: &'n str) -> impl Iterator<Item = IpAddr> + 'n {
        let same = |alias: &&HostAlias| alias.name.eq_ignore_ascii_case(name);
        self.hosts.iter().filter(same).map(|alias| alias.address)
    }
}

impl FromStr for Publish {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let (ports, protocol) = match text.split_once('/') {
            None => (text, None),
            Some((ports, "tcp")) => (ports, Some(Protocol::Tcp)),
            Some((ports, "udp")) => (ports, Some(Protocol::Udp)),
            Some(_) => return Err(PUBLISH),
        };
        let (rest, guest) = ports.rsplit_once(':').ok_or(PUBLISH)?;
        let (address, host) = match rest.rsplit_once(':') {
            None => (None, rest),
            Some((address, host)) => (Some(ip(address).ok_or(PUBLISH)?), host),
        };
        Ok(Self {
            address,
            host: port(host).ok_or(PUBLISH)?,
            guest: port(guest).ok_or(PUBLISH)?,
            protocol,
        })
    }
}

impl FromStr for Destination {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let (host, number) = text.rsplit_once(':').ok_or(DESTINATION)?;
        let port = match number {
            "*" => None,
            number => Some(port(number).ok_or(DESTINATION)?),
        };
        let host = match ip(host) {
            Some(address) => Host::Address(address),
            None if is_name(host) => Host::Name(host.to_ascii_lowercase()),
            None => return Err(DESTINATION),
        };
        Ok(Self { host, port })
    }
}

impl FromStr for HostAlias {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let (name, address) = text.split_once(':').ok_or(ALIAS)?;
        if !is_name(name) {
            return Err(ALIAS);
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            address: ip(address).ok_or(ALIAS)?,
        })
    }
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{}", SocketAddr::new(address, self.host))?,
            None => write!(f, "{}", self.host)?,
        }
        write!(f, ":{}", self.guest)?;
        match self.protocol {
            Some(Protocol::Tcp) => f.write_str("/tcp"),
            Some(Protocol::Udp) => f.write_str("/udp"),
            None => Ok(()),
        }
    }
}

/// An IP address, IPv6 with or without brackets.
fn ip(text: &str) -> Option<IpAddr> {
    match text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        Some(inside) => inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// A port that can be named: 0 is none.
fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// Whether this may be a host's name: letters, digits, `-`, `_` and dots (Compose's services have
/// underscores too).
fn is_name(text: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && text.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_spelt_as_docker_does() {
        let table = [
            ("8080:80", Some("8080:80")),
            ("0.0.0.0:8080:80", Some("0.0.0.0:8080:80")),
            ("127.0.0.1:53:53/udp", Some("127.0.0.1:53:53/udp")),
            ("[::1]:8080:80/tcp", Some("[::1]:8080:80/tcp")),
            ("::1:8080:80", Some("[::1]:8080:80")),
            ("8080", None),
            ("8080:0", None),
            ("0:80", None),
            ("65536:80", None),
            ("localhost:8080:80", None),
            ("8080:80/sctp", None),
            ("", None),
        ];
        for (text, expected) in table {
            let published = text.parse::<Publish>().ok();
            let shown = published.map(|published| published.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn destinations_and_aliases() {
        let name = |name: &str| Host::Name(name.to_owned());
        let table = [
            ("db:3306", Some((name("db"), Some(3306)))),
            ("Example.COM:*", Some((name("example.com"), None))),
            (
                "[::1]:53",
                Some((Host::Address(Ipv6Addr::LOCALHOST.into()), Some(53))),
            ),
            ("db", None),
            ("db:", None),
            (":80", None),
            ("http://a:80", None),
            ("a b:80", None),
        ];
        for (text, expected) in table {
            let destination = text.parse::<Destination>().ok();
            let parts = destination.map(|destination| (destination.host, destination.port));
            assert_eq!(parts, expected, "{text}");
        }
        let alias: HostAlias = "DB:::1".parse().expect("an alias");
        assert_eq!(
            (&*alias.name, alias.address),
            ("db", Ipv6Addr::LOCALHOST.into())
        );
        assert!("db:localhost".parse::<HostAlias>().is_err());
        assert!("d b:127.0.0.1".parse::<HostAlias>().is_err());
    }
}
