//! What Wasmtime leaves out of its events: the contents of lists, and resources being dropped. The
//! functions of WASI 0.2 that have to do with either, and those that can fail or return numbers, are
//! passed through here on their way to Wasmtime's own, which does all the work; where a fault is put
//! into a call ([`super::faults`]), they do not get there. Sockets are in [`super::connections`] and
//! [`super::datagrams`].

use super::ComponentCalls;
use super::faults::MadeUpError;
use super::slot::{ERROR, RESULT};
use super::text::{value, write_bounded};
use crate::call::Value;
use std::borrow::Cow;
use std::fmt::Debug;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::p2::bindings::cli::environment;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{self, Filesize};
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{FsError, FsResult, StreamError, StreamResult};
use wasmtime_wasi::random::WasiRandomView as _;
use wasmtime_wasi::{WasiCtxView, WasiView};

/// At most this many elements of a list are kept.
const MAX_ITEMS: usize = 16;

/// At most this many bytes of an error are kept.
const MAX_ERROR: usize = 512;

/// A store's data that has host calls watched.
pub trait WatchedView: WasiView {
    /// Wasmtime's implementation, and where calls are noted.
    fn watched(&mut self) -> Watched<'_>;
}

/// Wasmtime's implementation of WASI, and the record that is kept of its use.
pub struct Watched<'a> {
    /// The implementation.
    pub view: WasiCtxView<'a>,
    /// The record.
    pub calls: &'a ComponentCalls,
}

impl WasiView for Watched<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut *self.view.ctx,
            table: &mut *self.view.table,
        }
    }
}

/// How the linker gets at [`Watched`].
pub(super) struct Watches;

impl HasData for Watches {
    type Data<'a> = Watched<'a>;
}

/// Puts the watched functions in a linker in place of those that are there.
pub(super) fn add_to_linker<T: WatchedView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    environment::add_to_linker::<T, Watches>(linker, T::watched)?;
    preopens::add_to_linker::<T, Watches>(linker, T::watched)?;
    types::add_to_linker::<T, Watches>(linker, T::watched)?;
    monotonic_clock::add_to_linker::<T, Watches>(linker, T::watched)?;
    random::add_to_linker::<T, Watches>(linker, T::watched)?;
    insecure::add_to_linker::<T, Watches>(linker, T::watched)?;
    poll::add_to_linker::<T, Watches>(linker, T::watched)?;
    streams::add_to_linker::<T, Watches>(linker, T::watched)?;
    super::connections::add_to_linker(linker)?;
    super::datagrams::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl Watched<'_> {
    /// Notes the bytes that an argument, or the result, consists of.
    fn note_bytes(&self, name: &'static str, bytes: &[u8]) {
        self.calls.note(name, |ring| Value::Bytes(ring.kept(bytes)));
    }

    /// Notes the bytes that a call answers, or the error.
    fn note_answer<E: Debug>(&self, answer: &Result<Vec<u8>, E>) {
        match answer {
            Ok(bytes) => self.note_bytes(RESULT, bytes),
            Err(error) => self.note_error(error),
        }
    }

    /// Notes that a call has failed, whose result would have been a list.
    pub(super) fn note_error(&self, error: &dyn Debug) {
        self.calls.note(ERROR, |_| {
            let mut text = String::new();
            let is_all = write_bounded(&mut text, MAX_ERROR, error);
            value(&text, !is_all)
        });
    }

    /// Notes texts.
    fn note_strings<'s>(
        &self,
        name: &'static str,
        strings: impl ExactSizeIterator<Item = &'s str>,
    ) {
        self.calls.note(name, |ring| {
            let count = strings.len() as u64;
            let items = strings.take(MAX_ITEMS);
            let items = items.map(|text| Value::Bytes(ring.kept(text.as_bytes())));
            Value::List {
                items: items.collect(),
                count,
            }
        });
    }

    /// Has a resource dropped, as a call of its own.
    pub(super) fn dropping<R>(
        &mut self,
        module: &'static str,
        function: &'static str,
        id: u32,
        drop: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let calls = self.calls.clone();
        calls.within(module, function, id, || drop(self))
    }
}

/// Methods that are passed on as they are, unless a fault is put into the call.
macro_rules! pass_on {
    ($host:path, $view:ident: $(fn $name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self $(, $arg: $ty)*) -> $result {
            if let Some(made_up) = self.made_up() {
                return made_up;
            }
            <_ as $host>::$name($view!(self) $(, $arg)*)
        })*
    };
}
pub(super) use pass_on;

/// Methods about errors that have been told: no calls that could fail themselves.
macro_rules! convert {
    ($host:path, $view:ident: $(fn $name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self $(, $arg: $ty)*) -> $result {
            <_ as $host>::$name($view!(self) $(, $arg)*)
        })*
    };
}
pub(super) use convert;

macro_rules! table {
    ($self:ident) => {
        &mut *$self.view.table
    };
}

macro_rules! random {
    ($self:ident) => {
        $self.random()
    };
}

macro_rules! clocks {
    ($self:ident) => {
        &mut $self.clocks()
    };
}

macro_rules! files {
    ($self:ident) => {
        &mut $self.filesystem()
    };
}

const FILES: &str = "wasi:filesystem/types";
const STREAMS: &str = "wasi:io/streams";
const POLL: &str = "wasi:io/poll";

type Descriptor = Resource<types::Descriptor>;
type Entries = Resource<types::DirectoryEntryStream>;
type Input = Resource<streams::InputStream>;
type Output = Resource<streams::OutputStream>;
type Pollable = Resource<poll::Pollable>;

impl environment::Host for Watched<'_> {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        let variables = environment::Host::get_environment(&mut self.cli())?;
        // The environment holds secrets: its contents stay out of records.
        let count = variables.len() as u64;
        let items = Vec::new();
        self.calls.note(RESULT, |_| Value::List { items, count });
        Ok(variables)
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        let arguments = environment::Host::get_arguments(&mut self.cli())?;
        self.note_strings(RESULT, arguments.iter().map(String::as_str));
        Ok(arguments)
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        environment::Host::initial_cwd(&mut self.cli())
    }
}

impl monotonic_clock::Host for Watched<'_> {
    pass_on! { monotonic_clock::Host, clocks:
        fn now() -> Result<monotonic_clock::Instant>;
        fn resolution() -> Result<monotonic_clock::Duration>;
        fn subscribe_instant(when: monotonic_clock::Instant) -> Result<Pollable>;
        fn subscribe_duration(when: monotonic_clock::Duration) -> Result<Pollable>;
    }
}

impl preopens::Host for Watched<'_> {
    fn get_directories(&mut self) -> Result<Vec<(Descriptor, String)>> {
        let folders = preopens::Host::get_directories(&mut self.filesystem())?;
        self.calls.note(RESULT, |ring| {
            let resources = ring.resources.as_mut();
            if let Some(resources) = resources {
                for (folder, path) in &folders {
                    resources.name(folder.rep(), "descriptor", Some(path.clone()));
                }
            }
            let items = folders
                .iter()
                .take(MAX_ITEMS)
                .map(|(folder, path)| Value::Resource {
                    kind: Cow::Borrowed("descriptor"),
                    id: folder.rep(),
                    label: Some(path.clone()),
                });
            Value::List {
                items: items.collect(),
                count: folders.len() as u64,
            }
        });
        Ok(folders)
    }
}

impl random::Host for Watched<'_> {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        let bytes = random::Host::get_random_bytes(self.random(), len);
        self.note_answer(&bytes);
        bytes
    }

    pass_on! { random::Host, random:
        fn get_random_u64() -> Result<u64>;
    }
}

impl insecure::Host for Watched<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        let bytes = insecure::Host::get_insecure_random_bytes(self.random(), len);
        self.note_answer(&bytes);
        bytes
    }

    pass_on! { insecure::Host, random:
        fn get_insecure_random_u64() -> Result<u64>;
    }
}

impl types::Host for Watched<'_> {
    fn filesystem_error_code(
        &mut self,
        error: Resource<streams::Error>,
    ) -> Result<Option<types::ErrorCode>> {
        if let Some(made_up) = self.view.table.get(&error)?.downcast_ref::<MadeUpError>() {
            return Ok(made_up.file_code().map(types::ErrorCode::from));
        }
        types::Host::filesystem_error_code(&mut self.filesystem(), error)
    }

    convert! { types::Host, files:
        fn convert_error_code(error: FsError) -> Result<types::ErrorCode>;
    }
}

impl types::HostDescriptor for Watched<'_> {
    fn read(&mut self, fd: Descriptor, len: Filesize, at: Filesize) -> FsResult<(Vec<u8>, bool)> {
        let answer = self
            .made_up()
            .unwrap_or_else(|| types::HostDescriptor::read(&mut self.filesystem(), fd, len, at));
        match &answer {
            Ok((bytes, _)) => self.note_bytes(RESULT, bytes),
            Err(error) => self.note_error(error),
        }
        answer
    }

    fn write(&mut self, fd: Descriptor, buffer: Vec<u8>, at: Filesize) -> FsResult<Filesize> {
        self.note_bytes("buffer", &buffer);
        if let Some(made_up) = self.made_up() {
            return made_up;
        }
        types::HostDescriptor::write(&mut self.filesystem(), fd, buffer, at)
    }

    fn drop(&mut self, fd: Descriptor) -> Result<()> {
        self.dropping(FILES, "[resource-drop]descriptor", fd.rep(), |this| {
            types::HostDescriptor::drop(&mut this.filesystem(), fd)
        })
    }

    pass_on! { types::HostDescriptor, files:
        fn read_via_stream(fd: Descriptor, offset: Filesize) -> FsResult<Input>;
        fn write_via_stream(fd: Descriptor, offset: Filesize) -> FsResult<Output>;
        fn append_via_stream(fd: Descriptor) -> FsResult<Output>;
        fn advise(fd: Descriptor, offset: Filesize, len: Filesize, advice: types::Advice) -> FsResult<()>;
        fn sync_data(fd: Descriptor) -> FsResult<()>;
        fn get_flags(fd: Descriptor) -> FsResult<types::DescriptorFlags>;
        fn get_type(fd: Descriptor) -> FsResult<types::DescriptorType>;
        fn set_size(fd: Descriptor, size: Filesize) -> FsResult<()>;
        fn set_times(fd: Descriptor, accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<()>;
        fn read_directory(fd: Descriptor) -> FsResult<Entries>;
        fn sync(fd: Descriptor) -> FsResult<()>;
        fn create_directory_at(fd: Descriptor, path: String) -> FsResult<()>;
        fn stat(fd: Descriptor) -> FsResult<types::DescriptorStat>;
        fn stat_at(fd: Descriptor, flags: types::PathFlags, path: String) -> FsResult<types::DescriptorStat>;
        fn set_times_at(fd: Descriptor, flags: types::PathFlags, path: String, accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<()>;
        fn link_at(fd: Descriptor, flags: types::PathFlags, path: String, new: Descriptor, new_path: String) -> FsResult<()>;
        fn open_at(fd: Descriptor, flags: types::PathFlags, path: String, how: types::OpenFlags, access: types::DescriptorFlags) -> FsResult<Descriptor>;
        fn readlink_at(fd: Descriptor, path: String) -> FsResult<String>;
        fn remove_directory_at(fd: Descriptor, path: String) -> FsResult<()>;
        fn rename_at(fd: Descriptor, path: String, new: Descriptor, new_path: String) -> FsResult<()>;
        fn symlink_at(fd: Descriptor, target: String, path: String) -> FsResult<()>;
        fn unlink_file_at(fd: Descriptor, path: String) -> FsResult<()>;
        fn is_same_object(fd: Descriptor, other: Descriptor) -> Result<bool>;
        fn metadata_hash(fd: Descriptor) -> FsResult<types::MetadataHashValue>;
        fn metadata_hash_at(fd: Descriptor, flags: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue>;
    }
}

impl types::HostDirectoryEntryStream for Watched<'_> {
    fn drop(&mut self, entries: Entries) -> Result<()> {
        let function = "[resource-drop]directory-entry-stream";
        self.dropping(FILES, function, entries.rep(), |this| {
            types::HostDirectoryEntryStream::drop(&mut this.filesystem(), entries)
        })
    }

    pass_on! { types::HostDirectoryEntryStream, files:
        fn read_directory_entry(entries: Entries) -> FsResult<Option<types::DirectoryEntry>>;
    }
}

impl poll::Host for Watched<'_> {
    fn poll(&mut self, pollables: Vec<Pollable>) -> Result<Vec<u32>> {
        self.calls.note("in", |_| {
            let items = pollables.iter().take(MAX_ITEMS).map(|one| Value::Resource {
                kind: Cow::Borrowed("pollable"),
                id: one.rep(),
                label: None,
            });
            Value::List {
                items: items.collect(),
                count: pollables.len() as u64,
            }
        });
        let ready = poll::Host::poll(table!(self), pollables)?;
        self.calls.note(RESULT, |_| Value::List {
            items: ready
                .iter()
                .take(MAX_ITEMS)
                .map(|at| Value::Unsigned((*at).into()))
                .collect(),
            count: ready.len() as u64,
        });
        Ok(ready)
    }
}

impl poll::HostPollable for Watched<'_> {
    fn drop(&mut self, one: Pollable) -> Result<()> {
        self.dropping(POLL, "[resource-drop]pollable", one.rep(), |this| {
            poll::HostPollable::drop(table!(this), one)
        })
    }

    pass_on! { poll::HostPollable, table:
        fn ready(one: Pollable) -> Result<bool>;
        fn block(one: Pollable) -> Result<()>;
    }
}

impl streams::Host for Watched<'_> {
    convert! { streams::Host, table:
        fn convert_stream_error(error: StreamError) -> Result<streams::StreamError>;
    }
}

impl streams::HostInputStream for Watched<'_> {
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let answer = self
            .made_up()
            .unwrap_or_else(|| streams::HostInputStream::read(table!(self), stream, len));
        self.note_answer(&answer);
        answer
    }

    fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let answer = self
            .made_up()
            .unwrap_or_else(|| streams::HostInputStream::blocking_read(table!(self), stream, len));
        self.note_answer(&answer);
        answer
    }

    fn drop(&mut self, stream: Input) -> Result<()> {
        self.dropping(
            STREAMS,
            "[resource-drop]input-stream",
            stream.rep(),
            |this| streams::HostInputStream::drop(table!(this), stream),
        )
    }

    pass_on! { streams::HostInputStream, table:
        fn skip(stream: Input, len: u64) -> StreamResult<u64>;
        fn blocking_skip(stream: Input, len: u64) -> StreamResult<u64>;
        fn subscribe(stream: Input) -> Result<Pollable>;
    }
}

impl streams::HostOutputStream for Watched<'_> {
    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        self.note_bytes("contents", &bytes);
        if let Some(made_up) = self.made_up() {
            return made_up;
        }
        streams::HostOutputStream::write(table!(self), stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        self.note_bytes("contents", &bytes);
        if let Some(made_up) = self.made_up() {
            return made_up;
        }
        streams::HostOutputStream::blocking_write_and_flush(table!(self), stream, bytes)
    }

    fn drop(&mut self, stream: Output) -> Result<()> {
        self.dropping(
            STREAMS,
            "[resource-drop]output-stream",
            stream.rep(),
            |this| streams::HostOutputStream::drop(table!(this), stream),
        )
    }

    pass_on! { streams::HostOutputStream, table:
        fn check_write(stream: Output) -> StreamResult<u64>;
        fn subscribe(stream: Output) -> Result<Pollable>;
        fn blocking_write_zeroes_and_flush(stream: Output, len: u64) -> StreamResult<()>;
        fn write_zeroes(stream: Output, len: u64) -> StreamResult<()>;
        fn flush(stream: Output) -> StreamResult<()>;
        fn blocking_flush(stream: Output) -> StreamResult<()>;
        fn splice(stream: Output, from: Input, len: u64) -> StreamResult<u64>;
        fn blocking_splice(stream: Output, from: Input, len: u64) -> StreamResult<u64>;
    }
}
