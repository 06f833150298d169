//! The limit on linear memory, and the memory of having been refused: a guest that could not get
//! memory usually fails a little later, and the report should say why.

use wasmtime::ResourceLimiter;

/// Linear memory that a guest asked for and did not get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct MemoryRefusal {
    /// Size of the memory when it was asked for, in bytes.
    pub current: u64,
    /// The size asked for, in bytes.
    pub wanted: u64,
    /// What stood in the way.
    pub by: RefusedBy,
}

/// What keeps a memory from growing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBy {
    /// The limit the user set for this run, in bytes.
    Limit(u64),
    /// The maximum that the memory's own type declares (or its address space), in bytes.
    Maximum(u64),
    /// The host could not provide it.
    Host,
}

/// Applies [`crate::Options::max_memory_size`] and remembers the last refusal.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<u64>,
    /// Growth that was let pass and has not been heard of since: the host may yet refuse it.
    pending: Option<MemoryRefusal>,
    refusal: Option<MemoryRefusal>,
}

impl Limiter {
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            pending: None,
            refusal: None,
        }
    }

    /// The last growth that was refused and not followed by one that was granted.
    pub(crate) fn refusal(&self) -> Option<MemoryRefusal> {
        self.refusal
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (current, wanted) = (current as u64, desired as u64);
        let refused = |by| MemoryRefusal {
            current,
            wanted,
            by,
        };
        self.pending = None;
        if let Some(limit) = self.limit.filter(|limit| wanted > *limit) {
            self.refusal = Some(refused(RefusedBy::Limit(limit)));
            return Ok(false);
        }
        match maximum
            .map(|maximum| maximum as u64)
            .filter(|maximum| wanted > *maximum)
        {
            Some(maximum) => self.refusal = Some(refused(RefusedBy::Maximum(maximum))),
            None => {
                self.pending = Some(refused(RefusedBy::Host));
                self.refusal = None;
            }
        }
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        if let Some(pending) = self.pending.take() {
            self.refusal = Some(pending);
        }
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_last_refusal_until_memory_is_granted() {
        let mut limiter = Limiter::new(Some(1000));
        assert!(!limiter.memory_growing(500, 2000, None).expect("no error"));
        let refusal = MemoryRefusal {
            current: 500,
            wanted: 2000,
            by: RefusedBy::Limit(1000),
        };
        assert_eq!(limiter.refusal(), Some(refusal));
        assert!(limiter.memory_growing(500, 600, None).expect("no error"));
        assert_eq!(limiter.refusal(), None);
        assert!(
            limiter
                .memory_growing(600, 900, Some(800))
                .expect("no error")
        );
        assert_eq!(
            limiter.refusal().map(|r| r.by),
            Some(RefusedBy::Maximum(800))
        );
    }

    #[test]
    fn a_host_that_cannot_is_remembered() {
        let mut limiter = Limiter::new(None);
        assert!(limiter.memory_growing(0, 1 << 32, None).expect("no error"));
        limiter
            .memory_grow_failed(wasmtime::Error::msg("no memory"))
            .expect("no error");
        assert_eq!(limiter.refusal().map(|r| r.by), Some(RefusedBy::Host));
    }
}
