//! The one way from TARGET to a program and its world, for every command: a file is taken as it
//! is, an image is unpacked and says what runs in it.

use crate::args::{ImageArgs, PickArgs, WorldArgs};
use crate::janitor;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use wasmscope_image::{
    Image, ImageError, Launch, LaunchOptions, Mount, OpenOptions, Opened, open, temporary,
};
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
pub fn is_stdin(target: &Path) -> bool {
    target == Path::new("-")
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
    let opened = open_target(target, &options.pick, options)?;
    let invoke = invoke.map(|function| Invoke {
        function: function.to_owned(),
        pass_arguments: true,
    });
    let Opened::Image(mut image) = opened else {
        let program = match opened {
            Opened::Bytes(bytes) => Program::from_bytes("standard input", bytes)?,
            _ => Program::load(target)?,
        };
        options.refuse_without_image(target)?;
        let mut world = world.world(args);
        world.dirs.extend(options.volumes.iter().map(granted));
        return Ok(Guest {
            program,
            world,
            invoke,
            image: None,
        });
    };
    if options.keep
        && let Some(folder) = &mut image.folder
    {
        folder.keep();
        tell_kept(&image);
    }
    let mut guest_world = world.world(Vec::new());
    let launch = image.launch(&LaunchOptions {
        entrypoint: options.entrypoint.clone(),
        args,
        working_dir: options.workdir.clone(),
        module: options.pick.module.clone(),
        env: std::mem::take(&mut guest_world.env),
    })?;
    let program = program(&image, &launch)?;
    let invoke = invoke.or_else(|| exported(&launch, program.kind()));
    let mut argv = launch.argv.into_iter();
    guest_world.argv0 = guest_world.argv0.or(argv.next());
    guest_world.args = argv.collect();
    guest_world.env = launch.env;
    let mounts = mounts(&image, options);
    for mount in &mounts {
        image.make_mount_point(&mount.guest)?;
    }
    guest_world.dirs.insert(
        0,
        Dir {
            host: image.rootfs.path().to_owned(),
            guest: "/".to_owned(),
            read_only: options.read_only,
        },
    );
    guest_world.dirs.extend(mounts.iter().map(granted));
    Ok(Guest {
        program,
        world: guest_world,
        invoke,
        image: Some(image),
    })
}

/// Opens what the user names, for commands that run nothing.
///
/// # Errors
/// When it is an image that cannot be opened.
pub fn open_to_look(target: &Path, pick: &PickArgs) -> Result<Opened, ImageError> {
    open_with(target, pick, true, janitor::watch)
}

fn open_target(target: &Path, pick: &PickArgs, options: &ImageArgs) -> Result<Opened, ImageError> {
    let watch: fn(&Path) = if options.keep { |_| {} } else { janitor::watch };
    // What is kept has to be a copy, even if the guest changes nothing.
    open_with(target, pick, options.read_only && !options.keep, watch)
}

fn open_with(
    target: &Path,
    pick: &PickArgs,
    read_only: bool,
    created: fn(&Path),
) -> Result<Opened, ImageError> {
    open(
        target,
        &OpenOptions {
            platform: pick.platform.clone(),
            limits: pick.limits(),
            read_only,
            created: Some(created),
        },
    )
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
        .partition(|mount| mount.host.is_dir());
    for mount in gone {
        let text = format!(
            "warning: the container's mount at {} is left out: {} is no folder here; -v HOST:{} \
             gives another",
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
