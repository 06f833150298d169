//! Where the parts of an image are: in an archive, by its table of contents, or in a folder.

use crate::digest::Digest;
use crate::error::{ImageError, read_error, shown};
use crate::limits::{self, Limits};
use crate::rootfs::Rootfs;
use crate::source::{Part, Source, open_regular};
use crate::tarball::{Kind, Tarball};
use std::collections::HashMap;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// The files of an archive or a folder that holds an image.
#[derive(Debug)]
pub(crate) enum Blobs {
    /// A tar archive.
    Archive { source: Source, table: Table },
    /// A folder; paths are resolved inside.
    Folder { folder: Rootfs, name: String },
}

/// A tar's table of contents.
#[derive(Debug, Default)]
pub(crate) struct Table {
    files: HashMap<String, Member>,
}

#[derive(Clone, Debug)]
enum Member {
    File {
        offset: u64,
        size: u64,
    },
    /// A link to another path of the archive.
    Link(String),
}

/// One file, opened.
#[derive(Debug)]
pub(crate) enum Blob<'a> {
    Inside {
        source: &'a Source,
        offset: u64,
        size: u64,
    },
    OnDisk(Source),
}

impl Blob<'_> {
    /// A reader for its content.
    pub fn reader(&self) -> BufReader<Part<'_>> {
        match self {
            Blob::Inside {
                source,
                offset,
                size,
            } => source.part(*offset, *size),
            Blob::OnDisk(source) => source.whole(),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Blob::Inside { size, .. } => *size,
            Blob::OnDisk(source) => source.len(),
        }
    }
}

impl Table {
    /// Reads the headers of an archive; contents are left out.
    pub fn read(source: &Source, limits: Limits) -> Result<Self, ImageError> {
        let mut tarball = Tarball::new(source.whole(), &source.name);
        let mut files = HashMap::new();
        let mut names = 0usize;
        let mut entries = 0u64;
        while let Some(entry) = tarball.next()? {
            entries = entries.saturating_add(1);
            names = names
                .saturating_add(entry.name.len())
                .saturating_add(entry.link.len());
            if entries > limits.entries || names > limits::NAMES {
                return Err(ImageError::TooMany {
                    what: source.name.clone(),
                    things: "entries",
                    limit: limits.entries,
                });
            }
            let Some(path) = std::str::from_utf8(&entry.name).ok().and_then(normal) else {
                continue;
            };
            let member = match entry.kind {
                Kind::File => Member::File {
                    offset: entry.offset,
                    size: entry.size,
                },
                Kind::Symlink | Kind::HardLink => {
                    let Ok(link) = std::str::from_utf8(&entry.link) else {
                        continue;
                    };
                    // A symbolic link counts from its own folder, a hard link from the root.
                    let from = match (entry.kind, path.rsplit_once('/')) {
                        (Kind::Symlink, Some((folder, _))) => format!("{folder}/{link}"),
                        _ => link.to_owned(),
                    };
                    match normal(&from) {
                        Some(target) => Member::Link(target),
                        None => continue,
                    }
                }
                Kind::Folder | Kind::Special => continue,
            };
            files.insert(path, member);
        }
        Ok(Self { files })
    }

    fn find(&self, path: &str) -> Option<(u64, u64)> {
        let mut path = normal(path)?;
        for _ in 0..limits::LINKS {
            match self.files.get(&path)? {
                Member::File { offset, size } => return Some((*offset, *size)),
                Member::Link(target) => path.clone_from(target),
            }
        }
        None
    }
}

/// A path without `.`, `..` and doubled slashes; `None` when it leads out of the archive.
fn normal(path: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

impl Blobs {
    /// What messages call it.
    pub fn name(&self) -> &str {
        match self {
            Blobs::Archive { source, .. } => &source.name,
            Blobs::Folder { name, .. } => name,
        }
    }

    /// Opens the file at `path`; `None` when there is none.
    pub fn open(&self, path: &str) -> Result<Option<Blob<'_>>, ImageError> {
        match self {
            Blobs::Archive { source, table } => {
                Ok(table.find(path).map(|(offset, size)| Blob::Inside {
                    source,
                    offset,
                    size,
                }))
            }
            Blobs::Folder { folder, name } => {
                let Some(path) = normal(path) else {
                    return Ok(None);
                };
                let Some((_, host)) = folder.find_file("/", &path) else {
                    return Ok(None);
                };
                let what = format!("{name}/{}", shown(&path));
                let file = open_regular(&host, &what)?;
                Ok(Some(Blob::OnDisk(Source::new(file, &what)?)))
            }
        }
    }

    /// Whether there is anything below the folder `path`.
    pub fn has_folder(&self, path: &str) -> bool {
        match self {
            Blobs::Archive { table, .. } => {
                let prefix = format!("{path}/");
                table.files.keys().any(|name| name.starts_with(&prefix))
            }
            Blobs::Folder { folder, .. } => folder
                .walk(Path::new(path), true)
                .is_ok_and(|walked| walked.missing.is_empty() && walked.host.is_dir()),
        }
    }

    /// The content of a small file; `None` when there is none.
    pub fn document(&self, path: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(blob) = self.open(path)? else {
            return Ok(None);
        };
        let what = format!("{}: {}", self.name(), shown(path));
        if blob.size() > limits::DOCUMENT {
            return Err(ImageError::Damaged {
                what,
                why: format!(
                    "it has {} bytes, and no document of an image more than {}",
                    blob.size(),
                    limits::DOCUMENT
                ),
            });
        }
        let mut bytes = Vec::new();
        blob.reader()
            .take(limits::DOCUMENT)
            .read_to_end(&mut bytes)
            .map_err(|error| read_error(&what, "its text", error))?;
        if (bytes.len() as u64) < blob.size() {
            return Err(ImageError::Truncated {
                what,
                within: "its text".into(),
            });
        }
        Ok(Some(bytes))
    }

    /// The document at `path`, which has to have this digest; `None` when there is none.
    pub fn verified(&self, path: &str, digest: &Digest) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(bytes) = self.document(path)? else {
            return Ok(None);
        };
        self.verify(digest, &bytes)?;
        Ok(Some(bytes))
    }

    /// Checks that `bytes` have this digest.
    pub fn verify(&self, digest: &Digest, bytes: &[u8]) -> Result<(), ImageError> {
        let what = || format!("{}: blob {digest}", self.name());
        let actual = digest
            .hashing(bytes)
            .finish()
            .map_err(|error| read_error(&what(), "its text", error))?;
        if actual != *digest {
            return Err(ImageError::Digest {
                what: what(),
                expected: digest.to_string(),
                actual: actual.to_string(),
            });
        }
        Ok(())
    }
}
