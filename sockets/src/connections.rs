//! The extension's functions that make sockets and connections: opening, binding, listening, accepting,
//! connecting, shutting down, and telling where the two ends are. What the user allows is asked of the
//! [`Policy`](crate::Policy) on the way.

use crate::errno::Errno;
use crate::guest;
use crate::network::Protocol;
use crate::policy::Refusal;
use crate::socket::{Direction, Socket};
use crate::table::{Args, FD_FLAGS, NONBLOCK, Sockets};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use wiggle::GuestMemory;

impl Sockets {
    pub(crate) fn open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        guest::check(memory, args.at(2), 4)?;
        let is_v6 = match args.at(0) {
            0 | 1 => false,
            2 => true,
            3 => return Err(Errno::NOSYS),
            _ => return Err(Errno::AFNOSUPPORT),
        };
        let protocol = match args.at(1) {
            1 => Protocol::Udp,
            0 | 2 => Protocol::Tcp,
            _ => return Err(Errno::INVAL),
        };
        self.room()?;
        let fd = self.insert(Socket::open(is_v6, protocol)?);
        guest::write_u32(memory, args.at(2), fd)
    }

    pub(crate) fn bind(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let fd = args.at(0);
        let policy = self.policy.clone();
        let socket = self.get(fd)?;
        let asked = guest::address(memory, args.at(1), args.at(2))?;
        if !socket.fits(asked.ip()) {
            return Err(Errno::AFNOSUPPORT);
        }
        let protocol = socket.protocol;
        let host = match policy.bind(asked, protocol) {
            Ok(host) => host,
            Err(refusal) => return Err(self.refuse(refusal)),
        };
        let socket = self.get(fd)?;
        if socket.is_v6 && host.ip().to_canonical().is_ipv4() {
            socket.inner.set_only_v6(false)?;
        }
        if let Err(error) = socket.inner.bind(&host.into()) {
            if error.kind() == io::ErrorKind::PermissionDenied {
                let refusal = Refusal {
                    what: format!("binding to {host}/{protocol} on the host"),
                    how: format!(
                        "the system keeps such ports for itself; -p HOST:{} has it at another one",
                        asked.port()
                    ),
                };
                policy.refused(&refusal);
                return Err(self.refuse(refusal));
            }
            return Err(error.into());
        }
        let actual = socket.inner.local_addr()?.as_socket().unwrap_or(host);
        let mut asked = asked;
        if asked.port() == 0 {
            asked.set_port(actual.port());
        }
        socket.bound_to = Some(asked);
        if actual.port() != asked.port() {
            socket.ports = Some((actual.port(), asked.port()));
        }
        if protocol == Protocol::Udp {
            policy.bound(protocol, asked.port(), actual);
        }
        Ok(())
    }

    pub(crate) fn listen(&mut self, args: &Args<'_>) -> Result<(), Errno> {
        let fd = args.at(0);
        let policy = self.policy.clone();
        let socket = self.get(fd)?;
        if socket.protocol != Protocol::Tcp {
            return Err(Errno::NOTSUP);
        }
        if socket.bound_to.is_none() {
            // The system would choose a port, at all addresses.
            let ip: IpAddr = match socket.is_v6 {
                true => Ipv6Addr::UNSPECIFIED.into(),
                false => Ipv4Addr::UNSPECIFIED.into(),
            };
            let asked = SocketAddr::new(ip, 0);
            let host = match policy.bind(asked, Protocol::Tcp) {
                Ok(host) => host,
                Err(refusal) => return Err(self.refuse(refusal)),
            };
            let socket = self.get(fd)?;
            socket.inner.bind(&host.into())?;
            let actual = socket.inner.local_addr()?.as_socket().unwrap_or(host);
            socket.bound_to = Some(SocketAddr::new(ip, actual.port()));
        }
        let socket = self.get(fd)?;
        let backlog = i32::try_from(args.at(1)).unwrap_or(i32::MAX).max(1);
        socket.inner.listen(backlog)?;
        socket.is_listening = true;
        let host = socket.inner.local_addr()?.as_socket();
        if let (Some(host), Some(bound)) = (host, socket.bound_to) {
            policy.bound(Protocol::Tcp, bound.port(), host);
        }
        Ok(())
    }

    pub(crate) async fn accept(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        result: u32,
    ) -> Result<(), Errno> {
        guest::check(memory, result, 4)?;
        self.get(fd)?;
        self.room()?;
        let socket = self.get(fd)?;
        let (accepted, _) = loop {
            match socket.inner.accept() {
                Ok(accepted) => break accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !socket.nonblocking => {
                    socket.wait(Direction::Read, socket.receive_timeout).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut new = Socket::new(accepted, socket.is_v6, socket.protocol)?;
        // The first crate for these functions passes a port here, which is no set of flags.
        new.nonblocking = flags & !FD_FLAGS == 0 && flags & NONBLOCK != 0;
        new.ports = socket.ports;
        let fd = self.insert(new);
        guest::write_u32(memory, result, fd)
    }

    pub(crate) async fn connect(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let fd = args.at(0);
        let policy = self.policy.clone();
        let socket = self.get(fd)?;
        let asked = guest::address(memory, args.at(1), args.at(2))?;
        if !socket.fits(asked.ip()) {
            return Err(Errno::AFNOSUPPORT);
        }
        let host = match policy.connecting(asked, socket.protocol).await {
            Ok(host) => host,
            Err(refusal) => return Err(self.refuse(refusal)),
        };
        let socket = self.get(fd)?;
        socket.connected_to = (host != asked).then_some(asked);
        let carried_on = std::mem::replace(&mut socket.connecting, false);
        match socket.inner.connect(&host.into()) {
            Ok(()) => return Ok(()),
            Err(error) => match Errno::from(&error) {
                Errno::ISCONN if carried_on => return Ok(()),
                Errno::INPROGRESS if socket.nonblocking => return Err(Errno::INPROGRESS),
                Errno::INPROGRESS => {}
                Errno::ALREADY if carried_on => {}
                errno => return Err(errno),
            },
        }
        socket.connecting = true;
        let waited = socket.wait(Direction::Write, socket.send_timeout).await;
        socket.connecting = false;
        waited.map_err(|errno| match errno {
            Errno::AGAIN => Errno::INPROGRESS,
            errno => errno,
        })?;
        match socket.inner.take_error()? {
            None => Ok(()),
            Some(error) => Err(error.into()),
        }
    }

    pub(crate) fn shutdown(&mut self, args: &Args<'_>) -> Result<(), Errno> {
        use std::net::Shutdown;
        let how = match args.at(1) {
            1 => Shutdown::Read,
            2 => Shutdown::Write,
            3 => Shutdown::Both,
            _ => return Err(Errno::INVAL),
        };
        Ok(self.get(args.at(0))?.inner.shutdown(how)?)
    }
}

/// Tells an address with its type, which is 4 or 6, and its port.
pub(crate) fn tell_v1(
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
    address: Result<SocketAddr, Errno>,
) -> Result<(), Errno> {
    guest::check(memory, args.at(2), 4)?;
    guest::check(memory, args.at(3), 4)?;
    let room = guest::address_room(memory, args.at(1))?;
    let address = address?;
    guest::write_address(memory, room, address.ip(), false)?;
    let version = if address.is_ipv4() { 4 } else { 6 };
    guest::write_u32(memory, args.at(2), version)?;
    guest::write_u32(memory, args.at(3), address.port().into())
}

/// Tells an address with its family in front, and its port.
pub(crate) fn tell_v2(
    memory: &mut GuestMemory<'_>,
    args: &Args<'_>,
    address: Result<SocketAddr, Errno>,
) -> Result<(), Errno> {
    guest::check(memory, args.at(2), 4)?;
    let room = guest::address_room(memory, args.at(1))?;
    let address = address?;
    guest::write_address(memory, room, address.ip(), true)?;
    guest::write_u32(memory, args.at(2), address.port().into())
}
