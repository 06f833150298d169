//! Paths of the guest's and places in its source, as filters compare them.

use super::FilterError;
use crate::call::{CallResult, HostCall, Value};
use crate::table::components;
use crate::trace::Site;

/// A source file, by the end of its path, and perhaps a line of it.
#[derive(Debug)]
pub(super) struct SourcePlace {
    file: String,
    line: Option<u32>,
}

impl SourcePlace {
    pub(super) fn parse(text: &str) -> Result<Self, FilterError> {
        let wrong = || FilterError::Place {
            text: text.to_owned(),
        };
        let (file, line) = match text.rsplit_once(':') {
            // A drive letter is no line.
            Some((file, line)) if line.starts_with(|c: char| c.is_ascii_digit()) => {
                let line: u32 = line.parse().map_err(|_| wrong())?;
                (
                    file,
                    Some(line)
                        .filter(|line| *line > 0)
                        .ok_or_else(wrong)?
                        .into(),
                )
            }
            _ => (text, None),
        };
        match file {
            "" => Err(wrong()),
            file => Ok(SourcePlace {
                file: normal(file),
                line,
            }),
        }
    }

    pub(super) fn is(&self, site: &Site) -> bool {
        let Some(file) = &site.file else { return false };
        let file = normal(file);
        let same = file.strip_suffix(self.file.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.ends_with('/') || self.file.starts_with('/')
        });
        same && (self.line.is_none() || self.line == site.line)
    }
}

/// A path without `.` and doubled separators. `..` stays: what it means depends on links.
pub(super) fn normal(path: &str) -> String {
    let parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let mut text = String::with_capacity(path.len());
    for part in parts {
        if !text.is_empty() || path.starts_with('/') {
            text.push('/');
        }
        text.push_str(part);
    }
    if text.is_empty() && path.starts_with('/') {
        text.push('/');
    }
    text
}

/// Whether a normal path is `wanted` or lies below it.
pub(super) fn is_below(path: &str, wanted: &str) -> bool {
    match wanted {
        "" => !path.starts_with('/'),
        "/" => path.starts_with('/'),
        wanted => path
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// The normal paths that a call is about: those it names, from the directory that they count from,
/// and those behind its descriptors.
pub(crate) fn paths(call: &HostCall) -> Vec<String> {
    let results = match &call.result {
        CallResult::Ok(results) => results.as_slice(),
        _ => &[],
    };
    let mut found = Vec::new();
    let mut dir: Option<&str> = None;
    for arg in call.args.iter().chain(results) {
        match &arg.value {
            Value::Fd { path, .. } => {
                dir = path.as_deref();
                found.extend(dir.map(normal));
            }
            Value::Resource { kind, label, .. } if components::has_path(kind) => {
                dir = label.as_deref();
                found.extend(dir.map(normal));
            }
            Value::Path(bytes) => {
                let below = String::from_utf8_lossy(&bytes.kept);
                found.push(match dir {
                    Some(dir) if !below.starts_with('/') => normal(&format!("{dir}/{below}")),
                    _ => normal(&below),
                });
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_below_folders_and_not_below_names_that_begin_like_them() {
        for (path, wanted, below) in [
            ("/data/in.csv", "/data", true),
            ("/data/in.csv", "/data/", true),
            ("/data/in.csv", "/dat", false),
            ("./in.csv", "in.csv", true),
            ("./a//b", "a/b", true),
            ("/", "/", true),
            ("/x", "/", true),
            ("x", "/", false),
            ("x/y", ".", true),
            ("/x", ".", false),
        ] {
            assert_eq!(
                is_below(&normal(path), &normal(wanted)),
                below,
                "{path} {wanted}"
            );
        }
    }

    #[test]
    fn files_are_known_by_the_end_of_their_path() {
        let site = Site {
            file: Some("src/io/main.rs".to_owned()),
            line: Some(12),
            ..Site::default()
        };
        for (text, is) in [
            ("main.rs", true),
            ("main.rs:12", true),
            ("main.rs:13", false),
            ("io/main.rs:12", true),
            ("./src/io/main.rs", true),
            ("ain.rs", false),
            ("/src/io/main.rs", false),
        ] {
            assert_eq!(
                SourcePlace::parse(text).expect(text).is(&site),
                is,
                "{text}"
            );
        }
        for wrong in ["", ":3", "main.rs:0", "main.rs:99999999999"] {
            assert!(SourcePlace::parse(wrong).is_err(), "{wrong}");
        }
        assert!(
            !SourcePlace::parse("x.rs")
                .expect("valid")
                .is(&Site::default())
        );
    }
}
