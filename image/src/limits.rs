//! Bounds for what a stranger's image can make us do. What each one protects is said where it is
//! used.

/// How much of an image is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes that all layers of the image together may unpack to, and bytes that a compressed
    /// archive or standard input may have: what ends up on the disk.
    pub bytes: u64,
    /// Entries in an archive, and in all layers together.
    pub entries: u64,
}

impl Default for Limits {
    /// 4 GiB in a million files.
    fn default() -> Self {
        Self {
            bytes: 4 << 30,
            entries: 1_000_000,
        }
    }
}

/// Most bytes of one JSON document: registries refuse manifests above 4 MiB.
pub(crate) const DOCUMENT: u64 = 8 << 20;

/// Most layers of an image; Docker stops at 127.
pub(crate) const LAYERS: usize = 1_000;

/// Most descriptors looked at when an index is searched for an image.
pub(crate) const DESCRIPTORS: usize = 2_000;

/// How deep an index may nest.
pub(crate) const INDEX_DEPTH: usize = 8;

/// Most bytes in a path of an archive (Linux's `PATH_MAX`).
pub(crate) const PATH: usize = 4_096;

/// Most folders that a path of an archive goes through.
pub(crate) const PATH_DEPTH: usize = 128;

/// Most symbolic links followed on the way to one file (Linux's `MAXSYMLINKS`).
pub(crate) const LINKS: usize = 40;

/// Most bytes in one tar extension header: a long name, or pax records (extended attributes can
/// take up 64 KiB each).
pub(crate) const EXTENSION: u64 = 1 << 20;

/// Most bytes that all names in an archive's table of contents may take up.
pub(crate) const NAMES: usize = 64 << 20;

/// Most files looked at when a filesystem is searched for modules.
pub(crate) const SEARCHED: usize = 1_000_000;

/// Most modules that such a search finds.
pub(crate) const MODULES: usize = 1_000;
