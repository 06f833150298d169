//! Faults in the calls of components: what is done to the call that this thread is in, and the answers
//! that its function makes up instead of asking the host. Which calls get which faults is
//! [`crate::inject`]'s business.
//!
//! Delays are for any function. An answer can only be made up where a function is passed through us
//! ([`super::Watched`]), which is so for all of WASI 0.2 that can fail or counts.

use super::{ComponentCalls, Shared, Watched, lock};
use crate::inject::{Answer, Fault};
use crate::table::components as table;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wasmtime::component::Resource;
use wasmtime::{Error, Result};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as FileCode;
use wasmtime_wasi::p2::bindings::sockets::network::{
    ErrorCode as SocketCode, IpAddress, IpAddressFamily, IpSocketAddress,
};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, MetadataHashValue,
};
use wasmtime_wasi::p2::{FsError, SocketError, StreamError};

/// What is still to be done to a call.
#[derive(Clone, Copy, Debug)]
struct Pending {
    seq: u64,
    answer: Option<Answer>,
    delay_exit: Option<Duration>,
}

thread_local! {
    /// What is to be done to the call that this thread is in.
    static PENDING: Cell<Option<Pending>> = const { Cell::new(None) };
}

impl Shared {
    /// A call has begun: counts it, and holds it up if it is to be.
    pub(super) fn tamper(&self, seq: u64) {
        if self.is_injected.load(Ordering::Relaxed) {
            self.tamper_with(seq);
        }
    }

    #[cold]
    fn tamper_with(&self, seq: u64) {
        let mut ring = lock(&self.ring);
        let fault: Option<Fault> = ring.names(seq).and_then(|(interface, function)| {
            lock(&self.injection).count_named(&interface, function)
        });
        PENDING.set(fault.map(|fault| Pending {
            seq,
            answer: fault.answer,
            delay_exit: fault.delay_exit,
        }));
        let Some(fault) = fault else {
            return;
        };
        let mut done = fault.tampering();
        // Whether the answer is made up shows later.
        done.result = false;
        if done != Default::default() {
            ring.tampered(seq, done);
        }
        drop(ring);
        if let Some(delay) = fault.delay_enter {
            std::thread::sleep(delay);
        }
    }

    /// A call is about to return: holds it up if it is to be.
    pub(super) fn tamper_at_exit(&self, seq: u64) {
        if !self.is_injected.load(Ordering::Relaxed) {
            return;
        }
        let pending = PENDING.take().filter(|pending| pending.seq == seq);
        if let Some(delay) = pending.and_then(|pending| pending.delay_exit) {
            std::thread::sleep(delay);
        }
    }
}

impl ComponentCalls {
    /// What the call that this thread is in is to answer instead of asking the host, if its result can
    /// be that: for those who put functions of their own in a linker.
    pub fn made_up<R: MadeUp>(&self) -> Option<R> {
        let pending = PENDING.get()?;
        let made_up = R::made_up(pending.answer?)?;
        lock(&self.shared.ring).made_up(pending.seq);
        Some(made_up)
    }
}

impl Watched<'_> {
    /// As [`ComponentCalls::made_up`].
    pub(super) fn made_up<R: MadeUp>(&self) -> Option<R> {
        self.calls.made_up()
    }
}

/// What may be made up: the result of a function of WASI 0.2.
pub trait MadeUp: Sized {
    /// The result that says so; `None` when it cannot.
    fn made_up(answer: Answer) -> Option<Self>;
}

impl<T: Number> MadeUp for Result<T, FsError> {
    fn made_up(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Number(number) => T::number(number).map(Ok),
            Answer::Error(name) => Some(Err(file_code(name)?.into())),
        }
    }
}

impl<T: Number> MadeUp for Result<T, SocketError> {
    fn made_up(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Number(number) => T::number(number).map(Ok),
            Answer::Error(name) => Some(Err(socket_code(name)?.into())),
        }
    }
}

impl<T: Number> MadeUp for Result<T, StreamError> {
    fn made_up(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Number(number) => T::number(number).map(Ok),
            Answer::Error("closed") => Some(Err(StreamError::Closed)),
            Answer::Error(name) => {
                let error = Error::from(MadeUpError { name });
                Some(Err(StreamError::LastOperationFailed(error)))
            }
        }
    }
}

impl<T: Number> MadeUp for Result<T, Error> {
    fn made_up(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Number(number) => T::number(number).map(Ok),
            Answer::Error(_) => None,
        }
    }
}

/// What a function returns when it succeeds.
pub trait Number: Sized {
    /// The number, as one of these; `None` for what is no number, or does not have it.
    fn number(number: u64) -> Option<Self>;
}

impl Number for () {
    fn number(number: u64) -> Option<Self> {
        (number == 0).then_some(())
    }
}

macro_rules! numbers {
    ($($ty:ty)*) => {
        $(impl Number for $ty {
            fn number(number: u64) -> Option<Self> {
                <$ty>::try_from(number).ok()
            }
        })*
    };
}
numbers! { u8 u16 u32 u64 }

macro_rules! no_numbers {
    ($($ty:ty,)*) => {
        $(impl Number for $ty {
            fn number(_number: u64) -> Option<Self> {
                None
            }
        })*
    };
}
no_numbers! {
    bool, String, DescriptorFlags, DescriptorStat, DescriptorType, MetadataHashValue,
    IpAddressFamily, IpSocketAddress, Option<DirectoryEntry>, Option<IpAddress>,
}

impl<T> Number for Vec<T> {
    fn number(_number: u64) -> Option<Self> {
        None
    }
}

impl<T: 'static> Number for Resource<T> {
    fn number(_number: u64) -> Option<Self> {
        None
    }
}

impl<A, B> Number for (A, B) {
    fn number(_number: u64) -> Option<Self> {
        None
    }
}

impl<A, B, C> Number for (A, B, C) {
    fn number(_number: u64) -> Option<Self> {
        None
    }
}

/// Why an operation on a stream has failed that was never carried out.
#[derive(Debug)]
pub(super) struct MadeUpError {
    name: &'static str,
}

impl MadeUpError {
    /// What `wasi:filesystem` has for it.
    pub(super) fn file_code(&self) -> Option<FileCode> {
        file_code(self.name)
    }

    /// What `wasi:sockets` has for it.
    pub(super) fn socket_code(&self) -> Option<SocketCode> {
        socket_code(self.name)
    }
}

impl fmt::Display for MadeUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl std::error::Error for MadeUpError {}

/// The code of an error by its name, its own or preview 1's.
fn file_code(name: &str) -> Option<FileCode> {
    use FileCode::*;
    const ALL: [FileCode; 37] = [
        Access,
        WouldBlock,
        Already,
        BadDescriptor,
        Busy,
        Deadlock,
        Quota,
        Exist,
        FileTooLarge,
        IllegalByteSequence,
        InProgress,
        Interrupted,
        Invalid,
        Io,
        IsDirectory,
        Loop,
        TooManyLinks,
        MessageSize,
        NameTooLong,
        NoDevice,
        NoEntry,
        NoLock,
        InsufficientMemory,
        InsufficientSpace,
        NotDirectory,
        NotEmpty,
        NotRecoverable,
        Unsupported,
        NoTty,
        NoSuchDevice,
        Overflow,
        NotPermitted,
        Pipe,
        ReadOnly,
        InvalidSeek,
        TextFileBusy,
        CrossDevice,
    ];
    ALL.into_iter()
        .find(|code| table::is_error(code.name(), name))
}

/// As [`file_code`], for sockets.
fn socket_code(name: &str) -> Option<SocketCode> {
    use SocketCode::*;
    const ALL: [SocketCode; 20] = [
        AccessDenied,
        NotSupported,
        InvalidArgument,
        OutOfMemory,
        Timeout,
        NotInProgress,
        ConcurrencyConflict,
        WouldBlock,
        InvalidState,
        NewSocketLimit,
        AddressNotBindable,
        AddressInUse,
        RemoteUnreachable,
        ConnectionRefused,
        ConnectionReset,
        ConnectionAborted,
        DatagramTooLarge,
        NameUnresolvable,
        TemporaryResolverFailure,
        PermanentResolverFailure,
    ];
    ALL.into_iter()
        .find(|code| table::is_error(code.name(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_go_by_their_own_names_and_by_those_of_preview_1() {
        for (name, expected) in [
            ("no-entry", FileCode::NoEntry),
            ("ENOENT", FileCode::NoEntry),
            ("EIO", FileCode::Io),
            ("ENOTSUP", FileCode::Unsupported),
            ("ENOSPC", FileCode::InsufficientSpace),
        ] {
            assert_eq!(file_code(name), Some(expected), "{name}");
        }
        for (name, expected) in [
            ("ECONNREFUSED", SocketCode::ConnectionRefused),
            ("EACCES", SocketCode::AccessDenied),
            ("timeout", SocketCode::Timeout),
        ] {
            assert_eq!(socket_code(name), Some(expected), "{name}");
        }
        assert_eq!(file_code("ECONNREFUSED"), None);
        assert_eq!(socket_code("EISDIR"), None);
    }

    #[test]
    fn every_error_has_a_name_that_can_be_given() {
        let names = |names: &[&str]| {
            for name in names {
                assert!(table::error_name(name).is_some(), "{name}");
            }
        };
        names(&["EIO", "ENOENT", "ECONNREFUSED", "closed", "text-file-busy"]);
        assert_eq!(table::error_name("EFOO"), None);
    }

    #[test]
    fn numbers_are_made_up_where_they_fit() {
        assert_eq!(u8::number(255), Some(255));
        assert_eq!(u8::number(256), None);
        assert_eq!(<()>::number(0), Some(()));
        assert_eq!(<()>::number(1), None);
        assert_eq!(Vec::<u8>::number(0), None);
        assert!(Result::<u64, StreamError>::made_up(Answer::Number(4096)).is_some());
        assert!(Result::<u64, Error>::made_up(Answer::Error("EIO")).is_none());
        let failed = Result::<(), StreamError>::made_up(Answer::Error("EIO"));
        let Some(Err(StreamError::LastOperationFailed(error))) = failed else {
            panic!("{failed:?}");
        };
        let error = error.downcast_ref::<MadeUpError>().expect("our error");
        assert_eq!(error.file_code(), Some(FileCode::Io));
        assert_eq!(error.to_string(), "EIO");
    }
}
