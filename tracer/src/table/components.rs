//! What is known of WASI 0.2's and 0.3's interfaces beforehand: their classes, which resources
//! their functions make, how their errors are called. Names, arguments and results come with the
//! calls.

use super::Class;

/// Classes by the start of the interface's name, the main one first; the first that fits counts.
static CLASSES: &[(&str, &[Class])] = &[
    ("wasi:filesystem/", &[Class::File, Class::Fd]),
    ("wasi:clocks/", &[Class::Clock]),
    ("wasi:random/", &[Class::Random]),
    ("wasi:sockets/", &[Class::Sock, Class::Fd]),
    ("wasi:cli/environment", &[Class::Env]),
    ("wasi:cli/exit", &[Class::Proc]),
    ("wasi:cli/", &[Class::Fd]),
    ("wasi:io/poll", &[Class::Clock, Class::Fd]),
    ("wasi:io/", &[Class::Fd]),
];

/// What an interface, `wasi:io/streams`, is about, the main thing first.
pub fn classes(interface: &str) -> &'static [Class] {
    let found = CLASSES
        .iter()
        .find(|(start, _)| interface.starts_with(start));
    found.map_or(&[], |(_, classes)| classes)
}

/// What an interface is mainly about.
pub fn class(interface: &str) -> Option<Class> {
    classes(interface).first().copied()
}

/// The resources in a function's result.
#[derive(Debug)]
pub(crate) struct Makes {
    pub(crate) function: &'static str,
    /// What they are, in order.
    pub(crate) kinds: &'static [&'static str],
    pub(crate) label: Label,
}

/// What a new resource stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Label {
    /// This.
    Fixed(&'static str),
    /// What the function's own resource stands for.
    Own,
    /// The path in the arguments, below the path that the function's own resource stands for.
    Below,
    /// An argument.
    Argument(&'static str),
    /// Nothing that is known.
    None,
}

macro_rules! makes {
    ($($function:literal => [$($kind:literal)*] $label:expr;)*) => {
        static MAKES: &[Makes] = &[$(Makes {
            function: $function,
            kinds: &[$($kind),*],
            label: $label,
        }),*];
    };
}

makes! {
    "get-stdin" => ["input-stream"] Label::Fixed("/dev/stdin");
    "get-stdout" => ["output-stream"] Label::Fixed("/dev/stdout");
    "get-stderr" => ["output-stream"] Label::Fixed("/dev/stderr");
    "get-terminal-stdin" => ["terminal-input"] Label::Fixed("/dev/stdin");
    "get-terminal-stdout" => ["terminal-output"] Label::Fixed("/dev/stdout");
    "get-terminal-stderr" => ["terminal-output"] Label::Fixed("/dev/stderr");
    "get-directories" => ["descriptor"] Label::None;
    "[method]descriptor.open-at" => ["descriptor"] Label::Below;
    "[method]descriptor.read-via-stream" => ["input-stream"] Label::Own;
    "[method]descriptor.write-via-stream" => ["output-stream"] Label::Own;
    "[method]descriptor.append-via-stream" => ["output-stream"] Label::Own;
    "[method]descriptor.read-directory" => ["directory-entry-stream"] Label::Own;
    "[method]input-stream.subscribe" => ["pollable"] Label::Own;
    "[method]output-stream.subscribe" => ["pollable"] Label::Own;
    "subscribe-duration" => ["pollable"] Label::Argument("when");
    "subscribe-instant" => ["pollable"] Label::Argument("when");
    "instance-network" => ["network"] Label::None;
    "create-tcp-socket" => ["tcp-socket"] Label::Argument("address-family");
    "create-udp-socket" => ["udp-socket"] Label::Argument("address-family");
    "resolve-addresses" => ["resolve-address-stream"] Label::Argument("name");
    "[method]resolve-address-stream.subscribe" => ["pollable"] Label::Own;
    "[method]tcp-socket.finish-connect" => ["input-stream" "output-stream"] Label::Own;
    "[method]tcp-socket.accept" => ["tcp-socket" "input-stream" "output-stream"] Label::Own;
    "[method]tcp-socket.subscribe" => ["pollable"] Label::Own;
    "[method]udp-socket.stream" => ["incoming-datagram-stream" "outgoing-datagram-stream"] Label::Own;
    "[method]udp-socket.subscribe" => ["pollable"] Label::Own;
    "[method]incoming-datagram-stream.subscribe" => ["pollable"] Label::Own;
    "[method]outgoing-datagram-stream.subscribe" => ["pollable"] Label::Own;
}

/// What a function of WASI 0.2 makes.
pub(crate) fn makes(function: &str) -> Option<&'static Makes> {
    MAKES.iter().find(|makes| makes.function == function)
}

/// What a resource in an argument is: the function's own by the function's name, others by the
/// argument's.
pub(crate) fn kind_of_argument(function: &str, argument: &str) -> &'static str {
    const KINDS: [&str; 14] = [
        "descriptor",
        "directory-entry-stream",
        "input-stream",
        "output-stream",
        "pollable",
        "error",
        "terminal-input",
        "terminal-output",
        "network",
        "resolve-address-stream",
        "tcp-socket",
        "udp-socket",
        "incoming-datagram-stream",
        "outgoing-datagram-stream",
    ];
    let own = function
        .split_once(']')
        .and_then(|(_, rest)| rest.split('.').next());
    let named = match argument {
        "self" => own,
        "new-descriptor" | "other" => Some("descriptor"),
        "src" => Some("input-stream"),
        "in" => Some("pollable"),
        "err" => Some("error"),
        argument => Some(argument),
    };
    let known = KINDS.iter().find(|kind| Some(**kind) == named);
    known.copied().unwrap_or("resource")
}

/// Whether a resource is named by a path of the guest's world.
pub(crate) fn has_path(kind: &str) -> bool {
    matches!(
        kind,
        "descriptor" | "directory-entry-stream" | "input-stream" | "output-stream"
    )
}

/// Whether an argument of this name is a path.
pub(crate) fn is_path(argument: &str) -> bool {
    matches!(
        argument,
        "path" | "old-path" | "new-path" | "src-path" | "dest-path"
    )
}

/// Whether [`may_wait`] or [`may_show`] may say yes to a function.
pub(crate) fn may_matter_at_start(function: &str) -> bool {
    function == "poll"
        || function.starts_with("[method]pollable.")
        || function.starts_with("[method]input-stream.")
        || function.starts_with("[method]output-stream.")
}

/// Whether a function's bytes are contents, rather than a name: those of an argument, if there is one
/// that it gives, or those of its result.
pub(crate) fn moves_contents(function: &str) -> bool {
    matches!(
        function,
        "[method]descriptor.read"
            | "[method]descriptor.write"
            | "[method]incoming-datagram-stream.receive"
            | "[method]input-stream.read"
            | "[method]input-stream.blocking-read"
            | "[method]outgoing-datagram-stream.send"
            | "[method]output-stream.write"
            | "[method]output-stream.blocking-write-and-flush"
            | "get-random-bytes"
            | "get-insecure-random-bytes"
    )
}

/// Whether a call of a function may wait for something outside. Files do not count.
pub(crate) fn may_wait(function: &str, label: Option<&str>) -> bool {
    match function {
        "poll" | "[method]pollable.block" => true,
        "[method]input-stream.blocking-read" | "[method]input-stream.blocking-skip" => {
            // A file's stream has its path; what has none may be a socket.
            label.is_none_or(|label| label == "/dev/stdin" || !label.contains('/'))
        }
        _ => false,
    }
}

/// Whether a call writes to standard output or standard error.
pub(crate) fn may_show(function: &str, label: Option<&str>) -> bool {
    let is_stream = matches!(label, Some("/dev/stdout" | "/dev/stderr"));
    is_stream && function.starts_with("[method]output-stream.")
}

/// The errors of `wasi:filesystem` and `wasi:sockets`, with the names of preview 1's for the same.
pub(crate) static ERRORS: &[(&str, &str)] = &[
    ("access", "EACCES"),
    ("access-denied", "EACCES"),
    ("would-block", "EAGAIN"),
    ("already", "EALREADY"),
    ("bad-descriptor", "EBADF"),
    ("busy", "EBUSY"),
    ("deadlock", "EDEADLK"),
    ("quota", "EDQUOT"),
    ("exist", "EEXIST"),
    ("file-too-large", "EFBIG"),
    ("illegal-byte-sequence", "EILSEQ"),
    ("in-progress", "EINPROGRESS"),
    ("interrupted", "EINTR"),
    ("invalid", "EINVAL"),
    ("invalid-argument", "EINVAL"),
    ("io", "EIO"),
    ("is-directory", "EISDIR"),
    ("loop", "ELOOP"),
    ("too-many-links", "EMLINK"),
    ("message-size", "EMSGSIZE"),
    ("datagram-too-large", "EMSGSIZE"),
    ("name-too-long", "ENAMETOOLONG"),
    ("no-device", "ENODEV"),
    ("no-entry", "ENOENT"),
    ("no-lock", "ENOLCK"),
    ("insufficient-memory", "ENOMEM"),
    ("out-of-memory", "ENOMEM"),
    ("insufficient-space", "ENOSPC"),
    ("not-directory", "ENOTDIR"),
    ("not-empty", "ENOTEMPTY"),
    ("not-recoverable", "ENOTRECOVERABLE"),
    ("unsupported", "ENOTSUP"),
    ("not-supported", "ENOTSUP"),
    ("no-tty", "ENOTTY"),
    ("no-such-device", "ENXIO"),
    ("overflow", "EOVERFLOW"),
    ("not-permitted", "EPERM"),
    ("pipe", "EPIPE"),
    ("read-only", "EROFS"),
    ("invalid-seek", "ESPIPE"),
    ("text-file-busy", "ETXTBSY"),
    ("cross-device", "EXDEV"),
    ("timeout", "ETIMEDOUT"),
    ("not-in-progress", "EALREADY"),
    ("concurrency-conflict", "EALREADY"),
    ("invalid-state", "EINVAL"),
    ("new-socket-limit", "EMFILE"),
    ("address-not-bindable", "EADDRNOTAVAIL"),
    ("address-in-use", "EADDRINUSE"),
    ("remote-unreachable", "EHOSTUNREACH"),
    ("connection-refused", "ECONNREFUSED"),
    ("connection-reset", "ECONNRESET"),
    ("connection-aborted", "ECONNABORTED"),
    ("name-unresolvable", "ENOENT"),
    ("temporary-resolver-failure", "EAGAIN"),
    ("permanent-resolver-failure", "EIO"),
    ("closed", "EPIPE"),
];

/// The name that preview 1 has for an error of a component's.
pub(crate) fn errno(error: &str) -> Option<&'static str> {
    let found = ERRORS.iter().find(|(name, _)| *name == error);
    found.map(|(_, errno)| *errno)
}

/// The name of an error, in the way in which it is kept: of preview 1 (`EIO`) or a component's own
/// (`no-entry`).
pub(crate) fn error_name(name: &str) -> Option<&'static str> {
    let own = ERRORS.iter().map(|(own, _)| *own);
    let of_preview1 = ERRORS.iter().map(|(_, errno)| *errno);
    own.chain(of_preview1).find(|known| *known == name)
}

/// Whether an error of a component's function is the one of that name ([`error_name`]).
pub(crate) fn is_error(own: &str, name: &str) -> bool {
    own == name || errno(own) == Some(name)
}
