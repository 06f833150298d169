//! One socket of a guest's: the host's socket, what the guest believes of it, and waiting for it.
//!
//! The host's socket never blocks. Whoever blocks in the guest's eyes waits here, so that nothing has
//! happened yet when the waiting is given up.

use crate::errno::Errno;
use crate::network::Protocol;
use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::{Domain, Type};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What the system says of a socket that will bring nothing more.
#[cfg(target_os = "linux")]
const ENDED: PollFlags = PollFlags::HUP.union(PollFlags::RDHUP).union(PollFlags::ERR);
#[cfg(not(target_os = "linux"))]
const ENDED: PollFlags = PollFlags::HUP.union(PollFlags::ERR);

/// A socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: socket2::Socket,
    pub(crate) protocol: Protocol,
    pub(crate) is_v6: bool,
    /// Whether the guest wants to be told instead of waiting.
    pub(crate) nonblocking: bool,
    /// The address that the guest has bound it to, in its own eyes.
    pub(crate) bound_to: Option<SocketAddr>,
    /// The address that the guest has connected it to, where that is another one on the host.
    pub(crate) connected_to: Option<SocketAddr>,
    /// The port on the host and the guest's for it, where they differ.
    pub(crate) ports: Option<(u16, u16)>,
    pub(crate) is_listening: bool,
    /// A blocking connect is under way.
    pub(crate) connecting: bool,
    /// How far a call has come that was given up while it waited, and is to be carried out anew.
    pub(crate) progress: usize,
    pub(crate) receive_timeout: Option<Duration>,
    pub(crate) send_timeout: Option<Duration>,
    /// How long the guest wants closing to wait.
    pub(crate) linger: Option<Duration>,
}

/// What a socket is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Something to read or to accept.
    Read,
    /// Room to write, or a connection.
    Write,
}

/// What can be done with a socket now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// Bytes that can be read, as far as that is known.
    pub bytes: u64,
    /// The other side will send no more.
    pub hangup: bool,
}

impl Socket {
    pub(crate) fn open(is_v6: bool, protocol: Protocol) -> Result<Self, Errno> {
        let domain = if is_v6 { Domain::IPV6 } else { Domain::IPV4 };
        let kind = match protocol {
            Protocol::Tcp => Type::STREAM,
            Protocol::Udp => Type::DGRAM,
        };
        Self::new(socket2::Socket::new(domain, kind, None)?, is_v6, protocol)
    }

    pub(crate) fn new(
        inner: socket2::Socket,
        is_v6: bool,
        protocol: Protocol,
    ) -> Result<Self, Errno> {
        inner.set_nonblocking(true)?;
        Ok(Self {
            inner,
            protocol,
            is_v6,
            nonblocking: false,
            bound_to: None,
            connected_to: None,
            ports: None,
            is_listening: false,
            connecting: false,
            progress: 0,
            receive_timeout: None,
            send_timeout: None,
            linger: None,
        })
    }

    /// The local address in the guest's eyes.
    pub(crate) fn local(&self) -> Result<SocketAddr, Errno> {
        let host = self.inner.local_addr()?.as_socket();
        let mut address = host.ok_or(Errno::AFNOSUPPORT)?;
        if let Some((host, guest)) = self.ports
            && address.port() == host
        {
            address.set_port(guest);
        }
        if let Some(asked) = self.bound_to {
            address.set_ip(asked.ip());
        }
        Ok(address)
    }

    /// The other end in the guest's eyes.
    pub(crate) fn peer(&self) -> Result<SocketAddr, Errno> {
        let peer = self.inner.peer_addr()?.as_socket();
        peer.map(|peer| self.connected_to.unwrap_or(peer))
            .ok_or(Errno::AFNOSUPPORT)
    }

    /// The address of the other end in its own words for this socket: IPv4 for IPv4.
    pub(crate) fn fits(&self, ip: IpAddr) -> bool {
        ip.is_ipv6() == self.is_v6
    }

    /// What the socket is, for a trace: `TCP:[127.0.0.1:80->127.0.0.1:40000]`.
    pub(crate) fn label(&self) -> String {
        let protocol = self.protocol;
        let is_bound = |address: &SocketAddr| address.port() != 0;
        match (self.local().ok().filter(is_bound), self.peer().ok()) {
            (Some(local), Some(peer)) => format!("{protocol}:[{local}->{peer}]"),
            (Some(local), None) => format!("{protocol}:[{local}]"),
            _ => protocol.to_string(),
        }
    }

    /// Waits until something may be done; there is no promise that it can be.
    pub(crate) async fn wait(
        &self,
        direction: Direction,
        limit: Option<Duration>,
    ) -> Result<(), Errno> {
        let reads = direction == Direction::Read;
        let wait = self.wait_any(reads, !reads);
        match limit {
            None => wait.await,
            Some(limit) => match tokio::time::timeout(limit, wait).await {
                Ok(done) => done,
                Err(_) => Err(Errno::AGAIN),
            },
        }
    }

    /// Waits to go on with a call that has moved `done` bytes, for as long as the socket's time-out lets
    /// it; whether to go on: what has been moved counts, even where waiting for more has failed. A call
    /// that is given up while it waits finds in `progress` how far it had come.
    pub(crate) async fn wait_on(
        &mut self,
        direction: Direction,
        done: usize,
    ) -> Result<bool, Errno> {
        let limit = match direction {
            Direction::Read => self.receive_timeout,
            Direction::Write => self.send_timeout,
        };
        self.progress = done;
        let waited = self.wait(direction, limit).await;
        self.progress = 0;
        match waited {
            Ok(()) => Ok(true),
            Err(_) if done > 0 => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// As [`Self::wait`], for either.
    pub(crate) async fn wait_any(&self, reads: bool, writes: bool) -> Result<(), Errno> {
        let interest = match (reads, writes) {
            (true, false) => Interest::READABLE,
            (false, _) => Interest::WRITABLE,
            (true, true) => Interest::READABLE | Interest::WRITABLE,
        };
        // Registered anew each time: what was once known of a socket would count for ever.
        #[expect(
            deprecated,
            reason = "what it lacks, a borrowed descriptor has: nobody closes it"
        )]
        let fd = AsyncFd::with_interest(self.inner.as_fd(), interest)?;
        drop(fd.ready(interest).await?);
        Ok(())
    }

    /// Whether there is something to do at once.
    pub(crate) fn ready(&self, direction: Direction) -> Option<Ready> {
        let flags = match direction {
            Direction::Read => PollFlags::IN | ENDED,
            Direction::Write => PollFlags::OUT,
        };
        let mut polled = [PollFd::new(&self.inner, flags)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let count = rustix::event::poll(&mut polled, Some(&now)).unwrap_or(0);
        let flags = polled.first().filter(|_| count > 0)?.revents();
        let bytes = match direction {
            Direction::Read if !self.is_listening => {
                rustix::io::ioctl_fionread(&self.inner).unwrap_or(0)
            }
            _ => 0,
        };
        Some(Ready {
            bytes,
            hangup: flags.intersects(ENDED),
        })
    }
}
