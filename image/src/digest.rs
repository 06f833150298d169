//! Digests of the OCI image specification (`sha256:…`, `sha512:…`), and readers that make them
//! while bytes go by.

use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::io::{self, Read};

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
        any.hashing(bytes).finish().map(|(digest, _)| digest)
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
        let hasher = match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        };
        Hashing {
            inner,
            hasher,
            bytes: 0,
        }
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
}

/// Digests what is read through it.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        match &mut self.hasher {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

impl<R: Read> Hashing<R> {
    /// Reads what is left, and answers with the digest of everything and the number of bytes.
    pub fn finish(mut self) -> io::Result<(Digest, u64)> {
        let mut rest = vec![0; 64 << 10];
        while self.read(&mut rest)? > 0 {}
        let (algorithm, hex) = match self.hasher {
            Hasher::Sha256(hasher) => (Algorithm::Sha256, hex(&hasher.finalize())),
            Hasher::Sha512(hasher) => (Algorithm::Sha512, hex(&hasher.finalize())),
        };
        Ok((Digest { algorithm, hex }, self.bytes))
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
        assert_eq!(empty.hashing(io::empty()).finish().unwrap(), (empty, 0));
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
