//! The paths behind the guest's file descriptors, as far as the calls that went by tell them.

/// Descriptors above this number are not followed: a guest gets there only by opening as many files.
const MAX_FD: u32 = 4096;

/// Paths by descriptor. A descriptor that is not known has no path, never a wrong one. The buffers of
/// closed descriptors are used again.
#[derive(Debug)]
pub(crate) struct FdPaths {
    /// Empty where there is no path.
    paths: Vec<String>,
    scratch: String,
}

impl FdPaths {
    /// The three standard streams.
    pub(crate) fn new() -> Self {
        FdPaths {
            paths: ["/dev/stdin", "/dev/stdout", "/dev/stderr"]
                .map(str::to_owned)
                .into(),
            scratch: String::new(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, fd: u32) -> Option<&str> {
        self.paths
            .get(fd as usize)
            .map(String::as_str)
            .filter(|path| !path.is_empty())
    }

    /// The path of a descriptor is `path` from now on; an empty one means that it is not known.
    pub(crate) fn set(&mut self, fd: u32, path: &str) {
        if let Some(slot) = self.slot(fd) {
            slot.clear();
            slot.push_str(path);
        }
    }

    /// A descriptor is closed.
    pub(crate) fn clear(&mut self, fd: u32) {
        if let Some(slot) = self.paths.get_mut(fd as usize) {
            slot.clear();
        }
    }

    /// `to` now is what `from` was. Renumbering to itself changes nothing.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) {
        if from != to {
            let path = self.get(from).unwrap_or_default().to_owned();
            self.set(to, &path);
            self.clear(from);
        }
    }

    /// The descriptor `fd` is the path `relative` in the directory `dir`; its path is returned. `.` is
    /// left out; `..` stays, since what it means depends on links. `cut` says that `relative` goes
    /// on.
    pub(crate) fn open(&mut self, fd: u32, dir: u32, relative: &[u8], cut: bool) -> &str {
        let relative = String::from_utf8_lossy(relative);
        let mut path = std::mem::take(&mut self.scratch);
        path.clear();
        // An unknown directory is not the root: the path stays relative.
        path.push_str(self.get(dir).unwrap_or_default());
        append(&mut path, &relative);
        if cut {
            path.push('…');
        }
        self.set(fd, &path);
        self.scratch = path;
        &self.scratch
    }

    fn slot(&mut self, fd: u32) -> Option<&mut String> {
        if fd >= MAX_FD {
            return None;
        }
        let index = fd as usize;
        if index >= self.paths.len() {
            self.paths.resize(index + 1, String::new());
        }
        self.paths.get_mut(index)
    }
}

/// Appends a path to that of the directory it counts from. `.` is left out; `..` stays.
pub(crate) fn append(path: &mut String, relative: &str) {
    for part in relative.split('/').filter(|p| !p.is_empty() && *p != ".") {
        if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    if path.is_empty() {
        path.push('.');
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
            fds.clear(3);
            fds.set(3, dir.unwrap_or_default());
            assert_eq!(fds.open(4, 3, relative.as_bytes(), cut), expected);
            assert_eq!(fds.get(4), Some(expected));
        }
    }

    #[test]
    fn follows_open_close_and_renumber() {
        let mut fds = FdPaths::new();
        fds.set(3, "/data");
        fds.set(5, "/data/x");
        fds.renumber(5, 0);
        assert_eq!(fds.get(0), Some("/data/x"));
        assert_eq!(fds.get(5), None);
        fds.renumber(0, 0);
        assert_eq!(fds.get(0), Some("/data/x"));
        fds.clear(3);
        assert_eq!(fds.get(3), None);
        fds.set(u32::MAX, "/far");
        assert_eq!(fds.get(u32::MAX), None);
        fds.renumber(u32::MAX, 3);
        assert_eq!(fds.get(3), None);
    }
}
