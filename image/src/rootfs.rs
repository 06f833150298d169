//! A root filesystem in a folder: finding files in it as a guest would, with every symbolic link
//! resolved inside, and searching it for modules. Nothing here leaves the folder, whatever its
//! links say.

use crate::limits;
use serde::Serialize;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// A folder that is some guest's `/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rootfs {
    root: PathBuf,
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Walked {
    /// The place on the host, without a symbolic link in it below the root.
    pub host: PathBuf,
    /// The same place, for the guest.
    pub guest: PathBuf,
    /// What of the path does not exist: nothing, or names below `host`.
    pub missing: Vec<OsString>,
}

/// Why a path leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Astray {
    #[error("it goes through more than {} symbolic links", limits::LINKS)]
    Links,
    #[error("it goes through more than {} folders", limits::PATH_DEPTH)]
    Depth,
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    #[error("it goes back (`..`) from a folder that is not there")]
    Back,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A module found in a filesystem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FoundModule {
    /// Its path for the guest.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether somebody may execute it.
    pub executable: bool,
    /// Whether it is a component.
    pub component: bool,
    /// Its place on the host.
    #[serde(skip)]
    pub host: PathBuf,
}

impl Rootfs {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder on the host.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Follows `path` from the root. A symbolic link at its end is followed too, if `follow_last`.
    pub(crate) fn walk(&self, path: &Path, follow_last: bool) -> Result<Walked, Astray> {
        let mut ahead: VecDeque<OsString> = VecDeque::new();
        push_front(&mut ahead, path);
        let mut guest = PathBuf::from("/");
        let mut links = 0usize;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                guest.pop();
                continue;
            }
            if guest.components().count() > limits::PATH_DEPTH {
                return Err(Astray::Depth);
            }
            let host = self.host(&guest).join(&name);
            let facts = match fs::symlink_metadata(&host) {
                Ok(facts) => facts,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if ahead.iter().any(|name| name == "..") {
                        return Err(Astray::Back);
                    }
                    let missing: Vec<_> = std::iter::once(name).chain(ahead).collect();
                    if missing.len() > limits::PATH_DEPTH {
                        return Err(Astray::Depth);
                    }
                    return Ok(Walked {
                        host: self.host(&guest),
                        guest,
                        missing,
                    });
                }
                Err(error) => return Err(error.into()),
            };
            if facts.is_symlink() && (follow_last || !ahead.is_empty()) {
                links = links.saturating_add(1);
                if links > limits::LINKS {
                    return Err(Astray::Links);
                }
                let link = fs::read_link(&host)?;
                if link.has_root() {
                    guest = PathBuf::from("/");
                }
                push_front(&mut ahead, &link);
                continue;
            }
            guest.push(&name);
            if !ahead.is_empty() && !facts.is_dir() {
                return Err(Astray::NoFolder(guest));
            }
        }
        Ok(Walked {
            host: self.host(&guest),
            guest,
            missing: Vec::new(),
        })
    }

    /// The regular file at `path` from the folder `working_dir`, all links followed: its place for
    /// the guest and on the host. `None`: there is none.
    pub(crate) fn find_file(&self, working_dir: &str, path: &str) -> Option<(PathBuf, PathBuf)> {
        let walked = self
            .walk(&Path::new("/").join(working_dir).join(path), true)
            .ok()?;
        let facts = fs::symlink_metadata(&walked.host).ok()?;
        (walked.missing.is_empty() && facts.is_file()).then_some((walked.guest, walked.host))
    }

    fn host(&self, guest: &Path) -> PathBuf {
        guest
            .components()
            .filter_map(|part| match part {
                Component::Normal(name) => Some(name),
                _ => None,
            })
            .fold(self.root.clone(), |path, name| path.join(name))
    }

    /// All Wasm modules and components, sorted by path; links are not followed.
    pub fn modules(&self) -> Vec<FoundModule> {
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::from("/")];
        let mut looked_at = 0usize;
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(self.host(&folder)) else {
                continue;
            };
            for entry in entries.flatten() {
                looked_at = looked_at.saturating_add(1);
                if looked_at > limits::SEARCHED || found.len() >= limits::MODULES {
                    break;
                }
                let path = folder.join(entry.file_name());
                match entry.file_type() {
                    Ok(ty) if ty.is_dir() && path.components().count() <= limits::PATH_DEPTH => {
                        folders.push(path);
                    }
                    Ok(ty) if ty.is_file() => found.extend(module(&entry.path(), &path)),
                    _ => {}
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }
}

/// Puts the names of a path in front of those that are ahead.
fn push_front(ahead: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => ahead.push_front(name.to_owned()),
            Component::ParentDir => ahead.push_front(OsStr::new("..").to_owned()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

/// What is known of a file, if it is Wasm by its first bytes.
fn module(host: &Path, guest: &Path) -> Option<FoundModule> {
    let mut file = File::open(host).ok()?;
    let mut header = [0u8; 8];
    file.read_exact(&mut header).ok()?;
    let facts = file.metadata().ok()?;
    let [0, b'a', b's', b'm', _, _, layer, _] = header else {
        return None;
    };
    Some(FoundModule {
        path: guest.to_string_lossy().into_owned(),
        size: facts.len(),
        executable: is_executable(&facts),
        component: layer == 1,
        host: host.to_owned(),
    })
}

#[cfg(unix)]
fn is_executable(facts: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    facts.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
