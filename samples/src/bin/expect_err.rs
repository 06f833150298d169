//! Fails: `Result::expect` on an `Err` that carries an error of another crate's type.

use std::num::ParseIntError;

#[derive(Debug)]
struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

fn parse(text: &str) -> Result<Version, ParseIntError> {
    let mut parts = text.splitn(3, '.');
    let mut next = || parts.next().unwrap_or("0").parse::<u32>();
    Ok(Version {
        major: next()?,
        minor: next()?,
        patch: next()?,
    })
}

fn newest<'a>(versions: &[&'a str]) -> (&'a str, Version) {
    let mut best: Option<(&str, Version)> = None;
    for &text in versions {
        let version = parse(text).expect("every version is made of numbers"); // <- fails
        let newer = best.as_ref().is_none_or(|(_, best)| {
            (version.major, version.minor, version.patch) > (best.major, best.minor, best.patch)
        });
        if newer {
            best = Some((text, version));
        }
    }
    best.unwrap()
}

fn main() {
    let (text, version) = newest(&["1.2.0", "1.10.3"]);
    println!("{text} is the newest: {version:?}");
    let (text, _) = newest(&["2.0.0", "2.1.x", "1.9.9"]);
    println!("{text} is the newest");
}
