//! The paths behind the guest's file descriptors, as far as the calls that went by tell them.

use std::sync::Arc;

/// Descriptors above this number are not followed: a guest gets there only by opening as many files.
const MAX_FD: u32 = 4096;

/// Paths by descriptor. A descriptor that is not known has no path, never a wrong one.
#[derive(Debug)]
pub(crate) struct FdPaths {
    paths: Vec<Option<Arc<str>>>,
    scratch: String,
}

impl FdPaths {
    /// The three standard streams.
    pub(crate) fn new() -> Self {
        FdPaths {
            paths: ["/dev/stdin", "/dev/stdout", "/dev/stderr"]
                .into_iter()
                .map(|path| Some(Arc::from(path)))
                .collect(),
            scratch: String::new(),
        }
    }

    pub(crate) fn get(&self, fd: u32) -> Option<&Arc<str>> {
        self.paths.get(fd as usize)?.as_ref()
    }

    pub(crate) fn set(&mut self, fd: u32, path: Option<Arc<str>>) {
        if fd >= MAX_FD {
            return;
        }
        let index = fd as usize;
        if index >= self.paths.len() {
            if path.is_none() {
                return;
            }
            self.paths.resize(index + 1, None);
        }
        if let Some(slot) = self.paths.get_mut(index) {
            *slot = path;
        }
    }

    /// `to` now is what `from` was. Renumbering to itself changes nothing.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) {
        if from != to {
            let path = self.get(from).cloned();
            self.set(to, path);
            self.set(from, None);
        }
    }

    /// The path of `relative` in the directory `dir`. `.` is left out; `..` stays, since what it
    /// means depends on links. `cut` says that `relative` goes on.
    pub(crate) fn join(&mut self, dir: Option<&str>, relative: &[u8], cut: bool) -> Arc<str> {
        let relative = String::from_utf8_lossy(relative);
        self.scratch.clear();
        // An unknown directory is not the root: the path stays relative.
        self.scratch.push_str(dir.unwrap_or_default());
        for part in relative.split('/').filter(|p| !p.is_empty() && *p != ".") {
            if !self.scratch.is_empty() && !self.scratch.ends_with('/') {
                self.scratch.push('/');
            }
            self.scratch.push_str(part);
        }
        if self.scratch.is_empty() {
            self.scratch.push('.');
        }
        if cut {
            self.scratch.push('…');
        }
        Arc::from(self.scratch.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_the_guest_sees_it() {
        let mut fds = FdPaths::new();
        let cases: [(Option<&str>, &str, bool, &str); 8] = [
            (Some("/data"), "in.csv", false, "/data/in.csv"),
            (Some("/data/"), "./a//b/", false, "/data/a/b"),
            (Some("/"), "in.csv", false, "/in.csv"),
            (Some("."), "in.csv", false, "./in.csv"),
            (Some("/data"), "../x", false, "/data/../x"),
            (Some("/data"), ".", false, "/data"),
            (None, ".", false, "."),
            (None, "long", true, "long…"),
        ];
        for (dir, relative, cut, expected) in cases {
            assert_eq!(&*fds.join(dir, relative.as_bytes(), cut), expected);
        }
    }

    #[test]
    fn follows_open_close_and_renumber() {
        let mut fds = FdPaths::new();
        fds.set(3, Some("/data".into()));
        fds.set(5, Some("/data/x".into()));
        fds.renumber(5, 0);
        assert_eq!(fds.get(0).map(|p| &**p), Some("/data/x"));
        assert_eq!(fds.get(5), None);
        fds.renumber(0, 0);
        assert_eq!(fds.get(0).map(|p| &**p), Some("/data/x"));
        fds.set(3, None);
        assert_eq!(fds.get(3), None);
        fds.set(u32::MAX, Some("/far".into()));
        assert_eq!(fds.get(u32::MAX), None);
        fds.renumber(u32::MAX, 3);
        assert_eq!(fds.get(3), None);
    }
}
