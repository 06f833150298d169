//! One service: what its definition says, read key by key, put over what it extends, and worked out.

use crate::dotenv;
use crate::error::ComposeError;
use crate::mounts::{self, Source, Volume};
use crate::ports::{self, Port, Transport};
use crate::project::Raw;
use crate::values::{host_path, list, pairs, shown, switch, text, texts, words};
use crate::yaml;
use serde_json::Value;
use std::net::IpAddr;
use std::path::PathBuf;

/// Keys that change what a program sees, and that are not to be had here.
const IGNORED: [&str; 10] = [
    "configs",
    "secrets",
    "volumes_from",
    "devices",
    "dns",
    "provider",
    "use_api_socket",
    "models",
    "pid",
    "ipc",
];

/// A service, worked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The name of its image: what is said, or what Compose calls the image that it builds.
    pub image: String,
    /// Where the image is built from, if it is.
    pub build: Option<PathBuf>,
    /// Which platform's image.
    pub platform: Option<String>,
    /// What runs it elsewhere.
    pub runtime: Option<String>,
    /// Instead of the image's entrypoint and command.
    pub entrypoint: Option<Vec<String>>,
    /// Instead of the image's command.
    pub command: Option<Vec<String>>,
    /// Environment variables, later ones before earlier ones.
    pub env: Vec<(String, String)>,
    /// The working folder.
    pub working_dir: Option<String>,
    /// Whether its filesystem is not to be written to.
    pub read_only: bool,
    /// Ports that are published.
    pub ports: Vec<Port>,
    /// What is mounted.
    pub volumes: Vec<Volume>,
    /// Services that are to run before it.
    pub depends_on: Vec<Dependency>,
    /// Names with the addresses that they resolve to.
    pub extra_hosts: Vec<(String, IpAddr)>,
    /// Whether it is to have no network at all.
    pub no_network: bool,
    /// The profiles that it belongs to.
    pub profiles: Vec<String>,
    /// The other services.
    pub neighbours: Vec<Neighbour>,
    /// What the user should know: what is left out or missing.
    pub notes: Vec<String>,
}

/// A service that is to run before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dependency {
    /// Its name.
    pub service: String,
    /// When it counts as running, in Compose's words.
    pub condition: String,
}

/// Another service, as this one sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// Its name.
    pub service: String,
    /// All names that it resolves by: its own, its container's, aliases.
    pub names: Vec<String>,
    /// Ports that it publishes on the host.
    pub ports: Vec<Port>,
    /// Whether the service depends on it or speaks of it.
    pub needed: bool,
}

impl Service {
    /// Whether its platform or its runtime is one for Wasm.
    pub fn is_for_wasm(&self) -> bool {
        let platform = self.platform.as_deref().unwrap_or_default();
        let runtime = self.runtime.as_deref().unwrap_or_default();
        let runtimes = ["wasm", "spin", "slight", "wws", "lunatic"];
        platform.starts_with("wasi") || runtimes.iter().any(|name| runtime.contains(name))
    }

    /// Finds out which of the neighbours it has to do with.
    pub(crate) fn say_who_is_needed(&mut self) {
        let words = self.entrypoint.iter().chain(&self.command).flatten();
        let texts: Vec<&String> = self
            .env
            .iter()
            .map(|(_, value)| value)
            .chain(words)
            .collect();
        for neighbour in &mut self.neighbours {
            let depended = self
                .depends_on
                .iter()
                .any(|d| d.service == neighbour.service);
            let spoken_of = || {
                let names = neighbour.names.iter();
                names
                    .flat_map(|name| texts.iter().map(move |text| (name, text)))
                    .any(|(name, text)| is_host_in(name, text))
            };
            neighbour.needed = depended || spoken_of();
        }
    }
}

/// Whether a text names a host: it is all of it, or stands before a port or a path, after an at sign or
/// two slashes.
fn is_host_in(name: &str, text: &str) -> bool {
    text.match_indices(name).any(|(place, _)| {
        let before = text.get(..place).unwrap_or_default();
        let after = text
            .get(place.saturating_add(name.len())..)
            .unwrap_or_default();
        let begins = before.is_empty() || before.ends_with(['@', '/', ',', ' ', '=']);
        let port = after
            .strip_prefix(':')
            .is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
        let path = before.ends_with("://") || before.ends_with('@');
        begins
            && (port
                || (before.is_empty() && after.is_empty())
                || (path && (after.is_empty() || after.starts_with(['/', ',', '?']))))
    })
}

/// A file that `env_file` names.
#[derive(Clone, Debug)]
struct EnvFile {
    path: PathBuf,
    required: bool,
    raw: bool,
}

/// What one definition says; [`Definition::over`] puts it over another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definition {
    image: Option<String>,
    build: Option<PathBuf>,
    platform: Option<String>,
    runtime: Option<String>,
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
    env_files: Vec<EnvFile>,
    environment: Vec<(String, Option<String>)>,
    working_dir: Option<String>,
    read_only: Option<bool>,
    ports: Vec<Port>,
    volumes: Vec<Volume>,
    depends_on: Vec<Dependency>,
    extra_hosts: Vec<(String, String)>,
    network_mode: Option<String>,
    profiles: Vec<String>,
    names: Vec<String>,
    ignored: Vec<&'static str>,
    /// The definition on top, for messages and variables.
    raw: Option<Raw>,
}

impl Definition {
    /// Reads a service's mapping, with its variables worked out.
    pub fn read(map: &Value, raw: &Raw, at: &str) -> Result<Self, ComposeError> {
        let invalid = |key: &str, why: String| ComposeError::Invalid {
            file: raw.file.to_path_buf(),
            at: format!("{at}.{key}"),
            why,
        };
        let get = |key: &str| map.get(key).filter(|value| !value.is_null());
        let one = |key: &str| {
            get(key)
                .map(text)
                .transpose()
                .map_err(|why| invalid(key, why))
        };
        let home = raw.variables.get("HOME");
        let folder = &*raw.folder;
        let nothing = Value::Null;
        let any = |key: &str| get(key).unwrap_or(&nothing);

        let mut volumes = Vec::new();
        for value in list(any("volumes")) {
            let volume = mounts::volume(value, folder, home);
            volumes.push(volume.map_err(|why| invalid("volumes", why))?);
        }
        for value in list(any("tmpfs")) {
            let volume = mounts::temporary(value).map_err(|why| invalid("tmpfs", why))?;
            volumes.push(volume);
        }
        let build = match get("build") {
            Some(Value::Object(build)) => build.get("context").map(text).transpose(),
            Some(context) => text(context).map(Some),
            None => Ok(None),
        };
        let build = build.map_err(|why| invalid("build", why))?;
        let is_built = get("build").is_some();
        let context = build.unwrap_or_else(|| ".".to_owned());
        let words = |key: &str| words(any(key)).map_err(|why| invalid(key, why));
        let pairs = |key: &str, separators: &[char]| {
            pairs(any(key), separators).map_err(|why| invalid(key, why))
        };
        let hosts = pairs("extra_hosts", &['=', ':'])?;
        Ok(Self {
            image: one("image")?.filter(|image| !image.is_empty()),
            build: is_built.then(|| host_path(&context, folder, home)),
            platform: one("platform")?,
            runtime: one("runtime")?,
            entrypoint: words("entrypoint")?,
            command: words("command")?,
            env_files: env_files(any("env_file"), raw).map_err(|why| invalid("env_file", why))?,
            environment: pairs("environment", &['='])?,
            working_dir: one("working_dir")?,
            read_only: get("read_only")
                .map(switch)
                .transpose()
                .map_err(|why| invalid("read_only", why))?,
            ports: ports::ports(any("ports")).map_err(|why| invalid("ports", why))?,
            volumes,
            depends_on: depends_on(map).map_err(|why| invalid("depends_on", why))?,
            extra_hosts: hosts
                .into_iter()
                .map(|(name, address)| (name, address.unwrap_or_default()))
                .collect(),
            network_mode: one("network_mode")?,
            profiles: texts(any("profiles")).map_err(|why| invalid("profiles", why))?,
            names: names(map),
            ignored: IGNORED
                .into_iter()
                .filter(|key| get(key).is_some_and(|value| !list(value).is_empty()))
                .collect(),
            raw: Some(raw.clone()),
        })
    }

    /// This one over another: one thing takes the other's place, several are put together.
    pub fn over(self, base: Self) -> Self {
        let mut volumes = base.volumes;
        volumes.retain(|volume| self.volumes.iter().all(|own| own.guest != volume.guest));
        volumes.extend(self.volumes);
        let mut ports = base.ports;
        ports.retain(|port| !self.ports.contains(port));
        ports.extend(self.ports);
        let mut depends_on = base.depends_on;
        depends_on.retain(|old| self.depends_on.iter().all(|own| own.service != old.service));
        depends_on.extend(self.depends_on);
        let mut ignored = base.ignored;
        ignored.retain(|key| !self.ignored.contains(key));
        ignored.extend(self.ignored);
        Self {
            image: self.image.or(base.image),
            build: self.build.or(base.build),
            platform: self.platform.or(base.platform),
            runtime: self.runtime.or(base.runtime),
            entrypoint: self.entrypoint.or(base.entrypoint),
            command: self.command.or(base.command),
            env_files: joined(base.env_files, self.env_files),
            environment: joined(base.environment, self.environment),
            working_dir: self.working_dir.or(base.working_dir),
            read_only: self.read_only.or(base.read_only),
            ports,
            volumes,
            depends_on,
            extra_hosts: joined(base.extra_hosts, self.extra_hosts),
            network_mode: self.network_mode.or(base.network_mode),
            profiles: joined(base.profiles, self.profiles),
            names: joined(base.names, self.names),
            ignored,
            raw: self.raw.or(base.raw),
        }
    }

    /// How others see it.
    pub fn neighbour(self, name: &str) -> Neighbour {
        let mut names = vec![name.to_owned()];
        names.extend(self.names);
        names.dedup();
        Neighbour {
            service: name.to_owned(),
            names,
            ports: self.ports,
            needed: false,
        }
    }

    /// All of it worked out: variables' files read, what is not to be had here told.
    pub fn service(self, name: &str, project: &str) -> Result<Service, ComposeError> {
        let mut notes = Vec::new();
        let env = self.env(name)?;
        let extra_hosts = self.addresses(&mut notes);
        for key in &self.ignored {
            notes.push(format!("`{key}` is left out: it is not to be had here"));
        }
        let no_network = match self.network_mode.as_deref() {
            Some("none") => true,
            Some(mode) if mode.starts_with("service:") || mode.starts_with("container:") => {
                notes.push(format!(
                    "`network_mode: {}` is left out: the network is this machine's",
                    shown(mode)
                ));
                false
            }
            _ => false,
        };
        let unnamed = self.image.is_none();
        if unnamed && self.build.is_none() {
            let raw = self.raw.as_ref();
            return Err(ComposeError::Invalid {
                file: raw.map_or_else(PathBuf::new, |raw| raw.file.to_path_buf()),
                at: format!("services.{}", shown(name)),
                why: "it has neither an `image` nor a `build`".into(),
            });
        }
        Ok(Service {
            name: name.to_owned(),
            image: self.image.unwrap_or_else(|| format!("{project}-{name}")),
            build: self.build,
            platform: self.platform,
            runtime: self.runtime,
            entrypoint: self.entrypoint,
            command: self.command,
            env,
            working_dir: self.working_dir,
            read_only: self.read_only.unwrap_or_default(),
            ports: self.ports,
            volumes: self.volumes,
            depends_on: self.depends_on,
            extra_hosts,
            no_network,
            profiles: self.profiles,
            neighbours: Vec::new(),
            notes,
        })
    }

    /// `env_file`, then `environment`, which counts more.
    fn env(&self, name: &str) -> Result<Vec<(String, String)>, ComposeError> {
        let mut env = Vec::new();
        let Some(raw) = &self.raw else {
            return Ok(env);
        };
        let from_host = |(name, value): (String, Option<String>)| {
            let value = value.or_else(|| raw.variables.get(&name).map(str::to_owned))?;
            Some((name, value))
        };
        let needed_by = format!("services.{}.env_file", shown(name));
        for file in &self.env_files {
            if !file.required && !file.path.is_file() {
                continue;
            }
            let text = yaml::read_text(&file.path, &needed_by)?;
            let entries = match file.raw {
                true => dotenv::parse_raw(&text),
                false => dotenv::parse(&text, &raw.variables),
            };
            let entries = entries.map_err(|why| ComposeError::Malformed {
                file: file.path.clone(),
                why,
            })?;
            env.extend(entries.into_iter().filter_map(from_host));
        }
        env.extend(self.environment.iter().cloned().filter_map(from_host));
        env.retain(|(name, _)| !name.is_empty());
        Ok(env)
    }

    fn addresses(&self, notes: &mut Vec<String>) -> Vec<(String, IpAddr)> {
        let mut found = Vec::new();
        for (name, address) in &self.extra_hosts {
            let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
            let address = bare.unwrap_or(address).trim();
            match address {
                // The host is here.
                "host-gateway" => found.push((name.clone(), IpAddr::from([127, 0, 0, 1]))),
                _ => match address.parse() {
                    Ok(address) => found.push((name.clone(), address)),
                    Err(_) => notes.push(format!(
                        "`extra_hosts`: {}: `{}` is no address, and is left out",
                        shown(name),
                        shown(address)
                    )),
                },
            }
        }
        found
    }
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}

fn env_files(value: &Value, raw: &Raw) -> Result<Vec<EnvFile>, String> {
    let home = raw.variables.get("HOME");
    let file = |value: &Value| {
        let (path, required, is_raw) = match value {
            Value::Object(map) => {
                let path = map.get("path").ok_or("a file has no `path`")?;
                let required = map.get("required").map_or(Ok(true), switch)?;
                let format = map.get("format").map(text).transpose()?;
                (text(path)?, required, format.as_deref() == Some("raw"))
            }
            path => (text(path)?, true, false),
        };
        Ok(EnvFile {
            path: host_path(&path, &raw.folder, home),
            required,
            raw: is_raw,
        })
    };
    list(value).iter().map(file).collect()
}

/// `depends_on` and `links`.
fn depends_on(map: &Value) -> Result<Vec<Dependency>, String> {
    const STARTED: &str = "service_started";
    let dependency = |service: &str, condition: &str| Dependency {
        service: service.to_owned(),
        condition: condition.to_owned(),
    };
    let mut found = match map.get("depends_on") {
        Some(Value::Object(services)) => services
            .iter()
            .map(|(service, how)| {
                let condition = how.get("condition").and_then(Value::as_str);
                dependency(service, condition.unwrap_or(STARTED))
            })
            .collect(),
        Some(services) => texts(services)?
            .iter()
            .map(|service| dependency(service, STARTED))
            .collect(),
        None => Vec::new(),
    };
    let links = map.get("links").map(texts).transpose()?.unwrap_or_default();
    for link in links {
        let service = link.split(':').next().unwrap_or_default();
        if found.iter().all(|known| known.service != service) {
            found.push(dependency(service, STARTED));
        }
    }
    Ok(found)
}

/// What a service is called besides its name.
fn names(map: &Value) -> Vec<String> {
    let one = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    let networks = map.get("networks").and_then(Value::as_object);
    let aliases = networks
        .into_iter()
        .flat_map(|networks| networks.values())
        .filter_map(|network| texts(network.get("aliases")?).ok())
        .flatten();
    one("container_name")
        .into_iter()
        .chain(one("hostname"))
        .chain(aliases)
        .collect()
}

impl Neighbour {
    /// Where one of its ports for connections is on this machine: the host's port for each.
    pub fn tcp_ports(&self) -> impl Iterator<Item = (u16, u16, Option<IpAddr>)> + '_ {
        self.ports
            .iter()
            .filter(|port| port.transport == Transport::Tcp)
            .filter_map(|port| Some((port.guest, port.host?, port.address)))
    }
}

impl Volume {
    /// What it is, for messages.
    pub fn described(&self) -> String {
        match &self.source {
            Source::Host(path) => path.display().to_string(),
            Source::Volume(Some(name)) => format!("the volume {}", shown(name)),
            Source::Volume(None) => "a volume without a name".to_owned(),
            Source::Temporary => "temporary files".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_texts() {
        for (text, expected) in [
            ("mysql://root:pw@db:3306/mysql", true),
            ("db:3306", true),
            ("db", true),
            ("http://db", true),
            ("http://db/x", true),
            ("a,db:1", true),
            ("mydb:3306", false),
            ("db_name", false),
            ("the db is here", false),
            ("db-2:3306", false),
            ("/var/db/x", false),
        ] {
            assert_eq!(is_host_in("db", text), expected, "{text}");
        }
    }
}
