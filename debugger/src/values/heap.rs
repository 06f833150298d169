//! Whether memory that a value owns has been given back: what was dropped, or moved out and dropped
//! there, looks alive otherwise.
//!
//! The allocator of wasi-libc and of Rust's standard library on WebAssembly is dlmalloc. In front of
//! each allocation it keeps the size of its chunk, with two bits: whether the chunk is in use, and
//! whether the one before it is. A free chunk has its size once more behind its end, where the next
//! one says that it is free. All of that has to agree before a chunk is called free: other allocators
//! do not write it by chance. A chunk that was put together with a free one before it keeps what its
//! header said, so not everything that was freed is found.

use super::memory::Memory;

/// The size of an address, and of what dlmalloc keeps.
const WORD: u64 = 4;

/// A chunk's smallest size.
const SMALLEST: u64 = 16;

/// The chunk before this one is in use.
const BEFORE_IN_USE: u64 = 1;

/// The chunk itself is in use.
const IN_USE: u64 = 2;

/// All the bits that are not part of the size.
const BITS: u64 = 7;

/// Whether the allocation at `address` has certainly been freed.
pub(super) fn is_freed(memory: &dyn Memory, address: u64) -> bool {
    let freed = || {
        if !address.is_multiple_of(8) {
            return None;
        }
        let header = word(memory, address.checked_sub(WORD)?)?;
        if header & IN_USE != 0 {
            return Some(false);
        }
        let size = header & !BITS;
        if size < SMALLEST {
            return None;
        }
        // The chunk begins two words before what it gives out; so does the next.
        let next = address.checked_add(size)?.checked_sub(2 * WORD)?;
        let size_again = word(memory, next)?;
        let next_header = word(memory, next.checked_add(WORD)?)?;
        Some(size_again == size && next_header & BEFORE_IN_USE == 0 && next_header & !BITS != 0)
    };
    freed() == Some(true)
}

fn word(memory: &dyn Memory, address: u64) -> Option<u64> {
    let mut bytes = [0; WORD as usize];
    memory.read(address, &mut bytes).ok()?;
    Some(u64::from(u32::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::is_freed;

    /// Memory with these words in it.
    fn freed(words: &[(usize, u32)], address: u64) -> bool {
        let mut memory = [0u8; 128];
        for (at, word) in words {
            memory[*at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        is_freed(&&memory[..], address)
    }

    #[test]
    fn a_chunk_is_free_when_all_of_it_says_so() {
        // A chunk of 32 bytes at 16, what it gives out at 24, the next chunk at 48.
        let free = [(20, 32 | 1), (48, 32), (52, 24 | 2)];
        assert!(freed(&free, 24));
        let in_use = [(20, 32 | 3), (48, 32), (52, 24 | 3)];
        assert!(!freed(&in_use, 24));
        let next_denies = [(20, 32 | 1), (48, 32), (52, 24 | 3)];
        assert!(!freed(&next_denies, 24));
        let other_size = [(20, 32 | 1), (48, 40), (52, 24 | 2)];
        assert!(!freed(&other_size, 24));
        assert!(!freed(&free, 25));
        assert!(!freed(&free, 0));
        assert!(!freed(&free, 1 << 40));
        assert!(!freed(&[(20, 0xffff_fff8)], 24));
    }
}
