//! Images and containers of a Docker Engine, by its API: `docker://IMAGE` and `container://NAME`.
//! What the engine sends is an archive like any other, and as little trusted.
//!
//! `DOCKER_HOST` says where the engine is, as it does to `docker` itself; its sockets and plain TCP
//! can be spoken to.

mod socket;

use crate::documents::{Config, parse};
use crate::error::{ImageError, shown};
use crate::launch::Mount;
use crate::limits;
use crate::source::Source;
use serde::Deserialize;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Response;

/// Where an engine is when nothing else is said.
const USUAL: &str = "unix:///var/run/docker.sock";

/// An engine that does not answer is given up after this.
const CONNECT: Duration = Duration::from_secs(10);

/// What the user names, of an engine's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    Image(String),
    Container(String),
}

/// A container as the engine has it.
#[derive(Debug)]
pub(crate) struct Container {
    /// How it is to be run.
    pub config: Config,
    /// What of the host is in its filesystem.
    pub mounts: Vec<Mount>,
    /// Its filesystem, as an archive.
    pub files: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    config: Config,
    #[serde(default)]
    mounts: Option<Vec<InspectedMount>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct InspectedMount {
    source: String,
    destination: String,
    #[serde(rename = "RW")]
    rw: bool,
}

/// What an engine says when it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: String,
}

impl Named {
    /// Reads `docker://IMAGE` and `container://NAME`.
    pub fn parse(target: &str) -> Option<Self> {
        if let Some(image) = target.strip_prefix("docker://") {
            return Some(Self::Image(image.to_owned()));
        }
        let name = target.strip_prefix("container://")?;
        Some(Self::Container(name.to_owned()))
    }
}

/// A Docker Engine.
#[derive(Debug)]
pub(crate) struct Engine {
    agent: Agent,
    host: String,
    base: String,
}

impl Engine {
    /// The engine that the environment names.
    pub fn from_environment() -> Result<Self, ImageError> {
        let host = std::env::var("DOCKER_HOST")
            .ok()
            .filter(|host| !host.is_empty())
            .unwrap_or_else(|| USUAL.to_owned());
        Self::at(&host)
    }

    /// The engine at `unix://PATH` or `tcp://HOST:PORT`.
    pub fn at(host: &str) -> Result<Self, ImageError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .proxy(None)
            .user_agent("wasmscope")
            .build();
        let unknown = |why: &str| ImageError::Engine {
            host: shown(host),
            why: why.to_owned(),
        };
        let (agent, base) = match host.split_once("://") {
            Some(("unix", path)) => (socket::agent(config, path)?, "http://docker".to_owned()),
            Some(("tcp" | "http", place)) => {
                let tls = std::env::var_os("DOCKER_TLS_VERIFY");
                if tls.is_some_and(|value| !value.is_empty()) {
                    return Err(unknown(
                        "it wants TLS (DOCKER_TLS_VERIFY), which is not spoken here: pipe `docker \
                         save IMAGE` into wasmscope instead",
                    ));
                }
                (Agent::new_with_config(config), format!("http://{place}"))
            }
            _ => {
                return Err(unknown(
                    "only unix:// and tcp:// can be spoken to: pipe `docker save IMAGE` into \
                     wasmscope instead",
                ));
            }
        };
        Ok(Self {
            agent,
            host: host.to_owned(),
            base,
        })
    }

    /// An image of the engine's store, as an archive.
    pub fn image(&self, name: &str, limit: u64) -> Result<Source, ImageError> {
        let called = self.checked(name, "image")?;
        // Asked first: some versions answer to the other question with an archive of nothing.
        self.document(&format!("/images/{called}/json"), name, || {
            format!("it has no image `{}`: `docker pull` gets it", shown(name))
        })?;
        let what = format!("docker://{}", shown(name));
        self.archive(&format!("/images/{called}/get"), &what, limit)
    }

    /// A container, running or not.
    pub fn container(&self, name: &str, limit: u64) -> Result<Container, ImageError> {
        let called = self.checked(name, "container")?;
        let bytes = self.document(&format!("/containers/{called}/json"), name, || {
            format!(
                "it has no container `{}`: `docker ps -a` lists them",
                shown(name)
            )
        })?;
        let inspected: Inspected = parse(&bytes)
            .map_err(|why| self.failed(format!("it describes the container wrongly ({why})")))?;
        let mounts = inspected.mounts.unwrap_or_default().into_iter();
        let mounts = mounts
            .filter(|mount| mount.destination.starts_with('/'))
            .map(|mount| Mount {
                host: PathBuf::from(mount.source),
                guest: mount.destination,
                read_only: !mount.rw,
            });
        let what = format!("container://{}", shown(name));
        Ok(Container {
            config: inspected.config,
            mounts: mounts.collect(),
            files: self.archive(&format!("/containers/{called}/export"), &what, limit)?,
        })
    }

    /// A name that can be part of a URL: Docker's own have no other characters.
    fn checked<'n>(&self, name: &'n str, thing: &str) -> Result<&'n str, ImageError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/:@".contains(&byte);
        let steps_up = name.split('/').any(|part| matches!(part, "" | "." | ".."));
        if steps_up || !name.bytes().all(allowed) {
            return Err(self.failed(format!("`{}` is no name of a {thing}", shown(name))));
        }
        Ok(name)
    }

    fn get(&self, path: &str) -> Result<Response<ureq::Body>, ImageError> {
        let response = self.agent.get(format!("{}{path}", self.base)).call();
        response.map_err(|error| {
            let hint = match &error {
                ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    ": you may not talk to it; members of the group `docker` may"
                }
                _ => ": is it running? DOCKER_HOST says where it is",
            };
            self.failed(format!("it cannot be asked ({error}){hint}"))
        })
    }

    /// A JSON document.
    fn document(
        &self,
        path: &str,
        name: &str,
        not_found: impl FnOnce() -> String,
    ) -> Result<Vec<u8>, ImageError> {
        let response = self.get(path)?;
        if response.status() == 404 {
            return Err(ImageError::NotInEngine {
                host: shown(&self.host),
                why: not_found(),
            });
        }
        let response = self.accepted(response, name)?;
        let mut bytes = Vec::new();
        response
            .into_body()
            .into_reader()
            .take(limits::DOCUMENT)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(format!("its answer cannot be read ({error})")))?;
        Ok(bytes)
    }

    /// An archive, copied to a temporary file.
    fn archive(&self, path: &str, what: &str, limit: u64) -> Result<Source, ImageError> {
        let response = self.accepted(self.get(path)?, what)?;
        Source::copy(&mut response.into_body().into_reader(), what, limit)
    }

    fn accepted(
        &self,
        response: Response<ureq::Body>,
        what: &str,
    ) -> Result<Response<ureq::Body>, ImageError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut bytes = Vec::new();
        let reader = response.into_body().into_reader();
        // Without a reason there is still the status.
        let _ = reader.take(4096).read_to_end(&mut bytes);
        let refusal: Refusal = parse(&bytes).unwrap_or_default();
        Err(self.failed(format!(
            "it refuses {} ({status}): {}",
            shown(what),
            shown(&refusal.message)
        )))
    }

    fn failed(&self, why: String) -> ImageError {
        ImageError::Engine {
            host: shown(&self.host),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_become_part_of_a_url() {
        let engine = Engine::at("tcp://127.0.0.1:1").expect("it can be described");
        for name in ["app", "docker.io/library/app:v1.2", "app@sha256:00ff"] {
            assert!(engine.checked(name, "image").is_ok(), "{name}");
        }
        for name in [
            "",
            "a b",
            "../info",
            "a/../b",
            "a?x=1",
            "a%2fb",
            "a\r\nX: y",
            "/a",
            "a//b",
        ] {
            assert!(engine.checked(name, "image").is_err(), "{name:?}");
        }
    }

    #[test]
    fn engines_that_cannot_be_spoken_to() {
        for host in [
            "ssh://me@host",
            "nonsense",
            "npipe:////./pipe/docker_engine",
        ] {
            let error = Engine::at(host).expect_err("it cannot").to_string();
            assert!(
                error.contains(host) && error.contains("docker save"),
                "{error}"
            );
        }
    }
}
