//! The sockets of a guest, under their descriptors, and the functions of the extension.
//!
//! Descriptors of WASI preview 1 count up from 3; those of sockets start where a guest's files hardly
//! get. Who hands out the others tells with [`Sockets::taken`].

use crate::errno::Errno;
use crate::guest;
use crate::network::Protocol;
use crate::policy::{Policy, Refusal};
use crate::socket::{Direction, Ready, Socket};
use rustix::net::{RecvFlags, SendFlags};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;
use wiggle::GuestMemory;

/// The lowest descriptor of a socket.
pub const FIRST: u32 = 1024;

/// Most sockets of one guest.
const MAX_SOCKETS: usize = 1024;

/// A datagram is not longer.
const MAX_DATAGRAM: usize = 64 * 1024;

/// `SOCK_ACCEPT`'s and the descriptor's flag for not waiting.
const NONBLOCK: u32 = 4;
/// The flags that a descriptor of WASI preview 1 may have.
const FD_FLAGS: u32 = 0x1f;

/// A function of the extension, or one of WASI preview 1 that takes a socket. `1` and `2` are the two
/// versions of a function that differ in their parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named as the functions are")]
pub enum Call {
    Open,
    Bind,
    Connect,
    Listen,
    Accept1,
    Accept2,
    Recv,
    RecvFrom1,
    RecvFrom2,
    Send,
    SendTo,
    GetLocalAddr1,
    GetLocalAddr2,
    GetPeerAddr1,
    GetPeerAddr2,
    Shutdown,
    GetSockOpt,
    SetSockOpt,
    GetAddrInfo,
    FdClose,
    FdRead,
    FdWrite,
    FdStatGet,
    FdStatSetFlags,
    FileStatGet,
    /// Anything else of WASI preview 1 with this answer to a socket.
    Not(Errno),
}

/// The sockets of a guest.
#[derive(Debug)]
pub struct Sockets {
    pub(crate) policy: Policy,
    pub(crate) sockets: BTreeMap<u32, Socket>,
    /// The highest descriptor that is somebody else's.
    taken: u32,
    refusal: Option<Refusal>,
}

/// Somebody who waits for a socket.
type Waiting<'a> = Pin<Box<dyn Future<Output = Result<(), Errno>> + Send + 'a>>;

/// The arguments of a call.
pub(crate) struct Args<'a>(pub(crate) &'a [u64]);

impl Args<'_> {
    pub(crate) fn at(&self, index: usize) -> u32 {
        self.0.get(index).map_or(0, |word| *word as u32)
    }
}

impl Sockets {
    /// No sockets yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            sockets: BTreeMap::new(),
            taken: 0,
            refusal: None,
        }
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Whether a descriptor is a socket's.
    #[inline]
    pub fn has(&self, fd: u32) -> bool {
        self.sockets.contains_key(&fd)
    }

    /// A descriptor is somebody else's from now on.
    pub fn taken(&mut self, fd: u32) {
        self.taken = self.taken.max(fd);
    }

    /// What was refused in the last call.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// What a socket is, for a trace; `None` for a descriptor that is no socket's.
    pub fn label(&self, fd: u32) -> Option<String> {
        self.sockets.get(&fd).map(Socket::label)
    }

    /// Moves a socket to another descriptor, whose socket is closed.
    pub fn renumber(&mut self, from: u32, to: u32) {
        if from != to
            && let Some(socket) = self.sockets.remove(&from)
        {
            self.close(to);
            self.sockets.insert(to, socket);
        }
    }

    /// Closes all sockets.
    pub fn close_all(&mut self) {
        let fds: Vec<u32> = self.sockets.keys().copied().collect();
        for fd in fds {
            self.close(fd);
        }
    }

    /// Closes a socket, if there is one.
    pub fn close(&mut self, fd: u32) -> bool {
        let Some(socket) = self.sockets.remove(&fd) else {
            return false;
        };
        let is_own = socket.is_listening || socket.protocol == Protocol::Udp;
        let host = socket.inner.local_addr().ok().and_then(|at| at.as_socket());
        if let Some(host) = host.filter(|_| is_own) {
            self.policy.unbound(socket.protocol, host);
        }
        true
    }

    /// Carries out a call with these raw arguments. It may be given up while it waits, and is then to
    /// be carried out anew with the same arguments.
    ///
    /// # Errors
    /// What the guest is told.
    pub async fn call(
        &mut self,
        call: Call,
        args: &[u64],
        memory: &mut GuestMemory<'_>,
    ) -> Result<(), Errno> {
        self.refusal = None;
        let args = Args(args);
        match call {
            Call::Open => self.open(memory, &args),
            Call::Bind => self.bind(memory, &args),
            Call::Connect => self.connect(memory, &args).await,
            Call::Listen => self.listen(&args),
            Call::Accept1 => self.accept(memory, args.at(0), 0, args.at(1)).await,
            Call::Accept2 => {
                self.accept(memory, args.at(0), args.at(1), args.at(2))
                    .await
            }
            Call::Recv => {
                let places = (args.at(4), Some(args.at(5)));
                self.receive(memory, &args, args.at(3), places, None).await
            }
            Call::RecvFrom1 => {
                let from = From {
                    address: args.at(3),
                    port: None,
                };
                let places = (args.at(5), Some(args.at(6)));
                self.receive(memory, &args, args.at(4), places, Some(from))
                    .await
            }
            Call::RecvFrom2 => {
                let from = From {
                    address: args.at(3),
                    port: Some(args.at(5)),
                };
                let places = (args.at(6), Some(args.at(7)));
                self.receive(memory, &args, args.at(4), places, Some(from))
                    .await
            }
            Call::FdRead => {
                self.receive(memory, &args, 0, (args.at(3), None), None)
                    .await
            }
            Call::Send => self.send(memory, &args, args.at(4), None).await,
            Call::FdWrite => self.send(memory, &args, args.at(3), None).await,
            Call::SendTo => {
                let to = guest::address(memory, args.at(3), args.at(4))?;
                self.send(memory, &args, args.at(6), Some(to)).await
            }
            Call::GetLocalAddr1 => {
                let address = self.get(args.at(0))?.local();
                tell_v1(memory, &args, address)
            }
            Call::GetPeerAddr1 => {
                let address = self.get(args.at(0))?.peer();
                tell_v1(memory, &args, address)
            }
            Call::GetLocalAddr2 => {
                let address = self.get(args.at(0))?.local();
                tell_v2(memory, &args, address)
            }
            Call::GetPeerAddr2 => {
                let address = self.get(args.at(0))?.peer();
                tell_v2(memory, &args, address)
            }
            Call::Shutdown => self.shutdown(&args),
            Call::GetSockOpt => self.get_option(memory, &args),
            Call::SetSockOpt => self.set_option(memory, &args),
            Call::GetAddrInfo => self.resolve(memory, &args).await,
            Call::FdClose => match self.close(args.at(0)) {
                true => Ok(()),
                false => Err(Errno::BADF),
            },
            Call::FdStatGet => self.stat(memory, &args),
            Call::FdStatSetFlags => {
                self.get(args.at(0))?.nonblocking = args.at(1) & NONBLOCK != 0;
                Ok(())
            }
            Call::FileStatGet => self.file_stat(memory, &args),
            Call::Not(errno) => Err(errno),
        }
    }

    /// What can be done with a socket now.
    pub fn ready(&self, fd: u32, direction: Direction) -> Option<Ready> {
        self.sockets.get(&fd)?.ready(direction)
    }

    /// Waits until something can be done with one of these.
    ///
    /// # Errors
    /// When the system cannot wait for them.
    pub async fn wait(&self, wanted: &[(u32, Direction)]) -> Result<(), Errno> {
        // One registration for each socket: the system takes no second one.
        let mut interests: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
        for (fd, direction) in wanted {
            let interest = interests.entry(*fd).or_default();
            match direction {
                Direction::Read => interest.0 = true,
                Direction::Write => interest.1 = true,
            }
        }
        let mut waits: Vec<Waiting<'_>> = Vec::new();
        for (fd, (reads, writes)) in interests {
            if let Some(socket) = self.sockets.get(&fd) {
                waits.push(Box::pin(socket.wait_any(reads, writes)));
            }
        }
        poll_fn(|context| {
            for wait in &mut waits {
                if let Poll::Ready(result) = wait.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
            }
            Poll::Pending
        })
        .await
    }

    pub(crate) fn get(&mut self, fd: u32) -> Result<&mut Socket, Errno> {
        self.sockets.get_mut(&fd).ok_or(Errno::BADF)
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Errno {
        self.refusal = Some(refusal);
        Errno::ACCES
    }

    /// The descriptor that the next socket gets.
    pub fn next(&self) -> u32 {
        let first = FIRST.max(self.taken.saturating_add(1));
        let free = (first..u32::MAX).find(|fd| !self.sockets.contains_key(fd));
        free.unwrap_or(u32::MAX)
    }

    /// Puts a socket under a descriptor of its own.
    fn insert(&mut self, socket: Socket) -> Result<u32, Errno> {
        if self.sockets.len() >= MAX_SOCKETS {
            return Err(Errno::MFILE);
        }
        let fd = self.next();
        self.sockets.insert(fd, socket);
        Ok(fd)
    }

    fn open(&mut self, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Result<(), Errno> {
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
        let fd = self.insert(Socket::open(is_v6, protocol)?)?;
        guest::write_u32(memory, args.at(2), fd)
    }

    fn bind(&mut self, memory: &mut GuestMemory<'_>, args: &Args<'_>) -> Result<(), Errno> {
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

    fn listen(&mut self, args: &Args<'_>) -> Result<(), Errno> {
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

    async fn accept(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        result: u32,
    ) -> Result<(), Errno> {
        guest::check(memory, result, 4)?;
        if self.sockets.len() >= MAX_SOCKETS {
            return Err(Errno::MFILE);
        }
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
        let fd = self.insert(new)?;
        guest::write_u32(memory, result, fd)
    }

    async fn connect(
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

    /// Receives into the buffers of a call: its second and third argument.
    async fn receive(
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
    async fn send(
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

    fn shutdown(&mut self, args: &Args<'_>) -> Result<(), Errno> {
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

/// Where the sender of what was received is told.
struct From {
    address: u32,
    port: Option<u32>,
}

/// Tells an address with its type, which is 4 or 6, and its port.
fn tell_v1(
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
fn tell_v2(
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
