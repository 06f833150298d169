//! What is known of WASI 0.2's and 0.3's interfaces beforehand: their classes. Names, arguments and
//! results come with the calls.

use super::Class;

/// Classes by the start of the interface's name; the first that fits counts.
static CLASSES: &[(&str, Class)] = &[
    ("wasi:filesystem/", Class::File),
    ("wasi:clocks/", Class::Clock),
    ("wasi:random/", Class::Random),
    ("wasi:sockets/", Class::Sock),
    ("wasi:cli/environment", Class::Env),
    ("wasi:cli/exit", Class::Proc),
    ("wasi:cli/", Class::Fd),
    ("wasi:io/poll", Class::Clock),
    ("wasi:io/", Class::Fd),
];

/// What an interface, `wasi:io/streams`, is about.
pub fn class(interface: &str) -> Option<Class> {
    CLASSES
        .iter()
        .find(|(start, _)| interface.starts_with(start))
        .map(|(_, class)| *class)
}
