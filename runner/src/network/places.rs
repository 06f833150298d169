//! Where a component's sockets are in its own eyes: at the addresses that it has bound them to and
//! connected them with, whatever the user's flags have made of these on the host.
//!
//! A table and no more; who asks it is in [`super::addresses`].

use std::collections::HashMap;
use std::net::SocketAddr;
use wasmscope_sockets::Protocol;

/// The sockets of a component, by their resources. It has no more entries than the guest has sockets.
#[derive(Debug, Default)]
pub(crate) struct Places {
    sockets: HashMap<(Protocol, u32), Place>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Place {
    /// What it is bound to, for the guest and on the host.
    bound: Option<(SocketAddr, SocketAddr)>,
    /// The port on the host and the guest's for it, of a connection that came in.
    ports: Option<(u16, u16)>,
    /// Where the guest has connected it to.
    peer: Option<SocketAddr>,
    is_listening: bool,
}

impl Places {
    /// The guest has bound a socket to `asked`, and it is at `host`, whose port stands for one that the
    /// guest has left open.
    pub(crate) fn bound(
        &mut self,
        protocol: Protocol,
        socket: u32,
        mut asked: SocketAddr,
        host: SocketAddr,
    ) {
        if asked.port() == 0 {
            asked.set_port(host.port());
        }
        let place = self.sockets.entry((protocol, socket)).or_default();
        place.bound = Some((asked, host));
    }

    /// A socket listens from now on: the port that it does so at for the guest, and where it is on the
    /// host; `None` when it was never bound.
    pub(crate) fn listens(&mut self, socket: u32) -> Option<(u16, SocketAddr)> {
        let place = self.sockets.get_mut(&(Protocol::Tcp, socket))?;
        let (guest, host) = place.bound?;
        place.is_listening = true;
        Some((guest.port(), host))
    }

    /// A connection has come in where `listener` listens.
    pub(crate) fn accepted(&mut self, listener: u32, socket: u32) {
        let place = self.sockets.get(&(Protocol::Tcp, listener));
        let Some((guest, host)) = place.and_then(|place| place.bound) else {
            return;
        };
        if guest.port() != host.port() {
            let ports = Some((host.port(), guest.port()));
            let place = Place {
                ports,
                ..Place::default()
            };
            self.sockets.insert((Protocol::Tcp, socket), place);
        }
    }

    /// The guest connects a socket with `asked`, which is elsewhere on the host.
    pub(crate) fn connects(&mut self, socket: u32, asked: SocketAddr) {
        let place = self.sockets.entry((Protocol::Tcp, socket)).or_default();
        place.peer = Some(asked);
    }

    /// The guest's address of a socket that is at `host`.
    pub(crate) fn local(&self, protocol: Protocol, socket: u32, host: SocketAddr) -> SocketAddr {
        let Some(place) = self.sockets.get(&(protocol, socket)) else {
            return host;
        };
        match (place.bound, place.ports) {
            (Some((guest, _)), _) => guest,
            (None, Some((at, guest))) if host.port() == at => SocketAddr::new(host.ip(), guest),
            _ => host,
        }
    }

    /// Whom the guest has connected a socket with, that is with `host`.
    pub(crate) fn peer(&self, socket: u32, host: SocketAddr) -> SocketAddr {
        let place = self.sockets.get(&(Protocol::Tcp, socket));
        place.and_then(|place| place.peer).unwrap_or(host)
    }

    /// A socket is no more: where on the host it has listened.
    pub(crate) fn gone(&mut self, protocol: Protocol, socket: u32) -> Option<SocketAddr> {
        let place = self.sockets.remove(&(protocol, socket))?;
        let (_, host) = place.bound.filter(|_| place.is_listening)?;
        Some(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_published_port_is_the_guests_own_for_as_long_as_the_socket_lives() {
        let mut places = Places::default();
        let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
        let host = at("127.0.0.1:8080");
        assert_eq!(places.local(tcp, 1, host), host);
        assert_eq!(places.listens(1), None);

        places.bound(tcp, 1, at("0.0.0.0:80"), host);
        assert_eq!(places.local(tcp, 1, host), at("0.0.0.0:80"));
        assert_eq!(places.local(udp, 1, host), host, "another kind of socket");
        assert_eq!(places.listens(1), Some((80, host)));

        places.accepted(1, 2);
        assert_eq!(places.local(tcp, 2, host), at("127.0.0.1:80"));
        assert_eq!(places.gone(tcp, 1), Some(host));
        assert_eq!(places.local(tcp, 1, host), host);
        assert_eq!(places.local(tcp, 2, host), at("127.0.0.1:80"));
        assert_eq!(places.gone(tcp, 2), None);
        assert!(places.sockets.is_empty());
    }

    #[test]
    fn a_port_that_is_left_open_is_the_hosts() {
        let mut places = Places::default();
        places.bound(Protocol::Tcp, 1, at("[::]:0"), at("[::1]:4711"));
        let local = places.local(Protocol::Tcp, 1, at("[::1]:4711"));
        assert_eq!(local, at("[::]:4711"));
        places.accepted(1, 2);
        let host = at("[::1]:4711");
        assert_eq!(places.local(Protocol::Tcp, 2, host), host);
        places.connects(3, at("[::1]:80"));
        assert_eq!(places.peer(3, host), at("[::1]:80"));
        assert_eq!(places.peer(2, host), host);
    }
}
