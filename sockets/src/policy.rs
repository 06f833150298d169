//! Which calls a [`Network`] allows, and where on the host they go. Who is refused is told how to be
//! allowed, in the call's record and once on standard error.

use crate::network::{Destination, Host, Moved, Network, Outgoing, Protocol, Publish};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At most this many different refusals are told.
const MAX_TOLD: usize = 32;

/// How long the addresses of a name in `--net` are believed.
const BELIEVED: Duration = Duration::from_secs(30);

/// Addresses that somebody is about to bind to; more have been given up.
const MAX_GRANTED: usize = 64;

/// Senders of datagrams that may be answered, per guest.
const MAX_PEERS: usize = 4096;

/// What was refused and how to allow it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}: {how}")]
pub struct Refusal {
    /// What the guest wanted.
    pub what: String,
    /// How the user allows it.
    pub how: String,
}

/// Where names are looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// Nowhere: the user gave these addresses.
    Given(Vec<IpAddr>),
    /// By the host's resolver.
    Host,
}

type Tell = dyn Fn(&str) + Send + Sync;

/// A network as a run goes by it. Clones are the same.
#[derive(Clone)]
pub struct Policy {
    shared: Arc<Shared>,
}

struct Shared {
    network: Network,
    /// Called once for every different refusal.
    tell: Box<Tell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: HashSet<String>,
    /// The addresses of names in `--net`.
    resolved: HashMap<String, (Instant, Vec<IpAddr>)>,
    own: Vec<Own>,
    /// Who has sent datagrams.
    peers: HashSet<SocketAddr>,
    /// What somebody is about to bind to, on the host.
    granted: Vec<SocketAddr>,
}

/// Where a port of the guest's is on the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Own {
    protocol: Protocol,
    guest: u16,
    host: SocketAddr,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.network.fmt(f)
    }
}

impl Policy {
    /// `tell` hears of every different refusal once.
    pub fn new(network: Network, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let shared = Shared {
            network,
            tell: Box::new(tell),
            state: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// What the user said.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a refusal, unless that has been done.
    pub fn refused(&self, refusal: &Refusal) {
        let text = refusal.to_string();
        {
            let mut state = self.state();
            if state.told.len() >= MAX_TOLD || !state.told.insert(text.clone()) {
                return;
            }
        }
        (self.shared.tell)(&text);
    }

    fn refuse(&self, what: String, how: String) -> Refusal {
        let refusal = Refusal { what, how };
        self.refused(&refusal);
        refusal
    }

    /// Where on the host a guest is that binds to `asked`.
    ///
    /// # Errors
    /// When it may not.
    pub fn bind(&self, asked: SocketAddr, protocol: Protocol) -> Result<SocketAddr, Refusal> {
        let network = &self.shared.network;
        let is_meant = |published: &&Publish| {
            published.guest == asked.port() && published.protocol.is_none_or(|p| p == protocol)
        };
        let mut published = network.published.iter().filter(is_meant).peekable();
        if published.peek().is_some() {
            let host = published.find_map(|published| host_side(published, asked));
            return host.ok_or_else(|| self.other_family(asked, protocol));
        }
        if network.inherit {
            return Ok(asked);
        }
        let ip = asked.ip().to_canonical();
        if ip.is_loopback() {
            return Ok(asked);
        }
        if ip.is_unspecified() {
            // The socket of a client: where datagrams are sent from must be able to reach where they
            // go.
            let is_client = asked.port() == 0 && protocol == Protocol::Udp;
            if is_client && network.outgoing != Outgoing::Nowhere {
                return Ok(asked);
            }
            return Ok(SocketAddr::new(loopback(asked.ip()), asked.port()));
        }
        let published = Publish {
            address: Some(asked.ip()),
            host: asked.port(),
            guest: asked.port(),
            protocol: None,
        };
        Err(self.refuse(
            format!("listening on {asked}/{protocol}"),
            format!("-p {published} allows it"),
        ))
    }

    /// The refusal of a guest that binds to `asked`, which is published at an address of another family.
    pub fn other_family(&self, asked: SocketAddr, protocol: Protocol) -> Refusal {
        let (family, address) = match asked {
            SocketAddr::V4(_) => ("IPv4", "127.0.0.1"),
            SocketAddr::V6(_) => ("IPv6", "[::1]"),
        };
        let port = asked.port();
        self.refuse(
            format!("listening on {asked}/{protocol}"),
            format!("-p is of another family there: -p {address}:HOST:{port} is of {family}"),
        )
    }

    /// Somebody is about to bind to an address of the host that [`Self::bind`] has answered, and asks
    /// [`Self::is_granted`] on the way.
    pub fn grant(&self, host: SocketAddr) {
        let mut state = self.state();
        let excess = state.granted.len().saturating_sub(MAX_GRANTED);
        state.granted.drain(..excess);
        state.granted.push(host);
    }

    /// Whether that has been granted: once for every time.
    pub fn is_granted(&self, host: SocketAddr) -> bool {
        let mut state = self.state();
        let place = state.granted.iter().position(|granted| *granted == host);
        place
            .map(|place| state.granted.swap_remove(place))
            .is_some()
    }

    /// As [`Self::connect`], without blocking the thread while names are resolved.
    ///
    /// # Errors
    /// When it may not.
    pub async fn connecting(
        &self,
        asked: SocketAddr,
        protocol: Protocol,
    ) -> Result<SocketAddr, Refusal> {
        if !matches!(self.shared.network.outgoing, Outgoing::To(_)) {
            return self.connect(asked, protocol);
        }
        let policy = self.clone();
        let job = tokio::task::spawn_blocking(move || policy.connect(asked, protocol));
        job.await.unwrap_or_else(|_| {
            Err(Refusal {
                what: format!("connecting to {asked}/{protocol}"),
                how: "whether --net allows it could not be found out".to_owned(),
            })
        })
    }

    /// The guest is at a port: at `guest` in its own eyes, at `host` here.
    pub fn bound(&self, protocol: Protocol, guest: u16, host: SocketAddr) {
        self.unbound(protocol, host);
        self.state().own.push(Own {
            protocol,
            guest,
            host,
        });
    }

    /// The guest is there no more.
    pub fn unbound(&self, protocol: Protocol, host: SocketAddr) {
        let is_it = |own: &Own| (own.protocol, own.host) == (protocol, host);
        self.state().own.retain(|own| !is_it(own));
    }

    /// Where on the host the guest itself is that goes to `asked`, if it is there.
    pub fn own(&self, asked: SocketAddr, protocol: Protocol) -> Option<SocketAddr> {
        let ip = asked.ip().to_canonical();
        if !ip.is_loopback() && !ip.is_unspecified() {
            return None;
        }
        let is_it = |own: &&Own| (own.protocol, own.guest) == (protocol, asked.port());
        let state = self.state();
        let mut all = state.own.iter().filter(is_it);
        all.find_map(|own| reachable(own.host, asked))
    }

    /// Where on the host a connection ends that the guest makes with `asked`, if that is another address:
    /// at the guest's own port, or at a place that is moved.
    pub fn elsewhere(&self, asked: SocketAddr, protocol: Protocol) -> Option<SocketAddr> {
        self.own(asked, protocol)
            .or_else(|| self.moved(asked, protocol))
    }

    fn moved(&self, asked: SocketAddr, protocol: Protocol) -> Option<SocketAddr> {
        let moved = &mut self.shared.network.moved.iter();
        let is_it = |moved: &&Moved| protocol == Protocol::Tcp && moved.guest == asked;
        moved.find(is_it).map(|moved| moved.host)
    }

    /// Whether the guest itself is at an address of the host, as [`Self::own`] tells it.
    pub fn is_own(&self, host: SocketAddr, protocol: Protocol) -> bool {
        let is_it = |own: &Own| own.protocol == protocol && reachable(own.host, host) == Some(host);
        self.state().own.iter().any(is_it)
    }

    /// A datagram has come from there, which may be answered.
    pub fn heard_from(&self, peer: SocketAddr) {
        if self.shared.network.outgoing == Outgoing::Anywhere || self.shared.network.inherit {
            return;
        }
        let mut state = self.state();
        if state.peers.len() >= MAX_PEERS {
            state.peers.clear();
        }
        state.peers.insert(peer);
    }

    /// Whether what the guest sends to `asked` may go there, and where that is on the host. Names in
    /// the network's destinations may have to be resolved, which takes time.
    ///
    /// # Errors
    /// When it may not.
    pub fn connect(&self, asked: SocketAddr, protocol: Protocol) -> Result<SocketAddr, Refusal> {
        let network = &self.shared.network;
        let ip = asked.ip().to_canonical();
        if let Some(host) = self.own(asked, protocol) {
            return Ok(host);
        }
        if protocol == Protocol::Udp && self.state().peers.contains(&asked) {
            return Ok(asked);
        }
        let host = self.moved(asked, protocol).unwrap_or(asked);
        // The user may have allowed it by its name, which stands for the guest's address.
        let moved = network.moved.iter().filter(|moved| moved.host == host);
        let mut places = [asked, host]
            .into_iter()
            .chain(moved.map(|moved| moved.guest));
        if network.inherit || places.any(|place| self.is_destination(place)) {
            return Ok(host);
        }
        if network.moved.iter().any(|moved| moved.guest.ip() == ip) {
            return Err(self.refuse(
                format!("connecting to {asked}/{protocol}"),
                "of that service only the ports can be reached that it publishes".to_owned(),
            ));
        }
        let verb = match protocol {
            Protocol::Tcp => "connecting",
            Protocol::Udp => "sending",
        };
        let mut how = format!("--net={asked} allows it, --net all outgoing connections");
        // What `sock_recv_from` tells in its second version, taken for a number.
        let meant = SocketAddr::new(asked.ip(), asked.port().swap_bytes());
        if protocol == Protocol::Udp && self.state().peers.contains(&meant) {
            how = format!(
                "a datagram came from {meant}, whose port WasmEdge tells with its bytes swapped; {how}"
            );
        }
        Err(self.refuse(format!("{verb} to {asked}/{protocol}"), how))
    }

    fn is_destination(&self, place: SocketAddr) -> bool {
        let ip = place.ip().to_canonical();
        match &self.shared.network.outgoing {
            Outgoing::Nowhere => false,
            Outgoing::Anywhere => true,
            Outgoing::To(list) => list.iter().any(|to| self.is_meant(to, ip, place.port())),
        }
    }

    fn is_meant(&self, to: &Destination, ip: IpAddr, port: u16) -> bool {
        if to.port.is_some_and(|meant| meant != port) {
            return false;
        }
        match &to.host {
            Host::Address(address) => address.to_canonical() == ip,
            Host::Name(name) => self.addresses(name).iter().any(|a| a.to_canonical() == ip),
        }
    }

    /// The addresses of a name that the user gave.
    fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let given: Vec<_> = self.shared.network.aliases(name).collect();
        if !given.is_empty() {
            return given;
        }
        if let Some((at, known)) = self.state().resolved.get(name)
            && at.elapsed() < BELIEVED
        {
            return known.clone();
        }
        let found = (name, 0).to_socket_addrs();
        let found: Vec<_> = found.map_or_else(|_| Vec::new(), |all| all.map(|a| a.ip()).collect());
        let entry = (Instant::now(), found.clone());
        self.state().resolved.insert(name.to_owned(), entry);
        found
    }

    /// Where a guest may look a name up.
    ///
    /// # Errors
    /// When it may not.
    pub fn lookup(&self, name: &str) -> Result<Lookup, Refusal> {
        let network = &self.shared.network;
        let given: Vec<_> = network.aliases(name).collect();
        if !given.is_empty() {
            return Ok(Lookup::Given(given));
        }
        if let Ok(address) = name.parse() {
            return Ok(Lookup::Given(vec![address]));
        }
        if name.eq_ignore_ascii_case("localhost") {
            let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(Lookup::Given(both.to_vec()));
        }
        let names =
            |to: &Destination| matches!(&to.host, Host::Name(n) if n.eq_ignore_ascii_case(name));
        let is_allowed = network.inherit
            || network.name_lookup
            || match &network.outgoing {
                Outgoing::Nowhere => false,
                Outgoing::Anywhere => true,
                Outgoing::To(list) => list.iter().any(names),
            };
        if is_allowed {
            return Ok(Lookup::Host);
        }
        let name = name.escape_debug().to_string();
        Err(self.refuse(
            format!("looking up {name}"),
            "--net, --net=NAME:PORT or -S allow-ip-name-lookup allows it, --add-host NAME:IP answers it"
                .to_owned(),
        ))
    }
}

/// The loopback address of the same family.
fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        // An unspecified IPv4 address written as IPv6.
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => {
            Ipv4Addr::LOCALHOST.to_ipv6_mapped().into()
        }
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Where a published port is on the host, for a socket of the family of `asked`.
fn host_side(published: &Publish, asked: SocketAddr) -> Option<SocketAddr> {
    let address = published.address.unwrap_or(loopback(asked.ip()));
    let address = match (asked.ip(), address) {
        (IpAddr::V4(_), IpAddr::V6(_)) => return None,
        (IpAddr::V6(_), IpAddr::V4(v4)) => v4.to_ipv6_mapped().into(),
        (_, same) => same,
    };
    Some(SocketAddr::new(address, published.host))
}

/// Where a socket that is bound to `host` can be reached by a socket of the family of `asked`, if it can.
fn reachable(host: SocketAddr, asked: SocketAddr) -> Option<SocketAddr> {
    let ip = match host.ip() {
        ip if ip.is_unspecified() => loopback(ip),
        ip => ip,
    };
    let ip = match (asked.ip(), ip.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(v4)) => v4.to_ipv6_mapped().into(),
        (IpAddr::V4(_), IpAddr::V6(_)) => return None,
        (_, ip) => ip,
    };
    Some(SocketAddr::new(ip, host.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(network: Network) -> (Policy, Arc<Mutex<Vec<String>>>) {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&told);
        let policy = Policy::new(network, move |text| {
            heard.lock().expect("not poisoned").push(text.to_owned());
        });
        (policy, told)
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_guest_listens_on_loopback_unless_its_port_is_published() {
        let (policy, told) = policy(Network {
            published: vec![
                "0.0.0.0:8080:80".parse().expect("valid"),
                "9000:90".parse().expect("valid"),
                "53:53/udp".parse().expect("valid"),
                "[::1]:6000:60".parse().expect("valid"),
            ],
            ..Network::default()
        });
        let table = [
            ("0.0.0.0:1234", Some("127.0.0.1:1234")),
            ("[::]:1234", Some("[::1]:1234")),
            ("127.0.0.2:1234", Some("127.0.0.2:1234")),
            ("0.0.0.0:80", Some("0.0.0.0:8080")),
            ("127.0.0.1:80", Some("0.0.0.0:8080")),
            ("[::]:80", Some("[::ffff:0.0.0.0]:8080")),
            ("[::]:90", Some("[::1]:9000")),
            ("0.0.0.0:53", Some("127.0.0.1:53")),
            ("0.0.0.0:0", Some("127.0.0.1:0")),
            ("[::]:60", Some("[::1]:6000")),
            ("0.0.0.0:60", None),
            ("192.0.2.1:1234", None),
        ];
        for (asked, expected) in table {
            let got = policy.bind(at(asked), Protocol::Tcp).ok();
            assert_eq!(got, expected.map(at), "{asked}");
        }
        let told = told.lock().expect("not poisoned");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told.iter().any(|t| t.contains("-p 192.0.2.1:1234:1234")),
            "{told:?}"
        );
    }

    #[test]
    fn a_guest_goes_out_only_where_it_may() {
        let (policy, told) = policy(Network {
            outgoing: Outgoing::To(vec![
                "192.0.2.1:80".parse().expect("valid"),
                "db:*".parse().expect("valid"),
            ]),
            hosts: vec!["db:192.0.2.7".parse().expect("valid")],
            ..Network::default()
        });
        policy.bound(Protocol::Tcp, 1234, at("[::1]:8080"));
        policy.bound(Protocol::Tcp, 1234, at("127.0.0.1:8080"));
        policy.bound(Protocol::Tcp, 1235, at("0.0.0.0:8081"));
        policy.unbound(Protocol::Tcp, at("0.0.0.0:8081"));
        policy.heard_from(at("192.0.2.99:5000"));
        let table = [
            ("192.0.2.1:80", Protocol::Tcp, Some("192.0.2.1:80")),
            (
                "[::ffff:192.0.2.1]:80",
                Protocol::Tcp,
                Some("[::ffff:192.0.2.1]:80"),
            ),
            ("192.0.2.1:81", Protocol::Tcp, None),
            ("192.0.2.7:3306", Protocol::Tcp, Some("192.0.2.7:3306")),
            ("127.0.0.1:1234", Protocol::Tcp, Some("127.0.0.1:8080")),
            ("[::1]:1234", Protocol::Tcp, Some("[::1]:8080")),
            ("127.0.0.1:1234", Protocol::Udp, None),
            ("127.0.0.1:1235", Protocol::Tcp, None),
            ("192.0.2.99:5000", Protocol::Udp, Some("192.0.2.99:5000")),
            ("192.0.2.99:5000", Protocol::Tcp, None),
        ];
        for (asked, protocol, expected) in table {
            let got = policy.connect(at(asked), protocol).ok();
            assert_eq!(got, expected.map(at), "{asked} {protocol}");
        }
        for (host, expected) in [("127.0.0.1:8080", true), ("127.0.0.1:1234", false)] {
            assert_eq!(policy.is_own(at(host), Protocol::Tcp), expected, "{host}");
        }
        // 5000 is 0x1388.
        let swapped = policy.connect(at("192.0.2.99:34835"), Protocol::Udp);
        let how = swapped.expect_err("it may not").how;
        assert!(
            how.starts_with("a datagram came from 192.0.2.99:5000, "),
            "{how}"
        );
        let count = || told.lock().expect("not poisoned").len();
        assert_eq!(count(), 5);
        assert!(policy.connect(at("192.0.2.1:81"), Protocol::Tcp).is_err());
        assert_eq!(count(), 5, "each refusal is told once");
    }

    #[test]
    fn a_place_may_be_moved() {
        let moved = || Moved {
            guest: at("127.0.83.1:3306"),
            host: at("127.0.0.1:13306"),
        };
        let outgoing = |to: &[&str]| {
            let to = to.iter().map(|to| to.parse().expect("valid"));
            policy(Network {
                outgoing: Outgoing::To(to.collect()),
                hosts: vec!["db:127.0.83.1".parse().expect("valid")],
                moved: vec![moved()],
                ..Network::default()
            })
        };
        let tcp = Protocol::Tcp;
        // By the host's address, as Compose's files have it, or by name, as the user.
        for to in ["127.0.0.1:13306", "db:3306", "127.0.83.1:3306"] {
            let (policy, _) = outgoing(&[to]);
            for asked in [moved().guest, moved().host] {
                assert_eq!(policy.connect(asked, tcp), Ok(moved().host), "{to}");
            }
            assert_eq!(policy.elsewhere(moved().guest, tcp), Some(moved().host));
            assert_eq!(policy.elsewhere(moved().guest, Protocol::Udp), None);
            assert_eq!(policy.elsewhere(moved().host, tcp), None);
            let refusal = policy
                .connect(at("127.0.83.1:80"), tcp)
                .expect_err("no port");
            assert!(refusal.how.contains("that it publishes"), "{refusal}");
        }
        let (policy, _) = outgoing(&["192.0.2.1:1"]);
        assert!(policy.connect(moved().guest, tcp).is_err());
        assert!(policy.connect(moved().host, tcp).is_err());
    }

    #[test]
    fn names_are_looked_up_where_connections_are_allowed() {
        let (policy, _) = policy(Network {
            outgoing: Outgoing::To(vec!["example.com:80".parse().expect("valid")]),
            hosts: vec!["db:192.0.2.7".parse().expect("valid")],
            ..Network::default()
        });
        let given = |name| policy.lookup(name).ok();
        assert_eq!(
            given("DB"),
            Some(Lookup::Given(vec![at("192.0.2.7:0").ip()]))
        );
        assert_eq!(given("Example.com"), Some(Lookup::Host));
        assert_eq!(given("example.org"), None);
        assert!(matches!(given("localhost"), Some(Lookup::Given(all)) if all.len() == 2));
    }
}
