//! The one way from TARGET to a program and its world, for every command: a file is taken as it
//! is, an image is unpacked and says what runs in it, a Compose file says which image and what of it.

use crate::args::{ImageArgs, PickArgs, WorldArgs};
use crate::{compose, engine_dns, janitor};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use wasmscope_compose::{ComposeError, Project, Service};
use wasmscope_image::{Image, Launch, LaunchOptions, Mount, Opened, open, temporary};
use wasmscope_runner::{Dir, Invoke, LoadError, Program, ProgramKind, World};

/// What is to be run.
#[derive(Debug)]
pub struct Guest {
    /// The program.
    pub program: Program,
    /// What it sees of the world.
    pub world: World,
    /// The function to call instead of its entry.
    pub invoke: Option<Invoke>,
    /// The image it is out of, whose filesystem goes when this goes.
    pub image: Option<Box<Image>>,
}

/// Whether the target comes through standard input, which is nobody else's then.
pub fn is_stdin(target: &Path, pick: &PickArgs) -> bool {
    let is_it = |path: &Path| path == Path::new("-");
    is_it(target) || pick.image.as_deref().is_some_and(is_it)
}

/// Loads the target, and makes the guest's world.
///
/// # Errors
/// When there is no program to be had, or an option cannot be met.
pub fn load(
    target: &Path,
    args: Vec<String>,
    world: &WorldArgs,
    invoke: Option<&str>,
) -> anyhow::Result<Guest> {
    let options = &world.image;
    let (pick, args) = with_service(target, &options.pick, args)?;
    let asked = Asked::find(target, &pick)?;
    let (target, opened) = asked.open(target, options)?;
    let invoke = invoke.map(|function| Invoke {
        function: function.to_owned(),
        pass_arguments: true,
    });
    match opened {
        Opened::Image(image) => unpacked(image, &asked, args, world, invoke),
        Opened::Bytes(bytes) => {
            let program = Program::from_bytes("standard input", bytes)?;
            bare(program, &target, &asked, args, world, invoke)
        }
        Opened::File => {
            let program = Program::load(&target)?;
            bare(program, &target, &asked, args, world, invoke)
        }
    }
}

/// After a Compose file, `--service NAME` may come first among the arguments: it is ours then, unless
/// it was said before.
fn with_service(
    target: &Path,
    pick: &PickArgs,
    mut args: Vec<String>,
) -> anyhow::Result<(PickArgs, Vec<String>)> {
    let mut pick = pick.clone();
    let first = args.first().map(String::as_str).unwrap_or_default();
    let is_ours = first == "--service" || first.starts_with("--service=");
    if !is_ours || pick.service.is_some() || !compose::is_file(target, &pick) {
        return Ok((pick, args));
    }
    pick.service = match first.strip_prefix("--service=") {
        Some(name) => Some(name.to_owned()),
        None if args.len() > 1 => Some(args.remove(1)),
        None => anyhow::bail!("--service: names no service: say --service NAME"),
    };
    args.remove(0);
    Ok((pick, args))
}

/// A program that is no image's.
fn bare(
    program: Program,
    target: &Path,
    asked: &Asked,
    args: Vec<String>,
    world_args: &WorldArgs,
    invoke: Option<Invoke>,
) -> anyhow::Result<Guest> {
    let options = &world_args.image;
    options.refuse_without_image(target)?;
    let mut world = match asked {
        Asked::Target => world_args.world(args),
        Asked::Service { project, service } => {
            let mut world = world_args.world(Vec::new());
            compose::configure_module(service, args, &mut world);
            let mut notes = compose::mount_for_module(service, &options.volumes, &mut world);
            notes.extend(compose::connect(service, world_args, &mut world.network));
            compose::tell(project, service, &notes);
            world
        }
    };
    world.dirs.extend(options.volumes.iter().map(granted));
    Ok(Guest {
        program,
        world,
        invoke,
        image: None,
    })
}

/// A program out of an image.
fn unpacked(
    mut image: Box<Image>,
    asked: &Asked,
    args: Vec<String>,
    world_args: &WorldArgs,
    invoke: Option<Invoke>,
) -> anyhow::Result<Guest> {
    let options = &world_args.image;
    if options.keep
        && let Some(folder) = &mut image.folder
    {
        folder.keep();
        tell_kept(&image);
    }
    let mut world = world_args.world(Vec::new());
    let mut read_only = options.read_only;
    if let Asked::Service { project, service } = asked {
        read_only |= service.read_only;
        compose::configure(service, &mut image);
        let mut notes = compose::mount(service, &options.volumes, &mut image)?;
        notes.extend(compose::connect(service, world_args, &mut world.network));
        compose::tell(project, service, &notes);
    }
    leave_out_engines_resolver(&mut image);
    let launch = image.launch(&LaunchOptions {
        entrypoint: options.entrypoint.clone(),
        args,
        working_dir: options.workdir.clone(),
        module: options.pick.module.clone(),
        env: std::mem::take(&mut world.env),
    })?;
    let program = program(&image, &launch)?;
    let invoke = invoke.or_else(|| exported(&launch, program.kind()));
    let mut argv = launch.argv.into_iter();
    world.argv0 = world.argv0.or(argv.next());
    world.args = argv.collect();
    world.env = launch.env;
    let mounts = mounts(&image, options);
    for mount in &mounts {
        image.make_mount_point(&mount.guest)?;
    }
    world.dirs.insert(
        0,
        Dir {
            host: image.rootfs.path().to_owned(),
            guest: "/".to_owned(),
            read_only,
        },
    );
    world.dirs.extend(mounts.iter().map(granted));
    Ok(Guest {
        program,
        world,
        invoke,
        image: Some(image),
    })
}

/// An image, and more so a container, may say to ask whom only the engine's networks know.
fn leave_out_engines_resolver(image: &mut Image) {
    let Some(config) = &mut image.config else {
        return;
    };
    config.env.retain(|variable| {
        let note = variable
            .split_once('=')
            .and_then(|(name, value)| engine_dns::left_out(name, value));
        if let Some(note) = &note {
            eprintln!("wasmscope: {}", crate::output::escaped(note));
        }
        note.is_none()
    });
}

/// What the target is asked for.
#[derive(Debug)]
pub enum Asked {
    /// Itself.
    Target,
    /// A service that it tells of.
    Service {
        /// The Compose file.
        project: Box<Project>,
        /// The service.
        service: Box<Service>,
    },
}

impl Asked {
    /// Finds out.
    ///
    /// # Errors
    /// When it is a Compose file, and cannot be read or does not have the service.
    pub fn find(target: &Path, pick: &PickArgs) -> Result<Self, ComposeError> {
        let Some(project) = compose::project(target, pick)? else {
            return Ok(Self::Target);
        };
        let service = compose::service(&project, pick)?;
        Ok(Self::Service {
            project: Box::new(project),
            service: Box::new(service),
        })
    }

    /// Opens it, to be run; the answer is also what it was opened by.
    fn open(&self, target: &Path, options: &ImageArgs) -> anyhow::Result<(PathBuf, Opened)> {
        let watch: fn(&Path) = if options.keep { |_| {} } else { janitor::watch };
        // What is kept has to be a copy, even if the guest changes nothing.
        let read_only = options.read_only && !options.keep;
        self.open_with(target, &options.pick, read_only, watch)
    }

    /// Opens it, to be looked at; the answer is also what it was opened by.
    ///
    /// # Errors
    /// When it is an image that cannot be opened.
    pub fn open_to_look(
        &self,
        target: &Path,
        pick: &PickArgs,
    ) -> anyhow::Result<(PathBuf, Opened)> {
        self.open_with(target, pick, true, janitor::watch)
    }

    fn open_with(
        &self,
        target: &Path,
        pick: &PickArgs,
        read_only: bool,
        created: fn(&Path),
    ) -> anyhow::Result<(PathBuf, Opened)> {
        let options = pick.open_options(read_only, created);
        match self {
            Self::Target => Ok((target.to_owned(), open(target, &options)?)),
            Self::Service { project, service } => {
                compose::open_image(project, service, pick, &options)
            }
        }
    }
}

/// Reads the module that an image starts.
///
/// # Errors
/// When it is none.
pub fn program(image: &Image, launch: &Launch) -> anyhow::Result<Program> {
    let name = PathBuf::from(format!("{}:{}", image.name, launch.module));
    match Program::load_unpacked(&name, &launch.file, image.rootfs.path()) {
        Ok(program) => Ok(program),
        Err(error @ LoadError::NotWasm { .. }) => {
            let there_is = image.what_there_is();
            Err(error).with_context(|| format!("the image cannot be run{there_is}"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The function that the image names, after a `#`.
fn exported(launch: &Launch, kind: ProgramKind) -> Option<Invoke> {
    let name = launch.function.clone()?;
    Some(Invoke {
        function: match kind {
            ProgramKind::Component if !name.ends_with(')') => format!("{name}()"),
            _ => name,
        },
        pass_arguments: false,
    })
}

fn granted(mount: &Mount) -> Dir {
    Dir {
        host: mount.host.clone(),
        guest: mount.guest.clone(),
        read_only: mount.read_only,
    }
}

/// The user's volumes, and what a container has mounted besides, as far as that is here.
fn mounts(image: &Image, options: &ImageArgs) -> Vec<Mount> {
    let replaced = |mount: &&Mount| options.volumes.iter().any(|own| own.guest == mount.guest);
    let (here, gone): (Vec<_>, Vec<_>) = image
        .mounts
        .iter()
        .filter(|mount| !replaced(mount))
        .cloned()
        // What is there under the same name here is another folder.
        .partition(|mount| image.mounts_elsewhere.is_none() && mount.host.is_dir());
    for mount in gone {
        let why = match &image.mounts_elsewhere {
            Some(engine) => format!("is a folder of {engine}, and not of this machine"),
            None => "is no folder here".to_owned(),
        };
        let text = format!(
            "warning: the mount at {} is left out: {} {why}; -v HOST:{} gives another",
            mount.guest,
            mount.host.display(),
            mount.guest
        );
        eprintln!("{}", crate::output::escaped(&text));
    }
    here.into_iter()
        .chain(options.volumes.iter().cloned())
        .collect()
}

fn tell_kept(image: &Image) {
    let path = image.rootfs.path().display().to_string();
    eprintln!("wasmscope: kept in {}", crate::output::escaped(&path));
}

/// Removes what images were unpacked to: for those who end the process.
pub fn clean_up() {
    temporary::remove_all();
}
