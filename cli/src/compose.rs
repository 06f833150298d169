//! A service of a Compose file as the target: finding the file and the service, its image, and putting
//! what the file says over what the image says. What cannot be had here is told on standard error.

use crate::args::{PickArgs, WorldArgs};
use crate::engine_dns;
use crate::output::escaped;
use anyhow::Context as _;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmscope_compose::{
    ComposeError, Neighbour, Port, Project, Service, Source, Transport, is_by_name,
};
use wasmscope_image::{Image, ImageError, Mount, OpenOptions, Opened, Platform, open};
use wasmscope_runner::{
    Destination, Dir, Host, HostAlias, Moved, Network, Outgoing, Protocol, Publish, World,
};

/// How long a neighbour may take to answer; on this machine it does so at once.
const ANSWER: Duration = Duration::from_millis(300);

/// This machine, where what others publish is found.
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The project that the target is a file of; `None`: it is no Compose file.
///
/// # Errors
/// When it is one, and cannot be read.
pub fn project(target: &Path, pick: &PickArgs) -> Result<Option<Project>, ComposeError> {
    if !is_file(target, pick) {
        return Ok(None);
    }
    let host: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Project::open(target, host).map(Some)
}

/// Whether the target is to be read as a Compose file: by what is asked for, or by name and content.
pub fn is_file(target: &Path, pick: &PickArgs) -> bool {
    let asked = pick.service.is_some() || pick.image.is_some();
    asked || (is_by_name(target) && is_text(target))
}

/// The service that is meant.
///
/// # Errors
/// When there is none of that name, or it is not clear which.
pub fn service(project: &Project, pick: &PickArgs) -> Result<Service, ComposeError> {
    let mut service = match &pick.service {
        Some(name) => project.service(name)?,
        None => project.only()?,
    };
    let Service { env, notes, .. } = &mut service;
    env.retain(|(name, value)| {
        let note = engine_dns::left_out(name, value);
        let stays = note.is_none();
        notes.extend(note);
        stays
    });
    Ok(service)
}

/// Whether a file is neither a module nor an archive: those are what they are by any name.
fn is_text(file: &Path) -> bool {
    let is_regular = std::fs::metadata(file).is_ok_and(|facts| facts.is_file());
    let mut beginning = Vec::new();
    let read = match is_regular {
        true => File::open(file).and_then(|file| file.take(512).read_to_end(&mut beginning)),
        // Whoever opens it says what is wrong.
        false => return false,
    };
    read.is_ok() && !beginning.contains(&0) && !beginning.starts_with(b"\x1f\x8b")
}

/// Tells what the user should know of the service.
pub fn tell(project: &Project, service: &Service, notes: &[String]) {
    let file = project.file.display().to_string();
    for note in service.notes.iter().chain(notes) {
        let text = format!("wasmscope: {file}: {}: {note}", service.name);
        eprintln!("{}", escaped(&text));
    }
}

/// Opens the service's image, or what the user says it is.
///
/// # Errors
/// When it is not to be had; with what would help.
pub fn open_image(
    project: &Project,
    service: &Service,
    pick: &PickArgs,
    options: &OpenOptions,
) -> anyhow::Result<(PathBuf, Opened)> {
    let mut options = options.clone();
    if options.platform.is_none() {
        options.platform = native_platform(service);
    }
    let Some(image) = &pick.image else {
        let target = PathBuf::from(format!("docker://{}", service.image));
        let opened = open(&target, &options).with_context(|| not_there(project, service))?;
        return Ok((target, opened));
    };
    let context = || {
        let file = project.file.display();
        let name = escaped(&service.name);
        format!("{file}: the image of {name}, which --image names, cannot be used")
    };
    match open(image, &options) {
        Err(ImageError::SeveralImages { .. }) => {
            // The service says which.
            let mut named = image.as_os_str().to_owned();
            named.push(":");
            named.push(&service.image);
            let named = PathBuf::from(named);
            let opened = open(&named, &options).with_context(context)?;
            Ok((named, opened))
        }
        opened => Ok((image.clone(), opened.with_context(context)?)),
    }
}

/// The platform that the file asks for, unless it is one of the many names for Wasm, which is taken
/// anyway.
fn native_platform(service: &Service) -> Option<Platform> {
    let platform: Platform = service.platform.as_deref()?.parse().ok()?;
    (!platform.os.starts_with("wasi")).then_some(platform)
}

fn not_there(project: &Project, service: &Service) -> String {
    let name = escaped(&service.name);
    let file = escaped(&project.file.display().to_string());
    let how = match &service.build {
        Some(folder) => format!(
            "`docker compose build {name}` makes it from {}",
            escaped(&folder.display().to_string())
        ),
        None => format!("`docker compose pull {name}` gets it"),
    };
    format!(
        "{file}: the image of {name}, `{}`, is not to be had from a Docker Engine: {how}; or name it with \
         --image, as a saved archive, a folder, or a module",
        escaped(&service.image)
    )
}

/// Puts what the file says over what the image says.
pub fn configure(service: &Service, image: &mut Image) {
    let config = image.config.get_or_insert_default();
    if let Some(entrypoint) = &service.entrypoint {
        config.entrypoint.clone_from(entrypoint);
        // As Docker does: the image's command was for its own entrypoint.
        config.cmd.clear();
    }
    if let Some(command) = &service.command {
        config.cmd.clone_from(command);
    }
    for (name, value) in &service.env {
        let is_it = |known: &String| known.split('=').next() == Some(name);
        config.env.retain(|known| !is_it(known));
        config.env.push(format!("{name}={value}"));
    }
    if let Some(folder) = &service.working_dir {
        config.working_dir.clone_from(folder);
    }
}

/// The arguments and the environment of a module that is given instead of an image.
pub fn configure_module(service: &Service, args: Vec<String>, world: &mut World) {
    let mut words = service.entrypoint.clone().unwrap_or_default();
    let command = service.command.clone().unwrap_or_default();
    words.extend(match args.is_empty() {
        true => command,
        false => args,
    });
    let is_program = |word: &String| {
        let path = word.split('#').next().unwrap_or_default();
        service.entrypoint.is_some() || path.ends_with(".wasm")
    };
    let mut words = words.into_iter().peekable();
    let program = words.next_if(is_program);
    world.argv0 = world.argv0.take().or(program);
    world.args = words.collect();
    let own = std::mem::take(&mut world.env);
    world.env = service.env.iter().cloned().chain(own).collect();
}

/// Mounts what the file says in the image's filesystem, but for what the user replaces; folders of the
/// host become mounts of the image. The answer is what cannot be had.
///
/// # Errors
/// When there is no place for one.
pub fn mount(
    service: &Service,
    replaced: &[Mount],
    image: &mut Image,
) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    for volume in &service.volumes {
        let guest = &volume.guest;
        if replaced.iter().any(|own| own.guest == *guest) {
            continue;
        }
        match &volume.source {
            Source::Host(host) if host.is_file() => {
                image.put_file(host, guest)?;
                if !volume.read_only {
                    notes.push(format!(
                        "{guest} is a copy of {}: what the guest writes there is thrown away",
                        host.display()
                    ));
                }
            }
            Source::Host(host) => image.mounts.push(Mount {
                host: host.clone(),
                guest: guest.clone(),
                read_only: volume.read_only,
            }),
            Source::Volume(Some(_)) => {
                image.make_mount_point(guest)?;
                notes.push(format!(
                    "{guest}: {} is the engine's: here the image's own files are there, and what is \
                     written is thrown away; -v HOST:{guest} gives a folder",
                    volume.described()
                ));
            }
            Source::Volume(None) | Source::Temporary => image.make_mount_point(guest)?,
        }
    }
    Ok(notes)
}

/// The same for a module that is given instead of an image: it gets the folders alone.
pub fn mount_for_module(service: &Service, replaced: &[Mount], world: &mut World) -> Vec<String> {
    let mut notes = Vec::new();
    for volume in &service.volumes {
        if replaced.iter().any(|own| own.guest == volume.guest) {
            continue;
        }
        match &volume.source {
            Source::Host(host) if host.is_dir() => world.dirs.push(Dir {
                host: host.clone(),
                guest: volume.guest.clone(),
                read_only: volume.read_only,
            }),
            _ => notes.push(format!(
                "{} is left out: {} is no folder here; -v HOST:{0} gives one",
                volume.guest,
                volume.described()
            )),
        }
    }
    notes
}

/// Gives the guest the service's network: its ports, and the other services as far as they are
/// published on this machine. The answer is what cannot be reached.
pub fn connect(service: &Service, args: &WorldArgs, network: &mut Network) -> Vec<String> {
    let is_published = |port: &Port, own: &Publish| own.guest == port.guest;
    for port in &service.ports {
        let replaced = args.publish.iter().any(|own| is_published(port, own));
        if let Some(host) = port.host
            && !replaced
        {
            network.published.push(Publish {
                address: port.address,
                host,
                guest: port.guest,
                protocol: Some(match port.transport {
                    Transport::Tcp => Protocol::Tcp,
                    Transport::Udp => Protocol::Udp,
                }),
            });
        }
    }
    if service.no_network {
        return Vec::new();
    }
    for (name, address) in &service.extra_hosts {
        if network.aliases(name).next().is_none() {
            network.hosts.push(alias(name, *address));
        }
    }
    let mut allowed = Vec::new();
    let mut notes = Vec::new();
    for neighbour in &service.neighbours {
        meet(neighbour, args, network, &mut allowed, &mut notes);
    }
    // What the user says of --net is all that is allowed.
    if args.net.is_none() && !allowed.is_empty() {
        network.outgoing = Outgoing::To(allowed);
    }
    notes
}

/// One of the other services: what its name stands for, and where the guest may go.
fn meet(
    neighbour: &Neighbour,
    args: &WorldArgs,
    network: &mut Network,
    allowed: &mut Vec<Destination>,
    notes: &mut Vec<String>,
) {
    let service = &neighbour.service;
    let given = neighbour.names.iter().find(|name| {
        let is_it = |own: &&HostAlias| own.name.eq_ignore_ascii_case(name);
        args.add_host.iter().find(is_it).is_some()
    });
    if let Some(name) = given {
        allowed.push(Destination {
            host: Host::Name(name.to_lowercase()),
            port: None,
        });
        return;
    }
    let ports: Vec<_> = neighbour.tcp_ports().collect();
    let elsewhere = "--add-host";
    if ports.is_empty() {
        if neighbour.needed {
            notes.push(format!(
                "{service} publishes no port, so it cannot be reached from here: `ports` of {service} \
                 would, or {elsewhere} {service}:ADDRESS says where it is"
            ));
        }
        return;
    }
    let is_moved = ports.iter().any(|(guest, host, _)| guest != host);
    let own = is_moved.then(|| of_its_own(network)).flatten();
    for (guest, host, address) in ports {
        let address = address.filter(|address| !address.is_unspecified());
        let address = address.unwrap_or(HERE);
        let own = own.filter(|own| own.is_ipv4() == address.is_ipv4());
        let seen = own.unwrap_or(address);
        for name in &neighbour.names {
            let known = network.aliases(name).any(|known| known == seen);
            if !known {
                network.hosts.push(alias(name, seen));
            }
        }
        if own.is_some() {
            network.moved.push(Moved {
                guest: SocketAddr::new(seen, guest),
                host: SocketAddr::new(address, host),
            });
        }
        allowed.push(Destination {
            host: Host::Address(address),
            port: Some(host),
        });
        if !neighbour.needed {
            continue;
        }
        if host != guest && own.is_none() {
            notes.push(format!(
                "port {guest} of {service} is {host} on this machine: let the guest connect to \
                 {service}:{host}, with --env for one"
            ));
        }
        if TcpStream::connect_timeout(&SocketAddr::new(address, host), ANSWER).is_err() {
            notes.push(format!(
                "nothing answers at {}, where {service} is published: `docker compose up -d {service}` \
                 starts it, or {elsewhere} {service}:ADDRESS says where it is",
                SocketAddr::new(address, host)
            ));
        }
    }
}

/// An address for a service whose ports have other numbers here than in its own network: nobody's on
/// this machine, so that what the guest asks of it is never somebody else's.
fn of_its_own(network: &Network) -> Option<IpAddr> {
    let is_free = |address: &IpAddr| {
        let is_used = |moved: &Moved| moved.guest.ip() == *address;
        !network.moved.iter().any(is_used)
    };
    let addresses = (1..=254).map(|last| IpAddr::from([127, 0, 83, last]));
    addresses.into_iter().find(is_free)
}

fn alias(name: &str, address: IpAddr) -> HostAlias {
    HostAlias {
        name: name.to_lowercase(),
        address,
    }
}
