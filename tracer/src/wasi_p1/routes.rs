//! Calls that are about sockets: the extension's functions, and those of WASI preview 1 whose descriptor
//! is a socket's. Wasmtime knows nothing of these, and gets the rest.

use super::P1Host;
use crate::copies::{self, read_u32};
use crate::table::wasi_p1::Row;
use crate::table::{Function, RowId};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use wasmscope_sockets::{Call, Direction, Errno, Sockets};
use wasmtime::Result;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as raw;
use wiggle::GuestMemory;

/// Who carries out a call that is not Wasmtime's alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    /// The sockets.
    Sockets(Call),
    /// Both, whoever is ready first.
    Poll,
    /// Wasmtime, whose new descriptor must not be a socket's.
    Open,
    /// Wasmtime's table and the sockets'.
    Renumber,
}

impl Route {
    /// Whether the call may be given up while it waits, and be carried out anew.
    pub(super) fn may_stop(self) -> bool {
        matches!(self, Route::Sockets(_) | Route::Poll)
    }
}

/// Subscriptions of a poll, as many as Wasmtime's fuel allows at all.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// Sizes and places in a subscription and an event, in bytes.
const SUBSCRIPTION: u32 = 48;
const TAG: usize = 8;
const FD: usize = 16;
const EVENT: u32 = 32;

/// Descriptors asked for at most until a free one is found.
const MAX_PROBES: u32 = 8192;

impl P1Host {
    /// Who carries out a call; `None`: Wasmtime. Without sockets that costs one look.
    #[inline]
    pub(super) fn route(
        &self,
        row: RowId,
        args: &[u64],
        memory: &GuestMemory<'_>,
    ) -> Option<Route> {
        match row {
            RowId::P1(_) if self.sockets.is_empty() => None,
            RowId::P1(row) => self.route_p1(row, args, memory),
            RowId::Extension(row) => Some(row.call.map_or(Route::Poll, Route::Sockets)),
        }
    }

    #[cold]
    fn route_p1(&self, row: Row, args: &[u64], memory: &GuestMemory<'_>) -> Option<Route> {
        let fd = |index: usize| args.get(index).map_or(0, |fd| *fd as u32);
        match row {
            Row::poll_oneoff => polls_socket(&self.sockets, args, memory).then_some(Route::Poll),
            Row::path_open => Some(Route::Open),
            Row::fd_renumber => {
                let is_about = self.sockets.has(fd(0)) || self.sockets.has(fd(1));
                is_about.then_some(Route::Renumber)
            }
            row if self.sockets.has(fd(0)) => of_socket(row).map(Route::Sockets),
            _ => None,
        }
    }

    /// Notes what a call did to the names of descriptors, and what was refused.
    pub(super) fn follow_sockets(
        &mut self,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
        id: crate::recent::CallId,
        route: Route,
    ) {
        if let Some(refusal) = self.sockets.take_refusal() {
            self.recent.refused(id, refusal.how);
        }
        let (fd, opened) = match route {
            Route::Sockets(Call::Open | Call::Accept1 | Call::Accept2) => {
                (crate::capture::first_result(row, args, memory), true)
            }
            Route::Sockets(Call::Bind | Call::Connect | Call::Listen) => {
                (args.first().map(|fd| *fd as u32), false)
            }
            _ => return,
        };
        if let Some(fd) = fd
            && let Some(label) = self.sockets.label(fd)
        {
            self.recent.label(id, fd, &label, opened);
        }
    }
}

/// What a function of WASI preview 1 does to a socket; `None`: it takes no descriptor there.
fn of_socket(row: Row) -> Option<Call> {
    Some(match row {
        Row::sock_accept => Call::Accept2,
        Row::sock_recv => Call::Recv,
        Row::sock_send => Call::Send,
        Row::sock_shutdown => Call::Shutdown,
        Row::fd_close => Call::FdClose,
        Row::fd_read => Call::FdRead,
        Row::fd_write => Call::FdWrite,
        Row::fd_fdstat_get => Call::FdStatGet,
        Row::fd_fdstat_set_flags => Call::FdStatSetFlags,
        Row::fd_filestat_get => Call::FileStatGet,
        Row::fd_pread | Row::fd_pwrite | Row::fd_seek | Row::fd_tell | Row::fd_advise => {
            Call::Not(Errno::SPIPE)
        }
        Row::fd_sync
        | Row::fd_datasync
        | Row::fd_allocate
        | Row::fd_filestat_set_size
        | Row::fd_filestat_set_times => Call::Not(Errno::INVAL),
        Row::fd_fdstat_set_rights => Call::Not(Errno::NOTSUP),
        Row::fd_prestat_get | Row::fd_prestat_dir_name => Call::Not(Errno::BADF),
        Row::fd_readdir
        | Row::path_create_directory
        | Row::path_filestat_get
        | Row::path_filestat_set_times
        | Row::path_link
        | Row::path_readlink
        | Row::path_remove_directory
        | Row::path_rename
        | Row::path_unlink_file => Call::Not(Errno::NOTDIR),
        _ => return None,
    })
}

/// Carries a call out; the error number that the guest gets.
///
/// # Errors
/// Those of Wasmtime, which end the guest.
pub(super) async fn carry_out(
    wasi: &mut WasiP1Ctx,
    sockets: &mut Sockets,
    route: Route,
    args: &[u64],
    memory: &mut GuestMemory<'_>,
) -> Result<u32> {
    let word = |index: usize| args.get(index).map_or(0, |word| *word as u32);
    match route {
        Route::Sockets(call) => {
            let fd = word(0);
            if matches!(call, Call::Open | Call::Accept1 | Call::Accept2) {
                make_room(wasi, sockets).await;
            }
            let number = number(sockets.call(call, args, memory).await);
            if call == Call::FdClose && number == 0 && is_open(wasi, fd).await {
                // What the socket was put on top of, by renumbering.
                let _ = raw::fd_close(wasi, memory, fd.cast_signed()).await?;
            }
            let needs_one = !matches!(call, Call::Open | Call::GetAddrInfo);
            if needs_one && number == u32::from(Errno::BADF.0) && is_open(wasi, fd).await {
                return Ok(Errno::NOTSOCK.0.into());
            }
            Ok(number)
        }
        Route::Poll => poll(wasi, sockets, args, memory).await,
        Route::Open => open(wasi, sockets, args, memory).await,
        Route::Renumber => {
            let (from, to) = (word(0), word(1));
            match (sockets.has(from), sockets.has(to)) {
                (true, true) => sockets.renumber(from, to),
                // Wasmtime's stays below it, so that nobody else gets the number.
                (true, false) if is_open(wasi, to).await => sockets.renumber(from, to),
                (true, false) => return Ok(Errno::BADF.0.into()),
                (false, _) if is_open(wasi, to).await => {
                    let (from, to) = (from.cast_signed(), to.cast_signed());
                    let errno = raw::fd_renumber(wasi, memory, from, to).await?;
                    if errno == 0 {
                        sockets.close(word(1));
                    }
                    return Ok(errno.cast_unsigned());
                }
                // A file cannot have a number of a socket's: Wasmtime gives them out.
                (false, _) => return Ok(Errno::NOTSUP.0.into()),
            }
            Ok(0)
        }
    }
}

fn number(result: std::result::Result<(), Errno>) -> u32 {
    result.err().map_or(0, |errno| errno.0.into())
}

/// Whether Wasmtime has a descriptor of this number.
async fn is_open(wasi: &mut WasiP1Ctx, fd: u32) -> bool {
    let mut scratch = [0; 24];
    let memory = &mut GuestMemory::Unshared(&mut scratch);
    let answer = raw::fd_fdstat_get(wasi, memory, fd.cast_signed(), 0).await;
    !matches!(answer, Ok(errno) if errno == i32::from(Errno::BADF.0))
}

/// Sees to it that the next socket does not get a number of Wasmtime's.
async fn make_room(wasi: &mut WasiP1Ctx, sockets: &mut Sockets) {
    for _ in 0..MAX_PROBES {
        let next = sockets.next();
        if !is_open(wasi, next).await {
            return;
        }
        sockets.taken(next);
    }
}

/// `path_open`, beside sockets.
async fn open(
    wasi: &mut WasiP1Ctx,
    sockets: &mut Sockets,
    args: &[u64],
    memory: &mut GuestMemory<'_>,
) -> Result<u32> {
    let int = |index: usize| args.get(index).map_or(0, |word| *word as i32);
    let long = |index: usize| args.get(index).map_or(0, |word| word.cast_signed());
    let errno = raw::path_open(
        wasi,
        memory,
        int(0),
        int(1),
        int(2),
        int(3),
        int(4),
        long(5),
        long(6),
        int(7),
        int(8),
    )
    .await?;
    let opened = read_u32(memory, int(8).cast_unsigned());
    match opened.filter(|_| errno == 0) {
        Some(fd) if sockets.has(fd) => {
            let _ = raw::fd_close(wasi, memory, fd.cast_signed()).await?;
            Ok(Errno::MFILE.0.into())
        }
        Some(fd) => {
            sockets.taken(fd);
            Ok(0)
        }
        None => Ok(errno.cast_unsigned()),
    }
}

/// A subscription: to a socket, or to something that Wasmtime knows.
struct Subscription {
    bytes: Vec<u8>,
    socket: Option<(u32, Direction)>,
}

/// The subscriptions of a poll; `None` when they cannot be read.
fn subscriptions(
    sockets: &Sockets,
    args: &[u64],
    memory: &GuestMemory<'_>,
) -> Option<Vec<Subscription>> {
    let word = |index: usize| args.get(index).map_or(0, |word| *word as u32);
    let count = word(2);
    if count > MAX_SUBSCRIPTIONS {
        return None;
    }
    let bytes = copies::read(memory, word(0), count * SUBSCRIPTION)?;
    let parse = |bytes: &[u8]| {
        let direction = match bytes.get(TAG) {
            Some(1) => Some(Direction::Read),
            Some(2) => Some(Direction::Write),
            _ => None,
        };
        let fd = bytes.get(FD..).and_then(copies::little_u32);
        Subscription {
            bytes: bytes.to_vec(),
            socket: fd.zip(direction).filter(|(fd, _)| sockets.has(*fd)),
        }
    };
    let size = SUBSCRIPTION as usize;
    Some(bytes.chunks_exact(size).map(parse).collect())
}

fn polls_socket(sockets: &Sockets, args: &[u64], memory: &GuestMemory<'_>) -> bool {
    subscriptions(sockets, args, memory)
        .is_some_and(|all| all.iter().any(|one| one.socket.is_some()))
}

/// `poll_oneoff` of sockets and others.
async fn poll(
    wasi: &mut WasiP1Ctx,
    sockets: &Sockets,
    args: &[u64],
    memory: &mut GuestMemory<'_>,
) -> Result<u32> {
    let word = |index: usize| args.get(index).map_or(0, |word| *word as u32);
    let Some(all) = subscriptions(sockets, args, memory) else {
        return Ok(Errno::FAULT.0.into());
    };
    if all.is_empty() {
        return Ok(Errno::INVAL.0.into());
    }
    let wanted: Vec<_> = all.iter().filter_map(|one| one.socket).collect();
    let others: Vec<&[u8]> = all
        .iter()
        .filter(|one| one.socket.is_none())
        .map(|one| &*one.bytes)
        .collect();
    let events = loop {
        let ready = ready_sockets(sockets, &all);
        let has_ready = !ready.is_empty();
        if others.is_empty() {
            if has_ready {
                break ready;
            }
        } else {
            let theirs = {
                let mut polled = pin!(poll_others(wasi, &others, has_ready));
                let mut waited = pin!(sockets.wait(&wanted));
                poll_fn(|context| match polled.as_mut().poll(context) {
                    Poll::Ready(answer) => Poll::Ready(Some(answer)),
                    Poll::Pending if wanted.is_empty() => Poll::Pending,
                    Poll::Pending => waited.as_mut().poll(context).map(|_| None),
                })
                .await
            };
            match theirs {
                Some(Ok(Ok(events))) => {
                    let mut ready = ready_sockets(sockets, &all);
                    ready.extend(events);
                    break ready;
                }
                Some(Ok(Err(errno))) => return Ok(errno),
                Some(Err(error)) => return Err(error),
                None => continue,
            }
        }
        if let Err(errno) = sockets.wait(&wanted).await {
            return Ok(errno.0.into());
        }
    };
    let mut at = word(1);
    for event in events.iter().take(all.len()) {
        if !copies::write(memory, at, event) {
            return Ok(Errno::FAULT.0.into());
        }
        at = at.saturating_add(EVENT);
    }
    let count = u32::try_from(events.len().min(all.len())).unwrap_or(0);
    match copies::write(memory, word(3), &count.to_le_bytes()) {
        true => Ok(0),
        false => Ok(Errno::FAULT.0.into()),
    }
}

/// The events of the sockets that are ready.
fn ready_sockets(sockets: &Sockets, all: &[Subscription]) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    for one in all {
        let Some((fd, direction)) = one.socket else {
            continue;
        };
        let Some(ready) = sockets.ready(fd, direction) else {
            continue;
        };
        let mut event = one.bytes.get(..8).unwrap_or_default().to_vec();
        event.extend([0, 0]);
        event.push(match direction {
            Direction::Read => 1,
            Direction::Write => 2,
        });
        event.resize(16, 0);
        event.extend(ready.bytes.to_le_bytes());
        event.extend(u16::from(ready.hangup).to_le_bytes());
        event.resize(EVENT as usize, 0);
        events.push(event);
    }
    events
}

type Events = std::result::Result<Vec<Vec<u8>>, u32>;

/// Has Wasmtime wait for the rest: its events, or the error number that it answers with. `at_once` says
/// that somebody else is ready already.
async fn poll_others(wasi: &mut WasiP1Ctx, others: &[&[u8]], at_once: bool) -> Result<Events> {
    // Numbered instead of the guest's own words, so that a timer of ours can be told apart: one that
    // ends at once, or one that keeps Wasmtime from sleeping on a single timer in our way.
    let mut scratch = Vec::new();
    for (index, bytes) in others.iter().enumerate() {
        scratch.extend((index as u64).to_le_bytes());
        scratch.extend(bytes.get(8..).unwrap_or_default());
    }
    let timeout = if at_once { 0 } else { u64::MAX / 4 };
    scratch.extend(u64::MAX.to_le_bytes());
    scratch.extend([0; 8]);
    scratch.extend(1_u64.to_le_bytes());
    scratch.extend(timeout.to_le_bytes());
    scratch.resize(scratch.len() + 16, 0);
    let count = others.len() + 1;
    let events_at = scratch.len();
    let result_at = events_at + count * EVENT as usize;
    scratch.resize(result_at + 4, 0);
    let place = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    let errno = raw::poll_oneoff(
        wasi,
        &mut GuestMemory::Unshared(&mut scratch),
        0,
        place(events_at),
        place(count),
        place(result_at),
    )
    .await?;
    if errno != 0 {
        return Ok(Err(errno.cast_unsigned()));
    }
    let found = scratch.get(result_at..).and_then(copies::little_u32);
    let events = scratch.get(events_at..result_at).unwrap_or_default();
    let mut answer = Vec::new();
    for event in events
        .chunks_exact(EVENT as usize)
        .take(found.unwrap_or(0) as usize)
    {
        let index = event.first_chunk().map(|index| u64::from_le_bytes(*index));
        let other = index.and_then(|index| others.get(usize::try_from(index).ok()?));
        if let Some(other) = other {
            let mut event = event.to_vec();
            event.splice(..8, other.iter().take(8).copied());
            answer.push(event);
        }
    }
    Ok(Ok(answer))
}
