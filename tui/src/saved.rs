//! What is kept from one session on a program to the next: breakpoints, watches, layout, the
//! console's history. One small file for each program, in the folder for states.

use crate::layout::Layout;
use crate::pane::Pane;
use crate::state::{State, Watched};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use wasmscope_debugger::protocol::{BreakpointPlace, BreakpointSpec};

/// The form of the file.
const VERSION: u32 = 1;
/// A larger file is none of ours.
const MAX_BYTES: u64 = 4 << 20;
/// Lines of the history that are kept.
const MAX_HISTORY: usize = 300;

/// A program, as states are kept for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The target as the user named it, made absolute.
    pub target: String,
    /// What tells one build from another, when the program has it.
    pub build_id: Option<String>,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    version: u32,
    target: String,
    build_id: Option<String>,
    breakpoints: Vec<BreakpointSpec>,
    watches: Vec<String>,
    layout: Layout,
    recent: Vec<Pane>,
    filter: Option<String>,
    history: Vec<String>,
}

impl Project {
    /// Where the state of a program is kept, below the folder that the platform has for states.
    pub fn default_path(&self) -> Option<PathBuf> {
        let folder = dirs::state_dir().or_else(dirs::data_local_dir)?;
        Some(
            folder
                .join("wasmscope")
                .join("projects")
                .join(self.file_name()),
        )
    }

    /// The end of the target's name, to be recognised, and a number that tells it from others of
    /// that name.
    fn file_name(&self) -> String {
        let name = Path::new(&self.target).file_name();
        let name: String = name
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                    c
                } else {
                    '_'
                }
            })
            .take(60)
            .collect();
        // FNV-1a, 64 bits: short, and the same on every machine.
        let hash = self
            .target
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{name}-{hash:016x}.json")
    }
}

impl Saved {
    /// Reads what was kept. A file that is missing, damaged or another program's is an empty one:
    /// nothing depends on it.
    pub fn load(path: &Path, project: &Project) -> Self {
        let is_sane = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_BYTES);
        let text = if is_sane {
            fs::read_to_string(path).ok()
        } else {
            None
        };
        let saved: Option<Saved> = text.and_then(|text| serde_json::from_str(&text).ok());
        let mut saved = match saved {
            Some(saved) if saved.version == VERSION && saved.target == project.target => saved,
            _ => return Saved::default(),
        };
        if saved.build_id != project.build_id {
            // Another build: lines and names still mean something, offsets do not.
            saved
                .breakpoints
                .retain(|spec| !matches!(spec.place, BreakpointPlace::Pc { .. }));
        }
        saved
    }

    /// What is to be kept of a state.
    pub fn of(state: &State, project: &Project) -> Self {
        let worth = |spec: &BreakpointSpec| {
            !spec.temporary && !matches!(spec.place, BreakpointPlace::Watch { .. })
        };
        let history: Vec<String> = state.console.line.history().map(str::to_owned).collect();
        let from = history.len().saturating_sub(MAX_HISTORY);
        Saved {
            version: VERSION,
            target: project.target.clone(),
            build_id: project.build_id.clone(),
            breakpoints: state
                .breakpoints
                .list
                .iter()
                .map(|breakpoint| breakpoint.spec.clone())
                .filter(worth)
                .collect(),
            watches: state
                .watched
                .iter()
                .map(|watch| watch.expression.clone())
                .collect(),
            layout: state.layout.clone(),
            recent: state.recent.clone(),
            filter: state.calls.filter().map(str::to_owned),
            history: history.get(from..).unwrap_or_default().to_vec(),
        }
    }

    /// Writes it, whole or not at all, readable by the user alone.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let written = options
            .open(&temporary)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Puts it into a fresh state; the breakpoints are to be set when the session is there.
    pub(crate) fn restore(self, state: &mut State) -> Vec<BreakpointSpec> {
        if self.version != VERSION {
            return Vec::new();
        }
        state.layout = self.layout;
        // Whatever was written there: every pane is in the list once.
        for pane in self.recent.into_iter().rev() {
            state.set_focus(pane);
        }
        state.set_focus(Pane::Source);
        state.watched = self
            .watches
            .into_iter()
            .take(200)
            .map(|expression| Watched {
                expression,
                value: None,
            })
            .collect();
        for line in self.history {
            state.console.line.remember(&line);
        }
        if let Some(filter) = self.filter {
            // One that is no longer understood shows everything.
            let _ = state.calls.set_filter(&filter);
        }
        self.breakpoints.into_iter().take(1_000).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(build_id: &str) -> Project {
        Project {
            target: "/home/me/app.wasm".to_owned(),
            build_id: Some(build_id.to_owned()),
        }
    }

    fn saved(build_id: &str) -> Saved {
        let line = BreakpointPlace::Line {
            file: "src/main.rs".to_owned(),
            line: 3,
            column: None,
        };
        Saved {
            version: VERSION,
            target: "/home/me/app.wasm".to_owned(),
            build_id: Some(build_id.to_owned()),
            breakpoints: vec![
                BreakpointSpec::new(line),
                BreakpointSpec::new(BreakpointPlace::Pc {
                    pc: 7,
                    module: None,
                }),
            ],
            watches: vec!["a.b".to_owned()],
            ..Saved::default()
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join(project("1").file_name());
        saved("1").store(&path).unwrap();
        assert_eq!(Saved::load(&path, &project("1")), saved("1"));
        // Of another build only what still means something.
        assert_eq!(Saved::load(&path, &project("2")).breakpoints.len(), 1);
        let other = Project {
            target: "/other.wasm".to_owned(),
            build_id: None,
        };
        assert_eq!(Saved::load(&path, &other), Saved::default());
    }

    #[test]
    fn damage_is_an_empty_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        fs::write(&path, "{\"version\": 1, \"target\": 3").unwrap();
        assert_eq!(Saved::load(&path, &project("1")), Saved::default());
        assert_eq!(
            Saved::load(&folder.path().join("none"), &project("1")),
            Saved::default()
        );
    }

    #[test]
    fn names_of_files_are_harmless() {
        let odd = Project {
            target: "/a/../b/\u{202e}x y\n.wasm".to_owned(),
            build_id: None,
        };
        let name = odd.file_name();
        assert!(
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
            "{name}"
        );
    }
}
