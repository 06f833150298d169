//! `wasmscope inspect`: what is in a program, and how well it can be debugged. Nothing is run.

use crate::args::{LogArgs, PathMapping, PickArgs};
use crate::image_text::{self, AllInspected, ImageInspection};
use crate::inspect_text::{self, Look};
use crate::output::Color;
use crate::{args, logging, target};
use anyhow::Context as _;
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmscope_debugger::inspect::{InspectOptions, Inspection, inspect};
use wasmscope_debugger::sources::{PathMap, Sources};
use wasmscope_image::{LaunchOptions, Opened};
use wasmscope_runner::{LoadError, Program};
use wasmscope_symbols::{BesideModule, SymbolsOptions};

/// Say what is in a program and how well it can be debugged
///
/// Shows what it imports, and which of it wasmscope cannot provide; what it exports; who made it;
/// what debug info there is, and whether the sources it names are found here. Nothing is run, and
/// a damaged file is shown as far as it can be read. Of a container image, its configuration and
/// its layers are shown first, then the module that it starts.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A `.wasm` module or component, a `.wat` text, a container image or filesystem, `-`
    target: PathBuf,

    #[command(flatten)]
    pick: PickArgs,

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
    match target::open_to_look(&args.target, &args.pick)? {
        Opened::File => {
            args.pick.refuse_without_image(&args.target)?;
            let bytes = load(&args.target, None)?;
            let beside = BesideModule::new(&args.target);
            let inspection = look_into(args, &args.target, bytes, beside)?;
            print(args, None, Some((&args.target, &inspection)))
        }
        Opened::Bytes(bytes) => {
            args.pick.refuse_without_image(&args.target)?;
            let name = Path::new("standard input");
            let bytes = load(name, Some(bytes))?;
            let inspection = look_into(args, name, bytes, BesideModule::new(name))?;
            print(args, None, Some((name, &inspection)))
        }
        Opened::Image(image) => {
            let launch = image.launch(&LaunchOptions {
                module: args.pick.module.clone(),
                ..LaunchOptions::default()
            });
            let (launch, why) = match launch {
                Ok(launch) => (Some(launch), None),
                // Named by the user: that it is not there is an error.
                Err(error) if args.pick.module.is_some() => return Err(error.into()),
                Err(error) => (None, Some(error.to_string())),
            };
            let described = ImageInspection::new(&image, launch.as_ref(), why);
            let Some(launch) = launch else {
                return print(args, Some(&described), None);
            };
            let name = PathBuf::from(format!("{}:{}", image.name, launch.module));
            let bytes = match target::program(&image, &launch) {
                Ok(program) => Arc::clone(program.bytes()),
                Err(error) => match error.downcast_ref::<LoadError>() {
                    Some(LoadError::Truncated { .. } | LoadError::Malformed { .. }) => {
                        read(&launch.file)?
                    }
                    _ => return Err(error),
                },
            };
            let beside = BesideModule::new(&launch.file).within(image.rootfs.path());
            let inspection = look_into(args, &name, bytes, beside)?;
            print(args, Some(&described), Some((&name, &inspection)))
        }
    }
}

fn look_into(
    args: &InspectArgs,
    name: &Path,
    bytes: Arc<[u8]>,
    beside: BesideModule,
) -> anyhow::Result<Inspection> {
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
            search: Some(Arc::new(beside)),
        },
    };
    inspect(&bytes, &options).with_context(|| format!("{}: cannot be inspected", name.display()))
}

fn print(
    args: &InspectArgs,
    image: Option<&ImageInspection>,
    program: Option<(&Path, &Inspection)>,
) -> anyhow::Result<i32> {
    let text = if args.json {
        serde_json::to_string_pretty(&AllInspected::new(image, program.map(|p| p.1)))? + "\n"
    } else {
        let look = Look {
            color: args.color.on_stdout(),
            full: args.full,
        };
        let mut text = image.map_or_else(String::new, |image| image_text::render(image, look));
        if let Some((name, inspection)) = program {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &inspect_text::render(inspection, &name.display().to_string(), look);
        }
        text
    };
    // A reader that has seen enough is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// The bytes of the target, or those it has brought. What is damaged is no error here: the
/// inspection says where.
fn load(path: &Path, bytes: Option<Vec<u8>>) -> anyhow::Result<Arc<[u8]>> {
    let program = match &bytes {
        Some(bytes) => Program::from_bytes(path, bytes.clone()),
        None => Program::load(path),
    };
    match (program, bytes) {
        (Ok(program), _) => Ok(Arc::clone(program.bytes())),
        (Err(LoadError::Truncated { .. } | LoadError::Malformed { .. }), Some(bytes)) => {
            Ok(bytes.into())
        }
        (Err(LoadError::Truncated { .. } | LoadError::Malformed { .. }), None) => read(path),
        (Err(error), _) => Err(error.into()),
    }
}

fn read(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(bytes.into())
}

fn read_debug_file(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("the debug file {} cannot be read", path.display()))?;
    Ok(bytes.into())
}
