//! `async` functions and blocks: where each stands, and what it awaits.
//!
//! rustc describes one as an enum of its states: `Unresumed`, `Returned`, `Panicked`, and one for
//! each `await`, with the line of it and, under `__awaitee`, the future that is waited for. From
//! one to the next that makes the stack that the program's author thinks of.

use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::view::{Member, Task, View};
use wasmscope_symbols::types::{Variants, shorten};
use wasmscope_symbols::{TypeKind, Unavailable};

/// What rustc calls the future that is awaited.
const AWAITED: &str = "__awaitee";

/// A future that the compiler made, `None` for other enums.
pub(super) fn coroutine(
    reader: &Reader<'_>,
    typed: &Typed,
    variants: &Variants,
) -> Option<Result<View, Unavailable>> {
    let title = title(&typed.ty.full_name)?;
    let view = || {
        let active = super::active(reader, typed, variants)?;
        let mut fields = Vec::new();
        let mut state = active.name.to_string();
        if let Some(body) = &active.body {
            let body = reader.typed(body.type_id, typed.slot.at(body.offset)?);
            state = last(&body.ty.name).to_owned();
            if let TypeKind::Struct(inner) = &body.ty.kind {
                let members = inner.fields.iter();
                fields.extend(members.map(|field| Member::new(reader, field, &body.slot)));
            }
        }
        let common = variants.common.iter();
        fields.extend(common.map(|field| Member::new(reader, field, &typed.slot)));
        // What is awaited comes first: it is the next of the chain.
        fields.sort_by_key(|field| field.name != AWAITED);
        let awaits = fields.first().is_some_and(|field| field.name == AWAITED);
        let state = match (&*state, active.line) {
            ("Unresumed", _) => "not started".to_owned(),
            ("Returned", _) => "returned".to_owned(),
            ("Panicked", _) => "panicked".to_owned(),
            (_, Some(line)) => format!("at line {line}"),
            (name, None) => name.to_owned(),
        };
        Ok(View::Task(Box::new(Task {
            title,
            state,
            awaits,
            fields,
        })))
    };
    Some(view())
}

/// What a coroutine is called, by its type's name: `crawl::{async_fn_env#0}` is `async fn crawl`.
fn title(full_name: &str) -> Option<String> {
    if !full_name.contains("_env#") {
        return None;
    }
    let name = shorten(full_name);
    let name = name.split('<').next().unwrap_or(&name);
    let own = last(name);
    let kind = own.strip_prefix('{')?.split_once("_env#")?.0;
    let of = name
        .get(..name.len().checked_sub(own.len())?)?
        .trim_end_matches(':');
    Some(match (kind, of.is_empty()) {
        (_, true) => kind.replace('_', " "),
        ("async_fn", _) => format!("async fn {of}"),
        ("async_block", _) => format!("async block of {of}"),
        ("async_closure", _) => format!("async closure of {of}"),
        ("gen_fn" | "gen_block" | "coroutine" | "async_gen_fn" | "async_gen_block", _) => {
            format!("{} of {of}", kind.replace('_', " "))
        }
        _ => return None,
    })
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn coroutines_are_called_as_in_the_source() {
        let table = [
            ("crawl::{async_fn_env#0}", Some("async fn crawl")),
            ("fetch::{async_fn_env#0}<u8>", Some("async fn fetch")),
            ("main::{async_block_env#1}", Some("async block of main")),
            (
                "run::{closure#1}::{async_block_env#0}",
                Some("async block of run::{closure#1}"),
            ),
            ("main::{closure_env#0}", None),
            ("Option", None),
            ("{async_fn_env#0}", Some("async fn")),
        ];
        for (name, shown) in table {
            assert_eq!(title(name).as_deref(), shown, "{name}");
        }
    }
}
