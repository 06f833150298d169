//! What can go wrong with a Compose file, in the order: the thing, the reason, the way out.

use std::io;
use std::path::PathBuf;

/// Why there is no service to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {error}{needed_by}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
        /// What names the file, or nothing.
        needed_by: String,
    },
    /// A file is larger than such files are, or there are too many of them.
    #[error("{}: {what}, and more than {limit} are not read", .file.display())]
    TooMuch {
        /// The file.
        file: PathBuf,
        /// What there is too much of.
        what: String,
        /// How much is taken.
        limit: u64,
    },
    /// It is no YAML, or too much of it.
    #[error("{}: is no Compose file: {why}", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong and where.
        why: String,
    },
    /// Something in it is not what the specification has there.
    #[error("{}: {at}: {why}", .file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The place in it, such as `services.web.ports`.
        at: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// There is no such service, or none was named.
    #[error("{}: {why}; its services are {}", .file.display(), listed(.services))]
    NoService {
        /// The file.
        file: PathBuf,
        /// What is missing.
        why: String,
        /// What there is.
        services: Vec<String>,
    },
}

impl ComposeError {
    /// Whether the file does not exist at all, as opposed to being unusable.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Unreadable { error, .. } => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

fn listed(services: &[String]) -> String {
    const MOST: usize = 30;
    let mut names: Vec<_> = services
        .iter()
        .take(MOST)
        .map(|name| crate::values::shown(name))
        .collect();
    if services.len() > MOST {
        names.push("…".to_owned());
    }
    match &*names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
