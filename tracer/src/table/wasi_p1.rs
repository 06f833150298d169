//! The rows of WASI preview 1 (`wasi_snapshot_preview1`).
//!
//! The rows are written once, as a macro that hands them to another macro: here they become the
//! static table, in [`crate::wasi_p1`] the typed wrappers around Wasmtime's functions. Names and
//! order of parameters are those of the interface definition; addresses of results come last.

use super::plan::Plan;
use super::{Class, FdEffect, Filled, Function, Kind, Param, Returns, Strings, types};

/// The module that guests import these functions from.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// Calls `$then! { $($args)* rows… }` with one row per function:
/// `name how(returns) [Classes…] FdEffect "summary": (param: kind…)…;`
///
/// `how` is `now` for functions that Wasmtime implements without blocking and `block` for those it
/// implements as futures. Kinds: `val T` and `val64 T` (passed in an `i32` or `i64`), `path`,
/// `buffers_in`, `buffers_out`, `buffer_out HowFilled`, `entries_out`, `array_in T COUNT`,
/// `array_out T`, `strings_out Which`, `result T`; a trailing `detail` leaves the parameter out of
/// the one-line form.
macro_rules! wasi_p1_rows {
    ($then:ident $($args:tt)*) => { $then! { $($args)*
        args_get now(Errno) [Env] None "copy the command line arguments":
            (argv: strings_out Arguments);
        args_sizes_get now(Errno) [Env] None "number and size of the command line arguments":
            (argc: result SIZE) (argv_buf_size: result SIZE);
        environ_get now(Errno) [Env] None "copy the environment variables":
            (environ: strings_out Environment);
        environ_sizes_get now(Errno) [Env] None "number and size of the environment variables":
            (count: result SIZE) (environ_buf_size: result SIZE);
        clock_res_get now(Errno) [Clock] None "resolution of a clock":
            (id: val CLOCK_ID) (resolution: result DURATION);
        clock_time_get now(Errno) [Clock] None "time of a clock":
            (id: val CLOCK_ID) (precision: val64 DURATION detail) (time: result TIMESTAMP);
        fd_advise block(Errno) [Fd] None "announce how a file will be read":
            (fd: val FD) (offset: val64 U64) (len: val64 U64) (advice: val ADVICE);
        fd_allocate now(Errno) [Fd] None "allocate space in a file":
            (fd: val FD) (offset: val64 U64) (len: val64 U64);
        fd_close block(Errno) [Fd] Closes "close a descriptor":
            (fd: val FD);
        fd_datasync block(Errno) [Fd] None "write a file's data to disk":
            (fd: val FD);
        fd_fdstat_get block(Errno) [Fd] None "attributes of a descriptor":
            (fd: val FD) (stat: result FDSTAT);
        fd_fdstat_set_flags now(Errno) [Fd] None "change the flags of a descriptor":
            (fd: val FD) (flags: val FD_FLAGS);
        fd_fdstat_set_rights now(Errno) [Fd] None "change the rights of a descriptor":
            (fd: val FD) (fs_rights_base: val64 RIGHTS) (fs_rights_inheriting: val64 RIGHTS);
        fd_filestat_get block(Errno) [Fd] None "attributes of an open file":
            (fd: val FD) (stat: result FILESTAT);
        fd_filestat_set_size block(Errno) [Fd] None "truncate or extend a file":
            (fd: val FD) (size: val64 U64);
        fd_filestat_set_times block(Errno) [Fd] None "change the times of an open file":
            (fd: val FD) (atim: val64 TIMESTAMP) (mtim: val64 TIMESTAMP) (fst_flags: val FST_FLAGS);
        fd_pread block(Errno) [Fd] None "read at an offset":
            (fd: val FD) (iovs: buffers_out) (offset: val64 U64) (nread: result SIZE);
        fd_prestat_get now(Errno) [Fd] None "what a preopened descriptor is":
            (fd: val FD) (prestat: result PRESTAT);
        fd_prestat_dir_name now(Errno) [Fd] None "path of a preopened directory":
            (fd: val FD) (path: buffer_out UpTo);
        fd_pwrite block(Errno) [Fd] None "write at an offset":
            (fd: val FD) (iovs: buffers_in) (offset: val64 U64) (nwritten: result SIZE);
        fd_read block(Errno) [Fd] None "read":
            (fd: val FD) (iovs: buffers_out) (nread: result SIZE);
        fd_readdir block(Errno) [Fd] None "read directory entries":
            (fd: val FD) (buf: entries_out) (cookie: val64 U64) (bufused: result SIZE);
        fd_renumber block(Errno) [Fd] Renumbers "move a descriptor to another number":
            (fd: val FD) (to: val FD);
        fd_seek block(Errno) [Fd] None "move the offset of a descriptor":
            (fd: val FD) (offset: val64 FILE_DELTA) (whence: val WHENCE) (newoffset: result U64);
        fd_sync block(Errno) [Fd] None "write a file's data and metadata to disk":
            (fd: val FD);
        fd_tell now(Errno) [Fd] None "offset of a descriptor":
            (fd: val FD) (offset: result U64);
        fd_write block(Errno) [Fd] None "write":
            (fd: val FD) (iovs: buffers_in) (nwritten: result SIZE);
        path_create_directory block(Errno) [File Fd] None "create a directory":
            (fd: val FD) (path: path);
        path_filestat_get block(Errno) [File Fd] None "attributes of a file":
            (fd: val FD) (flags: val LOOKUP_FLAGS) (path: path) (stat: result FILESTAT);
        path_filestat_set_times block(Errno) [File Fd] None "change the times of a file":
            (fd: val FD) (flags: val LOOKUP_FLAGS) (path: path) (atim: val64 TIMESTAMP)
            (mtim: val64 TIMESTAMP) (fst_flags: val FST_FLAGS);
        path_link block(Errno) [File Fd] None "create a hard link":
            (old_fd: val FD) (old_flags: val LOOKUP_FLAGS) (old_path: path) (new_fd: val FD)
            (new_path: path);
        path_open block(Errno) [File Fd] Opens "open a file or directory":
            (dirfd: val FD) (dirflags: val LOOKUP_FLAGS detail) (path: path) (oflags: val O_FLAGS)
            (fs_rights_base: val64 RIGHTS detail) (fs_rights_inheriting: val64 RIGHTS detail)
            (fdflags: val FD_FLAGS) (opened_fd: result FD);
        path_readlink block(Errno) [File Fd] None "contents of a symbolic link":
            (fd: val FD) (path: path) (buf: buffer_out ByResult) (bufused: result SIZE);
        path_remove_directory block(Errno) [File Fd] None "remove a directory":
            (fd: val FD) (path: path);
        path_rename block(Errno) [File Fd] None "rename a file or directory":
            (fd: val FD) (old_path: path) (new_fd: val FD) (new_path: path);
        path_symlink block(Errno) [File Fd] None "create a symbolic link":
            (old_path: path) (fd: val FD) (new_path: path);
        path_unlink_file block(Errno) [File Fd] None "remove a file":
            (fd: val FD) (path: path);
        poll_oneoff block(Errno) [Clock Fd] None "wait for events":
            (in_: array_in SUBSCRIPTION 2) (out: array_out EVENT) (nsubscriptions: val SIZE detail)
            (nevents: result SIZE);
        proc_exit now(Never) [Proc] None "end the program":
            (rval: val EXIT_CODE);
        proc_raise now(Errno) [Proc] None "send a signal to oneself":
            (sig: val SIGNAL);
        sched_yield now(Errno) [Proc] None "let others run":;
        random_get now(Errno) [Random] None "fill a buffer with random bytes":
            (buf: buffer_out Whole);
        sock_accept now(Errno) [Sock Fd] Accepts "accept a connection":
            (fd: val FD) (flags: val FD_FLAGS) (accepted_fd: result FD);
        sock_recv now(Errno) [Sock Fd] None "receive":
            (fd: val FD) (ri_data: buffers_out) (ri_flags: val RI_FLAGS)
            (ro_datalen: result SIZE) (ro_flags: result RO_FLAGS);
        sock_send now(Errno) [Sock Fd] None "send":
            (fd: val FD) (si_data: buffers_in) (si_flags: val SI_FLAGS) (so_datalen: result SIZE);
        sock_shutdown now(Errno) [Sock Fd] None "shut down a connection":
            (fd: val FD) (how: val SD_FLAGS);
    } };
}
pub(crate) use wasi_p1_rows;

macro_rules! kind {
    (val $ty:ident) => {
        Kind::Value(&types::$ty)
    };
    (val64 $ty:ident) => {
        Kind::Value(&types::$ty)
    };
    (path) => {
        Kind::Path
    };
    (buffers_in) => {
        Kind::BuffersIn
    };
    (buffers_out) => {
        Kind::BuffersOut
    };
    (buffer_out $filled:ident) => {
        Kind::BufferOut(Filled::$filled)
    };
    (entries_out) => {
        Kind::EntriesOut
    };
    (array_in $ty:ident $count:literal) => {
        Kind::ArrayIn(&types::$ty, $count)
    };
    (array_out $ty:ident) => {
        Kind::ArrayOut(&types::$ty)
    };
    (strings_out $which:ident) => {
        Kind::StringsOut(Strings::$which)
    };
    (result $ty:ident) => {
        Kind::Result(&types::$ty)
    };
    (address_in $port:literal) => {
        Kind::AddressIn($port)
    };
    (address_out $form:ident) => {
        Kind::AddressOut(AddressForm::$form)
    };
    (address_out $form:ident $part:literal) => {
        Kind::AddressOut(AddressForm::$form($part))
    };
    (part_out $ty:ident) => {
        Kind::PartOut(&types::$ty)
    };
    (option_in) => {
        Kind::OptionIn
    };
    (option_out) => {
        Kind::OptionOut
    };
    (text_in) => {
        Kind::TextIn
    };
    (record_in $ty:ident) => {
        Kind::RecordIn(&types::$ty)
    };
    (addresses_out) => {
        Kind::AddressesOut
    };
}
pub(crate) use kind;

/// One parameter; the tokens in brackets gather the kind until `detail` or the end.
macro_rules! param {
    (in_ [$($kind:tt)*]) => { Param { name: "in", kind: kind!($($kind)*), detail: false } };
    (type_ [$($kind:tt)*]) => { Param { name: "type", kind: kind!($($kind)*), detail: false } };
    ($name:ident [$($kind:tt)*]) => {
        Param { name: stringify!($name), kind: kind!($($kind)*), detail: false }
    };
    ($name:ident [$($kind:tt)*] detail) => {
        Param { name: stringify!($name), kind: kind!($($kind)*), detail: true }
    };
    ($name:ident [$($kind:tt)*] $next:tt $($rest:tt)*) => {
        param!($name [$($kind)* $next] $($rest)*)
    };
}

pub(crate) use param;

macro_rules! rows {
    ($($name:ident $how:ident($returns:ident) [$($class:ident)*] $effect:ident $summary:literal:
        $(($param:ident: $($kind:tt)*))*;)*) => {
        /// The rows, in the order of the interface definition.
        pub static FUNCTIONS: &[Function] = &[$(Function {
            module: MODULE,
            name: stringify!($name),
            classes: &[$(Class::$class),*],
            params: &[$(param!($param [] $($kind)*)),*],
            returns: Returns::$returns,
            fds: FdEffect::$effect,
            summary: $summary,
            plan: Plan::of(&[$(param!($param [] $($kind)*)),*], FdEffect::$effect),
        }),*];

        /// Positions of the rows in [`FUNCTIONS`], by the function's name.
        #[expect(non_camel_case_types, reason = "named as the functions are")]
        #[derive(Clone, Copy)]
        pub(crate) enum Row { $($name),* }
    };
}

wasi_p1_rows!(rows);

impl Row {
    /// The row itself.
    pub(crate) fn function(self) -> &'static Function {
        // Both lists come from the same rows, so the position exists.
        &FUNCTIONS[self as usize]
    }
}
