//! The names of WASI preview 1's numbers: flags by bit, enumerations by value, error numbers with
//! their meaning. The numbers are those of the `wasi_snapshot_preview1` interface definition, and those
//! that WasmEdge's socket extension adds.

/// Names for the numbers 0, 1, 2… of an enumeration, or for the bits 0, 1, 2… of a set of flags.
#[derive(Debug)]
pub struct Names {
    /// What the numbers are, in the specification's words.
    pub what: &'static str,
    /// The names in order.
    pub names: &'static [&'static str],
}

impl Names {
    /// The name of a number of an enumeration.
    pub fn name(&self, number: u64) -> Option<&'static str> {
        self.names.get(usize::try_from(number).ok()?).copied()
    }

    /// The names of the bits that are set, lowest first, and the set bits that have none.
    pub fn flags(&self, bits: u64) -> (Vec<&'static str>, u64) {
        let mut unknown = bits;
        let mut names = Vec::new();
        for (bit, name) in self.names.iter().enumerate().take(64) {
            let mask = 1_u64 << bit;
            if bits & mask != 0 {
                names.push(*name);
                unknown &= !mask;
            }
        }
        (names, unknown)
    }
}

/// An error number of WASI preview 1, or of WasmEdge's extension of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno {
    /// The name, with the `E` of C's `errno.h`.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl Errno {
    /// The error with this number; `None` for a number that WASI does not define. 0 is success.
    pub fn from_number(number: u32) -> Option<&'static Errno> {
        ERRNOS.get(usize::try_from(number).ok()?)
    }

    /// The number of the error with this name, `ENOENT` or `noent`.
    pub fn number(name: &str) -> Option<u32> {
        let bare = |s: &'static str| s.strip_prefix('E').unwrap_or(s);
        let index = ERRNOS.iter().position(|e| {
            e.name.eq_ignore_ascii_case(name) || bare(e.name).eq_ignore_ascii_case(name)
        })?;
        u32::try_from(index).ok()
    }
}

macro_rules! errnos {
    ($($name:literal $meaning:literal)*) => {
        /// The error numbers in order, from 0.
        pub static ERRNOS: &[Errno] = &[$(Errno { name: $name, meaning: $meaning }),*];
    };
}

errnos! {
    "ESUCCESS" "success"
    "E2BIG" "argument list too long"
    "EACCES" "permission denied"
    "EADDRINUSE" "address in use"
    "EADDRNOTAVAIL" "address not available"
    "EAFNOSUPPORT" "address family not supported"
    "EAGAIN" "resource temporarily unavailable"
    "EALREADY" "connection already in progress"
    "EBADF" "bad file descriptor"
    "EBADMSG" "bad message"
    "EBUSY" "resource busy"
    "ECANCELED" "operation canceled"
    "ECHILD" "no child processes"
    "ECONNABORTED" "connection aborted"
    "ECONNREFUSED" "connection refused"
    "ECONNRESET" "connection reset"
    "EDEADLK" "deadlock would occur"
    "EDESTADDRREQ" "destination address required"
    "EDOM" "argument out of the function's domain"
    "EDQUOT" "disk quota exceeded"
    "EEXIST" "file exists"
    "EFAULT" "bad address"
    "EFBIG" "file too large"
    "EHOSTUNREACH" "host is unreachable"
    "EIDRM" "identifier removed"
    "EILSEQ" "invalid byte sequence"
    "EINPROGRESS" "operation in progress"
    "EINTR" "interrupted"
    "EINVAL" "invalid argument"
    "EIO" "I/O error"
    "EISCONN" "socket is connected"
    "EISDIR" "is a directory"
    "ELOOP" "too many levels of symbolic links"
    "EMFILE" "too many open files"
    "EMLINK" "too many links"
    "EMSGSIZE" "message too large"
    "EMULTIHOP" "multihop attempted"
    "ENAMETOOLONG" "file name too long"
    "ENETDOWN" "network is down"
    "ENETRESET" "connection aborted by network"
    "ENETUNREACH" "network unreachable"
    "ENFILE" "too many open files in system"
    "ENOBUFS" "no buffer space available"
    "ENODEV" "no such device"
    "ENOENT" "no such file or directory"
    "ENOEXEC" "not an executable file"
    "ENOLCK" "no locks available"
    "ENOLINK" "link has been severed"
    "ENOMEM" "not enough memory"
    "ENOMSG" "no message of the desired type"
    "ENOPROTOOPT" "protocol not available"
    "ENOSPC" "no space left on device"
    "ENOSYS" "function not supported"
    "ENOTCONN" "socket is not connected"
    "ENOTDIR" "not a directory"
    "ENOTEMPTY" "directory not empty"
    "ENOTRECOVERABLE" "state not recoverable"
    "ENOTSOCK" "not a socket"
    "ENOTSUP" "not supported"
    "ENOTTY" "not a terminal"
    "ENXIO" "no such device or address"
    "EOVERFLOW" "value too large"
    "EOWNERDEAD" "previous owner died"
    "EPERM" "operation not permitted"
    "EPIPE" "broken pipe"
    "EPROTO" "protocol error"
    "EPROTONOSUPPORT" "protocol not supported"
    "EPROTOTYPE" "wrong protocol type for socket"
    "ERANGE" "result too large"
    "EROFS" "read-only file system"
    "ESPIPE" "cannot seek on this descriptor"
    "ESRCH" "no such process"
    "ESTALE" "stale file handle"
    "ETIMEDOUT" "timed out"
    "ETXTBSY" "file is being executed"
    "EXDEV" "cannot link across devices"
    "ENOTCAPABLE" "outside of what was granted"
    "EAI_ADDRFAMILY" "no address of this family for the name"
    "EAI_AGAIN" "temporary failure in name resolution"
    "EAI_BADFLAGS" "bad flags for looking up a name"
    "EAI_FAIL" "looking up the name failed for good"
    "EAI_FAMILY" "address family not supported"
    "EAI_MEMORY" "not enough memory to look up the name"
    "EAI_NODATA" "the name has no address"
    "EAI_NONAME" "name or service not known"
    "EAI_SERVICE" "no such service for the type of socket"
    "EAI_SOCKTYPE" "socket type not supported"
    "EAI_SYSTEM" "looking up the name failed in the system"
}

macro_rules! names {
    ($($(#[$doc:meta])* $id:ident $what:literal: $($name:literal)*;)*) => {
        $($(#[$doc])* pub static $id: Names = Names { what: $what, names: &[$($name),*] };)*
    };
}

names! {
    /// Clocks.
    CLOCK_ID "clock": "REALTIME" "MONOTONIC" "PROCESS_CPUTIME_ID" "THREAD_CPUTIME_ID";
    /// What a seek counts from.
    WHENCE "whence": "SET" "CUR" "END";
    /// Announced access patterns.
    ADVICE "advice": "NORMAL" "SEQUENTIAL" "RANDOM" "WILLNEED" "DONTNEED" "NOREUSE";
    /// Types of files.
    FILE_TYPE "file type": "UNKNOWN" "BLOCK_DEVICE" "CHARACTER_DEVICE" "DIRECTORY" "REGULAR_FILE"
        "SOCKET_DGRAM" "SOCKET_STREAM" "SYMBOLIC_LINK";
    /// What a poll waits for.
    EVENT_TYPE "event type": "CLOCK" "FD_READ" "FD_WRITE";
    /// What a preopened descriptor is.
    PREOPEN_TYPE "preopen type": "DIR";
    /// Signals.
    SIGNAL "signal": "NONE" "HUP" "INT" "QUIT" "ILL" "TRAP" "ABRT" "BUS" "FPE" "KILL" "USR1" "SEGV"
        "USR2" "PIPE" "ALRM" "TERM" "CHLD" "CONT" "STOP" "TSTP" "TTIN" "TTOU" "URG" "XCPU" "XFSZ"
        "VTALRM" "PROF" "WINCH" "POLL" "PWR" "SYS";
    /// What may be done with a descriptor.
    RIGHTS "rights": "FD_DATASYNC" "FD_READ" "FD_SEEK" "FD_FDSTAT_SET_FLAGS" "FD_SYNC" "FD_TELL"
        "FD_WRITE" "FD_ADVISE" "FD_ALLOCATE" "PATH_CREATE_DIRECTORY" "PATH_CREATE_FILE"
        "PATH_LINK_SOURCE" "PATH_LINK_TARGET" "PATH_OPEN" "FD_READDIR" "PATH_READLINK"
        "PATH_RENAME_SOURCE" "PATH_RENAME_TARGET" "PATH_FILESTAT_GET" "PATH_FILESTAT_SET_SIZE"
        "PATH_FILESTAT_SET_TIMES" "FD_FILESTAT_GET" "FD_FILESTAT_SET_SIZE" "FD_FILESTAT_SET_TIMES"
        "PATH_SYMLINK" "PATH_REMOVE_DIRECTORY" "PATH_UNLINK_FILE" "POLL_FD_READWRITE"
        "SOCK_SHUTDOWN" "SOCK_ACCEPT";
    /// How a descriptor behaves.
    FD_FLAGS "fdflags": "APPEND" "DSYNC" "NONBLOCK" "RSYNC" "SYNC";
    /// Which times of a file to set.
    FST_FLAGS "fstflags": "ATIM" "ATIM_NOW" "MTIM" "MTIM_NOW";
    /// How a path is resolved.
    LOOKUP_FLAGS "lookupflags": "SYMLINK_FOLLOW";
    /// How a file is opened.
    O_FLAGS "oflags": "CREAT" "DIRECTORY" "EXCL" "TRUNC";
    /// The state of a polled descriptor.
    EVENT_RW_FLAGS "eventrwflags": "FD_READWRITE_HANGUP";
    /// How a polled timeout is meant.
    SUB_CLOCK_FLAGS "subclockflags": "ABSTIME";
    /// How to receive.
    RI_FLAGS "riflags": "RECV_PEEK" "RECV_WAITALL";
    /// What was received.
    RO_FLAGS "roflags": "RECV_DATA_TRUNCATED";
    /// How to send: none are defined.
    SI_FLAGS "siflags":;
    /// Families of sockets.
    ADDRESS_FAMILY "address family": "AF_UNSPEC" "AF_INET" "AF_INET6" "AF_UNIX";
    /// Types of sockets.
    SOCKET_TYPE "socket type": "SOCK_ANY" "SOCK_DGRAM" "SOCK_STREAM";
    /// Protocols.
    PROTOCOL "protocol": "IPPROTO_IP" "IPPROTO_TCP" "IPPROTO_UDP";
    /// What an option belongs to.
    SOCKET_LEVEL "level": "SOL_SOCKET";
    /// Options of sockets.
    SOCKET_OPTION "option": "SO_REUSEADDR" "SO_TYPE" "SO_ERROR" "SO_DONTROUTE" "SO_BROADCAST"
        "SO_SNDBUF" "SO_RCVBUF" "SO_KEEPALIVE" "SO_OOBINLINE" "SO_LINGER" "SO_RCVLOWAT" "SO_RCVTIMEO"
        "SO_SNDTIMEO" "SO_ACCEPTCONN" "SO_BINDTODEVICE";
    /// How a name is looked up.
    AI_FLAGS "aiflags": "AI_PASSIVE" "AI_CANONNAME" "AI_NUMERICHOST" "AI_NUMERICSERV" "AI_V4MAPPED"
        "AI_ALL" "AI_ADDRCONFIG";
    /// Which directions of a socket to shut down.
    SD_FLAGS "sdflags": "RD" "WR";
}
