//! What the guest sees of the world: arguments, environment, folders, network. By default a guest
//! gets its arguments, the three standard streams, and the loopback addresses to listen on.

use crate::program::Program;
use crate::stdio::Streams;
use std::io;
use std::path::PathBuf;
use wasmscope_sockets::{Network, Policy, Protocol};
use wasmscope_tracer::ComponentCalls;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// The world of a guest. Its standard streams are not part of this: they are the process's own,
/// or what [`crate::debuggee::Debuggee::launch`] is given.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Arguments after `argv[0]`.
    pub args: Vec<String>,
    /// `argv[0]`; `None`: the file's name.
    pub argv0: Option<String>,
    /// Environment variables; where a name comes twice the last one counts.
    pub env: Vec<(String, String)>,
    /// Host folders the guest may use.
    pub dirs: Vec<Dir>,
    /// What the guest may do on the network.
    pub network: Network,
}

/// What waits while the host works on a file or sleeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Blocking {
    /// The guest's thread: the cheapest way for a guest that nobody stops.
    GuestThread,
    /// Another thread, so that a guest that waits can be given up.
    OtherThreads,
}

/// A host folder that the guest may read and, unless it is said otherwise, write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dir {
    /// The folder on the host.
    pub host: PathBuf,
    /// The path under which the guest finds it.
    pub guest: String,
    /// Whether the guest may only read.
    pub read_only: bool,
}

/// Why a world cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A folder to be granted cannot be opened.
    #[error(
        "--dir {}: cannot be opened as a folder: {reason}; grant one that exists (HOST::GUEST)",
        .host.display()
    )]
    Dir {
        /// The folder on the host.
        host: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A string for the guest has a NUL character in it, which WASI's C strings cannot carry.
    #[error("{what} has a NUL character in it, which no WASI guest can receive: leave it out")]
    Nul {
        /// Which string it is.
        what: String,
    },
}

impl World {
    /// The guest's `argv`.
    pub(crate) fn argv(&self, program: &Program) -> Vec<String> {
        let argv0 = self
            .argv0
            .clone()
            .unwrap_or_else(|| program.name().to_owned());
        std::iter::once(argv0)
            .chain(self.args.iter().cloned())
            .collect()
    }

    /// What the guest may do on the network; refusals are told where its standard error goes.
    pub(crate) fn policy(&self, streams: &Streams) -> Policy {
        let stderr = streams.stderr.clone();
        Policy::new(self.network.clone(), move |refusal| {
            stderr.remark(&format!("wasmscope: refused: {refusal}\n"));
        })
    }

    /// The environment with every name once.
    fn environment(&self) -> Vec<(&str, &str)> {
        let mut env: Vec<(&str, &str)> = Vec::with_capacity(self.env.len());
        let mut places = std::collections::HashMap::new();
        for (name, value) in &self.env {
            match places
                .get(name.as_str())
                .and_then(|place: &usize| env.get_mut(*place))
            {
                Some(entry) => entry.1 = value,
                None => {
                    places.insert(name.as_str(), env.len());
                    env.push((name, value));
                }
            }
        }
        env
    }

    /// Wasmtime's description of this world.
    pub(crate) fn wasi(
        &self,
        program: &Program,
        streams: &Streams,
        blocking: Blocking,
        policy: &Policy,
        calls: Option<&ComponentCalls>,
    ) -> Result<WasiCtxBuilder, WorldError> {
        let mut wasi = WasiCtxBuilder::new();
        streams.attach(&mut wasi);
        wasi.allow_blocking_current_thread(blocking == Blocking::GuestThread);
        for (index, arg) in self.argv(program).iter().enumerate() {
            without_nul(arg, || format!("argument {index}"))?;
            wasi.arg(arg);
        }
        for (name, value) in self.environment() {
            without_nul(name, || format!("--env {}", name.escape_debug()))?;
            without_nul(value, || format!("the value of --env {name}"))?;
            wasi.env(name, value);
        }
        for dir in &self.dirs {
            let perms = match dir.read_only {
                true => FsPerms::ReadOnly,
                false => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&dir.host, &dir.guest, perms)
                .map_err(|error| {
                    let reason = error
                        .downcast_ref::<io::Error>()
                        .map_or_else(|| error.root_cause().to_string(), io::Error::to_string);
                    WorldError::Dir {
                        host: dir.host.clone(),
                        reason,
                    }
                })?;
        }
        wasi.allow_tcp(true).allow_udp(true);
        let policy = policy.clone();
        let calls = calls.cloned();
        wasi.socket_addr_check(move |address, used| {
            let (policy, calls) = (policy.clone(), calls.clone());
            Box::pin(async move {
                let connecting = async |protocol| match policy.connecting(address, protocol).await {
                    Ok(host) => host == address,
                    Err(refusal) => {
                        if let Some(calls) = &calls {
                            calls.refused(&refusal.how);
                        }
                        false
                    }
                };
                // Wasmtime goes where the guest wants, or nowhere.
                match used {
                    // Our own functions have asked, and made of the guest's address the host's. Where
                    // a socket is bound by connecting or sending, that is asked next.
                    SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
                        let is_implied = address.ip().is_unspecified() && address.port() == 0;
                        is_implied || policy.is_granted(address)
                    }
                    // Bound before, or it would be reachable from everywhere.
                    SocketAddrUse::TcpListen => address.port() != 0 || policy.network().inherit,
                    SocketAddrUse::TcpAccept => true,
                    SocketAddrUse::UdpReceive => {
                        policy.heard_from(address);
                        true
                    }
                    SocketAddrUse::TcpConnect => {
                        policy.is_own(address, Protocol::Tcp) || connecting(Protocol::Tcp).await
                    }
                    SocketAddrUse::UdpSend => connecting(Protocol::Udp).await,
                }
            })
        });
        // Who may not, is told so by our own function.
        wasi.allow_ip_name_lookup(true);
        Ok(wasi)
    }
}

fn without_nul(text: &str, what: impl FnOnce() -> String) -> Result<(), WorldError> {
    if text.contains('\0') {
        Err(WorldError::Nul { what: what() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_name_counts() {
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let world = World {
            env: vec![pair("A", "1"), pair("B", "2"), pair("A", "3")],
            ..World::default()
        };
        assert_eq!(world.environment(), [("A", "3"), ("B", "2")]);
    }
}
