//! Reading tar archives: entries with their long names put together (GNU's and pax's), in one pass
//! and in bounded memory. What entries mean is not known here.
//!
//! The `tar` crate reads the headers. Its own iteration keeps extension headers in memory whatever
//! their size, which a compressed archive of some kilobytes can make gigabytes.

use crate::error::{ImageError, read_error, shown};
use crate::limits;
use crate::source::Skip;
use std::io::{self, Read};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: u64 = 512;

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    File,
    Folder,
    Symlink,
    HardLink,
    /// A device or a pipe.
    Special,
}

/// One entry of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub name: Vec<u8>,
    pub kind: Kind,
    /// Where a link goes.
    pub link: Vec<u8>,
    /// Bytes of content.
    pub size: u64,
    /// Where the content is, counted from the start of the archive.
    pub offset: u64,
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: u64,
}

impl Entry {
    /// The name, made fit for messages.
    pub fn shown(&self) -> String {
        shown(&String::from_utf8_lossy(&self.name))
    }
}

/// Reads an archive from its start to its end.
pub(crate) struct Tarball<R> {
    reader: R,
    what: String,
    position: u64,
    /// Content of the current entry that was not read yet.
    left: u64,
    padding: u64,
    ended: bool,
}

/// What extension headers say of the entry that follows them.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<R: Skip> Tarball<R> {
    /// `what` is what messages call the archive.
    pub fn new(reader: R, what: &str) -> Self {
        Self {
            reader,
            what: what.to_owned(),
            position: 0,
            left: 0,
            padding: 0,
            ended: false,
        }
    }

    /// The next entry, or `None` at the end.
    pub fn next(&mut self) -> Result<Option<Entry>, ImageError> {
        let mut extension = Extension::default();
        let mut extended = false;
        loop {
            let rest = self.left.saturating_add(self.padding);
            self.skip(rest)?;
            (self.left, self.padding) = (0, 0);
            let Some(header) = self.header()? else {
                if extended {
                    return Err(self.truncated("an entry"));
                }
                return Ok(None);
            };
            let ty = header.entry_type();
            let size = header
                .entry_size()
                .map_err(|error| self.damaged(format!("an entry's size is no number ({error})")))?;
            match ty {
                EntryType::GNULongName => extension.name = Some(self.long_name(size)?),
                EntryType::GNULongLink => extension.link = Some(self.long_name(size)?),
                EntryType::XHeader => self.pax(size, &mut extension)?,
                EntryType::XGlobalHeader => self.content_follows(size),
                _ => return self.entry(&header, size, extension).map(Some),
            }
            extended |= ty != EntryType::XGlobalHeader;
        }
    }

    fn entry(
        &mut self,
        header: &Header,
        size: u64,
        extension: Extension,
    ) -> Result<Entry, ImageError> {
        let name = extension
            .name
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let link = extension
            .link
            .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        if name.len() > limits::PATH || link.len() > limits::PATH {
            return Err(self.damaged(format!(
                "an entry's name is longer than {} bytes",
                limits::PATH
            )));
        }
        let size = extension.size.unwrap_or(size);
        let kind = match header.entry_type() {
            EntryType::Directory => Kind::Folder,
            // Before POSIX, folders were files whose names end so.
            EntryType::Regular if name.ends_with(b"/") && size == 0 => Kind::Folder,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Symlink => Kind::Symlink,
            EntryType::Link => Kind::HardLink,
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Special,
            EntryType::GNUSparse => return Err(self.sparse()),
            other => {
                return Err(self.damaged(format!(
                    "an entry is of the kind {:#04x}, which no tool writes",
                    other.as_byte()
                )));
            }
        };
        // Some tools repeat a link's target's size there, without content.
        let content = if matches!(kind, Kind::File) { size } else { 0 };
        self.content_follows(content);
        Ok(Entry {
            name,
            kind,
            link,
            size: content,
            offset: self.position,
            mode: header.mode().unwrap_or(0o644),
            modified: header.mtime().unwrap_or(0),
        })
    }

    /// Reads the current entry's content.
    pub fn content(&mut self) -> Content<'_, R> {
        Content { tarball: self }
    }

    /// The next header; `None` at the archive's end.
    fn header(&mut self) -> Result<Option<Header>, ImageError> {
        if self.ended {
            return Ok(None);
        }
        let mut block = [0u8; BLOCK as usize];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                // Some writers leave the blocks of zeros at the end out.
                Ok(0) if filled == 0 => {
                    self.ended = true;
                    return Ok(None);
                }
                Ok(0) => return Err(self.truncated("an entry's header")),
                Ok(read) => filled = filled.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        self.position = self.position.saturating_add(BLOCK);
        if block.iter().all(|byte| *byte == 0) {
            self.ended = true;
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block);
        if header.cksum().ok() != Some(checksum(&block)) {
            return Err(self.damaged(format!(
                "what stands at byte {} is no entry of a tar archive (its checksum is wrong)",
                self.position.saturating_sub(BLOCK)
            )));
        }
        Ok(Some(header.clone()))
    }

    fn content_follows(&mut self, size: u64) {
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK;
    }

    /// The content of an extension header.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, ImageError> {
        if size > limits::EXTENSION {
            return Err(self.damaged(format!(
                "an extension header has {size} bytes; names and attributes never need more than \
                 {}",
                limits::EXTENSION
            )));
        }
        self.content_follows(size);
        let mut bytes = Vec::new();
        match self.content().read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn long_name(&mut self, size: u64) -> Result<Vec<u8>, ImageError> {
        let mut name = self.extension(size)?;
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    fn pax(&mut self, size: u64, extension: &mut Extension) -> Result<(), ImageError> {
        let bytes = self.extension(size)?;
        for record in PaxExtensions::new(&bytes) {
            let record = record
                .map_err(|error| self.damaged(format!("a pax record is malformed ({error})")))?;
            match record.key_bytes() {
                b"path" => extension.name = Some(record.value_bytes().to_vec()),
                b"linkpath" => extension.link = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|text| text.parse().ok());
                    let size = size.ok_or_else(|| {
                        self.damaged("a pax record gives a size that is no number".into())
                    })?;
                    extension.size = Some(size);
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(self.sparse()),
                _ => {}
            }
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), ImageError> {
        if count == 0 {
            return Ok(());
        }
        let skipped = self
            .reader
            .skip(count)
            .map_err(|error| self.failed(error))?;
        self.position = self.position.saturating_add(skipped);
        if skipped < count {
            // Padding may be missing at the very end.
            if count.saturating_sub(skipped) <= self.padding {
                self.ended = true;
                return Ok(());
            }
            return Err(self.truncated("an entry's content"));
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> ImageError {
        read_error(&self.what, "an entry", error)
    }

    fn damaged(&self, why: String) -> ImageError {
        ImageError::Damaged {
            what: self.what.clone(),
            why,
        }
    }

    fn truncated(&self, within: &str) -> ImageError {
        ImageError::Truncated {
            what: self.what.clone(),
            within: within.to_owned(),
        }
    }

    fn sparse(&self) -> ImageError {
        ImageError::Damaged {
            what: self.what.clone(),
            why: "it has a sparse file, which image layers have not; write it without `--sparse`"
                .into(),
        }
    }
}

/// The content of one entry.
pub(crate) struct Content<'a, R> {
    tarball: &'a mut Tarball<R>,
}

impl<R: Skip> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tarball = &mut *self.tarball;
        let most = usize::try_from(tarball.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = tarball
            .reader
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        tarball.left = tarball.left.saturating_sub(read as u64);
        tarball.position = tarball.position.saturating_add(read as u64);
        Ok(read)
    }
}

/// Whether a file that begins like this is a tar archive: by `ustar`, or by the header's checksum
/// in archives older than that.
pub(crate) fn is_tar(beginning: &[u8]) -> bool {
    let Some(block) = beginning.first_chunk::<{ BLOCK as usize }>() else {
        return false;
    };
    let header = Header::from_byte_slice(block);
    header.cksum().ok() == Some(checksum(block)) && block.iter().any(|byte| *byte != 0)
}

/// The sum of a header's bytes, its checksum taken for blanks (POSIX.1-1988, ustar).
fn checksum(block: &[u8; BLOCK as usize]) -> u32 {
    let (before, rest) = block.split_at(148);
    let (_, after) = rest.split_at(8);
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    sum(before) + sum(after) + 8 * u32::from(b' ')
}
