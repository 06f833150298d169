//! Paths of source files, as debug info and as people write them.

/// Whether `path` is the file that `pattern` names: they are the same, or the last parts of `path`
/// are those of `pattern` (`src/main.rs` names `/home/me/app/src/main.rs`, `ain.rs` does not).
/// Either kind of slash separates parts; `.` and `..` are resolved as far as they can be.
pub fn path_matches(path: &str, pattern: &str) -> bool {
    let (path, wanted) = (parts(path), parts(pattern));
    let absolute = pattern.starts_with(['/', '\\']);
    match absolute {
        true => path == wanted,
        false => !wanted.is_empty() && path.ends_with(&wanted),
    }
}

fn parts(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::path_matches;

    #[test]
    fn a_file_goes_by_the_end_of_its_path() {
        let path = "/home/me/app/./src/../src/main.rs";
        let table = [
            ("main.rs", true),
            ("src/main.rs", true),
            ("./src/main.rs", true),
            ("app/src/main.rs", true),
            (r"src\main.rs", true),
            ("/home/me/app/src/main.rs", true),
            ("ain.rs", false),
            ("/src/main.rs", false),
            ("lib.rs", false),
            ("", false),
        ];
        for (pattern, expected) in table {
            assert_eq!(path_matches(path, pattern), expected, "{pattern}");
        }
    }
}
