//! The filter that the options ask for, and the faults.

use crate::args::ChooseArgs;
use anyhow::{Context as _, bail};
use wasmscope_debugger::inspect::callable_functions;
use wasmscope_runner::{Program, ProgramKind};
use wasmscope_tracer::filter::{Filter, ImportedFunction, Names};
use wasmscope_tracer::inject::Injection;
use wasmscope_tracer::table;

/// What the options choose.
pub(super) struct Chosen {
    pub(super) filter: Filter,
    pub(super) injection: Injection,
    /// Whether the filter wants any function that the program can call, as far as that is known.
    pub(super) wants_any: bool,
}

/// Reads the options that choose calls. A component's functions have names of their own.
pub(super) fn read(args: &ChooseArgs, program: &Program) -> anyhow::Result<Chosen> {
    let is_component = program.kind() == ProgramKind::Component;
    let imported = match is_component && !args.expressions.is_empty() {
        true => callable_functions(program.bytes()),
        false => Vec::new(),
    };
    let names = match is_component {
        true => Names::Imported(&imported),
        false => Names::Table,
    };
    let (mut filter, mut injection) = (Filter::default(), Injection::default());
    for expression in &args.expressions {
        if is_component {
            not_of_a_module(expression, program)?;
        }
        let not_understood = || format!("-e {expression}: is not understood");
        match expression.split_once('=') {
            Some(("trace", set)) => filter.functions(set, names).with_context(not_understood)?,
            Some(("status", list)) => filter.status(list).with_context(not_understood)?,
            Some(("inject", spec)) => {
                injection.add(spec, names).with_context(not_understood)?;
            }
            // A regular expression may have such a sign in it.
            Some((kind, _)) if kind.chars().all(|c| c.is_ascii_lowercase()) => bail!(
                "-e {expression}: there are trace=SET, status=LIST and inject=SET:FAULT, and no \
                 `{kind}`"
            ),
            _ => filter
                .functions(expression, names)
                .with_context(not_understood)?,
        }
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
    let wants = |import: &ImportedFunction| filter.wants_named(&import.interface, &import.function);
    let wants_any = imported.is_empty() || imported.iter().any(wants);
    Ok(Chosen {
        filter,
        injection,
        wants_any,
    })
}

/// A component has none of preview 1's functions: whoever names one would wait in vain.
fn not_of_a_module(expression: &str, program: &Program) -> anyhow::Result<()> {
    let set = match expression.split_once('=') {
        Some(("trace", set)) => set,
        Some(("inject", spec)) => spec.split(':').next().unwrap_or_default(),
        _ => expression,
    };
    let of_a_module = set
        .split(',')
        .map(|item| item.trim_start_matches(['!', '?']))
        .find(|item| table::functions().any(|row| row.name == *item));
    match of_a_module {
        Some(name) => bail!(
            "-e {expression}: `{name}` is a function of WASI preview 1, and {} is a component, whose \
             functions are called as in `output-stream.write`; `wasmscope inspect` lists its imports",
            program.path().display()
        ),
        None => Ok(()),
    }
}
