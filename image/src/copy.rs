//! Copying a folder that is a root filesystem, so that a guest's changes are thrown away. Links are
//! copied as links; devices and pipes are left out.

use crate::error::{ImageError, shown};
use crate::limits;
use crate::rootfs::Rootfs;
use crate::source::{pour, temporary};
use crate::unpack::{Unpacker, create, make_symlink, set_mode};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

impl Unpacker<'_> {
    /// Copies everything below `from`; `what` is what messages call it.
    pub fn copy(&mut self, from: &Rootfs, what: &str) -> Result<(), ImageError> {
        let mut folders = vec![(from.path().to_owned(), self.rootfs().path().to_owned())];
        let base = folders.iter().map(|(from, _)| from.components().count());
        let deepest = base.sum::<usize>().saturating_add(limits::PATH_DEPTH);
        while let Some((from, to)) = folders.pop() {
            let failed = |source| ImageError::Unreadable {
                what: from.display().to_string(),
                source,
            };
            if from.components().count() > deepest {
                return Err(ImageError::TooMany {
                    what: what.to_owned(),
                    things: "folders within folders",
                    limit: limits::PATH_DEPTH as u64,
                });
            }
            for entry in fs::read_dir(&from).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                self.count(what)?;
                let facts = entry.metadata().map_err(failed)?;
                let place = to.join(entry.file_name());
                if facts.is_dir() {
                    fs::create_dir(&place).map_err(temporary)?;
                    set_mode(&place, mode(&facts) | 0o700).map_err(temporary)?;
                    folders.push((entry.path(), place));
                } else if facts.is_symlink() {
                    let target = fs::read_link(entry.path()).map_err(failed)?;
                    make_symlink(&target, &place).map_err(temporary)?;
                } else if facts.is_file() {
                    self.copy_file(&entry.path(), &facts, &place, what)?;
                } else {
                    self.leave_out(shown(&entry.path().to_string_lossy()));
                }
            }
        }
        Ok(())
    }

    fn copy_file(
        &mut self,
        from: &PathBuf,
        facts: &Metadata,
        place: &Path,
        what: &str,
    ) -> Result<(), ImageError> {
        let mut file = create(place, mode(facts)).map_err(temporary)?;
        let source = fs::File::open(from).map_err(|source| ImageError::Unreadable {
            what: from.display().to_string(),
            source,
        })?;
        let mut limited = self.allowance(source);
        let copied = pour(&mut limited, &mut file, what, "a file");
        let left = limited.left();
        self.set_left(left);
        copied?;
        if let Ok(modified) = facts.modified() {
            // A time that the file system cannot hold is no reason to fail.
            let _ = file.set_modified(modified);
        }
        Ok(())
    }
}

#[cfg(unix)]
fn mode(facts: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    facts.permissions().mode()
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o755
}
