//! The files of a project: which there are, what they include, and which services they have.

use crate::dotenv;
use crate::error::ComposeError;
use crate::interpolate::{Interpolation, Variables};
use crate::service::{Definition, Neighbour, Service};
use crate::values::{kind, list, shown, text};
use crate::yaml;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What Compose calls its file, in the order that it looks for them.
pub const FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// What Compose takes in addition when it looked for the first file itself.
const OVERRIDES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
];

/// Most files of one project.
const MOST_FILES: usize = 100;

/// Most services of one project.
const MOST_SERVICES: usize = 1_000;

/// How deep files include each other, and services extend each other.
const DEPTH: usize = 12;

/// Whether a file is a Compose file by its name.
pub fn is_by_name(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml"))
}

/// A Compose file with all that it includes.
#[derive(Debug)]
pub struct Project {
    /// The file that was named.
    pub file: PathBuf,
    /// Its name, which images that it builds begin with.
    pub name: String,
    variables: Arc<Variables>,
    services: BTreeMap<String, Vec<Raw>>,
}

/// A service as a file has it.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub map: Map<String, Value>,
    pub file: Arc<Path>,
    /// Where relative paths begin.
    pub folder: Arc<Path>,
    pub variables: Arc<Variables>,
}

/// Reading files, of which there may be so many.
struct Reading {
    files_left: usize,
    services: BTreeMap<String, Vec<Raw>>,
}

impl Project {
    /// Reads a file, or standard input (`-`), or the file of a folder with the one that overrides it.
    /// `host` are the variables of the user's shell.
    ///
    /// # Errors
    /// When it, or what it includes, cannot be read or is no Compose file.
    pub fn open(target: &Path, host: HashMap<String, String>) -> Result<Self, ComposeError> {
        let is_stdin = target == Path::new("-");
        let file = match target.is_dir() {
            true => in_folder(target)?,
            false if is_stdin => PathBuf::from("standard input"),
            false => target.to_owned(),
        };
        let named = file.parent().filter(|_| !is_stdin);
        let folder = match named.filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => folder.to_owned(),
            None => PathBuf::from("."),
        };
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let mut variables = Variables::new(host);
        add_file(&mut variables, &folder.join(".env"), "")?;
        let variables = Arc::new(variables);
        let content = match is_stdin {
            true => yaml::bounded(io::stdin().lock(), &file)
                .and_then(|bytes| yaml::text(bytes, &file))?,
            false => yaml::read_text(&file, "")?,
        };
        let document = yaml::parse(&content, &file)?;
        let mut reading = Reading {
            files_left: MOST_FILES,
            services: BTreeMap::new(),
        };
        let name = project_name(&document, &variables, &folder);
        reading.document(document, &file, &folder, &variables, 0)?;
        if target.is_dir()
            && let Some(file) = first_of(&OVERRIDES, &folder)
        {
            let document = yaml::parse(&yaml::read_text(&file, "")?, &file)?;
            reading.document(document, &file, &folder, &variables, 0)?;
        }
        Ok(Self {
            file,
            name,
            variables,
            services: reading.services,
        })
    }

    /// The services' names.
    pub fn services(&self) -> Vec<String> {
        self.services.keys().cloned().collect()
    }

    /// All of them as far as they can be read, for a list.
    pub fn overview(&self) -> Vec<Result<Service, ComposeError>> {
        let names = self.services.keys();
        names.map(|name| self.service(name)).collect()
    }

    /// The service that is meant when none is named: the only one, else the only one that is for Wasm
    /// by its platform or runtime. Those of profiles that are not active do not count.
    ///
    /// # Errors
    /// When it is not clear which.
    pub fn only(&self) -> Result<Service, ComposeError> {
        let active = self.variables.get("COMPOSE_PROFILES").unwrap_or_default();
        let active: Vec<&str> = active.split(',').map(str::trim).collect();
        let is_active = |service: &Service| {
            let profiles = &service.profiles;
            profiles.is_empty()
                || profiles
                    .iter()
                    .any(|profile| active.contains(&&**profile) || active.contains(&"*"))
        };
        let readable = self.overview().into_iter().flatten();
        let mut services: Vec<_> = readable.filter(is_active).collect();
        if services.len() > 1 {
            services.retain(Service::is_for_wasm);
        }
        match (services.pop(), services.is_empty()) {
            (Some(only), true) => Ok(only),
            _ if self.services.len() == 1 => {
                let names = self.services();
                self.service(names.first().map_or("", String::as_str))
            }
            _ => Err(self.no_service("say which service is meant, with --service NAME".into())),
        }
    }

    /// What is said of one service.
    ///
    /// # Errors
    /// When there is none of that name, or something in it is wrong.
    pub fn service(&self, name: &str) -> Result<Service, ComposeError> {
        if !self.services.contains_key(name) {
            return Err(self.no_service(format!("it has no service `{}`", shown(name))));
        }
        let mut unset = std::collections::BTreeSet::new();
        let definition = self.definition(name, &mut unset)?;
        let mut service = definition.service(name, &self.name)?;
        for name in unset {
            service.notes.push(format!(
                "the variable {} is not set, and is taken for empty",
                shown(&name)
            ));
        }
        service.neighbours = self.neighbours(name);
        service.say_who_is_needed();
        Ok(service)
    }

    fn no_service(&self, why: String) -> ComposeError {
        ComposeError::NoService {
            file: self.file.clone(),
            why,
            services: self.services(),
        }
    }

    fn definition(
        &self,
        name: &str,
        unset: &mut std::collections::BTreeSet<String>,
    ) -> Result<Definition, ComposeError> {
        let mut extending = Extending {
            files_left: MOST_FILES,
            unset,
            as_neighbour: false,
        };
        extending.definition(&self.services, name, 0)
    }

    /// The other services. What is wrong with one is its own business: then its name is all that is
    /// known.
    fn neighbours(&self, name: &str) -> Vec<Neighbour> {
        let mut extending = Extending {
            files_left: MOST_FILES,
            unset: &mut std::collections::BTreeSet::new(),
            as_neighbour: true,
        };
        let others = self.services.keys().filter(|other| *other != name);
        others
            .map(|other| {
                let definition = extending.definition(&self.services, other, 0);
                definition.unwrap_or_default().neighbour(other)
            })
            .collect()
    }
}

impl Reading {
    fn document(
        &mut self,
        document: Value,
        file: &Path,
        folder: &Path,
        variables: &Arc<Variables>,
        depth: usize,
    ) -> Result<(), ComposeError> {
        let invalid = |at: &str, why: String| ComposeError::Invalid {
            file: file.to_owned(),
            at: at.to_owned(),
            why,
        };
        let Value::Object(mut document) = document else {
            return Err(ComposeError::Malformed {
                file: file.to_owned(),
                why: format!(
                    "a mapping with `services` was expected, and it is {}",
                    kind(&document)
                ),
            });
        };
        let include = document.remove("include").unwrap_or_default();
        let includes = Interpolation::new(variables)
            .tree(&include, "include")
            .map_err(|(at, why)| invalid(&at, why))?;
        for include in list(&includes) {
            self.include(include, file, folder, variables, depth)?;
        }
        let services = match document.remove("services") {
            Some(Value::Object(services)) => services,
            None | Some(Value::Null) if !matches!(includes, Value::Null) => return Ok(()),
            Some(other) => {
                let why = format!("a mapping was expected, and it is {}", kind(&other));
                return Err(invalid("services", why));
            }
            None => {
                return Err(ComposeError::Malformed {
                    file: file.to_owned(),
                    why: "it has no `services`".into(),
                });
            }
        };
        let mut own = services_of(services, file, folder, variables)?;
        for (name, raw) in std::mem::take(&mut own) {
            self.services.entry(name).or_default().push(raw);
        }
        if self.services.len() > MOST_SERVICES {
            return Err(ComposeError::TooMuch {
                file: file.to_owned(),
                what: format!("it has more than {MOST_SERVICES} services"),
                limit: MOST_SERVICES as u64,
            });
        }
        Ok(())
    }

    /// `include`: a path, or a mapping with paths, a folder and files of variables.
    fn include(
        &mut self,
        include: &Value,
        file: &Path,
        folder: &Path,
        variables: &Arc<Variables>,
        depth: usize,
    ) -> Result<(), ComposeError> {
        let invalid = |why: String| ComposeError::Invalid {
            file: file.to_owned(),
            at: "include".into(),
            why,
        };
        let texts = |value: Option<&Value>| {
            let values = value.map(crate::values::texts).transpose();
            values.map(Option::unwrap_or_default).map_err(invalid)
        };
        let (paths, own_folder, env_files) = match include {
            Value::Object(map) => {
                let own = map.get("project_directory").map(text).transpose();
                (
                    texts(map.get("path"))?,
                    own.map_err(invalid)?,
                    texts(map.get("env_file"))?,
                )
            }
            path => (vec![text(path).map_err(invalid)?], None, Vec::new()),
        };
        let Some(first) = paths.first() else {
            return Err(invalid("it has no `path`".into()));
        };
        if depth >= DEPTH {
            return Err(invalid(format!(
                "files include each other more than {DEPTH} deep"
            )));
        }
        let own_folder = match own_folder {
            Some(own) => folder.join(own),
            None => folder.join(first).parent().unwrap_or(folder).to_owned(),
        };
        let mut own = (**variables).clone();
        match &*env_files {
            [] => add_file(&mut own, &own_folder.join(".env"), "")?,
            files => {
                for name in files {
                    add_file(&mut own, &folder.join(name), "include.env_file")?;
                }
            }
        }
        let own = Arc::new(own);
        for path in &paths {
            let path = folder.join(path);
            self.files_left = self.files_left.checked_sub(1).ok_or_else(too_many(file))?;
            let document = yaml::parse(&yaml::read_text(&path, "include")?, &path)?;
            self.document(document, &path, &own_folder, &own, depth.saturating_add(1))?;
        }
        Ok(())
    }
}

/// Following `extends`.
struct Extending<'u> {
    files_left: usize,
    unset: &'u mut std::collections::BTreeSet<String>,
    /// Whether only that is read which others see.
    as_neighbour: bool,
}

/// Keys of a service that say how others reach it.
const SEEN_BY_OTHERS: [&str; 5] = ["ports", "container_name", "hostname", "networks", "extends"];

impl Extending<'_> {
    fn definition(
        &mut self,
        services: &BTreeMap<String, Vec<Raw>>,
        name: &str,
        depth: usize,
    ) -> Result<Definition, ComposeError> {
        let mut whole = Definition::default();
        for raw in services.get(name).into_iter().flatten() {
            let at = format!("services.{}", shown(name));
            let invalid = |(at, why)| ComposeError::Invalid {
                file: raw.file.to_path_buf(),
                at,
                why,
            };
            let mut map = raw.map.clone();
            if self.as_neighbour {
                map.retain(|key, _| SEEN_BY_OTHERS.contains(&&**key));
            }
            let mut interpolation = Interpolation::new(&raw.variables);
            let map = interpolation
                .tree(&Value::Object(map), &at)
                .map_err(invalid)?;
            self.unset.append(&mut interpolation.unset);
            let definition = Definition::read(&map, raw, &at)?;
            let base = match map.get("extends") {
                None | Some(Value::Null) => Definition::default(),
                Some(extends) => self.base(services, extends, raw, &at, depth)?,
            };
            whole = definition.over(base).over(whole);
        }
        Ok(whole)
    }

    /// `extends`: a service's name, or a mapping with it and a file.
    fn base(
        &mut self,
        services: &BTreeMap<String, Vec<Raw>>,
        extends: &Value,
        raw: &Raw,
        at: &str,
        depth: usize,
    ) -> Result<Definition, ComposeError> {
        let invalid = |why: String| ComposeError::Invalid {
            file: raw.file.to_path_buf(),
            at: format!("{at}.extends"),
            why,
        };
        let field = |name: &str| {
            let value = extends.get(name).filter(|value| !value.is_null());
            value.map(text).transpose().map_err(invalid)
        };
        let (name, file) = match extends {
            Value::Object(_) => (field("service")?, field("file")?),
            name => (Some(text(name).map_err(invalid)?), None),
        };
        let name = name.ok_or_else(|| invalid("it has no `service`".into()))?;
        if depth >= DEPTH {
            return Err(invalid(format!(
                "services extend each other more than {DEPTH} deep, or in a circle"
            )));
        }
        let depth = depth.saturating_add(1);
        let none = |file: &Path| {
            invalid(format!(
                "{} has no service `{}`",
                file.display(),
                shown(&name)
            ))
        };
        let Some(file) = file else {
            if !services.contains_key(&name) {
                return Err(none(&raw.file));
            }
            return self.definition(services, &name, depth);
        };
        let file = raw.folder.join(file);
        self.files_left = self
            .files_left
            .checked_sub(1)
            .ok_or_else(too_many(&raw.file))?;
        let mut document = yaml::parse(&yaml::read_text(&file, "extends")?, &file)?;
        let others = match document.get_mut("services").map(Value::take) {
            Some(Value::Object(others)) => others,
            _ => return Err(none(&file)),
        };
        let folder = file.parent().unwrap_or(&raw.folder).to_owned();
        let others = services_of(others, &file, &folder, &raw.variables)?;
        let others: BTreeMap<_, _> = others
            .into_iter()
            .map(|(name, raw)| (name, vec![raw]))
            .collect();
        if !others.contains_key(&name) {
            return Err(none(&file));
        }
        self.definition(&others, &name, depth)
    }
}

fn too_many(file: &Path) -> impl FnOnce() -> ComposeError + '_ {
    || ComposeError::TooMuch {
        file: file.to_owned(),
        what: format!("it needs more than {MOST_FILES} files"),
        limit: MOST_FILES as u64,
    }
}

/// The services of a file.
fn services_of(
    services: Map<String, Value>,
    file: &Path,
    folder: &Path,
    variables: &Arc<Variables>,
) -> Result<Vec<(String, Raw)>, ComposeError> {
    let (file, folder): (Arc<Path>, Arc<Path>) = (file.into(), folder.into());
    let service = |(name, value): (String, Value)| match value {
        Value::Object(map) => Ok((
            name,
            Raw {
                map,
                file: Arc::clone(&file),
                folder: Arc::clone(&folder),
                variables: Arc::clone(variables),
            },
        )),
        other => Err(ComposeError::Invalid {
            file: file.to_path_buf(),
            at: format!("services.{}", shown(&name)),
            why: format!("a mapping was expected, and it is {}", kind(&other)),
        }),
    };
    services.into_iter().map(service).collect()
}

fn in_folder(folder: &Path) -> Result<PathBuf, ComposeError> {
    first_of(&FILES, folder).ok_or_else(|| ComposeError::Unreadable {
        file: folder.to_owned(),
        error: io::Error::other(format!("there is no {} in it", FILES.join(", no "))),
        needed_by: String::new(),
    })
}

fn first_of(names: &[&str], folder: &Path) -> Option<PathBuf> {
    let mut files = names.iter().map(|name| folder.join(name));
    files.find(|file| file.is_file())
}

/// Takes the variables of a file; without `needed_by`, there need not be one.
fn add_file(variables: &mut Variables, file: &Path, needed_by: &str) -> Result<(), ComposeError> {
    if needed_by.is_empty() && !file.is_file() {
        return Ok(());
    }
    let text = yaml::read_text(file, needed_by)?;
    let entries = dotenv::parse(&text, variables).map_err(|why| ComposeError::Malformed {
        file: file.to_owned(),
        why,
    })?;
    let given = entries
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    variables.add(given.collect());
    Ok(())
}

/// `name`, else `COMPOSE_PROJECT_NAME`, else the folder's, as Compose writes them.
fn project_name(document: &Value, variables: &Variables, folder: &Path) -> String {
    let own = document.get("name").and_then(Value::as_str);
    let own = own.and_then(|name| Interpolation::new(variables).text(name).ok());
    let given = variables.get("COMPOSE_PROJECT_NAME").map(str::to_owned);
    let name = given
        .filter(|name| !name.is_empty())
        .or(own)
        .unwrap_or_else(|| {
            let name = folder.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        });
    let name = name.to_lowercase();
    let kept = name
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    let name: String = kept.collect();
    name.trim_start_matches(['-', '_']).to_owned()
}
