//! Digests of the OCI image specification (`sha256:…`, `sha512:…`), and readers that make them
//! while bytes go by.

use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Reads that may wait to be digested: of up to 128 KiB each.
const AHEAD: usize = 16;

/// A digest with a form that is safe to use as a file name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Digest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Digest {
    /// Reads `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return None,
        };
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (hex.len() == length && hex.bytes().all(digit)).then(|| Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }

    /// The SHA-256 of these bytes.
    pub fn of(bytes: &[u8]) -> io::Result<Self> {
        let any = Self {
            algorithm: Algorithm::Sha256,
            hex: String::new(),
        };
        any.hashing(bytes).finish()
    }

    /// Its digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Where an OCI layout keeps the blob.
    pub fn blob_path(&self) -> String {
        format!("blobs/{}/{}", self.algorithm.name(), self.hex)
    }

    /// A reader that digests what it reads, to be compared with this one.
    pub fn hashing<R: Read>(&self, inner: R) -> Hashing<R> {
        let hasher = Hasher::new(self.algorithm);
        Hashing { inner, hasher }
    }

    /// The same for much data: a thread of its own digests it.
    pub fn hashing_beside<R: Read>(&self, inner: R) -> Hashing<R> {
        let hasher = Hasher::beside(self.algorithm);
        Hashing { inner, hasher }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
    /// Another thread digests what it is sent, while this one does something with the same bytes.
    Beside {
        bytes: SyncSender<Vec<u8>>,
        thread: JoinHandle<Hasher>,
    },
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    /// The same on a thread of its own, if there can be one.
    fn beside(algorithm: Algorithm) -> Self {
        let (bytes, received) = sync_channel::<Vec<u8>>(AHEAD);
        let work = move || {
            let mut hasher = Self::new(algorithm);
            for bytes in received {
                hasher.update(&bytes);
            }
            hasher
        };
        let thread = thread::Builder::new().name("digest".into()).spawn(work);
        match thread {
            Ok(thread) => Self::Beside { bytes, thread },
            Err(_) => Self::new(algorithm),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
            // It receives for as long as there is a sender.
            Self::Beside { bytes: to, .. } => drop(to.send(bytes.to_vec())),
        }
    }

    fn finish(self) -> io::Result<Digest> {
        let (algorithm, hex) = match self {
            Self::Sha256(hasher) => (Algorithm::Sha256, hex(&hasher.finalize())),
            Self::Sha512(hasher) => (Algorithm::Sha512, hex(&hasher.finalize())),
            Self::Beside { bytes, thread } => {
                drop(bytes);
                let ended = thread.join();
                let ended = ended.map_err(|_| io::Error::other("the digest cannot be made"));
                return ended?.finish();
            }
        };
        Ok(Digest { algorithm, hex })
    }
}

/// Digests what is read through it.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R: Read> Hashing<R> {
    /// Reads what is left, and answers with the digest of everything.
    pub fn finish(mut self) -> io::Result<Digest> {
        let mut rest = vec![0; 64 << 10];
        while self.read(&mut rest)? > 0 {}
        self.hasher.finish()
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_digests_are_digests() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let empty = Digest::parse(&format!("sha256:{hex}")).expect("a digest");
        assert_eq!(empty.hashing(io::empty()).finish().unwrap(), empty);
        let bytes = vec![7; 300_000];
        assert_eq!(
            empty.hashing(&*bytes).finish().unwrap(),
            empty.hashing_beside(&*bytes).finish().unwrap()
        );
        for wrong in [
            hex.to_owned(),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{}", hex.to_uppercase()),
            format!("md5:{hex}"),
            format!("sha256:../../{}", &hex[6..]),
        ] {
            assert_eq!(Digest::parse(&wrong), None, "{wrong}");
        }
    }
}
