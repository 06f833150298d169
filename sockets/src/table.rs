//! The sockets of a guest, under their descriptors, and which function does what with them. The functions
//! themselves are in [`connections`](crate::connections), [`transfers`](crate::transfers),
//! [`options`](crate::options) and [`names`](crate::names).
//!
//! Descriptors of WASI preview 1 count up from 3; those of sockets start where a guest's files hardly
//! get. Who hands out the others tells with [`Sockets::taken`].

use crate::connections::{tell_v1, tell_v2};
use crate::errno::Errno;
use crate::guest;
use crate::network::Protocol;
use crate::policy::{Policy, Refusal};
use crate::socket::{Direction, Ready, Socket};
use crate::transfers::From;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use wiggle::GuestMemory;

/// The lowest descriptor of a socket.
pub const FIRST: u32 = 1024;

/// Most sockets of one guest.
const MAX_SOCKETS: usize = 16 * 1024;

/// Descriptors of the process that are not for sockets of its guest.
const RESERVED: u64 = 128;

/// `SOCK_ACCEPT`'s and the descriptor's flag for not waiting.
pub(crate) const NONBLOCK: u32 = 4;
/// The flags that a descriptor of WASI preview 1 may have.
pub(crate) const FD_FLAGS: u32 = 0x1f;

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
    /// There is a socket under every descriptor from [`FIRST`] to here, this one left out.
    free: u32,
    /// How many there may be.
    most: usize,
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
            free: FIRST,
            most: most_sockets(),
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
            self.free = self.free.min(from.max(FIRST));
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
        self.free = self.free.min(fd.max(FIRST));
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
        let first = self.free.max(self.taken.saturating_add(1));
        let free = (first..u32::MAX).find(|fd| !self.sockets.contains_key(fd));
        free.unwrap_or(u32::MAX)
    }

    /// Makes sure that there may be one more socket.
    ///
    /// # Errors
    /// MFILE when there may not; the user is told why.
    pub(crate) fn room(&mut self) -> Result<(), Errno> {
        if self.sockets.len() < self.most {
            return Ok(());
        }
        let most = self.most;
        let how = match most < MAX_SOCKETS {
            true => format!(
                "the guest has {most} open, and the system gives this process few more files: \
                `ulimit -n` says how many"
            ),
            false => format!("the guest has {most} open, and may not have more"),
        };
        let refusal = Refusal {
            what: "another socket".to_owned(),
            how,
        };
        self.policy.refused(&refusal);
        self.refusal = Some(refusal);
        Err(Errno::MFILE)
    }

    /// Puts a socket under a descriptor of its own.
    pub(crate) fn insert(&mut self, socket: Socket) -> u32 {
        let fd = self.next();
        if self.taken < FIRST {
            self.free = fd.saturating_add(1);
        }
        self.sockets.insert(fd, socket);
        fd
    }
}

/// How many sockets a guest may have: what its process may have open, but for some.
fn most_sockets() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let most = limit.and_then(|limit| usize::try_from(limit.saturating_sub(RESERVED)).ok());
    most.unwrap_or(MAX_SOCKETS).min(MAX_SOCKETS)
}
