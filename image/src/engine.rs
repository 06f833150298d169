//! Images and containers of a Docker Engine, by its API: `docker://IMAGE` and `container://NAME`.
//! What the engine sends is an archive like any other, and as little trusted.
//!
//! The engine is found as `docker` finds it (`engine/host.rs`), and reached by its socket, by TCP with
//! or without TLS, or by `ssh` (`engine/connection.rs`). Here is what it is asked, and what is made of
//! its answers.

mod connection;
mod context;
mod host;
mod ssh;
mod tls;

use crate::documents::{Config, parse};
use crate::error::{ImageError, shown};
use crate::launch::Mount;
use crate::limits;
use crate::source::Source;
use host::{Environment, Host};
use serde::Deserialize;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Error};

/// The name in all URLs; the engine's own is not looked at.
const BASE: &str = "http://docker";

/// How long an engine is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For a short answer.
    document: Duration,
    /// For an archive to begin or to go on: some engines write all of it to their disk first.
    archive: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            document: Duration::from_secs(60),
            archive: Duration::from_secs(15 * 60),
        }
    }
}

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
    /// Where that host is, if it is another machine.
    pub elsewhere: Option<String>,
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
    /// Where it is, for messages.
    host: String,
    /// Whether that is another machine.
    is_elsewhere: bool,
    patience: Patience,
}

impl Engine {
    /// The engine that the environment names.
    pub fn from_environment() -> Result<Self, ImageError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let environment = Environment {
            variable: &variable,
            home: std::env::home_dir(),
        };
        Ok(Self::at(&Host::of(&environment)?, Patience::default()))
    }

    fn at(host: &Host, patience: Patience) -> Self {
        Self {
            agent: connection::agent(host, patience.archive),
            host: host.shown.clone(),
            is_elsewhere: host.way.is_elsewhere(),
            patience,
        }
    }

    /// An image of the engine's store, as an archive.
    pub fn image(&self, name: &str, limit: u64) -> Result<Source, ImageError> {
        let called = self.checked(name, "image")?;
        // Asked first: some versions answer to the other question with an archive of nothing.
        self.document(&format!("/images/{called}/json"), name, || {
            format!("it has no image `{}`: `docker pull` gets it", shown(name))
        })?;
        let what = format!("docker://{}", shown(name));
        // Docker 26 refuses to save an image whose other platforms it has not pulled.
        let otherwise = format!(
            "; a container of it can be had all the same: `docker create {}` names one for \
             container://",
            shown(name)
        );
        self.archive(&format!("/images/{called}/get"), &what, limit, &otherwise)
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
            elsewhere: self.is_elsewhere.then(|| self.host.clone()),
            files: self.archive(&format!("/containers/{called}/export"), &what, limit, "")?,
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

    fn get(
        &self,
        path: &str,
        patience: Option<Duration>,
    ) -> Result<Response<ureq::Body>, ImageError> {
        let request = self.agent.get(format!("{BASE}{path}")).config();
        let request = request
            .timeout_recv_response(patience)
            .timeout_recv_body(patience);
        request.build().call().map_err(|error| {
            let hint = hint(&error);
            let why = match error {
                Error::Io(error) => error.to_string(),
                error => error.to_string(),
            };
            self.failed(format!("it cannot be asked ({why}){hint}"))
        })
    }

    /// A JSON document.
    fn document(
        &self,
        path: &str,
        name: &str,
        not_found: impl FnOnce() -> String,
    ) -> Result<Vec<u8>, ImageError> {
        let response = self.get(path, Some(self.patience.document))?;
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

    /// An archive, copied to a temporary file. `otherwise` is said when the engine does not find all
    /// of it.
    fn archive(
        &self,
        path: &str,
        what: &str,
        limit: u64,
        otherwise: &str,
    ) -> Result<Source, ImageError> {
        let response = self.get(path, None)?;
        let is_partly_missing = response.status() == StatusCode::NOT_FOUND;
        let response = self.accepted(response, what).map_err(|error| match error {
            ImageError::Engine { host, why } if is_partly_missing => ImageError::Engine {
                host,
                why: format!("{why}{otherwise}"),
            },
            error => error,
        })?;
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
        let _ = reader.take(1024).read_to_end(&mut bytes);
        let message = match parse::<Refusal>(&bytes) {
            Ok(refusal) => refusal.message,
            Err(_) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        };
        Err(self.failed(format!(
            "it refuses {} ({status}): {}",
            shown(what),
            shown(&message)
        )))
    }

    fn failed(&self, why: String) -> ImageError {
        ImageError::Engine {
            host: shown(&self.host),
            why,
        }
    }
}

/// What helps an engine to be asked.
fn hint(error: &Error) -> &'static str {
    use std::io::ErrorKind;
    match error {
        Error::Timeout(_) => ": it says nothing",
        Error::Io(error) => match error.kind() {
            ErrorKind::PermissionDenied => {
                ": you may not talk to it; members of the group `docker` may"
            }
            // What is wrong is said already.
            ErrorKind::InvalidInput | ErrorKind::ConnectionAborted | ErrorKind::Unsupported => "",
            ErrorKind::InvalidData => {
                ": it does not agree on TLS, which DOCKER_TLS_VERIFY and DOCKER_CERT_PATH are for"
            }
            _ => ": is it running? DOCKER_HOST says where it is",
        },
        _ => ": is it running? DOCKER_HOST says where it is",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::Way;
    use std::net::TcpListener;

    fn engine(port: u16) -> Engine {
        let host = Host {
            shown: "tcp://here".into(),
            way: Way::Tcp {
                name: "127.0.0.1".into(),
                port,
                tls: None,
            },
        };
        let soon = Duration::from_millis(50);
        let patience = Patience {
            document: soon,
            archive: soon,
        };
        Engine::at(&host, patience)
    }

    #[test]
    fn only_names_become_part_of_a_url() {
        let engine = engine(1);
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
    fn an_engine_that_says_nothing_is_given_up() {
        // Connections are accepted by the system, and nobody ever answers.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let engine = engine(listener.local_addr().expect("it has one").port());
        let name = |result: Result<(), ImageError>| result.expect_err("silence").to_string();
        let error = name(engine.image("app", 1).map(drop));
        assert!(
            error.contains("tcp://here: it cannot be asked ("),
            "{error}"
        );
        assert!(error.ends_with("it says nothing"), "{error}");
        // An archive has no time-out of its own.
        let error = name(engine.archive("/x", "x", 1, "").map(drop));
        assert!(error.ends_with("it says nothing"), "{error}");
    }
}
