//! What can go wrong with an image, in the order: the thing, the reason, the way out.

use std::io;
use std::path::PathBuf;

/// Why there is no program to be had from a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is nothing of that name.
    #[error("{}: no such file or folder", .target.display())]
    NotFound {
        /// As the user gave it.
        target: PathBuf,
    },
    /// Something could not be read.
    #[error("{what}: cannot be read: {source}")]
    Unreadable {
        /// The archive, and the place in it.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// Something ends too early.
    #[error("{what}: is cut off: it ends in the middle of {within}; copy or write it again")]
    Truncated {
        /// The archive, and the place in it.
        what: String,
        /// What is not whole.
        within: String,
    },
    /// Something is not what its place says it is.
    #[error("{what}: is damaged: {why}; write it again")]
    Damaged {
        /// The archive, and the place in it.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// The bytes are not those that the image names.
    #[error(
        "{what}: its digest is {actual}, and the image names {expected}: it was changed or damaged \
         after the image was made; get it again from where you trust it"
    )]
    Digest {
        /// The archive, and the place in it.
        what: String,
        /// What the image says.
        expected: String,
        /// What the bytes have.
        actual: String,
    },
    /// It unpacks to more than allowed.
    #[error(
        "{what}: is larger than {limit} bytes when unpacked: if it is to be, allow more with \
         --max-image-size"
    )]
    TooLarge {
        /// The archive, and the place in it.
        what: String,
        /// How many bytes are allowed.
        limit: u64,
    },
    /// It has more parts than any image has.
    #[error("{what}: has more than {limit} {things}, which no image in use has")]
    TooMany {
        /// The archive, and the place in it.
        what: String,
        /// What it has too many of.
        things: &'static str,
        /// How many are allowed.
        limit: u64,
    },
    /// An entry that an honest layer does not have.
    #[error("{what}: entry `{entry}` is refused: {why}")]
    Refused {
        /// The archive, and the layer in it.
        what: String,
        /// The entry's name, escaped.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// A part of a kind that is not known here.
    #[error("{what}: is of the media type `{media_type}`, which is {known}")]
    Media {
        /// The archive, and the place in it.
        what: String,
        /// The media type, escaped.
        media_type: String,
        /// What is known of it, and what would help.
        known: String,
    },
    /// A part that the image names is not in the archive.
    #[error(
        "{what}: has no blob {digest}, which {needed_by} needs: the archive is not complete; \
         write it again{hint}"
    )]
    Missing {
        /// The archive.
        what: String,
        /// Which part.
        digest: String,
        /// What refers to it.
        needed_by: String,
        /// More on how that comes, or nothing.
        hint: &'static str,
    },
    /// No image there is called that, or is for that platform.
    #[error("{what}: has no image {wanted}; {}", there_are(.choices))]
    NoSuchImage {
        /// The archive.
        what: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        choices: Vec<String>,
    },
    /// Several images fit.
    #[error("{what}: has several images: {}; say which: {way}", .choices.join(", "))]
    SeveralImages {
        /// The archive.
        what: String,
        /// What there is.
        choices: Vec<String>,
        /// How to say it.
        way: String,
    },
    /// There is no module in it.
    #[error("{what}: has no WebAssembly module in it{hint}")]
    NoModule {
        /// The archive.
        what: String,
        /// What it has instead, or nothing.
        hint: String,
    },
    /// Several modules could be meant.
    #[error(
        "{what}: {why}, and there are several modules in it: say which with --module PATH: {}",
        .modules.join(", ")
    )]
    SeveralModules {
        /// The archive.
        what: String,
        /// Why it does not say itself.
        why: String,
        /// The modules' paths.
        modules: Vec<String>,
    },
    /// The program that the image starts is not there.
    #[error("{what}: {program} is not in it{hint}")]
    NoProgram {
        /// The archive.
        what: String,
        /// The program, and who names it.
        program: String,
        /// What would help.
        hint: String,
    },
    /// A program for another host.
    #[error("{what}: {is}: {help}")]
    Foreign {
        /// The archive.
        what: String,
        /// What it is.
        is: String,
        /// Why that does not run here, and what would help.
        help: String,
    },
    /// A Docker Engine does not have it.
    #[error("the Docker Engine at {host}: {why}")]
    NotInEngine {
        /// Where the engine is.
        host: String,
        /// What it does not have, and how to get it.
        why: String,
    },
    /// A Docker Engine that cannot be asked, or refuses.
    #[error("the Docker Engine at {host}: {why}")]
    Engine {
        /// Where the engine is.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// A mount or another wish that cannot be met.
    #[error("{option}: {why}")]
    Option {
        /// The option with its value.
        option: String,
        /// What is wrong.
        why: String,
    },
    /// The temporary folder cannot be written to.
    #[error(
        "the image cannot be unpacked below {}: {source}; TMPDIR can name another folder",
        .folder.display()
    )]
    Temporary {
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ImageError {
    /// Whether the target does not exist at all, as opposed to being unusable.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NotInEngine { .. })
    }

    /// Whether the trouble is not the image's.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Temporary { .. } | Self::Option { .. })
    }
}

fn there_are(choices: &[String]) -> String {
    match choices {
        [] => "it has none".to_owned(),
        choices => format!("there is {}", choices.join(", ")),
    }
}

/// Text out of an archive, made fit for a message: short and without anything that could steer a
/// terminal.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 200;
    let escaped: String = text.escape_debug().collect();
    match escaped.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", escaped.get(..end).unwrap_or_default()),
        None => escaped,
    }
}

/// A failed read of something in an archive: an early end and reached limits are told apart from
/// what the system says.
pub(crate) fn read_error(what: &str, within: &str, error: io::Error) -> ImageError {
    if let Some(limit) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<OverLimit>())
    {
        return ImageError::TooLarge {
            what: what.to_owned(),
            limit: limit.0,
        };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ImageError::Truncated {
            what: what.to_owned(),
            within: within.to_owned(),
        },
        // flate2 and zstd tell of malformed data so.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
            ImageError::Damaged {
                what: what.to_owned(),
                why: format!("{within} cannot be decoded ({error})"),
            }
        }
        _ => ImageError::Unreadable {
            what: what.to_owned(),
            source: error,
        },
    }
}

/// Travels inside an [`io::Error`]: more bytes than are allowed.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
pub(crate) struct OverLimit(pub u64);
