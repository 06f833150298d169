//! HTTP over a Unix domain socket, for [`ureq`].

use crate::error::ImageError;
use ureq::Agent;
use ureq::config::Config;

#[cfg(not(unix))]
pub(super) fn agent(_: Config, path: &str) -> Result<Agent, ImageError> {
    Err(ImageError::Engine {
        host: format!("unix://{path}"),
        why: "there are no such sockets here: set DOCKER_HOST to tcp://HOST:PORT".into(),
    })
}

/// An agent whose connections all go to the socket at `path`.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
pub(super) fn agent(config: Config, path: &str) -> Result<Agent, ImageError> {
    let connector = unix::SocketConnector { path: path.into() };
    Ok(Agent::with_parts(config, connector, unix::NoNames))
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read as _, Write as _};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;
    use ureq::Error;
    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
    use ureq::unversioned::transport::{
        Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
    };

    /// The socket has no name to be looked up.
    #[derive(Debug)]
    pub(super) struct NoNames;

    impl Resolver for NoNames {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            let mut addresses = self.empty();
            // Some address is expected; nobody connects to it.
            addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
            Ok(addresses)
        }
    }

    #[derive(Debug)]
    pub(super) struct SocketConnector {
        pub path: PathBuf,
    }

    impl Connector for SocketConnector {
        type Out = SocketTransport;

        fn connect(
            &self,
            details: &ConnectionDetails<'_>,
            _: Option<()>,
        ) -> Result<Option<SocketTransport>, Error> {
            let (input, output) = (
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            );
            Ok(Some(SocketTransport {
                stream: UnixStream::connect(&self.path)?,
                buffers: LazyBuffers::new(input, output),
            }))
        }
    }

    #[derive(Debug)]
    pub(super) struct SocketTransport {
        stream: UnixStream,
        buffers: LazyBuffers,
    }

    impl Transport for SocketTransport {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
            self.stream
                .set_write_timeout(timeout.not_zero().map(|time| *time))?;
            let output = self.buffers.output().get(..amount).unwrap_or_default();
            self.stream.write_all(output)?;
            Ok(())
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
            self.stream
                .set_read_timeout(timeout.not_zero().map(|time| *time))?;
            let read = loop {
                match self.stream.read(self.buffers.input_append_buf()) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            };
            self.buffers.input_appended(read);
            Ok(read > 0)
        }

        /// Each connection is used once.
        fn is_open(&mut self) -> bool {
            false
        }
    }
}
