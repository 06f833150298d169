//! Connections to an engine, whichever way it is reached, for [`ureq`], which speaks HTTP over them.

use super::host::{Host, Way};
use super::{ssh, tls};
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Agent, Error};

/// A machine that does not answer is given up after this.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Bytes both ways.
pub(super) trait Channel: Read + Write + Debug + Send + Sync + 'static {
    /// How long reading and writing wait; `None`: for ever.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

impl Channel for TcpStream {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

#[cfg(unix)]
impl Channel for std::os::unix::net::UnixStream {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

/// An agent whose connections all go to that engine. One that says nothing for as long as `patience`
/// in the middle of an answer is given up.
pub(super) fn agent(host: &Host, patience: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent("wasmscope")
        .build();
    let dialer = Dialer {
        host: host.clone(),
        patience,
    };
    Agent::with_parts(config, dialer, NoNames)
}

/// The name in the URL is nobody's: the dialer knows where to go.
#[derive(Debug)]
struct NoNames;

impl Resolver for NoNames {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        // Some address is expected; nobody connects to it.
        addresses.push(SocketAddr::from(([127, 0, 0, 1], 0)));
        Ok(addresses)
    }
}

#[derive(Debug)]
struct Dialer {
    host: Host,
    patience: Duration,
}

impl Connector for Dialer {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        let (input, output) = (
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(Connection {
            channel: dial(&self.host.way)?,
            buffers: LazyBuffers::new(input, output),
            patience: self.patience,
        }))
    }
}

fn dial(way: &Way) -> io::Result<Box<dyn Channel>> {
    match way {
        #[cfg(unix)]
        Way::Socket(path) => Ok(Box::new(std::os::unix::net::UnixStream::connect(path)?)),
        #[cfg(not(unix))]
        Way::Socket(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "there are no such sockets here: set DOCKER_HOST to tcp://NAME:PORT",
        )),
        Way::Tcp { name, port, tls } => {
            let stream = dial_tcp(name, *port)?;
            match tls {
                None => Ok(Box::new(stream)),
                Some(certificates) => Ok(Box::new(tls::wrap(stream, name, certificates)?)),
            }
        }
        Way::Ssh(place) => ssh::dial(place),
    }
}

/// Tries all addresses of a name, and tells of the last one.
fn dial_tcp(name: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for address in (name, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[derive(Debug)]
struct Connection {
    channel: Box<dyn Channel>,
    buffers: LazyBuffers,
    patience: Duration,
}

impl Connection {
    /// Has the channel wait no longer than is wanted of it.
    fn be_patient(&self, timeout: NextTimeout) -> io::Result<()> {
        let wait = timeout.not_zero().map_or(self.patience, |time| *time);
        self.channel.set_timeout(Some(wait.min(self.patience)))
    }
}

/// A time-out of the system's is one of HTTP's.
fn failed(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(error),
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.be_patient(timeout)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let sent = self.channel.write_all(output);
        sent.and_then(|()| self.channel.flush())
            .map_err(|error| failed(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.be_patient(timeout)?;
        let read = loop {
            match self.channel.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(|error| failed(error, timeout))?,
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
