//! Options of sockets, and what a socket is as a descriptor.

use crate::errno::Errno;
use crate::guest;
use crate::network::Protocol;
use crate::policy::Refusal;
use crate::table::{Args, Sockets};
use std::time::Duration;
use wiggle::GuestMemory;

/// `SOL_SOCKET`, the only level.
const SOL_SOCKET: u32 = 0;

const REUSEADDR: u32 = 0;
const TYPE: u32 = 1;
const ERROR: u32 = 2;
const DONTROUTE: u32 = 3;
const BROADCAST: u32 = 4;
const SNDBUF: u32 = 5;
const RCVBUF: u32 = 6;
const KEEPALIVE: u32 = 7;
const OOBINLINE: u32 = 8;
const LINGER: u32 = 9;
const RCVLOWAT: u32 = 10;
const RCVTIMEO: u32 = 11;
const SNDTIMEO: u32 = 12;
const ACCEPTCONN: u32 = 13;
const BINDTODEVICE: u32 = 14;

/// The longest name of a network device, with the NUL at its end.
const MAX_DEVICE: u32 = 16;

/// Most bytes of a buffer that a guest may ask for; the system has its own limit.
const MAX_BUFFER: u32 = 1 << 24;

/// What may be done with a socket, as WASI preview 1 counts rights: reading, changing flags, writing,
/// looking, polling, shutting down, accepting.
const RIGHTS: u64 = 1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27 | 1 << 28 | 1 << 29;

const FDSTAT: usize = 24;
const FILESTAT: usize = 64;

impl Sockets {
    /// `sock_getsockopt(fd, level, name, *value, *length)`
    pub(crate) fn get_option(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let socket = self.get(args.at(0))?;
        let room = guest::read_u32(memory, args.at(4))?;
        guest::check_bytes(memory, args.at(3), room.min(MAX_DEVICE))?;
        if args.at(1) != SOL_SOCKET {
            return Err(Errno::NOPROTOOPT);
        }
        let inner = &socket.inner;
        let number = |number: u32| number.to_le_bytes().to_vec();
        let size = |size: usize| number(u32::try_from(size).unwrap_or(u32::MAX));
        let value = match args.at(2) {
            REUSEADDR => number(inner.reuse_address()?.into()),
            TYPE => number(match socket.protocol {
                Protocol::Udp => 1,
                Protocol::Tcp => 2,
            }),
            ERROR => number(
                inner
                    .take_error()?
                    .map_or(0, |error| Errno::from(error).0)
                    .into(),
            ),
            BROADCAST => number(inner.broadcast()?.into()),
            SNDBUF => size(inner.send_buffer_size()?),
            RCVBUF => size(inner.recv_buffer_size()?),
            KEEPALIVE => number(inner.keepalive()?.into()),
            OOBINLINE => number(inner.out_of_band_inline()?.into()),
            ACCEPTCONN => number(socket.is_listening.into()),
            LINGER => {
                let linger = socket.linger;
                let seconds = linger.map_or(0, |linger| linger.as_secs());
                let mut value = number(linger.is_some().into());
                value.extend(number(u32::try_from(seconds).unwrap_or(u32::MAX)));
                value
            }
            RCVTIMEO => time_value(socket.receive_timeout),
            SNDTIMEO => time_value(socket.send_timeout),
            BINDTODEVICE => device(inner)?,
            DONTROUTE | RCVLOWAT => return Err(Errno::NOPROTOOPT),
            _ => return Err(Errno::NOPROTOOPT),
        };
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        if room < length {
            return Err(Errno::INVAL);
        }
        guest::write(memory, args.at(3), &value)?;
        guest::write_u32(memory, args.at(4), length)
    }

    /// `sock_setsockopt(fd, level, name, *value, length)`
    pub(crate) fn set_option(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let may_bind_to_device = self.policy.network().inherit;
        let socket = self.get(args.at(0))?;
        let value = guest::read(memory, args.at(3), args.at(4).min(4 * MAX_DEVICE))?;
        if args.at(1) != SOL_SOCKET {
            return Err(Errno::NOPROTOOPT);
        }
        let number = || match value.len() {
            0..4 => Err(Errno::INVAL),
            _ => Ok(guest::little(&value)),
        };
        let size = || Ok::<_, Errno>(number()?.min(MAX_BUFFER) as usize);
        let inner = &socket.inner;
        match args.at(2) {
            REUSEADDR => inner.set_reuse_address(number()? != 0)?,
            BROADCAST => inner.set_broadcast(number()? != 0)?,
            SNDBUF => inner.set_send_buffer_size(size()?)?,
            RCVBUF => inner.set_recv_buffer_size(size()?)?,
            KEEPALIVE => inner.set_keepalive(number()? != 0)?,
            OOBINLINE => inner.set_out_of_band_inline(number()? != 0)?,
            LINGER => {
                let seconds = value.get(4..8).map(guest::little).ok_or(Errno::INVAL)?;
                let linger = Duration::from_secs(seconds.into());
                let linger = (number()? != 0).then_some(linger);
                // Closing would wait for as long, with nobody able to end it. What is left is sent all
                // the same; only no time at all makes a difference to the other end.
                inner.set_linger(linger.filter(Duration::is_zero))?;
                socket.linger = linger;
            }
            RCVTIMEO => socket.receive_timeout = duration(&value)?,
            SNDTIMEO => socket.send_timeout = duration(&value)?,
            BINDTODEVICE if may_bind_to_device => bind_to_device(inner, &value)?,
            BINDTODEVICE => {
                let refusal = Refusal {
                    what: "binding a socket to a network device".to_owned(),
                    how: "-S inherit-network allows it".to_owned(),
                };
                self.policy.refused(&refusal);
                return Err(self.refuse(refusal));
            }
            TYPE | ERROR | ACCEPTCONN | DONTROUTE | RCVLOWAT => return Err(Errno::NOPROTOOPT),
            _ => return Err(Errno::NOPROTOOPT),
        }
        Ok(())
    }

    /// `fd_fdstat_get(fd, *stat)`
    pub(crate) fn stat(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let socket = self.get(args.at(0))?;
        let flags: u16 = if socket.nonblocking { 4 } else { 0 };
        let mut stat = vec![file_type(socket.protocol), 0];
        stat.extend(flags.to_le_bytes());
        stat.resize(8, 0);
        stat.extend(RIGHTS.to_le_bytes());
        stat.extend(RIGHTS.to_le_bytes());
        stat.resize(FDSTAT, 0);
        guest::write(memory, args.at(1), &stat)
    }

    /// `fd_filestat_get(fd, *stat)`
    pub(crate) fn file_stat(
        &mut self,
        memory: &mut GuestMemory<'_>,
        args: &Args<'_>,
    ) -> Result<(), Errno> {
        let socket = self.get(args.at(0))?;
        let mut stat = vec![0; 16];
        stat.push(file_type(socket.protocol));
        stat.resize(FILESTAT, 0);
        guest::write(memory, args.at(1), &stat)
    }
}

fn file_type(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Udp => 5,
        Protocol::Tcp => 6,
    }
}

/// A length of time as seconds and microseconds; none is no limit.
fn time_value(duration: Option<Duration>) -> Vec<u8> {
    let duration = duration.unwrap_or_default();
    let mut value = duration.as_secs().to_le_bytes().to_vec();
    value.extend(u64::from(duration.subsec_micros()).to_le_bytes());
    value
}

fn duration(value: &[u8]) -> Result<Option<Duration>, Errno> {
    let number = |bytes: Option<&[u8]>| {
        let bytes = bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        bytes.map(u64::from_le_bytes).ok_or(Errno::INVAL)
    };
    let (seconds, micros) = (number(value.get(..8))?, number(value.get(8..16))?);
    if micros >= 1_000_000 {
        return Err(Errno::INVAL);
    }
    // Longer than anybody waits, and no more than the system's clocks can count.
    let seconds = seconds.min(u64::from(u32::MAX));
    let duration = Duration::from_secs(seconds) + Duration::from_micros(micros);
    Ok((!duration.is_zero()).then_some(duration))
}

#[cfg(target_os = "linux")]
fn device(socket: &socket2::Socket) -> Result<Vec<u8>, Errno> {
    Ok(socket.device()?.map_or_else(Vec::new, |mut name| {
        name.push(0);
        name
    }))
}

#[cfg(target_os = "linux")]
fn bind_to_device(socket: &socket2::Socket, name: &[u8]) -> Result<(), Errno> {
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(socket.bind_device((!name.is_empty()).then_some(name))?)
}

#[cfg(not(target_os = "linux"))]
fn device(_socket: &socket2::Socket) -> Result<Vec<u8>, Errno> {
    Err(Errno::NOPROTOOPT)
}

#[cfg(not(target_os = "linux"))]
fn bind_to_device(_socket: &socket2::Socket, _name: &[u8]) -> Result<(), Errno> {
    Err(Errno::NOPROTOOPT)
}
