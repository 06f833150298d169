//! An engine on another machine, by way of the `ssh` command and the `docker` command there
//! (`docker system dial-stdio`), as the `docker` command does it. Keys, passwords and known hosts are
//! `ssh`'s business.

use super::connection::Channel;
use super::host::Ssh;
use std::io;

#[cfg(not(unix))]
pub(super) fn dial(_: &Ssh) -> io::Result<Box<dyn Channel>> {
    let why = "ssh:// is not spoken here: set DOCKER_HOST to tcp://NAME:PORT";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// Starts `ssh`, whose messages and questions go to the user.
#[cfg(unix)]
pub(super) fn dial(place: &Ssh) -> io::Result<Box<dyn Channel>> {
    Ok(Box::new(unix::Tunnel::open(place)?))
}

#[cfg(unix)]
mod unix {
    use super::{Channel, Ssh};
    use std::io::{self, Read, Write};
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    /// How often, and how long, the end of `ssh` is waited for when it has closed its output.
    const ENDING: (u32, Duration) = (50, Duration::from_millis(20));

    /// A running `ssh`. Its input and output are one end of a pair of sockets: unlike pipes, those
    /// know time-outs.
    #[derive(Debug)]
    pub(super) struct Tunnel {
        child: Child,
        stream: UnixStream,
        /// Whether anything came.
        heard: bool,
        command: String,
    }

    impl Tunnel {
        pub fn open(place: &Ssh) -> io::Result<Self> {
            let (stream, theirs) = UnixStream::pair()?;
            let output = OwnedFd::from(theirs.try_clone()?);
            let arguments = place.arguments();
            let command = format!("ssh {}", arguments.join(" "));
            let child = Command::new("ssh")
                .args(arguments)
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stdout(Stdio::from(output))
                .spawn()
                .map_err(|error| {
                    io::Error::new(error.kind(), format!("ssh cannot be started: {error}"))
                })?;
            Ok(Self {
                child,
                stream,
                heard: false,
                command,
            })
        }

        /// Why there was no answer at all.
        fn silence(&mut self) -> io::Error {
            let (times, pause) = ENDING;
            for _ in 0..times {
                if let Ok(Some(status)) = self.child.try_wait() {
                    let why = format!("`{}` ended with {status}", self.command);
                    return io::Error::new(io::ErrorKind::ConnectionAborted, why);
                }
                std::thread::sleep(pause);
            }
            let why = format!("`{}` has closed its output", self.command);
            io::Error::new(io::ErrorKind::ConnectionAborted, why)
        }
    }

    impl Read for Tunnel {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.stream.read(buffer);
            let ended = match &read {
                Ok(read) => *read == 0 && !buffer.is_empty(),
                Err(error) => is_end(error),
            };
            match ended && !self.heard {
                true => Err(self.silence()),
                false => {
                    self.heard |= read.is_ok();
                    read
                }
            }
        }
    }

    /// Whether the other end is gone.
    fn is_end(error: &io::Error) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        matches!(error.kind(), BrokenPipe | ConnectionReset)
    }

    impl Write for Tunnel {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.stream.write(bytes) {
                Err(error) if is_end(&error) && !self.heard => Err(self.silence()),
                written => written,
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Channel for Tunnel {
        fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
            self.stream.set_read_timeout(timeout)?;
            self.stream.set_write_timeout(timeout)
        }
    }

    impl Drop for Tunnel {
        fn drop(&mut self) {
            // It ends by itself when there is nobody to pass anything on to, or else at once.
            let _ = self.stream.shutdown(Shutdown::Both);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
