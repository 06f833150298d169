//! `wasmscope inspect`: what is in a program, and how well it can be debugged. Nothing is run.

use crate::args::{LogArgs, PathMapping};
use crate::inspect_text::{self, Look};
use crate::output::Color;
use crate::{args, logging};
use anyhow::Context as _;
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmscope_debugger::inspect::{InspectOptions, inspect};
use wasmscope_debugger::sources::{PathMap, Sources};
use wasmscope_runner::{LoadError, Program};
use wasmscope_symbols::{BesideModule, SymbolsOptions};

/// Say what is in a program and how well it can be debugged
///
/// Shows what it imports, and which of it wasmscope cannot provide; what it exports; who made it;
/// what debug info there is, and whether the sources it names are found here. Nothing is run, and
/// a damaged file is shown as far as it can be read.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A `.wasm` module or component, or a `.wat` text
    target: PathBuf,

    /// Print all of it as JSON
    #[arg(long)]
    json: bool,

    /// Show all entries of long lists
    #[arg(long, conflicts_with = "json")]
    full: bool,

    /// Take debug info from this file
    #[arg(long, value_name = "FILE")]
    debug_file: Option<PathBuf>,

    /// Where sources are that have moved: paths in the debug info that begin with FROM are at TO
    #[arg(long, value_name = "FROM=TO", value_parser = args::mapping)]
    map: Vec<PathMapping>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

/// Inspects the target.
pub fn run(log: &LogArgs, args: &InspectArgs) -> anyhow::Result<i32> {
    logging::init(log, None)?;
    let bytes = load(&args.target)?;
    let maps = args.map.iter().map(|map| PathMap {
        from: map.from.clone(),
        to: map.to.clone(),
    });
    let sources = Sources::new(maps.collect());
    let debug_file = args
        .debug_file
        .as_deref()
        .map(read_debug_file)
        .transpose()?;
    let options = InspectOptions {
        find_source: &|path| sources.resolve(path).path,
        symbols: SymbolsOptions {
            debug_file,
            search: Some(Arc::new(BesideModule::new(&args.target))),
        },
    };
    let inspection = inspect(&bytes, &options)
        .with_context(|| format!("{}: cannot be inspected", args.target.display()))?;
    let text = if args.json {
        serde_json::to_string_pretty(&inspection)? + "\n"
    } else {
        let look = Look {
            color: args.color.on_stdout(),
            full: args.full,
        };
        inspect_text::render(&inspection, &args.target.display().to_string(), look)
    };
    // A reader that has seen enough is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// The bytes of the target. What is damaged is no error here: the inspection says where.
fn load(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    match Program::load(path) {
        Ok(program) => Ok(Arc::clone(program.bytes())),
        Err(LoadError::Truncated { .. } | LoadError::Malformed { .. }) => {
            let bytes = std::fs::read(path)
                .with_context(|| format!("{}: cannot be read", path.display()))?;
            Ok(bytes.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn read_debug_file(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("the debug file {} cannot be read", path.display()))?;
    Ok(bytes.into())
}
