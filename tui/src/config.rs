//! The user's configuration: `config.toml`. What is wrong with it is told with its line, and nothing
//! of a file with mistakes is used half.

use crate::actions::{Action, Keymap, TABLE};
use crate::keys::Key;
use crate::layout::Preset;
use crate::theme::ThemeName;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A file that is larger is none of ours.
const MAX_BYTES: u64 = 1 << 20;

/// What the user may set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The theme; `None` chooses by the terminal.
    pub theme: Option<ThemeName>,
    /// Which function keys there are.
    pub keymap: Keymap,
    /// Keys that the user chose: they replace all that the action has.
    pub keys: Vec<(Action, Vec<Key>)>,
    /// Whether the mouse is used.
    pub mouse: MouseUse,
    /// The layout at first.
    pub layout: Preset,
}

/// Whether the mouse is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseUse {
    /// It is.
    #[default]
    On,
    /// It is the terminal's: text can be selected with it.
    Off,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be one.
    #[error("{path} is larger than a configuration can be (1 MiB)")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text is wrong.
    #[error("{path}:{line}: {message}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    theme: Option<ThemeName>,
    keymap: Keymap,
    mouse: Option<bool>,
    layout: Preset,
    keys: BTreeMap<Spanned<String>, Spanned<Keys>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Several(Vec<String>),
}

impl Config {
    /// Where the configuration is looked for: `wasmscope/config.toml` in the folder that the
    /// platform has for configurations.
    pub fn default_path() -> Option<PathBuf> {
        Some(dirs::config_dir()?.join("wasmscope").join("config.toml"))
    }

    /// Reads a configuration; a file that is not there is an empty one.
    ///
    /// # Errors
    /// When it cannot be read or has a mistake in it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read {
            path: path.to_owned(),
            source,
        };
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Config::default());
            }
            Err(error) => return Err(read(error)),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(ConfigError::TooLarge {
                    path: path.to_owned(),
                });
            }
            Ok(_) => {}
        }
        Config::parse(&std::fs::read_to_string(path).map_err(read)?, path)
    }

    /// Reads a configuration from text; `path` is for its errors.
    ///
    /// # Errors
    /// When it has a mistake in it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |at: usize, message: String| ConfigError::Wrong {
            path: path.to_owned(),
            line: line_of(text, at),
            message,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(at, error.message().trim().to_owned())
        })?;
        let mut keys = Vec::new();
        for (name, chosen) in file.keys {
            let Some(row) = TABLE.iter().find(|row| row.name == name.get_ref()) else {
                let message = unknown_action(name.get_ref());
                return Err(wrong(name.span().start, message));
            };
            let at = chosen.span().start;
            let texts = match chosen.into_inner() {
                Keys::One(text) => vec![text],
                Keys::Several(texts) => texts,
            };
            let parsed: Result<Vec<Key>, _> = texts.iter().map(|text| text.parse()).collect();
            match parsed {
                Ok(parsed) => keys.push((row.action, parsed)),
                Err(error) => return Err(wrong(at, error.to_string())),
            }
        }
        Ok(Config {
            theme: file.theme,
            keymap: file.keymap,
            keys,
            mouse: match file.mouse {
                Some(false) => MouseUse::Off,
                _ => MouseUse::On,
            },
            layout: file.layout,
        })
    }

    /// A configuration with every setting as it is anyway, each explained, all commented out.
    pub fn template() -> String {
        let mut text = String::from(TEMPLATE);
        for row in TABLE {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("{key:?}")).collect();
            text.push_str(&format!(
                "# {}\n# {} = [{}]\n",
                row.help,
                row.name,
                keys.join(", ")
            ));
        }
        text
    }
}

const TEMPLATE: &str = "\
# The configuration of wasmscope. Everything here is as it is without this file.

# The colours: \"dark\", \"light\", \"ansi\" (the terminal's own sixteen) or \"mono\". When it is not
# set: dark where the terminal has true colours, its own sixteen elsewhere, mono with NO_COLOR.
# theme = \"dark\"

# Function keys beside the single letters: \"vs\" (F5, F9, F10, F11), \"jetbrains\" (F9, F8, F7) or
# \"gdb\" (none).
# keymap = \"vs\"

# Whether the mouse chooses and scrolls. When it does, most terminals select text with shift held.
# mouse = true

# How the screen is shared out at first: \"balanced\", \"code\" or \"calls\".
# layout = \"balanced\"

# Keys of actions. They replace all keys that the action has; [] takes them away. A key is a
# character, F1 to F12, or enter, esc, tab, space, backspace, delete, insert, left, right, up, down,
# home, end, page-up, page-down, with ctrl-, alt- or shift- in front.
[keys]
";

/// The line of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

fn unknown_action(name: &str) -> String {
    let parts = |text: &str| -> Vec<String> { text.split('-').map(str::to_owned).collect() };
    let wanted = parts(name);
    let near = TABLE
        .iter()
        .map(|row| row.name)
        .find(|known| parts(known).iter().any(|part| wanted.contains(part)));
    match near {
        Some(near) => format!("there is no action `{name}`; did you mean `{near}`?"),
        None => format!("there is no action `{name}`; `wasmscope config --init` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("config.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read() {
        let config = parse(
            "theme = \"light\"\nkeymap = \"jetbrains\"\nmouse = false\n[keys]\nnext = \"j\"\nstep = [\"F1\", \"ctrl-s\"]\n",
        )
        .unwrap();
        assert_eq!(config.theme, Some(ThemeName::Light));
        assert_eq!(config.keymap, Keymap::Jetbrains);
        assert_eq!(config.mouse, MouseUse::Off);
        assert!(
            config
                .keys
                .contains(&(Action::Next, vec!["j".parse().unwrap()]))
        );
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, expected) in [
            (
                "\n\ntheme = \"pink\"\n",
                "config.toml:3: unknown variant `pink`",
            ),
            (
                "[keys]\nnxt = \"n\"\n",
                "config.toml:2: there is no action `nxt`",
            ),
            (
                "[keys]\nnext-line = \"n\"\n",
                "config.toml:2: there is no action `next-line`; did you mean `next`?",
            ),
            (
                "mouse = true\n[keys]\nnext = [\"n\", \"hyper-x\"]\n",
                "config.toml:3: `hyper-x` is no key",
            ),
            ("colour = 1\n", "config.toml:1: unknown field `colour`"),
            ("theme = \n", "config.toml:1: "),
            ("[keys]\nnext = 3\n", "config.toml:2: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_template_changes_nothing_and_names_everything() {
        assert_eq!(parse(&Config::template()).unwrap(), Config::default());
        // With every setting switched on it still says what is so anyway.
        let lines: Vec<String> = Config::template()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") => setting.to_owned(),
                _ => line.to_owned(),
            })
            .collect();
        let config = parse(&lines.join("\n")).unwrap();
        assert_eq!(config.keys.len(), TABLE.len());
    }
}
