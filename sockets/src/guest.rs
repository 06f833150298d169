//! What the extension's functions read from and write to guest memory: addresses, buffers, numbers.
//! Every place is checked; nothing here asks the host for anything.

use crate::errno::Errno;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use wiggle::{GuestMemory, GuestPtr};

/// Most buffers of one call, as WasmEdge has it.
const MAX_BUFFERS: u32 = 1024;

/// Most bytes that one call takes in or hands out. Guests that have more come again.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// An IP address that takes this much room has its family in front of it.
const STORAGE: u32 = 128;

/// The numbers that families have in front of an address.
pub(crate) const INET4: u16 = 1;
pub(crate) const INET6: u16 = 2;

/// `length` bytes of guest memory.
///
/// # Errors
/// FAULT when they are not all inside of it.
pub(crate) fn read(memory: &GuestMemory<'_>, at: u32, length: u32) -> Result<Vec<u8>, Errno> {
    let size = match memory {
        GuestMemory::Unshared(bytes) => bytes.len(),
        GuestMemory::Shared(bytes) => bytes.len(),
    };
    // Nothing is made room for that is not there.
    if u64::from(at) + u64::from(length) > size as u64 {
        return Err(Errno::FAULT);
    }
    let bytes = memory.as_cow(GuestPtr::<[u8]>::new((at, length)));
    bytes
        .map(|bytes| bytes.into_owned())
        .map_err(|_| Errno::FAULT)
}

/// Writes to guest memory.
///
/// # Errors
/// FAULT when there is not room for all bytes; none is written then.
pub(crate) fn write(memory: &mut GuestMemory<'_>, at: u32, bytes: &[u8]) -> Result<(), Errno> {
    let length = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
    memory
        .copy_from_slice(bytes, GuestPtr::<[u8]>::new((at, length)))
        .map_err(|_| Errno::FAULT)
}

/// Checks that something can be written later.
pub(crate) fn check(memory: &GuestMemory<'_>, at: u32, length: u32) -> Result<(), Errno> {
    aligned(at, length.min(4))?;
    read(memory, at, length).map(|_| ())
}

fn aligned(at: u32, alignment: u32) -> Result<(), Errno> {
    match at.checked_rem(alignment) {
        Some(0) | None => Ok(()),
        // As WasmEdge has it.
        Some(_) => Err(Errno::ADDRNOTAVAIL),
    }
}

/// A 32-bit number.
pub(crate) fn read_u32(memory: &GuestMemory<'_>, at: u32) -> Result<u32, Errno> {
    aligned(at, 4)?;
    let bytes = read(memory, at, 4)?;
    Ok(little(&bytes))
}

/// Writes a 32-bit number.
pub(crate) fn write_u32(memory: &mut GuestMemory<'_>, at: u32, number: u32) -> Result<(), Errno> {
    aligned(at, 4)?;
    write(memory, at, &number.to_le_bytes())
}

/// Writes a 16-bit number.
pub(crate) fn write_u16(memory: &mut GuestMemory<'_>, at: u32, number: u16) -> Result<(), Errno> {
    aligned(at, 2)?;
    write(memory, at, &number.to_le_bytes())
}

/// The little-endian number at the start of some bytes; what is missing is 0.
pub(crate) fn little(bytes: &[u8]) -> u32 {
    let mut number = [0; 4];
    for (to, from) in number.iter_mut().zip(bytes) {
        *to = *from;
    }
    u32::from_le_bytes(number)
}

/// Where an address is: its bytes and how many there are.
fn place(memory: &GuestMemory<'_>, at: u32) -> Result<(u32, u32), Errno> {
    let length_at = at.checked_add(4).ok_or(Errno::FAULT)?;
    Ok((read_u32(memory, at)?, read_u32(memory, length_at)?))
}

/// The address that the guest passes: 4 or 16 bytes, or 128 with the family in front.
///
/// # Errors
/// INVAL for other lengths, AFNOSUPPORT for other families.
pub(crate) fn address(memory: &GuestMemory<'_>, at: u32, port: u32) -> Result<SocketAddr, Errno> {
    let port = u16::try_from(port).map_err(|_| Errno::INVAL)?;
    let (start, length) = place(memory, at)?;
    let bytes = match length {
        4 | 16 => read(memory, start, length)?,
        STORAGE => {
            let storage = read(memory, start, length)?;
            let (family, rest) = storage.split_at_checked(2).ok_or(Errno::INVAL)?;
            let used = match little(family) as u16 {
                INET4 => rest.get(..4),
                INET6 => rest.get(..16),
                _ => return Err(Errno::AFNOSUPPORT),
            };
            used.ok_or(Errno::INVAL)?.to_vec()
        }
        _ => return Err(Errno::INVAL),
    };
    let ip = ip(&bytes).ok_or(Errno::INVAL)?;
    Ok(SocketAddr::new(ip, port))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| Ipv4Addr::from(octets).into());
    let v6 = <[u8; 16]>::try_from(bytes).map(|octets| Ipv6Addr::from(octets).into());
    v4.or(v6).ok()
}

/// Where an address goes, checked beforehand: its bytes and how many there is room for.
pub(crate) fn address_room(memory: &GuestMemory<'_>, at: u32) -> Result<(u32, u32), Errno> {
    let (start, length) = place(memory, at)?;
    if length < 4 {
        return Err(Errno::INVAL);
    }
    check_bytes(memory, start, length.min(STORAGE))?;
    Ok((start, length))
}

pub(crate) fn check_bytes(memory: &GuestMemory<'_>, at: u32, length: u32) -> Result<(), Errno> {
    read(memory, at, length).map(|_| ())
}

/// Writes an address to where [`address_room`] has found room; `with_family` puts its family in front
/// where there is room for any address.
pub(crate) fn write_address(
    memory: &mut GuestMemory<'_>,
    (start, room): (u32, u32),
    ip: IpAddr,
    with_family: bool,
) -> Result<(), Errno> {
    let (family, octets) = match ip {
        IpAddr::V4(ip) => (INET4, ip.octets().to_vec()),
        IpAddr::V6(ip) => (INET6, ip.octets().to_vec()),
    };
    let mut bytes = Vec::new();
    if with_family && room >= STORAGE {
        bytes.extend(family.to_le_bytes());
    }
    bytes.extend(octets);
    if bytes.len() > room as usize {
        return Err(Errno::INVAL);
    }
    write(memory, start, &bytes)
}

/// The buffers of a call: where each is and how long.
pub(crate) fn buffers(
    memory: &GuestMemory<'_>,
    array: u32,
    count: u32,
) -> Result<Vec<(u32, u32)>, Errno> {
    if count > MAX_BUFFERS {
        return Err(Errno::INVAL);
    }
    aligned(array, 4)?;
    let bytes = read(memory, array, count * 8)?;
    let mut buffers = Vec::with_capacity(bytes.len() / 8);
    for entry in bytes.chunks_exact(8) {
        let (start, length) = (little(entry), little(entry.get(4..).unwrap_or_default()));
        let size = memory_size(memory);
        if u64::from(start) + u64::from(length) > size {
            return Err(Errno::FAULT);
        }
        buffers.push((start, length));
    }
    Ok(buffers)
}

fn memory_size(memory: &GuestMemory<'_>) -> u64 {
    match memory {
        GuestMemory::Unshared(bytes) => bytes.len() as u64,
        GuestMemory::Shared(bytes) => bytes.len() as u64,
    }
}

/// What is in the buffers, up to [`MAX_BYTES`].
pub(crate) fn gather(memory: &GuestMemory<'_>, buffers: &[(u32, u32)]) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    for (start, length) in buffers {
        let left = MAX_BYTES.saturating_sub(bytes.len());
        let length = (*length).min(u32::try_from(left).unwrap_or(u32::MAX));
        bytes.extend(read(memory, *start, length)?);
    }
    Ok(bytes)
}

/// How many bytes there is room for in the buffers, up to [`MAX_BYTES`].
pub(crate) fn room(buffers: &[(u32, u32)]) -> usize {
    let lengths = buffers.iter().map(|(_, length)| *length as usize);
    lengths.fold(0, usize::saturating_add).min(MAX_BYTES)
}

/// Fills the buffers, leaving out their first `skip` bytes.
pub(crate) fn scatter(
    memory: &mut GuestMemory<'_>,
    buffers: &[(u32, u32)],
    mut skip: usize,
    mut bytes: &[u8],
) -> Result<(), Errno> {
    for (start, length) in buffers {
        let length = *length as usize;
        let before = skip.min(length);
        skip -= before;
        let (now, rest) = bytes
            .split_at_checked(length - before)
            .unwrap_or((bytes, &[]));
        let start = u32::try_from(before)
            .ok()
            .and_then(|before| start.checked_add(before));
        if !now.is_empty() {
            write(memory, start.ok_or(Errno::FAULT)?, now)?;
        }
        bytes = rest;
    }
    Ok(())
}
