//! `wasmscope inspect`: what is in a program, and how well it can be debugged. Nothing is run.

use crate::args::{LogArgs, PathMapping, PickArgs};
use crate::compose_text::{ProjectText, ServiceText};
use crate::image_text::{self, AllInspected, ImageInspection};
use crate::inspect_text::{self, Look};
use crate::output::Color;
use crate::target::Asked;
use crate::{args, compose, logging, target};
use anyhow::Context as _;
use clap::Args;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmscope_compose::ComposeError;
use wasmscope_debugger::inspect::{InspectOptions, Inspection, inspect};
use wasmscope_debugger::sources::{PathMap, Sources};
use wasmscope_image::{Image, LaunchOptions, Opened};
use wasmscope_runner::{LoadError, Program};
use wasmscope_symbols::{BesideModule, SymbolsOptions};

/// Say what is in a program and how well it can be debugged
///
/// Shows what it imports, and which of it wasmscope cannot provide; what it exports; who made it;
/// what debug info there is, and whether the sources it names are found here. Nothing is run, and
/// a damaged file is shown as far as it can be read. Of a container image, its configuration and
/// its layers are shown first, then the module that it starts; of a Compose file, its services.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A `.wasm` module or component, a `.wat` text, a container image or filesystem, a Compose file, `-`
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
    let asked = match Asked::find(&args.target, &args.pick) {
        Err(ComposeError::NoService { .. }) if args.pick.service.is_none() => {
            return list_services(args);
        }
        asked => asked?,
    };
    let service = match &asked {
        Asked::Target => None,
        Asked::Service { project, service } => Some(ServiceText::new(project, service)),
    };
    let opened = asked.open_to_look(&args.target, &args.pick);
    if opened.is_err()
        && let Some(service) = &service
    {
        // What the file says is true without its image.
        let looked = Looked {
            service: Some(service),
            ..Looked::default()
        };
        print(args, &looked)?;
    }
    let (target, opened) = opened?;
    let looked = Looked {
        service: service.as_ref(),
        ..Looked::default()
    };
    match opened {
        Opened::File => {
            args.pick.refuse_without_image(&target)?;
            let bytes = load(&target, None)?;
            let beside = BesideModule::new(&target);
            let inspection = look_into(args, &target, bytes, beside)?;
            let program = Some((&*target, &inspection));
            print(args, &Looked { program, ..looked })
        }
        Opened::Bytes(bytes) => {
            args.pick.refuse_without_image(&target)?;
            let name = Path::new("standard input");
            let bytes = load(name, Some(bytes))?;
            let inspection = look_into(args, name, bytes, BesideModule::new(name))?;
            let program = Some((name, &inspection));
            print(args, &Looked { program, ..looked })
        }
        Opened::Image(mut image) => {
            if let Asked::Service { service, .. } = &asked {
                compose::configure(service, &mut image);
            }
            inspect_image(args, &image, looked)
        }
    }
}

/// A Compose file without a word on which of its services is meant.
fn list_services(args: &InspectArgs) -> anyhow::Result<i32> {
    let Some(project) = compose::project(&args.target, &args.pick)? else {
        return Ok(0);
    };
    let project = ProjectText::new(&project, Inspection::SCHEMA);
    let text = match args.json {
        true => serde_json::to_string_pretty(&project)? + "\n",
        false => project.render(args.look()),
    };
    // A reader that has seen enough is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

fn inspect_image(args: &InspectArgs, image: &Image, looked: Looked<'_>) -> anyhow::Result<i32> {
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
    let described = ImageInspection::new(image, launch.as_ref(), why);
    let looked = Looked {
        image: Some(&described),
        ..looked
    };
    let Some(launch) = launch else {
        return print(args, &looked);
    };
    let name = PathBuf::from(format!("{}:{}", image.name, launch.module));
    let bytes = match target::program(image, &launch) {
        Ok(program) => Arc::clone(program.bytes()),
        Err(error) => match error.downcast_ref::<LoadError>() {
            Some(LoadError::Truncated { .. } | LoadError::Malformed { .. }) => read(&launch.file)?,
            _ => return Err(error),
        },
    };
    let beside = BesideModule::new(&launch.file).within(image.rootfs.path());
    let inspection = look_into(args, &name, bytes, beside)?;
    let program = Some((&*name, &inspection));
    print(args, &Looked { program, ..looked })
}

/// What was found.
#[derive(Clone, Copy, Default)]
struct Looked<'a> {
    service: Option<&'a ServiceText>,
    image: Option<&'a ImageInspection>,
    program: Option<(&'a Path, &'a Inspection)>,
}

impl InspectArgs {
    fn look(&self) -> Look {
        Look {
            color: self.color.on_stdout(),
            full: self.full,
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

fn print(args: &InspectArgs, looked: &Looked<'_>) -> anyhow::Result<i32> {
    let text = if args.json {
        let program = looked.program.map(|program| program.1);
        let all = AllInspected::new(looked.service, looked.image, program);
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        let look = args.look();
        let mut text = looked
            .service
            .map_or_else(String::new, |service| service.render(look));
        if let Some(image) = looked.image {
            text += &image_text::render(image, look);
        }
        if let Some((name, inspection)) = looked.program {
            if looked.image.is_some() {
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
