//! The filter that the options ask for.

use crate::args::ChooseArgs;
use anyhow::{Context as _, bail};
use wasmscope_tracer::filter::{Filter, Names};

/// Reads the options that choose calls. A component's functions have names of their own.
pub(super) fn filter(args: &ChooseArgs, is_component: bool) -> anyhow::Result<Filter> {
    let names = if is_component {
        Names::Any
    } else {
        Names::Table
    };
    let mut filter = Filter::default();
    for expression in &args.expressions {
        let read = match expression.split_once('=') {
            Some(("trace", set)) => filter.functions(set, names),
            Some(("status", list)) => filter.status(list),
            // A regular expression may have such a sign in it.
            Some((kind, _)) if kind.chars().all(|c| c.is_ascii_lowercase()) => {
                bail!("-e {expression}: there are trace=SET and status=LIST, and no `{kind}`")
            }
            _ => filter.functions(expression, names),
        };
        read.with_context(|| format!("-e {expression}: is not understood"))?;
    }
    if args.successful_only {
        filter.status("successful")?;
    }
    if args.failed_only {
        filter.status("failed")?;
    }
    for path in &args.paths {
        filter.path(path);
    }
    for fd in &args.fds {
        filter.fd(*fd);
    }
    for place in &args.places {
        filter
            .at(place)
            .with_context(|| format!("--at {place}: is not understood"))?;
    }
    Ok(filter)
}
