//! The rows of WasmEdge's socket extension, which guests import from WASI preview 1's module: those
//! functions that WASI preview 1 does not have, or has with other parameters.
//!
//! Where a name has two rows, the import's own type tells which one is meant. WasmEdge links the newer
//! one by its name with `_v2` as well.

use super::plan::Plan;
use super::wasi_p1::{MODULE, kind, param};
use super::{AddressForm, Class, FdEffect, Function, Kind, Param, Returns, types};
use wasmscope_sockets::Call;

/// A row, and who carries it out.
#[derive(Debug)]
pub struct Row {
    /// The description, as of any host function.
    pub function: Function,
    /// What is to be done; `None`: what `poll_oneoff` does.
    pub(crate) call: Option<Call>,
    /// Its position among these.
    pub(crate) index: usize,
}

macro_rules! rows {
    ($($call:ident $name:literal [$($class:ident)*] $effect:ident $summary:literal:
        $(($param:ident: $($kind:tt)*))*;)*) => {
        /// Positions of the rows.
        enum Position { $($call),* }

        /// The rows.
        pub static ROWS: &[Row] = &[$(Row {
            function: Function {
                module: MODULE,
                name: $name,
                classes: &[$(Class::$class),*],
                params: &[$(param!($param [] $($kind)*)),*],
                returns: Returns::Errno,
                fds: FdEffect::$effect,
                summary: $summary,
                plan: Plan::of(&[$(param!($param [] $($kind)*)),*], FdEffect::$effect),
            },
            call: carried_out!($call),
            index: Position::$call as usize,
        }),*];
    };
}

macro_rules! carried_out {
    (EpollOneoff) => {
        None
    };
    ($call:ident) => {
        Some(Call::$call)
    };
}

rows! {
    Open "sock_open" [Sock] None "open a socket":
        (af: val ADDRESS_FAMILY) (socktype: val SOCKET_TYPE) (fd: result FD);
    Bind "sock_bind" [Sock Fd] None "give a socket its address":
        (fd: val FD) (addr: address_in 2) (port: val PORT detail);
    Connect "sock_connect" [Sock Fd] None "connect":
        (fd: val FD) (addr: address_in 2) (port: val PORT detail);
    Listen "sock_listen" [Sock Fd] None "listen for connections":
        (fd: val FD) (backlog: val SIZE);
    Accept1 "sock_accept" [Sock Fd] Accepts "accept a connection":
        (fd: val FD) (accepted_fd: result FD);
    RecvFrom1 "sock_recv_from" [Sock Fd] None "receive, and from whom":
        (fd: val FD) (ri_data: buffers_out) (addr: address_out Bare) (ri_flags: val RI_FLAGS)
        (ro_datalen: result SIZE) (ro_flags: result RO_FLAGS detail);
    RecvFrom2 "sock_recv_from" [Sock Fd] None "receive, and from whom":
        (fd: val FD) (ri_data: buffers_out) (addr: address_out Storage 4) (ri_flags: val RI_FLAGS)
        (port: part_out NETWORK_PORT) (ro_datalen: result SIZE) (ro_flags: result RO_FLAGS detail);
    SendTo "sock_send_to" [Sock Fd] None "send to an address":
        (fd: val FD) (si_data: buffers_in) (addr: address_in 3) (port: val PORT detail)
        (si_flags: val SI_FLAGS) (so_datalen: result SIZE);
    GetLocalAddr1 "sock_getlocaladdr" [Sock Fd] None "the address of a socket":
        (fd: val FD) (addr: address_out Typed 2) (type_: part_out IP_VERSION) (port: part_out PORT);
    GetLocalAddr2 "sock_getlocaladdr" [Sock Fd] None "the address of a socket":
        (fd: val FD) (addr: address_out Storage 2) (port: part_out PORT);
    GetPeerAddr1 "sock_getpeeraddr" [Sock Fd] None "the address of the other end":
        (fd: val FD) (addr: address_out Typed 2) (type_: part_out IP_VERSION) (port: part_out PORT);
    GetPeerAddr2 "sock_getpeeraddr" [Sock Fd] None "the address of the other end":
        (fd: val FD) (addr: address_out Storage 2) (port: part_out PORT);
    GetSockOpt "sock_getsockopt" [Sock Fd] None "get an option of a socket":
        (fd: val FD) (level: val SOCKET_LEVEL) (name: val SOCKET_OPTION) (value: option_out);
    SetSockOpt "sock_setsockopt" [Sock Fd] None "set an option of a socket":
        (fd: val FD) (level: val SOCKET_LEVEL) (name: val SOCKET_OPTION) (value: option_in);
    GetAddrInfo "sock_getaddrinfo" [Sock] None "look up a name":
        (node: text_in) (service: text_in) (hints: record_in ADDRINFO_HINTS)
        (res: addresses_out) (max_len: val SIZE detail) (res_len: result SIZE detail);
    EpollOneoff "epoll_oneoff" [Clock Fd] None "wait for events":
        (in_: array_in SUBSCRIPTION 2) (out: array_out EVENT) (nsubscriptions: val SIZE detail)
        (nevents: result SIZE);
}
