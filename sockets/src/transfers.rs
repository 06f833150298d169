//! The extension's functions that move bytes, and those of WASI preview 1 that do with a socket.

use crate::errno::Errno;
use crate::guest;
use crate::network::Protocol;
use crate::socket::Direction;
use crate::table::{Args, Sockets};
use rustix::net::{RecvFlags, SendFlags};
use std::net::SocketAddr;
use wiggle::GuestMemory;

/// A datagram is not longer.
const MAX_DATAGRAM: usize = 64 * 1024;

/// Where the sender of what was received is told.
pub(crate) struct From {
    /// The address's place in memory.
    pub(crate) address: u32,
    /// Where the port goes, if that is told.
    pub(crate) port: Option<u32>,
}

impl Sockets {
    /// Receives into the buffers of a call: its second and third argument.
    pub(crate) async fn receive(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
        flags: u32,
        (length_at, flags_at): (u32, Option<u32>),
        from: Option<From>,
    ) -> Result<(), Errno> {
        let policy = self.policy.clone();
        let socket = self.get(args.at(0))?;
        let buffers = guest::buffers(memory, args.at(1), args.at(2))?;
        guest::check(memory, length_at, 4)?;
        if let Some(at) = flags_at {
            guest::check(memory, at, 2)?;
        }
        let room = match &from {
            Some(from) => Some(guest::address_room(memory, from.address)?),
            None => None,
        };
        if let Some(port) = from.as_ref().and_then(|from| from.port) {
            guest::check(memory, port, 2)?;
        }
        let is_datagram = socket.protocol == Protocol::Udp;
        let peeks = flags & 1 != 0;
        let waits_for_all = flags & 2 != 0 && !is_datagram && !peeks && !socket.nonblocking;
        let wanted = guest::room(&buffers);
        let mut host_flags = RecvFlags::empty();
        if peeks {
            host_flags |= RecvFlags::PEEK;
        }
        let mut done = std::mem::take(&mut socket.progress);
        let mut truncated = false;
        let mut sender = None;
        loop {
            // A datagram is taken whole, so that it can be told whether it was cut.
            let size = match is_datagram {
                true => MAX_DATAGRAM,
                false => wanted - done.min(wanted),
            };
            let mut bytes = vec![0; size];
            match rustix::net::recvfrom(&socket.inner, bytes.as_mut_slice(), host_flags) {
                Ok((count, _, address)) => {
                    sender = address.and_then(|address| SocketAddr::try_from(address).ok());
                    let got = bytes
                        .get(..count.min(wanted - done.min(wanted)))
                        .unwrap_or_default();
                    truncated = count > got.len();
                    guest::scatter(memory, &buffers, done, got)?;
                    done += got.len();
                    if !waits_for_all || count == 0 || done >= wanted {
                        break;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) if !socket.nonblocking => {
                    if !socket.wait_on(Direction::Read, done).await? {
                        break;
                    }
                }
                Err(_) if done > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        socket.progress = 0;
        let sender = match sender {
            Some(sender) => Some(sender),
            None if from.is_some() => socket.peer().ok(),
            None => None,
        };
        if let (true, Some(sender)) = (is_datagram, sender) {
            policy.heard_from(sender);
        }
        if let (Some(from), Some(room), Some(sender)) = (from, room, sender) {
            guest::write_address(memory, room, sender.ip(), true)?;
            if let Some(port) = from.port {
                // As it stands in the system's structure, most significant byte first: so does
                // WasmEdge.
                guest::write(memory, port, &sender.port().to_be_bytes())?;
            }
        }
        let length = u32::try_from(done).unwrap_or(u32::MAX);
        guest::write_u32(memory, length_at, length)?;
        match flags_at {
            Some(at) => guest::write_u16(memory, at, u16::from(truncated && is_datagram)),
            None => Ok(()),
        }
    }

    /// Sends what is in the buffers of a call: its second and third argument.
    pub(crate) async fn send(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
        length_at: u32,
        to: Option<SocketAddr>,
    ) -> Result<(), Errno> {
        let fd = args.at(0);
        let policy = self.policy.clone();
        let socket = self.get(fd)?;
        let buffers = guest::buffers(memory, args.at(1), args.at(2))?;
        guest::check(memory, length_at, 4)?;
        let bytes = guest::gather(memory, &buffers)?;
        let is_datagram = socket.protocol == Protocol::Udp;
        let to = match to {
            None => None,
            Some(asked) if !socket.fits(asked.ip()) => return Err(Errno::AFNOSUPPORT),
            // A connection goes where it goes.
            Some(_) if !is_datagram => None,
            Some(asked) => match policy.connecting(asked, Protocol::Udp).await {
                Ok(host) => Some(host),
                Err(refusal) => return Err(self.refuse(refusal)),
            },
        };
        let socket = self.get(fd)?;
        let mut done = std::mem::take(&mut socket.progress);
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            let sent = match &to {
                Some(to) => rustix::net::sendto(&socket.inner, rest, SendFlags::NOSIGNAL, to),
                None => rustix::net::send(&socket.inner, rest, SendFlags::NOSIGNAL),
            };
            match sent {
                Ok(count) => {
                    done += count;
                    if is_datagram || socket.nonblocking || done >= bytes.len() {
                        break;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) if !socket.nonblocking => {
                    if !socket.wait_on(Direction::Write, done).await? {
                        break;
                    }
                }
                Err(_) if done > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        socket.progress = 0;
        let length = u32::try_from(done).unwrap_or(u32::MAX);
        guest::write_u32(memory, length_at, length)
    }
}
