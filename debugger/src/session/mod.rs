//! A guest under the debugger: driven by [`Request`]s, answering with [`Event`]s.
//!
//! [`Session::start`] returns at once; preparing the guest (compiling it, reading its debug info)
//! goes on in the background and is told by events. Nothing a front end calls here blocks.

use crate::protocol::{Event, Request};
use crate::sources::PathMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;
use wasmscope_runner::{Options, Program, World};

/// What to debug, and how.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The program.
    pub program: Program,
    /// What it sees of the world.
    pub world: World,
    /// What to call, and the limits.
    pub run: Options,
    /// Where its standard streams lead.
    pub stdio: GuestStdio,
    /// A file the user names as the program's debug info.
    pub debug_file: Option<Arc<[u8]>>,
    /// Sources that have moved since the program was built.
    pub maps: Vec<PathMap>,
    /// When the program was built, if that is known: sources changed since are pointed out.
    pub built: Option<SystemTime>,
}

/// Where the guest's standard streams lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestStdio {
    /// Whether standard input is fed by [`crate::protocol::Command::Input`], and is not the
    /// process's own.
    pub feed_input: bool,
    /// Whether standard output and error come as events, and do not go to the process's own.
    pub capture_output: bool,
}

/// A session. Dropping it ends the guest.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// Begins a session. The first events are about preparing the guest; when
    /// [`Event::Ready`] comes it waits for [`crate::protocol::Command::Run`].
    ///
    /// Requests are taken from the beginning on: those that need the program's symbols wait for
    /// them.
    pub fn start(_options: SessionOptions) -> (Session, Receiver<Event>) {
        todo!("in the works")
    }

    /// Sends a request. Its answer comes as [`Event::Reply`].
    pub fn send(&self, _request: Request) {
        todo!("in the works")
    }
}
