//! Where the bytes of values come from: the guest's memory, or bytes that a location gave.

use std::sync::Arc;
use wasmscope_symbols::{PartialBytes, Type, Unavailable};

/// The linear memory of a stopped guest.
pub trait Memory {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// Reads from `address` on: all of `buffer` or nothing.
    ///
    /// # Errors
    /// When some of it is out of bounds or out of reach.
    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable>;
}

impl Memory for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        let start = usize::try_from(address).ok();
        let bytes = start.and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        match bytes {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(Unavailable::out_of_bounds(
                address,
                buffer.len() as u64,
                self.len() as u64,
            )),
        }
    }
}

/// A memory that cannot be read, and why.
#[derive(Clone, Debug)]
pub struct NoMemory(pub Unavailable);

impl Memory for NoMemory {
    fn size(&self) -> u64 {
        0
    }

    fn read(&self, _address: u64, _buffer: &mut [u8]) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }
}

/// Where the bytes of one value are.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// In memory from this address on.
    Memory(u64),
    /// In these bytes, from this offset on.
    Bytes {
        bytes: Arc<PartialBytes>,
        offset: u64,
    },
}

impl Slot {
    /// The place `offset` bytes further on.
    pub fn at(&self, offset: u64) -> Result<Slot, Unavailable> {
        let beyond = || Unavailable::malformed("a field lies beyond all addresses");
        Ok(match self {
            Slot::Memory(address) => Slot::Memory(address.checked_add(offset).ok_or_else(beyond)?),
            Slot::Bytes { bytes, offset: own } => Slot::Bytes {
                bytes: Arc::clone(bytes),
                offset: own.checked_add(offset).ok_or_else(beyond)?,
            },
        })
    }

    /// Reads all of `buffer` or nothing.
    pub fn read(&self, memory: &dyn Memory, buffer: &mut [u8]) -> Result<(), Unavailable> {
        match self {
            Slot::Memory(address) => memory.read(*address, buffer),
            Slot::Bytes { bytes, offset } => {
                let end = offset.saturating_add(buffer.len() as u64);
                let known = bytes.get(*offset..end)?;
                if known.len() == buffer.len() {
                    buffer.copy_from_slice(known);
                }
                Ok(())
            }
        }
    }

    /// A number of `size` bytes, at most 16.
    pub fn number(&self, memory: &dyn Memory, size: u64) -> Result<u128, Unavailable> {
        let mut bytes = [0; 16];
        let wanted = usize::try_from(size)
            .ok()
            .and_then(|size| bytes.get_mut(..size));
        let Some(wanted) = wanted else {
            return Err(Unavailable::malformed(format!("a number of {size} bytes")));
        };
        self.read(memory, wanted)?;
        Ok(u128::from_le_bytes(bytes))
    }
}

/// A type and where its bytes are.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub ty: Arc<Type>,
    pub slot: Slot,
}
