//! Where an engine is, and how it is spoken to, as the `docker` command finds it: `DOCKER_HOST` with
//! its TLS variables, else the context that is in use. Nothing is connected here.

use super::context;
use crate::error::{ImageError, shown};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where an engine is when nothing else is said.
const USUAL: &str = "unix:///var/run/docker.sock";

/// The ports of an engine, without and with TLS.
const PORTS: (u16, u16) = (2375, 2376);

/// What the user's environment says.
pub(super) struct Environment<'e> {
    /// A variable that is set and not empty.
    pub variable: &'e dyn Fn(&str) -> Option<OsString>,
    /// The user's own folder.
    pub home: Option<PathBuf>,
}

/// An engine's place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Host {
    /// As messages call it.
    pub shown: String,
    pub way: Way,
}

/// How an engine is spoken to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// A Unix domain socket.
    Socket(PathBuf),
    Tcp {
        name: String,
        port: u16,
        tls: Option<Certificates>,
    },
    /// `docker` on the other machine passes on what it is told.
    Ssh(Ssh),
}

/// Files for TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Certificates {
    /// `ca.pem` is who may vouch for the engine, `cert.pem` and `key.pem` are for this side.
    pub folder: PathBuf,
    /// Whether the engine's certificate has to be vouched for.
    pub verify: bool,
}

/// A machine that is reached by `ssh`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ssh {
    pub user: Option<String>,
    pub name: String,
    pub port: Option<u16>,
    /// The engine's socket on that machine, if it is not the usual one.
    pub socket: Option<String>,
}

impl Way {
    /// Whether the engine is on another machine, as far as can be told from here.
    pub fn is_elsewhere(&self) -> bool {
        let name = match self {
            Self::Socket(_) => return false,
            Self::Tcp { name, .. } => name,
            Self::Ssh(place) => &place.name,
        };
        let address: Option<std::net::IpAddr> = name.parse().ok();
        !(name == "localhost" || address.is_some_and(|address| address.is_loopback()))
    }
}

impl Environment<'_> {
    /// The folder of docker's own configuration.
    pub fn configuration(&self) -> Option<PathBuf> {
        match (self.variable)("DOCKER_CONFIG") {
            Some(folder) => Some(folder.into()),
            None => self.home.as_ref().map(|home| home.join(".docker")),
        }
    }

    fn is_set(&self, name: &str) -> bool {
        (self.variable)(name).is_some()
    }

    /// TLS as the variables want it.
    fn certificates(&self) -> Option<Certificates> {
        let verify = self.is_set("DOCKER_TLS_VERIFY");
        if !verify && !self.is_set("DOCKER_TLS") {
            return None;
        }
        let folder = (self.variable)("DOCKER_CERT_PATH").map(PathBuf::from);
        let folder = folder.or_else(|| self.configuration()).unwrap_or_default();
        Some(Certificates { folder, verify })
    }
}

impl Host {
    /// The engine that the environment names.
    pub fn of(environment: &Environment<'_>) -> Result<Self, ImageError> {
        if let Some(host) = (environment.variable)("DOCKER_HOST") {
            let host = host.to_string_lossy();
            return Self::parse(&host, environment.certificates(), environment);
        }
        match context::in_use(environment)? {
            Some(context) => {
                let mut host = Self::parse(&context.host, context.tls, environment)?;
                host.shown = format!("{} (context {})", host.shown, shown(&context.name));
                Ok(host)
            }
            None => Self::parse(USUAL, None, environment),
        }
    }

    fn parse(
        host: &str,
        tls: Option<Certificates>,
        environment: &Environment<'_>,
    ) -> Result<Self, ImageError> {
        let failed = |why: &str| ImageError::Engine {
            host: shown(host),
            why: why.to_owned(),
        };
        let way = match host.split_once("://") {
            Some(("unix", "")) => Way::Socket(PathBuf::from("/var/run/docker.sock")),
            Some(("unix", path)) => Way::Socket(PathBuf::from(path)),
            Some((scheme @ ("tcp" | "http" | "https"), place)) => {
                let tls = match scheme {
                    "https" => tls.or_else(|| {
                        let folder = (environment.variable)("DOCKER_CERT_PATH");
                        let folder = folder.map(PathBuf::from);
                        Some(Certificates {
                            folder: folder.or_else(|| environment.configuration())?,
                            verify: true,
                        })
                    }),
                    _ => tls,
                };
                let usual = if tls.is_some() { PORTS.1 } else { PORTS.0 };
                let (name, port) = name_and_port(place.trim_end_matches('/'))
                    .ok_or_else(|| failed("it is not of the form tcp://NAME:PORT"))?;
                Way::Tcp {
                    name: match name {
                        "" => "127.0.0.1".to_owned(),
                        name => name.to_owned(),
                    },
                    port: port.unwrap_or(usual),
                    tls,
                }
            }
            Some(("ssh", place)) => Way::Ssh(
                Ssh::parse(place)
                    .ok_or_else(|| failed("it is not of the form ssh://[USER@]NAME[:PORT]"))?,
            ),
            _ => {
                return Err(failed(
                    "only unix://, tcp:// and ssh:// can be spoken to: pipe `docker save IMAGE` \
                     into wasmscope instead",
                ));
            }
        };
        Ok(Self {
            shown: shown(host),
            way,
        })
    }
}

impl Ssh {
    fn parse(place: &str) -> Option<Self> {
        let (place, socket) = match place.find('/') {
            Some(slash) => (place.get(..slash)?, place.get(slash..)?),
            None => (place, ""),
        };
        let (user, place) = match place.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, place),
        };
        let (name, port) = name_and_port(place)?;
        // What begins with a hyphen would be an option, and `user:password` is not ssh's way.
        let is_word = |word: &str| {
            !word.is_empty() && !word.starts_with('-') && !word.contains([':', ' ', '\0'])
        };
        let is_name = is_word(name) || name.parse::<std::net::Ipv6Addr>().is_ok();
        // The other machine's shell reads it.
        let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
        (is_name && user.is_none_or(is_word) && socket.bytes().all(is_path)).then(|| Self {
            user: user.map(str::to_owned),
            name: name.to_owned(),
            port,
            socket: (socket.len() > 1).then(|| format!("unix://{socket}")),
        })
    }

    /// What `ssh` is told.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["-o".to_owned(), "ConnectTimeout=30".into(), "-T".into()];
        if let Some(user) = &self.user {
            arguments.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = self.port {
            arguments.extend(["-p".to_owned(), port.to_string()]);
        }
        arguments.extend(["--".to_owned(), self.name.clone(), "docker".into()]);
        if let Some(socket) = &self.socket {
            arguments.extend(["--host".to_owned(), socket.clone()]);
        }
        arguments.extend(["system".to_owned(), "dial-stdio".into()]);
        arguments
    }
}

/// `name`, `name:port`, `[::1]`, `[::1]:port`.
fn name_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    if place.contains(['/', '?', '#', ' ']) {
        return None;
    }
    let (name, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            (
                name,
                rest.strip_prefix(':').or(rest.is_empty().then_some("")),
            )
        }
        None => match place.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (place, Some("")),
        },
    };
    match port? {
        "" => Some((name, None)),
        port => Some((name, Some(port.parse().ok()?))),
    }
}

impl Certificates {
    /// Those of a folder, if there are any.
    pub fn of(folder: &Path, verify: bool) -> Option<Self> {
        folder.is_dir().then(|| Self {
            folder: folder.to_owned(),
            verify,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::fs;

    fn host(home: Option<&Path>, variables: &[(&str, &str)]) -> Result<Host, String> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        let variable = |name: &str| variables.get(name).map(OsString::from);
        let environment = Environment {
            variable: &variable,
            home: home.map(Path::to_owned),
        };
        Host::of(&environment).map_err(|error| error.to_string())
    }

    fn tcp(name: &str, port: u16) -> Way {
        Way::Tcp {
            name: name.into(),
            port,
            tls: None,
        }
    }

    #[test]
    fn an_engine_is_where_its_variable_says() {
        let usual = PathBuf::from("/var/run/docker.sock");
        for (text, way) in [
            ("unix:///run/a b.sock", Way::Socket("/run/a b.sock".into())),
            ("unix://", Way::Socket(usual.clone())),
            ("tcp://host:99", tcp("host", 99)),
            ("tcp://host", tcp("host", 2375)),
            ("tcp://", tcp("127.0.0.1", 2375)),
            ("http://host:99/", tcp("host", 99)),
            ("tcp://[::1]:99", tcp("::1", 99)),
            ("tcp://[::1]", tcp("::1", 2375)),
        ] {
            let found = host(None, &[("DOCKER_HOST", text)]).expect(text);
            assert_eq!((found.way, &*found.shown), (way, text));
        }
        assert_eq!(host(None, &[]).map(|host| host.way), Ok(Way::Socket(usual)));
        for wrong in [
            "nonsense",
            "npipe:////./pipe/docker_engine",
            "tcp://host:x",
            "tcp://host/path",
            "tcp://host:99999",
            "tcp://::1",
            "ssh://",
            "ssh://-oProxyCommand=x",
            "ssh://-x@host",
            "ssh://me:secret@host",
            "ssh://host/a;b",
        ] {
            let error = host(None, &[("DOCKER_HOST", wrong)]).expect_err(wrong);
            assert!(error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn folders_of_another_machine_are_not_here() {
        for (text, is_elsewhere) in [
            ("unix:///run/docker.sock", false),
            ("tcp://localhost:1", false),
            ("tcp://127.0.0.2", false),
            ("tcp://[::1]:1", false),
            ("ssh://me@localhost", false),
            ("tcp://192.0.2.1", true),
            ("tcp://build.example.org", true),
            ("ssh://build", true),
        ] {
            let found = host(None, &[("DOCKER_HOST", text)]).expect(text);
            assert_eq!(found.way.is_elsewhere(), is_elsewhere, "{text}");
        }
    }

    #[test]
    fn ssh_is_told_what_docker_tells_it() {
        for (text, arguments) in [
            ("ssh://host", "-T -- host docker system dial-stdio"),
            (
                "ssh://me@host:22/run/d.sock",
                "-T -l me -p 22 -- host docker --host unix:///run/d.sock system dial-stdio",
            ),
            ("ssh://[::1]/", "-T -- ::1 docker system dial-stdio"),
        ] {
            let Ok(Way::Ssh(ssh)) = host(None, &[("DOCKER_HOST", text)]).map(|host| host.way)
            else {
                panic!("{text}");
            };
            assert_eq!(
                ssh.arguments().join(" "),
                format!("-o ConnectTimeout=30 {arguments}")
            );
        }
    }

    #[test]
    fn tls_is_spoken_when_it_is_asked_for() {
        let at = |variables: &[(&str, &str)]| {
            let all = [&[("DOCKER_HOST", "tcp://host")], variables].concat();
            match host(Some(Path::new("/home/me")), &all).map(|host| host.way) {
                Ok(Way::Tcp { port, tls, .. }) => (port, tls),
                other => panic!("{other:?}"),
            }
        };
        let certificates = |folder: &str, verify| {
            let folder = folder.into();
            (2376, Some(Certificates { folder, verify }))
        };
        assert_eq!(at(&[]), (2375, None));
        assert_eq!(at(&[("DOCKER_CERT_PATH", "/c")]), (2375, None));
        let verified = ("DOCKER_TLS_VERIFY", "1");
        assert_eq!(at(&[verified]), certificates("/home/me/.docker", true));
        assert_eq!(
            at(&[
                verified,
                ("DOCKER_CERT_PATH", "/c"),
                ("DOCKER_CONFIG", "/d")
            ]),
            certificates("/c", true)
        );
        assert_eq!(
            at(&[("DOCKER_TLS", "1"), ("DOCKER_CONFIG", "/d")]),
            certificates("/d", false)
        );
        let https = host(
            None,
            &[("DOCKER_HOST", "https://host"), ("DOCKER_CERT_PATH", "/c")],
        );
        assert!(matches!(
            https.map(|host| host.way),
            Ok(Way::Tcp {
                port: 2376,
                tls: Some(_),
                ..
            })
        ));
    }

    #[test]
    fn without_a_variable_the_context_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let docker = folder.path().join(".docker");
        let of = |variables: &[(&str, &str)]| host(Some(folder.path()), variables);
        let way = |variables: &[(&str, &str)]| of(variables).map(|host| host.way);
        let usual = || Ok(Way::Socket("/var/run/docker.sock".into()));
        assert_eq!(way(&[("DOCKER_CONTEXT", "default")]), usual());

        // The folder's name is the digest of the context's.
        let id = "fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e";
        let meta = docker.join("contexts/meta").join(id);
        fs::create_dir_all(&meta).expect("writable");
        let write = |text: &str| fs::write(meta.join("meta.json"), text).expect("writable");
        write(
            r#"{"Name": "desktop-linux", "Metadata": {}, "Endpoints":
                {"docker": {"Host": "tcp://there", "SkipTLSVerify": false}}}"#,
        );
        let config = docker.join("config.json");
        fs::write(
            &config,
            r#"{"auths": {}, "currentContext": "desktop-linux"}"#,
        )
        .expect("writable");
        let found = of(&[]).expect("it is there");
        assert_eq!(found.way, tcp("there", 2375));
        assert_eq!(found.shown, "tcp://there (context desktop-linux)");
        assert_eq!(way(&[("DOCKER_CONTEXT", "default")]), usual());
        let own = [("DOCKER_HOST", "tcp://mine"), ("DOCKER_CONTEXT", "x")];
        assert_eq!(way(&own), Ok(tcp("mine", 2375)));

        let tls = docker.join("contexts/tls").join(id).join("docker");
        fs::create_dir_all(&tls).expect("writable");
        assert_eq!(
            way(&[]),
            Ok(Way::Tcp {
                name: "there".into(),
                port: 2376,
                tls: Some(Certificates {
                    folder: tls,
                    verify: true
                }),
            })
        );

        let error = of(&[("DOCKER_CONTEXT", "gone")]).expect_err("there is none");
        for part in ["context `gone`", "docker context ls", "DOCKER_CONTEXT"] {
            assert!(error.contains(part), "{error}");
        }
        write("{}");
        let error = of(&[]).expect_err("it names nothing");
        assert!(error.contains("names no engine"), "{error}");
        write("[");
        assert!(of(&[]).is_err());
        fs::write(&config, "nonsense").expect("writable");
        let error = of(&[]).expect_err("it cannot be read");
        assert!(error.contains("config.json"), "{error}");
    }
}
