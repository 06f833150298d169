//! Error numbers as guests know them: WASI preview 1's, and WasmEdge's for name lookup.

use rustix::io::Errno as Os;
use std::io;

/// An error number of WASI preview 1, or of WasmEdge's extension of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub u16);

macro_rules! errnos {
    ($($name:ident $number:literal $($os:ident)*;)*) => {
        #[expect(missing_docs, reason = "named as in the specification")]
        impl Errno {
            $(pub const $name: Errno = Errno($number);)*
        }

        /// The number of an error of the host's.
        fn of_os(error: Os) -> Option<Errno> {
            match error {
                $($(Os::$os => Some(Errno::$name),)*)*
                _ => None,
            }
        }
    };
}

// Numbers of `wasi_snapshot_preview1`'s errno, from 77 on of WasmEdge's; rustix's names beside them.
errnos! {
    ACCES 2 ACCESS;
    ADDRINUSE 3 ADDRINUSE;
    ADDRNOTAVAIL 4 ADDRNOTAVAIL;
    AFNOSUPPORT 5 AFNOSUPPORT;
    AGAIN 6 AGAIN;
    ALREADY 7 ALREADY;
    BADF 8 BADF;
    CONNABORTED 13 CONNABORTED;
    CONNREFUSED 14 CONNREFUSED;
    CONNRESET 15 CONNRESET;
    DESTADDRREQ 17 DESTADDRREQ;
    FAULT 21 FAULT;
    HOSTUNREACH 23 HOSTUNREACH;
    INPROGRESS 26 INPROGRESS;
    INTR 27 INTR;
    INVAL 28 INVAL;
    IO 29 IO;
    ISCONN 30 ISCONN;
    MFILE 33 MFILE;
    MSGSIZE 35 MSGSIZE;
    NETDOWN 38 NETDOWN;
    NETRESET 39 NETRESET;
    NETUNREACH 40 NETUNREACH;
    NFILE 41 NFILE;
    NOBUFS 42 NOBUFS;
    NODEV 43 NODEV;
    NOMEM 48 NOMEM;
    NOPROTOOPT 50 NOPROTOOPT;
    NOSYS 52 NOSYS;
    NOTCONN 53 NOTCONN;
    NOTDIR 54 NOTDIR;
    NOTSOCK 57 NOTSOCK;
    NOTSUP 58 OPNOTSUPP;
    PERM 63 PERM;
    PIPE 64 PIPE;
    PROTO 65 PROTO;
    PROTONOSUPPORT 66 PROTONOSUPPORT;
    PROTOTYPE 67 PROTOTYPE;
    SPIPE 70 SPIPE;
    TIMEDOUT 73 TIMEDOUT;
    AIADDRFAMILY 77;
    AIAGAIN 78;
    AIBADFLAG 79;
    AIFAIL 80;
    AIFAMILY 81;
    AIMEMORY 82;
    AINODATA 83;
    AINONAME 84;
    AISERVICE 85;
    AISOCKTYPE 86;
    AISYSTEM 87;
}

impl From<Os> for Errno {
    fn from(error: Os) -> Self {
        of_os(error).unwrap_or(Errno::IO)
    }
}

impl From<&io::Error> for Errno {
    fn from(error: &io::Error) -> Self {
        Os::from_io_error(error).map_or(Errno::IO, Errno::from)
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        Errno::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_host_are_the_guests() {
        let of = |kind: Os| Errno::from(io::Error::from(kind));
        assert_eq!(of(Os::CONNREFUSED), Errno(14));
        assert_eq!(of(Os::INPROGRESS), Errno(26));
        assert_eq!(of(Os::AGAIN), Errno(6));
        assert_eq!(Errno::from(io::Error::other("no number")), Errno::IO);
    }
}
