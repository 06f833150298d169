//! Keys as people write them in the configuration and read them in hints: `n`, `F5`, `shift-F11`,
//! `ctrl-p`, `alt-left`, `space`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;
use std::str::FromStr;

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// A key that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no key: write a character, F1 to F12, or a name such as `enter`, `space`, `left`, `page-up`, with `ctrl-`, `alt-` or `shift-` in front"
)]
pub struct KeyError {
    text: String,
}

const NAMES: [(&str, KeyCode); 14] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
];

impl Key {
    /// The key of a terminal's event, in the one form that keys are compared in: a shifted
    /// character is the character, and shift-tab is tab with shift.
    pub fn of(event: &KeyEvent) -> Self {
        Key::new(event.code, event.modifiers)
    }

    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & known;
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) => {
                let c = match modifiers.contains(KeyModifiers::SHIFT) {
                    true => c.to_uppercase().next().unwrap_or(c),
                    false => c,
                };
                modifiers -= KeyModifiers::SHIFT;
                // Terminals send Ctrl with a small letter, whatever shift says.
                match modifiers.contains(KeyModifiers::CONTROL) {
                    true => KeyCode::Char(c.to_ascii_lowercase()),
                    false => KeyCode::Char(c),
                }
            }
            code => code,
        };
        Key { code, modifiers }
    }

    /// The character that the key types, if it types one.
    pub fn types(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            // AltGr comes as both on some systems.
            KeyCode::Char(c)
                if self.modifiers == (KeyModifiers::CONTROL | KeyModifiers::ALT)
                    && !c.is_ascii_alphanumeric() =>
            {
                Some(c)
            }
            _ => None,
        }
    }

    /// The key without modifiers, when it has none.
    pub fn plain(self) -> Option<KeyCode> {
        self.modifiers.is_empty().then_some(self.code)
    }

    /// The letter that is held with Ctrl alone.
    pub fn ctrl(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers == KeyModifiers::CONTROL => Some(c),
            _ => None,
        }
    }

    /// Whether this is a key with only Alt held.
    pub fn alt(self) -> Option<KeyCode> {
        (self.modifiers == KeyModifiers::ALT).then_some(self.code)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            code => match NAMES.iter().find(|(_, known)| *known == code) {
                Some((name, _)) => f.write_str(name),
                None => f.write_str("?"),
            },
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let error = || KeyError {
            text: text.to_owned(),
        };
        let mut modifiers = KeyModifiers::empty();
        let mut rest = text;
        while let Some((word, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty())
        {
            let modifier = match word.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => KeyModifiers::CONTROL,
                "alt" | "meta" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => break,
            };
            modifiers |= modifier;
            rest = after;
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            (Some('f' | 'F'), Some(_))
                if rest.get(1..).is_some_and(|n| n.parse::<u8>().is_ok()) =>
            {
                match rest.get(1..).and_then(|number| number.parse().ok()) {
                    Some(number @ 1..=24) => KeyCode::F(number),
                    _ => return Err(error()),
                }
            }
            _ if rest.eq_ignore_ascii_case("space") => KeyCode::Char(' '),
            _ => NAMES
                .iter()
                .find(|(name, _)| rest.eq_ignore_ascii_case(name))
                .map(|(_, code)| *code)
                .ok_or_else(error)?,
        };
        Ok(Key::new(code, modifiers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in [
            "n",
            "N",
            "F5",
            "shift-F11",
            "ctrl-p",
            "alt-left",
            "space",
            "enter",
            "page-up",
            "-",
            "?",
            "shift-tab",
            "ctrl-alt-x",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        assert!("".parse::<Key>().is_err());
        assert!("F99".parse::<Key>().is_err());
        assert!("ctrl-".parse::<Key>().is_err());
        assert!("hyper-x".parse::<Key>().is_err());
    }

    #[test]
    fn what_terminals_send_is_one_key() {
        let key = |code, modifiers| Key::of(&KeyEvent::new(code, modifiers));
        let shift = KeyModifiers::SHIFT;
        assert_eq!(key(KeyCode::BackTab, shift), "shift-tab".parse().unwrap());
        assert_eq!(key(KeyCode::Char('N'), shift), "N".parse().unwrap());
        assert_eq!(
            key(KeyCode::Char('P'), KeyModifiers::CONTROL | shift),
            "ctrl-p".parse().unwrap()
        );
    }
}
