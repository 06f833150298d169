//! The contexts of the `docker` command: engines that a user has given names to, and which of them
//! is in use. They are only read.

use super::host::{Certificates, Environment};
use crate::digest::Digest;
use crate::documents::parse;
use crate::error::{ImageError, shown};
use crate::limits;
use crate::source::open_regular;
use serde::Deserialize;
use std::io::Read as _;
use std::path::Path;

/// The name of the context that is none.
const DEFAULT: &str = "default";

/// An engine that has a name.
#[derive(Debug)]
pub(super) struct Context {
    pub name: String,
    pub host: String,
    pub tls: Option<Certificates>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Configuration {
    #[serde(rename = "currentContext")]
    current_context: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Meta {
    endpoints: Endpoints,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The context in use: that of `DOCKER_CONTEXT`, or the one that `docker context use` has chosen.
pub(super) fn in_use(environment: &Environment<'_>) -> Result<Option<Context>, ImageError> {
    let Some(folder) = environment.configuration() else {
        return Ok(None);
    };
    let name = match (environment.variable)("DOCKER_CONTEXT") {
        Some(name) => name.to_string_lossy().into_owned(),
        None => chosen(&folder)?,
    };
    if name.is_empty() || name == DEFAULT {
        return Ok(None);
    }
    let failed = |why: String| ImageError::Engine {
        host: format!("context `{}`", shown(&name)),
        why,
    };
    // A digest makes a folder's name of any name.
    let id = Digest::of(name.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let contexts = folder.join("contexts");
    let meta = contexts.join("meta").join(id.hex()).join("meta.json");
    let bytes = document(&meta)?.ok_or_else(|| {
        failed(format!(
            "there is none of this name ({} is not there): `docker context ls` lists them, and \
             DOCKER_CONTEXT or `docker context use` chooses",
            meta.display()
        ))
    })?;
    let wrong = |why: String| failed(format!("{}: {why}", meta.display()));
    let meta: Meta = parse(&bytes).map_err(|why| wrong(format!("it cannot be read ({why})")))?;
    let Endpoint {
        host,
        skip_tls_verify,
    } = meta.endpoints.docker;
    if host.is_empty() {
        return Err(wrong("it names no engine".into()));
    }
    let tls = contexts.join("tls").join(id.hex()).join("docker");
    Ok(Some(Context {
        tls: Certificates::of(&tls, !skip_tls_verify),
        name,
        host,
    }))
}

/// What `docker context use` has noted, or nothing.
fn chosen(folder: &Path) -> Result<String, ImageError> {
    let file = folder.join("config.json");
    let Some(bytes) = document(&file)? else {
        return Ok(String::new());
    };
    let configuration: Configuration = parse(&bytes).map_err(|why| ImageError::Damaged {
        what: file.display().to_string(),
        why: format!("it is no configuration of docker ({why}); DOCKER_HOST does without it"),
    })?;
    Ok(configuration.current_context)
}

/// The content of a small file; `None`: there is none.
fn document(path: &Path) -> Result<Option<Vec<u8>>, ImageError> {
    let what = path.display().to_string();
    if !path.exists() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    open_regular(path, &what)?
        .take(limits::DOCUMENT)
        .read_to_end(&mut bytes)
        .map_err(|source| ImageError::Unreadable { what, source })?;
    Ok(Some(bytes))
}
