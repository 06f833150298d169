//! Socket addresses, options and the answers of name lookup: what of them is copied at a call, and how
//! the copies become values. As everywhere in recording, nothing here fails.

use crate::call::{Bytes, Name, Value};
use crate::copies::{Copies, Missing, When, little_u32, read, read_u32};
use crate::table::{AddressForm, names};
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use wiggle::GuestMemory;

/// The structure that an address is passed in: where its bytes are, and how many.
const PLACE: u32 = 8;

/// An address with its family in front takes this much.
const STORAGE: u32 = 128;

/// At most this many bytes of an option's value.
const MAX_OPTION: u32 = 64;

/// At most this many nodes of a chain.
pub(crate) const MAX_NODES: u32 = 16;

/// A node of a chain, the structure of an address, and its longest bytes.
const NODE: u32 = 28;
const SOCKADDR: u32 = 12;
const SOCKADDR_DATA: u32 = 26;

/// Before a call: the address that the guest passes.
pub(crate) fn copy_in(copies: &mut Copies, memory: &GuestMemory<'_>, at: u32) {
    copies.copy(memory, at, PLACE);
    if let Some((start, length)) = place(memory, at) {
        copies.copy(memory, start, length.min(STORAGE));
    }
}

/// Before a call: where an address will go.
pub(crate) fn copy_place(copies: &mut Copies, memory: &GuestMemory<'_>, at: u32) {
    copies.copy(memory, at, PLACE);
}

/// After a call: the address that it has written.
pub(crate) fn copy_out(copies: &mut Copies, memory: &GuestMemory<'_>, at: u32) {
    if let Ok((start, length)) = copied_place(copies, at) {
        copies.copy(memory, start, length.min(STORAGE));
    }
}

/// Before a call: the value of an option.
pub(crate) fn copy_option(copies: &mut Copies, memory: &GuestMemory<'_>, at: u32, length: u32) {
    copies.copy(memory, at, length.min(MAX_OPTION));
}

/// After a call: the value of an option, and its length.
pub(crate) fn copy_option_out(
    copies: &mut Copies,
    memory: &GuestMemory<'_>,
    at: u32,
    length_at: u32,
) {
    copies.copy(memory, length_at, 4);
    let length = read_u32(memory, length_at).unwrap_or(0);
    copies.copy(memory, at, length.min(MAX_OPTION));
}

/// After a call: the first `count` nodes of a chain, and their addresses.
pub(crate) fn copy_chain(copies: &mut Copies, memory: &GuestMemory<'_>, at: u32, count: u32) {
    copies.copy(memory, at, 4);
    let mut node = read_u32(memory, at);
    for _ in 0..count.min(MAX_NODES) {
        let Some(at) = node.filter(|at| *at != 0) else {
            return;
        };
        copies.copy(memory, at, NODE);
        let word = |offset: u32| read_u32(memory, at.checked_add(offset)?);
        if let Some(address) = word(12) {
            copies.copy(memory, address, SOCKADDR);
            let data = address.checked_add(8).and_then(|at| read_u32(memory, at));
            if let Some(data) = data {
                copies.copy(memory, data, SOCKADDR_DATA);
            }
        }
        node = word(24);
    }
}

/// Where the bytes of an address are in guest memory.
pub(crate) fn place(memory: &GuestMemory<'_>, at: u32) -> Option<(u32, u32)> {
    let bytes = read(memory, at, PLACE)?;
    Some((little_u32(&bytes)?, little_u32(bytes.get(4..)?)?))
}

fn copied_place(copies: &Copies, at: u32) -> Result<(u32, u32), Missing> {
    let bytes = copies.get(When::Before, at, PLACE)?;
    let start = little_u32(bytes).ok_or(Missing::NotKept)?;
    let length = bytes.get(4..).and_then(little_u32);
    Ok((start, length.ok_or(Missing::NotKept)?))
}

fn text(text: String) -> Value {
    Value::Text { text, cut: false }
}

fn unavailable(missing: Missing, address: u32) -> Value {
    Value::Unavailable {
        because: missing.because(),
        address: Some(address.into()),
    }
}

fn no_address(because: &'static str, at: u32) -> Value {
    Value::Unavailable {
        because: Cow::Borrowed(because),
        address: Some(at.into()),
    }
}

/// An address that the guest has passed, with its port.
pub(crate) fn passed(copies: &Copies, at: u32, port: u32) -> Value {
    let (start, length) = match copied_place(copies, at) {
        Ok(place) => place,
        Err(missing) => return unavailable(missing, at),
    };
    let bytes = match copies.get(When::Before, start, length.min(STORAGE)) {
        Ok(bytes) => bytes,
        Err(missing) => return unavailable(missing, start),
    };
    let Ok(port) = u16::try_from(port) else {
        return no_address("no port has this number", port);
    };
    let ip = match length {
        4 | 16 => ip(bytes),
        STORAGE => with_family(bytes),
        _ => None,
    };
    match ip {
        Some(ip) => text(SocketAddr::new(ip, port).to_string()),
        None => no_address("not an IP address", start),
    }
}

/// An address that the host has written, with its port; `words` are what it has written to the parts
/// that its form names.
pub(crate) fn written(
    copies: &Copies,
    at: u32,
    form: AddressForm,
    version: Option<u32>,
    port: Option<u32>,
) -> Value {
    let (start, length) = match copied_place(copies, at) {
        Ok(place) => place,
        Err(missing) => return unavailable(missing, at),
    };
    let bytes = match copies.get(When::After, start, length.min(STORAGE)) {
        Ok(bytes) => bytes,
        Err(missing) => return unavailable(missing, start),
    };
    let ip = match (form, version) {
        (AddressForm::Storage(_), _) if length >= STORAGE => with_family(bytes),
        (_, Some(4)) => bytes.get(..4).and_then(ip),
        (_, Some(6)) => bytes.get(..16).and_then(ip),
        // As many as there is room for, which only tells for the shorter one.
        _ if length < 16 => bytes.get(..4).and_then(ip),
        _ => {
            return no_address(
                "4 or 16 bytes of an address: the call does not say which",
                start,
            );
        }
    };
    let port = port.and_then(|port| u16::try_from(port).ok());
    match (ip, port) {
        (Some(ip), Some(port)) => text(SocketAddr::new(ip, port).to_string()),
        (Some(ip), None) => text(ip.to_string()),
        (None, _) => no_address("not an IP address", start),
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn with_family(bytes: &[u8]) -> Option<IpAddr> {
    match bytes
        .first_chunk()
        .map(|family| u16::from_le_bytes(*family))?
    {
        1 => ip(bytes.get(2..6)?),
        2 => ip(bytes.get(2..18)?),
        _ => None,
    }
}

/// The value of an option out of its bytes.
pub(crate) fn option(copies: &Copies, when: When, name: u32, at: u32, length: u32) -> Value {
    let bytes = match copies.get(when, at, length.min(MAX_OPTION)) {
        Ok(bytes) => bytes,
        Err(missing) => return unavailable(missing, at),
    };
    let number = |offset: usize| bytes.get(offset..).and_then(little_u32);
    let long = |offset: usize| {
        let bytes = bytes.get(offset..)?.first_chunk();
        bytes.map(|bytes| u64::from_le_bytes(*bytes))
    };
    let other = || {
        Value::Bytes(Bytes {
            kept: bytes.to_vec(),
            length: length.into(),
            unavailable: None,
        })
    };
    match names::SOCKET_OPTION.name(name.into()) {
        Some("SO_TYPE") => match number(0) {
            Some(number) => enumerated(names::SOCKET_TYPE.name(number.into()), number),
            None => other(),
        },
        Some("SO_ERROR") => match number(0) {
            Some(0) => Value::Unsigned(0),
            Some(number) => {
                let errno = names::Errno::from_number(number);
                enumerated(errno.map(|errno| errno.name), number)
            }
            None => other(),
        },
        Some("SO_LINGER") => match (number(0), number(4)) {
            (Some(0), Some(_)) => text("off".to_owned()),
            (Some(_), Some(seconds)) => text(format!("{seconds}s")),
            _ => other(),
        },
        Some("SO_RCVTIMEO" | "SO_SNDTIMEO") => match (long(0), long(8)) {
            (Some(seconds), Some(micros)) => {
                let micros = seconds.saturating_mul(1_000_000).saturating_add(micros);
                Value::Nanoseconds(micros.saturating_mul(1000))
            }
            _ => other(),
        },
        Some("SO_BINDTODEVICE") | None => other(),
        Some(_) => number(0).map_or_else(other, |number| {
            Value::Signed(i64::from(number.cast_signed()))
        }),
    }
}

fn enumerated(name: Option<&'static str>, number: u32) -> Value {
    Value::Enum {
        number: number.into(),
        name: name.map(Name::Borrowed),
    }
}

/// The first `count` addresses of a chain.
pub(crate) fn chain(copies: &Copies, at: u32, count: u32) -> Value {
    let word = |at: Option<u32>| {
        let bytes = copies.get(When::After, at?, 4).ok()?;
        little_u32(bytes)
    };
    let mut items = Vec::new();
    let mut node = word(Some(at));
    while let Some(at) = node.filter(|at| *at != 0)
        && (items.len() as u32) < count.min(MAX_NODES)
    {
        items.push(node_address(copies, at));
        node = word(at.checked_add(24));
    }
    Value::List {
        items,
        count: count.into(),
    }
}

/// The address of a node.
fn node_address(copies: &Copies, at: u32) -> Value {
    let word = |at: Option<u32>| {
        let bytes = copies.get(When::After, at?, 4).ok()?;
        little_u32(bytes)
    };
    let found = || {
        let node = copies.get(When::After, at, NODE).ok()?;
        let address = word(at.checked_add(12))?;
        let data_at = word(address.checked_add(8))?;
        let data = copies.get(When::After, data_at, SOCKADDR_DATA).ok()?;
        let port = data.first_chunk().map(|port| u16::from_be_bytes(*port))?;
        let ip = match node.get(2)? {
            1 => ip(data.get(2..6)?)?,
            2 => ip(data.get(6..22)?)?,
            _ => return None,
        };
        let kind = match node.get(3)? {
            1 => "/UDP",
            _ => "",
        };
        Some(format!("{}{kind}", SocketAddr::new(ip, port)))
    };
    match found() {
        Some(address) => text(address),
        None => no_address("not an IP address", at),
    }
}
