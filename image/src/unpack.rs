//! Unpacking layers, one over the other, into a root filesystem.
//!
//! A layer's names and links are a stranger's. The folders that an entry goes into are walked name
//! by name, with every link resolved inside the root ([`Rootfs::walk`]), and what stands in an
//! entry's place is taken away before the entry is made: so nothing is written through a link, and
//! nothing outside of the root. Owners, set-id bits and attributes are not taken over, and devices
//! are left out: no guest of ours can use them.

use crate::error::{ImageError, shown};
use crate::limits::{self, Limits};
use crate::rootfs::{Astray, Rootfs};
use crate::source::{Limited, Skip, Stream, pour, temporary};
use crate::tarball::{Entry, Kind, Tarball};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How names begin that take something of a lower layer away (OCI image layer specification).
const WHITEOUT: &[u8] = b".wh.";
/// Takes away all that lower layers have in a folder.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What an archive of files is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    /// A layer, in which some names take away what is below.
    Layer,
    /// A whole filesystem.
    Filesystem,
}

/// Unpacks into one root.
pub(crate) struct Unpacker<'a> {
    rootfs: &'a Rootfs,
    limits: Limits,
    bytes_left: u64,
    entries: u64,
    /// Names of devices and pipes that were left out, a few of them.
    pub left_out: Vec<String>,
    /// How many of those there are.
    pub left_out_count: u64,
}

/// One archive being unpacked.
struct Layer<'u, 'a> {
    all: &'u mut Unpacker<'a>,
    what: &'u str,
    flavour: Flavour,
    /// The folder that the entry before went into, and where that is: neighbours come together.
    last_parent: Option<(PathBuf, PathBuf)>,
    /// What this layer has made, as places on the host.
    made: HashSet<PathBuf>,
}

impl<'a> Unpacker<'a> {
    pub fn new(rootfs: &'a Rootfs, limits: Limits) -> Self {
        Self {
            rootfs,
            limits,
            bytes_left: limits.bytes,
            entries: 0,
            left_out: Vec::new(),
            left_out_count: 0,
        }
    }

    /// Tells how many bytes may still come.
    pub fn set_left(&mut self, left: u64) {
        self.bytes_left = left;
    }

    /// The root.
    pub fn rootfs(&self) -> &Rootfs {
        self.rootfs
    }

    /// A reader that takes from what may still come.
    pub fn allowance<R: Read>(&self, reader: R) -> Limited<R> {
        Limited::within(reader, self.bytes_left, self.limits.bytes)
    }

    /// Counts one entry.
    pub fn count(&mut self, what: &str) -> Result<(), ImageError> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.limits.entries {
            return Err(ImageError::TooMany {
                what: what.to_owned(),
                things: "entries",
                limit: self.limits.entries,
            });
        }
        Ok(())
    }

    /// Counts one that is left out.
    pub fn leave_out(&mut self, name: String) {
        const NAMED: usize = 8;
        self.left_out_count = self.left_out_count.saturating_add(1);
        if self.left_out.len() < NAMED {
            self.left_out.push(name);
        }
    }

    /// Unpacks one archive, decompressed, over what is there.
    pub fn unpack(
        &mut self,
        archive: &mut dyn Read,
        flavour: Flavour,
        what: &str,
    ) -> Result<(), ImageError> {
        let mut stream = Stream(self.allowance(archive));
        let mut tarball = Tarball::new(&mut stream, what);
        let mut layer = Layer {
            all: self,
            what,
            flavour,
            last_parent: None,
            made: HashSet::new(),
        };
        while let Some(entry) = tarball.next()? {
            layer.all.count(what)?;
            layer.apply(&entry, &mut tarball)?;
        }
        self.bytes_left = stream.0.left();
        Ok(())
    }
}

impl Layer<'_, '_> {
    fn apply<R: Skip>(
        &mut self,
        entry: &Entry,
        tarball: &mut Tarball<R>,
    ) -> Result<(), ImageError> {
        let names = self.names(entry, &entry.name)?;
        let Some((last, parents)) = names.split_last() else {
            // The root itself is there.
            return Ok(());
        };
        let parent = self.parent(entry, parents)?;
        if self.flavour == Flavour::Layer {
            let name = last.as_encoded_bytes();
            if name == OPAQUE {
                return self.hide_lower(&parent).map_err(temporary);
            }
            if let Some(hidden) = name.strip_prefix(WHITEOUT) {
                return self.white_out(entry, &parent, hidden);
            }
        }
        let place = parent.join(last);
        match entry.kind {
            Kind::File => self.file(entry, &place, tarball)?,
            Kind::Folder => self.folder(&place, entry.mode).map_err(temporary)?,
            Kind::Symlink => self.symlink(entry, &place)?,
            Kind::HardLink => self.hard_link(entry, &place)?,
            Kind::Special => self.all.leave_out(entry.shown()),
        }
        self.note(place);
        Ok(())
    }

    /// The names in a path, which must not lead upwards.
    fn names(&self, entry: &Entry, path: &[u8]) -> Result<Vec<OsString>, ImageError> {
        let mut names = Vec::new();
        for name in path.split(|byte| *byte == b'/') {
            match name {
                b"" | b"." => continue,
                b".." => return Err(self.refused(entry, "it leads out of its folder (`..`)")),
                name if name.contains(&0) => {
                    return Err(self.refused(entry, "its name has a NUL character in it"));
                }
                name => names.push(
                    file_name(name)
                        .ok_or_else(|| self.refused(entry, "no file can have that name here"))?,
                ),
            }
        }
        if names.len() > limits::PATH_DEPTH {
            let why = format!("it lies deeper than {} folders", limits::PATH_DEPTH);
            return Err(self.refused(entry, &why));
        }
        Ok(names)
    }

    /// The folder that `parents` names, made if need be: its place on the host, with no link in it.
    fn parent(&mut self, entry: &Entry, parents: &[OsString]) -> Result<PathBuf, ImageError> {
        let path: PathBuf = parents.iter().collect();
        if let Some((last, place)) = &self.last_parent
            && *last == path
        {
            return Ok(place.clone());
        }
        let walked = self
            .all
            .rootfs
            .walk(&path, true)
            .map_err(|error| self.astray(entry, error))?;
        let mut place = walked.host;
        for name in walked.missing {
            place.push(name);
            fs::create_dir(&place).map_err(temporary)?;
            self.note(place.clone());
        }
        if !fs::symlink_metadata(&place).map_err(temporary)?.is_dir() {
            return Err(self.refused(entry, "what it lies in is no folder"));
        }
        self.last_parent = Some((path, place.clone()));
        Ok(place)
    }

    fn file<R: Skip>(
        &mut self,
        entry: &Entry,
        place: &Path,
        tarball: &mut Tarball<R>,
    ) -> Result<(), ImageError> {
        self.make_way(place).map_err(temporary)?;
        let mut file = create(place, entry.mode).map_err(temporary)?;
        pour(&mut tarball.content(), &mut file, self.what, "a file")?;
        let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.modified));
        if let Some(modified) = modified {
            // A time that the file system cannot hold is no reason to fail.
            let _ = file.set_modified(modified);
        }
        Ok(())
    }

    fn folder(&mut self, place: &Path, mode: u32) -> io::Result<()> {
        if !fs::symlink_metadata(place).is_ok_and(|facts| facts.is_dir()) {
            self.make_way(place)?;
            fs::create_dir(place)?;
        }
        // We have to get in, and to take it away in the end.
        set_mode(place, mode | 0o700)
    }

    fn symlink(&mut self, entry: &Entry, place: &Path) -> Result<(), ImageError> {
        let target = file_name(&entry.link)
            .filter(|target| !target.is_empty())
            .ok_or_else(|| self.refused(entry, "it is a link to nowhere"))?;
        self.make_way(place).map_err(temporary)?;
        // Where it leads does not matter: it is followed inside the root, by the guest as by us.
        make_symlink(Path::new(&target), place).map_err(temporary)
    }

    fn hard_link(&mut self, entry: &Entry, place: &Path) -> Result<(), ImageError> {
        let names = self.names(entry, &entry.link)?;
        let path: PathBuf = names.iter().collect();
        let walked = self
            .all
            .rootfs
            .walk(&path, false)
            .map_err(|error| self.astray(entry, error))?;
        let to_folder = || fs::symlink_metadata(&walked.host).is_ok_and(|facts| facts.is_dir());
        if !walked.missing.is_empty() || to_folder() {
            let why = format!(
                "it is a hard link to `{}`, which is no file of the image",
                shown(&String::from_utf8_lossy(&entry.link))
            );
            return Err(self.refused(entry, &why));
        }
        if walked.host == place {
            return Ok(());
        }
        self.make_way(place).map_err(temporary)?;
        fs::hard_link(&walked.host, place).map_err(temporary)
    }

    fn white_out(&mut self, entry: &Entry, parent: &Path, hidden: &[u8]) -> Result<(), ImageError> {
        match hidden {
            // Other marks of the union filesystem that whiteouts come from (aufs).
            name if name.starts_with(WHITEOUT) => Ok(()),
            b"" | b"." | b".." => {
                Err(self.refused(entry, "it takes something away that has no name"))
            }
            name => {
                let name = file_name(name)
                    .ok_or_else(|| self.refused(entry, "no file can have that name here"))?;
                self.make_way(&parent.join(name)).map_err(temporary)
            }
        }
    }

    /// Takes away what lower layers have in `folder`, and keeps what this one has made.
    fn hide_lower(&mut self, folder: &Path) -> io::Result<()> {
        self.last_parent = None;
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let is_folder = entry.file_type()?.is_dir();
                match (self.made.contains(&entry.path()), is_folder) {
                    (true, true) => folders.push(entry.path()),
                    (true, false) => {}
                    (false, true) => fs::remove_dir_all(entry.path())?,
                    (false, false) => fs::remove_file(entry.path())?,
                }
            }
        }
        Ok(())
    }

    /// Takes away what is at `place`, if anything is. Links are taken away, never followed.
    fn make_way(&mut self, place: &Path) -> io::Result<()> {
        let facts = match fs::symlink_metadata(place) {
            Ok(facts) => facts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // The folder before may have been, or have been reached through, what goes now.
        self.last_parent = None;
        if facts.is_dir() {
            fs::remove_dir_all(place)
        } else {
            fs::remove_file(place)
        }
    }

    /// Remembers what this layer has made, with the folders it lies in.
    fn note(&mut self, place: PathBuf) {
        if self.flavour != Flavour::Layer {
            return;
        }
        let root = self.all.rootfs.path();
        for folder in place.ancestors() {
            if folder == root || !self.made.insert(folder.to_owned()) {
                break;
            }
        }
    }

    fn refused(&self, entry: &Entry, why: &str) -> ImageError {
        ImageError::Refused {
            what: self.what.to_owned(),
            entry: entry.shown(),
            why: why.to_owned(),
        }
    }

    fn astray(&self, entry: &Entry, error: Astray) -> ImageError {
        match error {
            Astray::Io(source) => temporary(source),
            error => self.refused(entry, &error.to_string()),
        }
    }
}

#[cfg(unix)]
fn file_name(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    (!bytes.contains(&0)).then(|| std::ffi::OsStr::from_bytes(bytes).to_owned())
}

/// Names with a meaning of their own to other systems are refused: `C:`, `a\b`, `CON:`.
#[cfg(not(unix))]
fn file_name(bytes: &[u8]) -> Option<OsString> {
    let name = std::str::from_utf8(bytes).ok()?;
    (!name.contains(['\0', '\\', ':'])).then(|| OsString::from(name))
}

#[cfg(unix)]
pub(crate) fn create(place: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = File::options();
    options
        .write(true)
        .create_new(true)
        .mode(mode & 0o777 | 0o600);
    options.open(place)
}

#[cfg(not(unix))]
pub(crate) fn create(place: &Path, _: u32) -> io::Result<File> {
    File::options().write(true).create_new(true).open(place)
}

#[cfg(unix)]
pub(crate) fn set_mode(place: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place, fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(crate) fn make_symlink(target: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Elsewhere links need rights that users seldom have.
#[cfg(not(unix))]
pub(crate) fn make_symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the image has symbolic links, which cannot be made here",
    ))
}
