//! The stories: what a guest does, step by step, and what the record must show.
//!
//! Addresses: results go to 0x100 and above, strings from 0x1000, arrays of buffers from 0x2000,
//! buffers from 0x3000. Memory is one page, so 0x10000 is the first address outside of it.

pub struct Story {
    pub name: &'static str,
    pub steps: &'static [Step],
}

pub enum Step {
    /// Writes bytes into the guest's memory.
    Put(u32, &'static [u8]),
    /// Writes little-endian 32-bit numbers into the guest's memory.
    Words(u32, &'static [u32]),
    /// Calls a function with raw arguments. The line is what the record shows; `*` matches anything.
    Call(&'static str, &'static [i64], &'static str),
}

use Step::{Call, Put, Words};

const RIGHTS: i64 = 0x1FFF_FFFF;

pub static STORIES: &[Story] = &[
    Story {
        name: "arguments and environment",
        steps: &[
            Call(
                "args_sizes_get",
                &[0x100, 0x104],
                "args_sizes_get() = (argc=2, argv_buf_size=13)",
            ),
            Call(
                "args_get",
                &[0x2000, 0x3000],
                "args_get(argv=[\"orders\", \"--all\"]) = 0",
            ),
            Call(
                "environ_sizes_get",
                &[0x100, 0x104],
                "environ_sizes_get() = (count=2, environ_buf_size=24)",
            ),
            Call(
                "environ_get",
                &[0x2000, 0x3000],
                "environ_get(environ=[... 2 in all]) = 0",
            ),
            Call(
                "args_get",
                &[0xfffe, 0x3000],
                "args_get(argv=0xfffe) = ? (trapped: Pointer out of bounds: Region { start: 65534, len: 4 })",
            ),
            Call(
                "args_sizes_get",
                &[0x1_0000, 0x104],
                "args_sizes_get(argc=0x10000 (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: In func wasi_snapshot_preview1::args_sizes_get at write size: Pointer out of bounds: Region { start: 65536, len: 4 })",
            ),
        ],
    },
    Story {
        name: "clocks",
        steps: &[
            Call(
                "clock_res_get",
                &[0, 0x100],
                "clock_res_get(id=REALTIME) = 1µs",
            ),
            Call(
                "clock_time_get",
                &[0, 0, 0x100],
                "clock_time_get(id=REALTIME) = 2026-11-22T08:48:23.25Z",
            ),
            Call(
                "clock_time_get",
                &[1, 1, 0x100],
                "clock_time_get(id=MONOTONIC) = 12.345678901s",
            ),
            Call(
                "clock_time_get",
                &[2, 1, 0x100],
                "clock_time_get(id=PROCESS_CPUTIME_ID) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "clock_time_get",
                &[9, 1, 0x100],
                "clock_time_get(id=9 (no such value)) = ? (trapped: In func wasi_snapshot_preview1::clock_time_get at convert Clockid: Invalid enum value Clockid)",
            ),
            Call(
                "clock_time_get",
                &[1, 1, -4],
                "clock_time_get(id=MONOTONIC, time=0xfffffffc (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: In func wasi_snapshot_preview1::clock_time_get at write timestamp: Pointer out of bounds: Region { start: 4294967292, len: 8 })",
            ),
            Call(
                "clock_time_get",
                &[1, 1, 0x101],
                "clock_time_get(id=MONOTONIC) = ? (trapped: In func wasi_snapshot_preview1::clock_time_get at write timestamp: Pointer not aligned to 8: Region { start: 257, len: 8 })",
            ),
        ],
    },
    Story {
        name: "reading a file",
        steps: &[
            Call(
                "fd_prestat_get",
                &[3, 0x100],
                "fd_prestat_get(fd=3</data>) = {type=DIR, name_len=5}",
            ),
            Call(
                "fd_prestat_dir_name",
                &[3, 0x3000, 5],
                "fd_prestat_dir_name(fd=3</data>, path=\"/data\") = 0",
            ),
            Call(
                "fd_prestat_dir_name",
                &[3, 0x3000, 8],
                "fd_prestat_dir_name(fd=3</data>, path=\"/data\") = 0",
            ),
            Call(
                "fd_prestat_dir_name",
                &[3, 0x3000, 2],
                "fd_prestat_dir_name(fd=3</data>, path=0x3000) = -1 ENAMETOOLONG (file name too long)",
            ),
            Call(
                "fd_prestat_get",
                &[5, 0x100],
                "fd_prestat_get(fd=5) = -1 EBADF (bad file descriptor)",
            ),
            Put(0x1000, b"in.csv"),
            Put(0x1010, b"./missing\x1b[2J.csv"),
            Call(
                "path_open",
                &[3, 1, 0x1010, 17, 0, RIGHTS, 0, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"./missing\\u{1b}[2J.csv\", oflags=0, fdflags=0) = -1 ENOENT (no such file or directory)",
            ),
            Call(
                "path_open",
                &[3, 1, 0x1000, 6, 0, RIGHTS, 0, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"in.csv\", oflags=0, fdflags=0) = 5</data/in.csv>",
            ),
            Call(
                "fd_advise",
                &[5, 0, 100, 1],
                "fd_advise(fd=5</data/in.csv>, offset=0, len=100, advice=SEQUENTIAL) = 0",
            ),
            Words(0x2000, &[0x3000, 6, 0x3100, 10]),
            Call(
                "fd_read",
                &[5, 0x2000, 2, 0x104],
                "fd_read(fd=5</data/in.csv>, iovs=[\"id,qty\"], 16) = 6",
            ),
            Call("fd_tell", &[5, 0x108], "fd_tell(fd=5</data/in.csv>) = 6"),
            Words(0x2000, &[0x3000, 0, 0x3100, 100]),
            Call(
                "fd_read",
                &[5, 0x2000, 2, 0x104],
                "fd_read(fd=5</data/in.csv>, iovs=[\"\\n1,20\\n2,30\\n\"], 100) = 11",
            ),
            Call(
                "fd_read",
                &[5, 0x2000, 2, 0x104],
                "fd_read(fd=5</data/in.csv>, iovs=[], 100) = 0",
            ),
            Call(
                "fd_pread",
                &[5, 0x2000, 2, 7, 0x104],
                "fd_pread(fd=5</data/in.csv>, iovs=[\"1,20\\n2,30\\n\"], 100, offset=7) = 10",
            ),
            Call(
                "fd_seek",
                &[5, -5, 2, 0x108],
                "fd_seek(fd=5</data/in.csv>, offset=-5, whence=END) = 12",
            ),
            Call(
                "fd_seek",
                &[5, -500, 1, 0x108],
                "fd_seek(fd=5</data/in.csv>, offset=-500, whence=CUR) = -1 EINVAL (invalid argument)",
            ),
            Call(
                "fd_fdstat_get",
                &[5, 0x200],
                "fd_fdstat_get(fd=5</data/in.csv>) = {filetype=REGULAR_FILE, flags=0}",
            ),
            Call(
                "fd_filestat_get",
                &[5, 0x200],
                "fd_filestat_get(fd=5</data/in.csv>) = {filetype=REGULAR_FILE, size=17, mtim=*}",
            ),
            Call("fd_close", &[5], "fd_close(fd=5</data/in.csv>) = 0"),
            Call(
                "fd_close",
                &[5],
                "fd_close(fd=5) = -1 EBADF (bad file descriptor)",
            ),
            Words(0x2000, &[0x3000, 100]),
            Call(
                "fd_read",
                &[0, 0x2000, 1, 0x104],
                "fd_read(fd=0</dev/stdin>, iovs=[\"typed\\n\"], 100) = 6",
            ),
            Call(
                "fd_read",
                &[3, 0x2000, 1, 0x104],
                "fd_read(fd=3</data>, iovs=[], 100) = -1 EBADF (bad file descriptor)",
            ),
        ],
    },
    Story {
        name: "writing a file",
        steps: &[
            Put(0x1000, b"out.txt"),
            Call(
                "path_open",
                &[3, 0, 0x1000, 7, 9, RIGHTS, RIGHTS, 1, 0x100],
                "path_open(dirfd=3</data>, path=\"out.txt\", oflags=CREAT|TRUNC, fdflags=APPEND) = 5</data/out.txt>",
            ),
            Put(0x3000, b"hello\n"),
            Put(0x3010, "caf\u{e9} \"quoted\"\t\u{202e}".as_bytes()),
            Words(0x2000, &[0x3000, 6]),
            Call(
                "fd_write",
                &[5, 0x2000, 1, 0x104],
                "fd_write(fd=5</data/out.txt>, iovs=[\"hello\\n\"], 6) = 6",
            ),
            Words(0x2000, &[0x3000, 0, 0x3010, 18]),
            Call(
                "fd_write",
                &[5, 0x2000, 2, 0x104],
                "fd_write(fd=5</data/out.txt>, iovs=[\"\", \"café \\\"quoted\\\"\\t\\u{202e}\"], 18) = 18",
            ),
            Call(
                "fd_pwrite",
                &[5, 0x2000, 2, 2, 0x104],
                "fd_pwrite(fd=5</data/out.txt>, iovs=[\"\", \"café \\\"quoted\\\"\\t\\u{202e}\"], 18, offset=2) = 18",
            ),
            Call(
                "fd_fdstat_set_flags",
                &[5, 4],
                "fd_fdstat_set_flags(fd=5</data/out.txt>, flags=NONBLOCK) = 0",
            ),
            Call(
                "fd_fdstat_set_flags",
                &[5, 16],
                "fd_fdstat_set_flags(fd=5</data/out.txt>, flags=SYNC) = -1 EINVAL (invalid argument)",
            ),
            Call(
                "fd_fdstat_set_rights",
                &[5, 64, 0],
                "fd_fdstat_set_rights(fd=5</data/out.txt>, fs_rights_base=FD_WRITE, fs_rights_inheriting=0) = -1 ENOTSUP (not supported)",
            ),
            Call(
                "fd_filestat_set_size",
                &[5, 3],
                "fd_filestat_set_size(fd=5</data/out.txt>, size=3) = 0",
            ),
            Call(
                "fd_filestat_set_times",
                &[5, 1_000_000_000, 0, 9],
                "fd_filestat_set_times(fd=5</data/out.txt>, atim=1970-01-01T00:00:01Z, mtim=1970-01-01T00:00:00Z, fst_flags=ATIM|MTIM_NOW) = 0",
            ),
            Call(
                "fd_filestat_set_times",
                &[5, 0, 0, 3],
                "fd_filestat_set_times(fd=5</data/out.txt>, atim=1970-01-01T00:00:00Z, mtim=1970-01-01T00:00:00Z, fst_flags=ATIM|ATIM_NOW) = -1 EINVAL (invalid argument)",
            ),
            Call(
                "fd_allocate",
                &[5, 0, 100],
                "fd_allocate(fd=5</data/out.txt>, offset=0, len=100) = -1 ENOTSUP (not supported)",
            ),
            Call("fd_datasync", &[5], "fd_datasync(fd=5</data/out.txt>) = 0"),
            Call("fd_sync", &[5], "fd_sync(fd=5</data/out.txt>) = 0"),
            Call(
                "fd_renumber",
                &[5, 0],
                "fd_renumber(fd=5</data/out.txt>, to=0</dev/stdin>) = 0",
            ),
            Call(
                "fd_renumber",
                &[77, 0],
                "fd_renumber(fd=77, to=0</data/out.txt>) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "fd_fdstat_get",
                &[0, 0x200],
                "fd_fdstat_get(fd=0</data/out.txt>) = {filetype=REGULAR_FILE, flags=NONBLOCK}",
            ),
            Call("fd_close", &[0], "fd_close(fd=0</data/out.txt>) = 0"),
        ],
    },
    Story {
        name: "standard streams",
        steps: &[
            Put(0x3000, b"to stdout\n"),
            Words(0x2000, &[0x3000, 10]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"to stdout\\n\"], 10) = 10",
            ),
            Call(
                "fd_write",
                &[2, 0x2000, 1, 0x104],
                "fd_write(fd=2</dev/stderr>, iovs=[\"to stdout\\n\"], 10) = 10",
            ),
            Call(
                "fd_write",
                &[0, 0x2000, 1, 0x104],
                "fd_write(fd=0</dev/stdin>, iovs=[\"to stdout\\n\"], 10) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "fd_pwrite",
                &[1, 0x2000, 1, 0, 0x104],
                "fd_pwrite(fd=1</dev/stdout>, iovs=[\"to stdout\\n\"], 10, offset=0) = -1 ESPIPE (cannot seek on this descriptor)",
            ),
            Call(
                "fd_seek",
                &[1, 0, 1, 0x108],
                "fd_seek(fd=1</dev/stdout>, offset=0, whence=CUR) = -1 ESPIPE (cannot seek on this descriptor)",
            ),
            Words(0x2000, &[0x4000, 1000]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"...], 1000) = 1000",
            ),
            Put(0x3000, b"a\0b\xff\xfe\x7f\xc3\xa9\xf0\x9f\x98\x80"),
            Words(0x2000, &[0x3000, 12]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"a\\0b\\xff\\xfe\\u{7f}é😀\"], 12) = 12",
            ),
            Put(0x3000, b"0123456789012345678901234567890\xc3\xa9 and more"),
            Words(0x2000, &[0x3000, 42]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"0123456789012345678901234567890\"...], 42) = 42",
            ),
        ],
    },
    Story {
        name: "directories and links",
        steps: &[
            Put(0x1000, b"new"),
            Put(0x1010, b"in.csv"),
            Put(0x1020, b"copy.csv"),
            Put(0x1030, b"link"),
            Put(0x1040, b"../ro/fixed.txt"),
            Put(0x1060, b"link2"),
            Put(0x1070, b"sub"),
            Call(
                "path_create_directory",
                &[3, 0x1000, 3],
                "path_create_directory(fd=3</data>, path=\"new\") = 0",
            ),
            Call(
                "path_create_directory",
                &[3, 0x1000, 3],
                "path_create_directory(fd=3</data>, path=\"new\") = -1 EEXIST (file exists)",
            ),
            Call(
                "path_create_directory",
                &[4, 0x1000, 3],
                "path_create_directory(fd=4</ro>, path=\"new\") = -1 EPERM (operation not permitted)",
            ),
            Call(
                "path_filestat_get",
                &[3, 1, 0x1010, 6, 0x200],
                "path_filestat_get(fd=3</data>, flags=SYMLINK_FOLLOW, path=\"in.csv\") = {filetype=REGULAR_FILE, size=17, mtim=*}",
            ),
            Call(
                "path_filestat_get",
                &[3, 0, 0x1030, 4, 0x200],
                "path_filestat_get(fd=3</data>, flags=0, path=\"link\") = {filetype=SYMBOLIC_LINK, size=6, mtim=*}",
            ),
            Call(
                "path_filestat_get",
                &[3, 0, 0x1040, 15, 0x200],
                "path_filestat_get(fd=3</data>, flags=0, path=\"../ro/fixed.txt\") = -1 EPERM (operation not permitted)",
            ),
            Call(
                "path_filestat_set_times",
                &[3, 0, 0x1010, 6, 0, 1_000_000_007, 4],
                "path_filestat_set_times(fd=3</data>, flags=0, path=\"in.csv\", atim=1970-01-01T00:00:00Z, mtim=1970-01-01T00:00:01.000000007Z, fst_flags=MTIM) = 0",
            ),
            Call(
                "path_link",
                &[3, 0, 0x1010, 6, 3, 0x1020, 8],
                "path_link(old_fd=3</data>, old_flags=0, old_path=\"in.csv\", new_fd=3</data>, new_path=\"copy.csv\") = 0",
            ),
            Call(
                "path_link",
                &[3, 2, 0x1010, 6, 3, 0x1020, 8],
                "path_link(old_fd=3</data>, old_flags=0x2, old_path=\"in.csv\", new_fd=3</data>, new_path=\"copy.csv\") = ? (trapped: In func wasi_snapshot_preview1::path_link at convert Lookupflags: Invalid flag value Lookupflags)",
            ),
            Call(
                "path_symlink",
                &[0x1010, 6, 3, 0x1060, 5],
                "path_symlink(old_path=\"in.csv\", fd=3</data>, new_path=\"link2\") = 0",
            ),
            Call(
                "path_readlink",
                &[3, 0x1030, 4, 0x3000, 100, 0x104],
                "path_readlink(fd=3</data>, path=\"link\", buf=\"in.csv\") = 6",
            ),
            Call(
                "path_readlink",
                &[3, 0x1030, 4, 0x3000, 2, 0x104],
                "path_readlink(fd=3</data>, path=\"link\", buf=\"in\") = 2",
            ),
            Call(
                "path_readlink",
                &[3, 0x1010, 6, 0x3000, 100, 0x104],
                "path_readlink(fd=3</data>, path=\"in.csv\", buf=0x3000) = -1 EINVAL (invalid argument)",
            ),
            Call(
                "path_rename",
                &[3, 0x1020, 8, 3, 0x1060, 5],
                "path_rename(fd=3</data>, old_path=\"copy.csv\", new_fd=3</data>, new_path=\"link2\") = 0",
            ),
            Call(
                "path_unlink_file",
                &[3, 0x1060, 5],
                "path_unlink_file(fd=3</data>, path=\"link2\") = 0",
            ),
            Call(
                "path_unlink_file",
                &[3, 0x1060, 5],
                "path_unlink_file(fd=3</data>, path=\"link2\") = -1 ENOENT (no such file or directory)",
            ),
            Call(
                "path_remove_directory",
                &[3, 0x1000, 3],
                "path_remove_directory(fd=3</data>, path=\"new\") = 0",
            ),
            Call(
                "path_remove_directory",
                &[3, 0x1010, 6],
                "path_remove_directory(fd=3</data>, path=\"in.csv\") = -1 ENOTDIR (not a directory)",
            ),
            Call(
                "path_open",
                &[3, 0, 0x1070, 3, 2, 0x4000, 0, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"sub\", oflags=DIRECTORY, fdflags=0) = 5</data/sub>",
            ),
            Call(
                "fd_readdir",
                &[5, 0x3000, 200, 0, 0x104],
                "fd_readdir(fd=5</data/sub>, buf=[{name=\".\", type=DIRECTORY}, {name=\"..\", type=DIRECTORY}], 51, cookie=0) = 51",
            ),
            Call(
                "fd_readdir",
                &[5, 0x3000, 30, 0, 0x104],
                "fd_readdir(fd=5</data/sub>, buf=[{name=\".\", type=DIRECTORY}], 30, cookie=0) = 30",
            ),
            Call(
                "fd_readdir",
                &[5, 0x3000, 200, 99, 0x104],
                "fd_readdir(fd=5</data/sub>, buf=[], 0, cookie=99) = 0",
            ),
            Call(
                "fd_readdir",
                &[1, 0x3000, 200, 0, 0x104],
                "fd_readdir(fd=1</dev/stdout>, buf=0x3000, cookie=0) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "fd_fdstat_get",
                &[3, 0x200],
                "fd_fdstat_get(fd=3</data>) = {filetype=DIRECTORY, flags=0}",
            ),
        ],
    },
    Story {
        name: "waiting",
        steps: &[
            // A relative timeout of 1 ms on the monotonic clock.
            Words(0x2000, &[7, 0, 0, 0, 1, 0, 1_000_000, 0, 0, 0, 0, 0]),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, 1, 0x104],
                "poll_oneoff(in=[{type=CLOCK, id=MONOTONIC, timeout=1ms, flags=0}], out=[{error=ESUCCESS, type=CLOCK}]) = 1",
            ),
            // Ready to write to stdout, ready to read from stdin.
            Words(0x2000, &[8, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            Words(0x2030, &[9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, 2, 0x104],
                "poll_oneoff(in=[{type=FD_WRITE, fd=1}, {type=FD_READ, fd=0}], out=[{error=ESUCCESS, type=FD_WRITE}, {error=ESUCCESS, type=FD_READ}]) = 2",
            ),
            Words(0x2000, &[8, 0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, 1, 0x104],
                "poll_oneoff(in=[{type=9 (no such value)}]) = -1 EINVAL (invalid argument)",
            ),
            Words(0x2000, &[8, 0, 1, 0, 99, 0, 0, 0, 0, 0, 0, 0]),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, 1, 0x104],
                "poll_oneoff(in=[{type=FD_READ, fd=99}]) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, 0, 0x104],
                "poll_oneoff(in=[]) = -1 EINVAL (invalid argument)",
            ),
            Call("sched_yield", &[], "sched_yield() = 0"),
        ],
    },
    Story {
        name: "random numbers",
        steps: &[
            Call(
                "random_get",
                &[0x3000, 4],
                "random_get(buf=\"\\xfa\\xfa\\xfa\\xfa\") = 0",
            ),
            Call("random_get", &[0x3000, 0], "random_get(buf=\"\") = 0"),
            Call(
                "random_get",
                &[0x3000, 100],
                "random_get(buf=\"\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\\xfa\"...) = 0",
            ),
            Call(
                "random_get",
                &[0xfffe, 4],
                "random_get(buf=0xfffe (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 65534, len: 4 })",
            ),
        ],
    },
    Story {
        name: "sockets",
        steps: &[
            Words(0x2000, &[0x3000, 100]),
            Call(
                "sock_accept",
                &[3, 4, 0x100],
                "sock_accept(fd=3</data>, flags=NONBLOCK) = -1 ENOTSOCK (not a socket)",
            ),
            Call(
                "sock_recv",
                &[3, 0x2000, 1, 1, 0x100, 0x104],
                "sock_recv(fd=3</data>, ri_data=[], 100, ri_flags=RECV_PEEK) = -1 ENOTSOCK (not a socket)",
            ),
            Call(
                "sock_send",
                &[3, 0x2000, 1, 0, 0x100],
                "sock_send(fd=3</data>, si_data=[\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"...], 100, si_flags=0) = -1 ENOTSOCK (not a socket)",
            ),
            Call(
                "sock_send",
                &[99, 0x2000, 1, 0, 0x100],
                "sock_send(fd=99, si_data=[\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"...], 100, si_flags=0) = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "sock_shutdown",
                &[3, 3],
                "sock_shutdown(fd=3</data>, how=RD|WR) = -1 ENOTSOCK (not a socket)",
            ),
        ],
    },
    Story {
        name: "the process",
        steps: &[
            Call(
                "proc_raise",
                &[6],
                "proc_raise(sig=ABRT) = -1 ENOTSUP (not supported)",
            ),
            Call(
                "proc_raise",
                &[99],
                "proc_raise(sig=99 (no such value)) = ? (trapped: In func wasi_snapshot_preview1::proc_raise at convert Signal: Invalid enum value Signal)",
            ),
            Call("proc_exit", &[3], "proc_exit(rval=3) = ? (exited with 3)"),
            Call("proc_exit", &[0], "proc_exit(rval=0) = ? (exited with 0)"),
            Call(
                "proc_exit",
                &[200],
                "proc_exit(rval=200) = ? (trapped: exit with invalid exit status outside of [0..126))",
            ),
        ],
    },
    Story {
        name: "pointers that lie",
        steps: &[
            Words(0x2000, &[0xfffe, 6]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\"... (outside of the memory of 65536 bytes)], 6) = ? (trapped: Pointer out of bounds: Region { start: 65534, len: 6 })",
            ),
            Call(
                "fd_write",
                &[1, 0xfffc, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=0xfffc (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 65536, len: 4 })",
            ),
            Call(
                "fd_write",
                &[1, 0x2001, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[(unavailable: outside of the memory of 65536 bytes)], 0) = ? (trapped: Pointer not aligned to 4: Region { start: 8193, len: 4 })",
            ),
            Call(
                "fd_write",
                &[1, -8, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=0xfffffff8 (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 4294967288, len: 4 })",
            ),
            Call(
                "fd_write",
                &[1, 0x2000, -1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\"... (outside of the memory of 65536 bytes), \"\", \"\", \"\", \"\", \"\", \"\", \"\", ...], 4294967295 buffers) = -1 ENOMEM (not enough memory)",
            ),
            Call(
                "fd_write",
                &[1, 0x2000, 0x2000_0000, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\"... (outside of the memory of 65536 bytes), \"\", \"\", \"\", \"\", \"\", \"\", \"\", ...], 536870912 buffers) = -1 ENOMEM (not enough memory)",
            ),
            Words(0x2000, &[0x3000, 0xffff_ffff]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x104],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"... (outside of the memory of 65536 bytes)], 4294967295) = -1 ENOMEM (not enough memory)",
            ),
            Call(
                "fd_read",
                &[0, 0x2000, 1, 0x104],
                "fd_read(fd=0</dev/stdin>, iovs=[], 4294967295) = -1 ENOMEM (not enough memory)",
            ),
            Words(0x2000, &[0x3000, 4]),
            Call(
                "fd_write",
                &[1, 0x2000, 1, 0x1_0000],
                "fd_write(fd=1</dev/stdout>, iovs=[\"\\0\\0\\0\\0\"], 4, nwritten=0x10000 (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: In func wasi_snapshot_preview1::fd_write at write size: Pointer out of bounds: Region { start: 65536, len: 4 })",
            ),
            Put(0x1000, b"\xff\xfe\x00name"),
            Call(
                "path_unlink_file",
                &[3, 0x1000, 7],
                "path_unlink_file(fd=3</data>, path=\"\\xff\\xfe\\0name\") = -1 EILSEQ (invalid byte sequence)",
            ),
            Call(
                "path_unlink_file",
                &[3, 0xfffe, 7],
                "path_unlink_file(fd=3</data>, path=\"\\0\\0\"... (outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 65534, len: 7 })",
            ),
            Call(
                "path_unlink_file",
                &[3, -1, -1],
                "path_unlink_file(fd=3</data>, path=(unavailable: outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 4294967295, len: 4294967295 })",
            ),
            Call(
                "path_unlink_file",
                &[3, 0, 0xfff0],
                "path_unlink_file(fd=3</data>, path=\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0*",
            ),
            Call(
                "path_unlink_file",
                &[-1, 0, 0],
                "path_unlink_file(fd=4294967295, path=\"\") = -1 EBADF (bad file descriptor)",
            ),
            Call(
                "path_open",
                &[3, 0x10, 0x1000, 3, 0xff, RIGHTS, -1, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"\\xff\\xfe\\0\", oflags=CREAT|DIRECTORY|EXCL|TRUNC|0xf0, fdflags=0) = ? (trapped: In func wasi_snapshot_preview1::path_open at convert Lookupflags: Invalid flag value Lookupflags)",
            ),
            Call(
                "path_open",
                &[3, 0, 0x1000, 3, 0xff, 2, 0, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"\\xff\\xfe\\0\", oflags=CREAT|DIRECTORY|EXCL|TRUNC|0xf0, fdflags=0) = ? (trapped: In func wasi_snapshot_preview1::path_open at convert Oflags: Invalid flag value Oflags)",
            ),
            Call(
                "fd_seek",
                &[1, 0, 7, 0x100],
                "fd_seek(fd=1</dev/stdout>, offset=0, whence=7 (no such value)) = ? (trapped: In func wasi_snapshot_preview1::fd_seek at convert Whence: Invalid enum value Whence)",
            ),
            Call(
                "poll_oneoff",
                &[0x2000, 0x3000, -1, 0x104],
                "poll_oneoff(in=[{type=CLOCK, id=REALTIME, timeout=0ns, flags=0}, {type=CLOCK, id=REALTIME, timeout=0ns, flags=0}, {type=CLOCK, id=REALTIME, timeout=0ns, flags=0}, {type=CLOCK, id=REALTIME, timeout=0ns, flags=0}, {type=CLOCK, id=REALTIME, timeout=0ns, flags=0}, ... 4294967295 in all]) = -1 ENOMEM (not enough memory)",
            ),
            Call(
                "poll_oneoff",
                &[0xfff0, 0x3000, 2, 0x104],
                "poll_oneoff(in=0xfff0 (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: Pointer out of bounds: Region { start: 65536, len: 4 })",
            ),
            Call(
                "fd_readdir",
                &[3, 0xfff8, 0x1000, 0, 0x104],
                "fd_readdir(fd=3</data>, buf=0xfff8 (unavailable: outside of the memory of 65536 bytes), cookie=0) = ? (trapped: Pointer out of bounds: Region { start: 65528, len: 24 })",
            ),
            Call(
                "random_get",
                &[-1, -1],
                "random_get(buf=0xffffffff (unavailable: outside of the memory of 65536 bytes)) = ? (trapped: failed to call `get-random-bytes`: requested len 4294967295 exceeds limit 67108864)",
            ),
        ],
    },
    Story {
        name: "overlapping buffers",
        steps: &[
            // The read goes over the array that describes it.
            Put(0x1000, b"in.csv"),
            Call(
                "path_open",
                &[3, 1, 0x1000, 6, 0, RIGHTS, 0, 0, 0x100],
                "path_open(dirfd=3</data>, path=\"in.csv\", oflags=0, fdflags=0) = 5</data/in.csv>",
            ),
            Words(0x2000, &[0x2000, 16]),
            Call(
                "fd_read",
                &[5, 0x2000, 1, 0x104],
                "fd_read(fd=5</data/in.csv>, iovs=[\"id,qty\\n1,20\\n2,30\"], 16) = 16",
            ),
            // The number of bytes goes into the data.
            Words(0x2000, &[0x3000, 16]),
            Call(
                "fd_seek",
                &[5, 0, 0, 0x108],
                "fd_seek(fd=5</data/in.csv>, offset=0, whence=SET) = 0",
            ),
            Call(
                "fd_read",
                &[5, 0x2000, 1, 0x3000],
                "fd_read(fd=5</data/in.csv>, iovs=[\"\\u{10}\\0\\0\\0ty\\n1,20\\n2,30\"], 16) = 16",
            ),
            // A path that its own result overwrites.
            Call(
                "path_filestat_get",
                &[3, 1, 0x1000, 6, 0x1000],
                "path_filestat_get(fd=3</data>, flags=SYMLINK_FOLLOW, path=\"in.csv\") = {filetype=REGULAR_FILE, size=17, mtim=*}",
            ),
        ],
    },
];
