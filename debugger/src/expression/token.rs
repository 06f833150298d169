//! The words of expressions: what a text is cut into before it is parsed.
//!
//! Literals are read here as Rust reads them (Reference, chapter "Tokens"), escapes included.

use super::error::{ErrorKind, ExpressionError};
use std::ops::Range;

/// Longest expression that is read, in bytes.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// One word, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Range<usize>,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name. Raw ones (`r#type`) are told apart from keywords.
    Name {
        name: String,
        raw: bool,
    },
    /// `$local0`, `$sp`: of the machine below.
    Machine(String),
    /// A whole number, its bits and its suffix.
    Integer {
        value: u128,
        suffix: Option<String>,
    },
    /// A number with a fraction or an exponent, or with the suffix of a float.
    Float {
        value: f64,
        suffix: Option<String>,
    },
    Char(char),
    Byte(u8),
    Text(String),
    ByteText(Vec<u8>),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// Operators and brackets, longer ones before those they begin with.
const SIGNS: [&str; 43] = [
    "..=", "...", "<<=", ">>=", "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "..", "::", "->",
    "=>", "+=", "-=", "+", "-", "*", "/", "%", "^", "&", "|", "!", "~", "<", ">", "=", "(", ")",
    "[", "]", "{", "}", ".", ",", ":", ";", "#", "?",
];

/// Cuts a text into words.
///
/// # Errors
/// At the first thing that is no word.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    if text.len() > MAX_LENGTH {
        return Err(ExpressionError::new(
            ErrorKind::TooLarge,
            &(MAX_LENGTH..text.len()),
            format!(
                "the expression has {} bytes, and at most {MAX_LENGTH} are read",
                text.len()
            ),
        ));
    }
    let mut words = Words { text, at: 0 };
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        words.skip_space();
        let start = words.at;
        // `x.0.1`: fields of fields, and not a number with a fraction.
        let after_dot = matches!(
            tokens.last(),
            Some(Token { kind: TokenKind::Sign("."), span }) if span.end == start
        );
        let kind = words.next(after_dot)?;
        let end = kind == TokenKind::End;
        tokens.push(Token {
            kind,
            span: start..words.at,
        });
        if end {
            return Ok(tokens);
        }
    }
}

struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn error(&self, start: usize, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(ErrorKind::Syntax, &(start..self.at.max(start)), message)
    }

    fn next(&mut self, after_dot: bool) -> Result<TokenKind, ExpressionError> {
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(TokenKind::End);
        };
        if let Some(literal) = self.prefixed()? {
            return Ok(literal);
        }
        if c.is_ascii_digit() {
            return if after_dot {
                self.field_number()
            } else {
                self.number()
            };
        }
        if is_name_start(c) {
            return Ok(TokenKind::Name {
                name: self.take_while(is_name).to_owned(),
                raw: false,
            });
        }
        match c {
            '$' => {
                self.bump();
                let name = self.take_while(is_name).to_owned();
                if name.is_empty() {
                    return Err(self.error(start, "a name is due after `$`: `$local0`, `$sp`"));
                }
                Ok(TokenKind::Machine(name))
            }
            '"' => {
                self.bump();
                let bytes = self.quoted(start, '"', false)?;
                self.utf8(start, bytes).map(TokenKind::Text)
            }
            '\'' => {
                self.bump();
                let bytes = self.quoted(start, '\'', false)?;
                let text = self.utf8(start, bytes)?;
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(TokenKind::Char(c)),
                    _ => Err(self.error(start, "one character is due between single quotes")),
                }
            }
            _ => match SIGNS.iter().find(|sign| self.take(sign)) {
                Some(sign) => Ok(TokenKind::Sign(sign)),
                None => {
                    self.bump();
                    Err(self.error(start, format!("{c:?} means nothing here")))
                }
            },
        }
    }

    /// Literals and names that begin with `r`, `b` or `br`.
    fn prefixed(&mut self) -> Result<Option<TokenKind>, ExpressionError> {
        let start = self.at;
        for (prefix, is_bytes) in [("br", true), ("r", false)] {
            let Some(rest) = self.rest().strip_prefix(prefix) else {
                continue;
            };
            let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
            let after = rest.get(hashes..).unwrap_or("");
            if after.starts_with('"') {
                self.at += prefix.len() + hashes + 1;
                return self.raw(start, hashes, is_bytes).map(Some);
            }
            if prefix == "r" && hashes == 1 && after.starts_with(is_name_start) {
                self.at += 2;
                return Ok(Some(TokenKind::Name {
                    name: self.take_while(is_name).to_owned(),
                    raw: true,
                }));
            }
        }
        if self.take("b\"") {
            let bytes = self.quoted(start, '"', true)?;
            return Ok(Some(TokenKind::ByteText(bytes)));
        }
        if self.take("b'") {
            let bytes = self.quoted(start, '\'', true)?;
            return match &*bytes {
                [byte] => Ok(Some(TokenKind::Byte(*byte))),
                _ => Err(self.error(start, "one byte is due in `b'…'`")),
            };
        }
        Ok(None)
    }

    /// The inside of a raw string, up to the quote with as many hashes as it began with.
    fn raw(
        &mut self,
        start: usize,
        hashes: usize,
        is_bytes: bool,
    ) -> Result<TokenKind, ExpressionError> {
        let end = format!("\"{}", "#".repeat(hashes));
        let Some(length) = self.rest().find(&end) else {
            self.at = self.text.len();
            return Err(self.error(start, format!("the raw string has no end: `{end}` is due")));
        };
        let inside = self.rest().get(..length).unwrap_or("").to_owned();
        self.at += length + end.len();
        Ok(match is_bytes {
            true => TokenKind::ByteText(inside.into_bytes()),
            false => TokenKind::Text(inside),
        })
    }

    /// The inside of a quoted literal and its closing quote, as bytes.
    fn quoted(
        &mut self,
        start: usize,
        quote: char,
        is_bytes: bool,
    ) -> Result<Vec<u8>, ExpressionError> {
        let mut bytes = Vec::new();
        loop {
            let at = self.at;
            match self.bump() {
                None => {
                    return Err(
                        self.error(start, format!("the literal has no end: {quote} is due"))
                    );
                }
                Some(c) if c == quote => return Ok(bytes),
                Some('\\') => self.escape(at, is_bytes, &mut bytes)?,
                Some(c) if is_bytes && !c.is_ascii() => {
                    return Err(self.error(at, "only ASCII may stand in a byte literal"));
                }
                Some(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
    }

    /// What follows a backslash.
    fn escape(
        &mut self,
        start: usize,
        is_bytes: bool,
        bytes: &mut Vec<u8>,
    ) -> Result<(), ExpressionError> {
        let byte = match self.bump() {
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('\'') => b'\'',
            Some('"') => b'"',
            Some('x') => {
                let digits = self.rest().get(..2).unwrap_or("");
                let byte = u8::from_str_radix(digits, 16).ok();
                let byte = byte.filter(|byte| is_bytes || byte.is_ascii());
                let Some(byte) = byte.filter(|_| !digits.starts_with('+')) else {
                    return Err(self.error(start, "two hexadecimal digits are due after `\\x`"));
                };
                self.at += 2;
                byte
            }
            Some('u') if !is_bytes => {
                let digits = match self.take("{") {
                    true => self.take_while(|c| c.is_ascii_hexdigit() || c == '_'),
                    false => "",
                };
                let c = u32::from_str_radix(&digits.replace('_', ""), 16).ok();
                let c = c.and_then(char::from_u32).filter(|_| self.take("}"));
                let Some(c) = c else {
                    return Err(self.error(start, "a character is due after `\\u`: `\\u{e9}`"));
                };
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                return Ok(());
            }
            Some('\n') => {
                self.skip_space();
                return Ok(());
            }
            _ => return Err(self.error(start, "no such escape")),
        };
        bytes.push(byte);
        Ok(())
    }

    fn utf8(&self, start: usize, bytes: Vec<u8>) -> Result<String, ExpressionError> {
        String::from_utf8(bytes).map_err(|_| self.error(start, "the text is not UTF-8"))
    }

    /// The number of a tuple's field.
    fn field_number(&mut self) -> Result<TokenKind, ExpressionError> {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        let value = digits.parse::<u32>();
        match value {
            Ok(value) if !self.peek().is_some_and(is_name) => Ok(TokenKind::Integer {
                value: u128::from(value),
                suffix: None,
            }),
            _ => {
                self.take_while(is_name);
                Err(self.error(start, "the number of a field is due"))
            }
        }
    }

    fn number(&mut self) -> Result<TokenKind, ExpressionError> {
        let start = self.at;
        let radix = match self.rest().get(..2) {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
            let is_digit = |c: char| c.is_digit(radix) || c == '_';
            let digits = self.take_while(is_digit).replace('_', "");
            let suffix = self.suffix();
            return self.integer(start, &digits, radix, suffix);
        }
        let is_digit = |c: char| c.is_ascii_digit() || c == '_';
        let mut digits = self.take_while(is_digit).replace('_', "");
        let mut is_float = false;
        // `1..2` is a range, and `1.max` would be a method.
        let fraction = self.rest().strip_prefix('.');
        if let Some(after) = fraction
            && !after.starts_with(|c: char| c == '.' || is_name_start(c))
        {
            self.at += 1;
            is_float = true;
            digits.push('.');
            digits.push_str(&self.take_while(is_digit).replace('_', ""));
        }
        if let Some(exponent) = self.exponent() {
            is_float = true;
            digits.push_str(&exponent);
        }
        let suffix = self.suffix();
        if is_float || matches!(suffix.as_deref(), Some("f32" | "f64")) {
            let value = digits
                .parse::<f64>()
                .map_err(|_| self.error(start, "the number cannot be read"))?;
            return Ok(TokenKind::Float { value, suffix });
        }
        self.integer(start, &digits, 10, suffix)
    }

    /// `e10`, `E-3`, when digits follow.
    fn exponent(&mut self) -> Option<String> {
        let rest = self.rest().strip_prefix(['e', 'E'])?;
        let signless = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        if !signless.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += 1;
        let sign = if self.take("-") { "-" } else { "" };
        self.take("+");
        let digits = self.take_while(|c| c.is_ascii_digit() || c == '_');
        Some(format!("e{sign}{}", digits.replace('_', "")))
    }

    fn suffix(&mut self) -> Option<String> {
        let suffix = self.take_while(is_name);
        (!suffix.is_empty()).then(|| suffix.trim_start_matches('_').to_owned())
    }

    fn integer(
        &self,
        start: usize,
        digits: &str,
        radix: u32,
        suffix: Option<String>,
    ) -> Result<TokenKind, ExpressionError> {
        let value = u128::from_str_radix(digits, radix).map_err(|_| {
            let what = match digits {
                "" => "digits are due here",
                _ => "the number does not fit into 128 bits",
            };
            self.error(start, what)
        })?;
        Ok(TokenKind::Integer { value, suffix })
    }
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
