//! Exits with 1: `main` returns an error, which std prints. No trap, nothing to report.

use std::fmt;

#[derive(Debug)]
enum ConfigError {
    Missing { key: &'static str },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Missing { key } = self;
        write!(f, "the setting `{key}` is missing")
    }
}

impl std::error::Error for ConfigError {}

fn main() -> Result<(), ConfigError> {
    println!("reading the configuration");
    Err(ConfigError::Missing { key: "listen" })
}
