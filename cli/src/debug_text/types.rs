//! Types, as Rust would declare them.

use super::{DIM, Look};
use crate::report::escape;
use std::fmt::Write as _;
use wasmscope_debugger::protocol::{MemberInfo, TypeInfo};

/// Members shown at most.
const MAX_MEMBERS: usize = 1_000;
/// How deep members are shown.
const MAX_DEPTH: usize = 4;

/// A type with its fields or variants.
pub fn type_text(info: &TypeInfo, look: Look) -> String {
    let mut out = String::new();
    let name = escape::line(&info.name);
    let size = info.size.map_or(String::new(), |size| {
        look.styled(
            DIM,
            &format!(" // {size} byte{}", if size == 1 { "" } else { "s" }),
        )
    });
    let declared = matches!(info.kind.as_str(), "struct" | "enum" | "union");
    let head = match declared {
        true => format!("{} {name}", info.kind),
        false => name,
    };
    if info.members.is_empty() {
        let _ = writeln!(out, "{head}{size}");
        return out;
    }
    let _ = writeln!(out, "{head} {{{size}");
    members(&info.members, 1, look, &mut out);
    let _ = writeln!(out, "}}");
    out
}

fn members(all: &[MemberInfo], depth: usize, look: Look, out: &mut String) {
    let space = "    ".repeat(depth);
    for member in all.iter().take(MAX_MEMBERS) {
        let name = escape::line(&member.name);
        let offset = member.offset.map_or(String::new(), |offset| {
            look.styled(DIM, &format!(" // at {offset}"))
        });
        let _ = match &member.type_name {
            Some(ty) => writeln!(out, "{space}{name}: {},{offset}", escape::line(ty)),
            None if member.members.is_empty() => writeln!(out, "{space}{name},{offset}"),
            None => {
                let _ = writeln!(out, "{space}{name} {{{offset}");
                match depth < MAX_DEPTH {
                    true => members(&member.members, depth + 1, look, out),
                    false => {
                        let _ = writeln!(out, "{space}    …");
                    }
                }
                writeln!(out, "{space}}},")
            }
        };
    }
    if let Some(more) = all.len().checked_sub(MAX_MEMBERS).filter(|more| *more > 0) {
        let _ = writeln!(out, "{space}… {more} more");
    }
}
