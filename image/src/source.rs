//! Archives as files with random access: the user's own file, or a temporary copy of what came
//! compressed or through a pipe. What is in them is not known here.

use crate::error::{ImageError, OverLimit, read_error};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Bytes read at once.
const BUFFER: usize = 128 << 10;

/// A file that can be read anywhere.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    length: u64,
    /// What messages call it.
    pub name: String,
}

impl Source {
    /// The user's file.
    pub fn new(file: File, name: &str) -> Result<Self, ImageError> {
        let length = file
            .metadata()
            .map_err(|source| ImageError::Unreadable {
                what: name.to_owned(),
                source,
            })?
            .len();
        Ok(Self {
            file,
            length,
            name: name.to_owned(),
        })
    }

    /// A copy of everything that `reader` has, up to `limit` bytes, in a file without a name.
    pub fn copy(reader: &mut dyn Read, name: &str, limit: u64) -> Result<Self, ImageError> {
        let mut file = tempfile::tempfile().map_err(temporary)?;
        let mut reader = Limited::within(reader, limit, limit);
        let length = pour(&mut reader, &mut file, name, "its data")?;
        Ok(Self {
            file,
            length,
            name: name.to_owned(),
        })
    }

    /// The same file once more.
    pub fn again(&self) -> Result<Self, ImageError> {
        let file = self.file.try_clone().map_err(temporary)?;
        Ok(Self {
            file,
            length: self.length,
            name: self.name.clone(),
        })
    }

    /// Size in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// The first bytes, at most `most`.
    pub fn beginning(&self, most: u64) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        self.part(0, most)
            .read_to_end(&mut bytes)
            .map_err(|error| read_error(&self.name, "its beginning", error))?;
        Ok(bytes)
    }

    /// A reader for a part of it. A part that reaches beyond the end is shorter than said.
    pub fn part(&self, offset: u64, length: u64) -> BufReader<Part<'_>> {
        let end = offset.saturating_add(length).min(self.length);
        let part = Part {
            file: &self.file,
            position: offset,
            end,
        };
        BufReader::with_capacity(BUFFER, part)
    }

    /// A reader for all of it.
    pub fn whole(&self) -> BufReader<Part<'_>> {
        self.part(0, self.length)
    }
}

/// Copies everything to a temporary file, and tells failures of the one side from the other's.
pub(crate) fn pour(
    from: &mut dyn Read,
    to: &mut File,
    what: &str,
    within: &str,
) -> Result<u64, ImageError> {
    let mut buffer = vec![0; BUFFER];
    let mut length = 0u64;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                to.write_all(bytes).map_err(temporary)?;
                length = length.saturating_add(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read_error(what, within, error)),
        }
    }
}

/// What a failure to write a temporary file is.
pub(crate) fn temporary(source: io::Error) -> ImageError {
    ImageError::Temporary {
        folder: std::env::temp_dir(),
        source,
    }
}

/// Opens a file for reading, if it is a regular one: opening a pipe would wait for its other end.
pub(crate) fn open_regular(path: &Path, what: &str) -> Result<File, ImageError> {
    let unreadable = |source| ImageError::Unreadable {
        what: what.to_owned(),
        source,
    };
    let facts = std::fs::metadata(path).map_err(unreadable)?;
    if !facts.is_file() {
        return Err(ImageError::Damaged {
            what: what.to_owned(),
            why: format!("{} is not a regular file", path.display()),
        });
    }
    File::open(path).map_err(unreadable)
}

/// A part of a file.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

/// Readers that can leave bytes out.
pub(crate) trait Skip: Read {
    /// Leaves out `count` bytes; answers how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

impl Skip for BufReader<Part<'_>> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let buffered = self.buffer().len();
        let from_buffer = usize::try_from(count).unwrap_or(usize::MAX).min(buffered);
        self.consume(from_buffer);
        let rest = count.saturating_sub(from_buffer as u64);
        let part = self.get_mut();
        let jump = rest.min(part.end.saturating_sub(part.position));
        part.position = part.position.saturating_add(jump);
        Ok(jump.saturating_add(from_buffer as u64))
    }
}

/// A stream, where leaving out is reading.
pub(crate) struct Stream<R>(pub R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Skip> Skip for &mut S {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        (**self).skip(count)
    }
}

impl<R: Read> Skip for Stream<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut (&mut self.0).take(count), &mut io::sink())
    }
}

/// Fails when more than so many bytes come.
pub(crate) struct Limited<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Limited<R> {
    /// At most `left` bytes, the rest of an allowance of `limit`.
    pub fn within(inner: R, left: u64, limit: u64) -> Self {
        Self { inner, left, limit }
    }

    /// How many bytes may still come.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => Err(io::Error::other(OverLimit(self.limit))),
        }
    }
}

/// Ways of compressing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the first bytes; `Err`: a way that is not undone here.
    pub fn of(beginning: &[u8]) -> Result<Self, &'static str> {
        if beginning.starts_with(b"\x1f\x8b") {
            Ok(Self::Gzip)
        } else if beginning.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable_frame(beginning) {
            Ok(Self::Zstd)
        } else if beginning.starts_with(b"\xfd7zXZ\0") {
            Err("xz")
        } else if beginning.starts_with(b"BZh") {
            Err("bzip2")
        } else {
            Ok(Self::None)
        }
    }

    /// The word for it, with a blank before it; nothing for none.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => " (gzip)",
            Self::Zstd => " (zstd)",
        }
    }

    /// Undoes it.
    pub fn reader<'a, R: BufRead + 'a>(self, compressed: R) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::None => Box::new(compressed),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(compressed)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(compressed)?),
        })
    }
}

/// zstd:chunked and pzstd begin with a frame that decoders skip (RFC 8878, 3.1.2).
fn is_skippable_frame(beginning: &[u8]) -> bool {
    matches!(beginning, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}
