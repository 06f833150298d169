//! What a file that is not Wasm looks like, judged by its first bytes, so that an error can say
//! more than "not Wasm". Nothing here decides what is run.

use std::fmt;

/// What the beginning of a file looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LooksLike {
    /// Code that Wasmtime compiled ahead of time (`.cwasm`).
    Precompiled,
    /// A native Linux or BSD executable or library.
    Elf,
    /// A native macOS executable or library.
    MachO,
    /// A native Windows executable or library.
    Pe,
    /// gzip data, often a compressed tar.
    Gzip,
    /// Zstandard data.
    Zstd,
    /// xz data.
    Xz,
    /// bzip2 data.
    Bzip2,
    /// A zip archive.
    Zip,
    /// A tar archive, perhaps a container image.
    Tar,
    /// An `ar` archive, such as a static library or an `.rlib`.
    Ar,
    /// LLVM bitcode.
    Bitcode,
    /// A PNG picture.
    Png,
    /// A PDF document.
    Pdf,
    /// A script with an interpreter line.
    Script,
    /// An HTML page, as a failed download leaves it.
    Html,
    /// JSON text.
    Json,
    /// Some other text.
    Text,
    /// Bytes of no kind known here.
    Unknown,
}

/// Magic numbers at offset 0, most telling first.
const MAGIC: &[(&[u8], LooksLike)] = &[
    (b"\x1f\x8b", LooksLike::Gzip),
    (b"\x28\xb5\x2f\xfd", LooksLike::Zstd),
    (b"\xfd7zXZ\0", LooksLike::Xz),
    (b"BZh", LooksLike::Bzip2),
    (b"PK\x03\x04", LooksLike::Zip),
    (b"!<arch>\n", LooksLike::Ar),
    (b"BC\xc0\xde", LooksLike::Bitcode),
    (b"\x89PNG\r\n", LooksLike::Png),
    (b"%PDF-", LooksLike::Pdf),
    (b"\xcf\xfa\xed\xfe", LooksLike::MachO),
    (b"\xce\xfa\xed\xfe", LooksLike::MachO),
    (b"\xca\xfe\xba\xbe", LooksLike::MachO),
    (b"MZ", LooksLike::Pe),
    (b"#!", LooksLike::Script),
];

/// Offset of `ustar` in the header of a tar's first member (POSIX.1-1988).
const USTAR_AT: usize = 257;

/// How many bytes are looked at to tell text from binary.
const TEXT_PROBE: usize = 4096;

impl LooksLike {
    /// Judges a file by its bytes.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\x7fELF") {
            // Wasmtime keeps compiled code in an ELF file with sections of its own.
            let head = bytes.get(..bytes.len().min(1 << 20)).unwrap_or(bytes);
            let tail = bytes
                .get(bytes.len().saturating_sub(1 << 16)..)
                .unwrap_or(bytes);
            let marker = b".wasmtime.engine";
            let has = |part: &[u8]| part.windows(marker.len()).any(|w| w == marker);
            return if has(tail) || has(head) {
                Self::Precompiled
            } else {
                Self::Elf
            };
        }
        if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            return *kind;
        }
        if bytes
            .get(USTAR_AT..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
        {
            return Self::Tar;
        }
        let probe = bytes.get(..TEXT_PROBE.min(bytes.len())).unwrap_or(bytes);
        if probe.contains(&0) || !mostly_utf8(probe) {
            return Self::Unknown;
        }
        let text = String::from_utf8_lossy(probe);
        let text = text.trim_start().to_ascii_lowercase();
        if text.starts_with("<!doctype html") || text.starts_with("<html") {
            Self::Html
        } else if text.starts_with('{') || text.starts_with('[') {
            Self::Json
        } else {
            Self::Text
        }
    }

    /// What to do about it, in a sentence, where something is known to help.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Precompiled => {
                "wasmscope needs the `.wasm` it was compiled from: give it that file"
            }
            Self::Elf | Self::MachO | Self::Pe => {
                "build for Wasm with `cargo build --target wasm32-wasip1` and give the file under \
                 `target/wasm32-wasip1/`"
            }
            Self::Gzip | Self::Zstd | Self::Xz | Self::Bzip2 | Self::Zip => "unpack it first",
            Self::Tar => "unpack the `.wasm` from it first",
            Self::Ar => {
                "a library is not a program: build a binary, or a `cdylib`, and give its `.wasm`"
            }
            Self::Bitcode => "link it into a `.wasm` first",
            Self::Html => "the download probably answered with an error page",
            _ => "give a `.wasm` module or component, or a `.wat` text",
        }
    }
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Precompiled => "code that Wasmtime compiled ahead of time (`.cwasm`)",
            Self::Elf => "a native ELF executable or library",
            Self::MachO => "a native Mach-O executable or library",
            Self::Pe => "a native Windows executable or library",
            Self::Gzip => "gzip-compressed data",
            Self::Zstd => "zstd-compressed data",
            Self::Xz => "xz-compressed data",
            Self::Bzip2 => "bzip2-compressed data",
            Self::Zip => "a zip archive",
            Self::Tar => "a tar archive",
            Self::Ar => "an `ar` archive (a static library or an `.rlib`)",
            Self::Bitcode => "LLVM bitcode",
            Self::Png => "a PNG picture",
            Self::Pdf => "a PDF document",
            Self::Script => "a script",
            Self::Html => "an HTML page",
            Self::Json => "JSON text",
            Self::Text => "text",
            Self::Unknown => "binary data of an unknown kind",
        })
    }
}

/// Whether `bytes` are UTF-8, but for a character cut off at the end.
fn mostly_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_by_content() {
        let mut tar = vec![0u8; 512];
        tar.get_mut(257..262)
            .expect("in range")
            .copy_from_slice(b"ustar");
        let table: &[(&[u8], LooksLike)] = &[
            (b"\x7fELF\x02\x01", LooksLike::Elf),
            (
                b"\x7fELF\x02\x01....wasmtime.engine\0",
                LooksLike::Precompiled,
            ),
            (b"\x1f\x8b\x08", LooksLike::Gzip),
            (&tar, LooksLike::Tar),
            (b"\x89PNG\r\n\x1a\n", LooksLike::Png),
            (b"#!/bin/sh\n", LooksLike::Script),
            (b"<!DOCTYPE html><p>404", LooksLike::Html),
            (b"fn main() {}", LooksLike::Text),
            (b" {\"a\": 1}", LooksLike::Json),
            (b"\x00\x01\x02\x03", LooksLike::Unknown),
            (b"\xff\xfe\xfd", LooksLike::Unknown),
        ];
        for (bytes, expected) in table {
            assert_eq!(LooksLike::of(bytes), *expected, "{bytes:?}");
        }
    }
}
