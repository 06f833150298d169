//! What the guest is given, in Wasmtime's spelling: folders, environment, `-S` and `-W`.

use super::image::ImageArgs;
use super::trace::SumOrder;
use super::values;
use clap::{Args, ValueEnum as _};
use std::path::PathBuf;
use std::time::Duration;
use wasmscope_runner::{Destination, Dir, HostAlias, Network, Options, Outgoing, Publish, World};

/// Options for the guest's world and its limits.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// Grant the guest a folder of the host
    ///
    /// The guest finds HOST at GUEST, or under its own name when GUEST is left out: `--dir .`
    /// grants the current folder as `.`, `--dir data::/srv` grants `data` as `/srv`. May be given
    /// several times. Without it, the guest has no files at all.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = dir)]
    pub dirs: Vec<Dir>,

    /// Set an environment variable for the guest
    ///
    /// `--env NAME` passes the host's own value on. May be given several times; the last one of a
    /// name counts.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = env)]
    pub env: Vec<(String, String)>,

    /// What the guest sees as the name of its program [default: TARGET's file name]
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,

    /// Options for WASI: `inherit-network`, `inherit-env`, `allow-ip-name-lookup`
    ///
    /// Separated by commas, each with `=n` to take it back:
    ///   inherit-network       the host's network, and looking up names
    ///   inherit-env           all environment variables of the host
    ///   allow-ip-name-lookup  looking up names without more network
    #[arg(
        short = 'S',
        long = "wasi",
        value_name = "KEY[=y|n]",
        value_delimiter = ',',
        value_parser = wasi,
        verbatim_doc_comment
    )]
    pub wasi: Vec<WasiOption>,

    /// Limits: `max-memory-size=BYTES`, `max-wasm-stack=BYTES`, `timeout=TIME`
    ///
    /// Separated by commas:
    ///   max-memory-size=BYTES  no linear memory grows beyond; growing further fails in the guest
    ///   max-wasm-stack=BYTES   stack for calls in the guest [default: 524288]
    ///   timeout=TIME           as --timeout
    #[arg(
        short = 'W',
        long = "wasm",
        value_name = "KEY=VALUE",
        value_delimiter = ',',
        value_parser = wasm,
        verbatim_doc_comment
    )]
    pub wasm: Vec<WasmOption>,

    /// End the guest after this time, such as 10s or 500ms
    ///
    /// Compiling does not count. Code that can be interrupted runs up to a third slower, so leave
    /// it out when speed matters.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,

    /// Have a port that the guest listens on reached at another place of the host
    ///
    /// `-p 8080:80` makes the guest's port 80 the host's 8080, on the loopback address alone;
    /// `-p 0.0.0.0:8080:80` on all IPv4 addresses. `/tcp` or `/udp` at the end limits it to one of
    /// them. May be given several times. Without it, what the guest listens on is reached at the same
    /// port of the host's loopback address.
    #[arg(
        short = 'p',
        long = "publish",
        value_name = "[ADDR:]HOST:GUEST",
        help_heading = "Network"
    )]
    pub publish: Vec<Publish>,

    /// Let the guest connect and send: to anywhere, or with `--net=HOST:PORT,…` there only
    ///
    /// HOST is a name or an address (IPv6 in brackets), PORT may be `*`. Looking up names is allowed
    /// as far as connecting to them. `--net HOST:PORT TARGET` works as well.
    #[arg(
        long,
        value_name = "HOST:PORT",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        help_heading = "Network"
    )]
    pub net: Option<Vec<Destination>>,

    /// Answer the guest's lookup of a name with an address, instead of asking the host
    #[arg(long = "add-host", value_name = "NAME:IP", help_heading = "Network")]
    pub add_host: Vec<HostAlias>,

    #[command(flatten, next_help_heading = "Container images")]
    pub image: ImageArgs,
}

/// A `-S` option.
#[derive(Clone, Copy, Debug)]
pub enum WasiOption {
    InheritNetwork(bool),
    InheritEnv(bool),
    NameLookup(bool),
    /// The order of a trace's summary, which is what `-S` says to strace.
    SummaryOrder(SumOrder),
}

/// A `-W` option.
#[derive(Clone, Copy, Debug)]
pub enum WasmOption {
    MaxMemorySize(u64),
    MaxWasmStack(usize),
    Timeout(Duration),
}

impl WorldArgs {
    /// The guest's world.
    pub fn world(&self, args: Vec<String>) -> World {
        let mut env = Vec::new();
        let mut network = Network::default();
        let mut inherit_env = false;
        for option in &self.wasi {
            match *option {
                WasiOption::SummaryOrder(_) => {}
                WasiOption::InheritNetwork(yes) => network.inherit = yes,
                WasiOption::NameLookup(yes) => network.name_lookup = yes,
                WasiOption::InheritEnv(yes) => inherit_env = yes,
            }
        }
        network.published.clone_from(&self.publish);
        network.hosts.clone_from(&self.add_host);
        network.outgoing = match &self.net {
            None => Outgoing::Nowhere,
            Some(list) if list.is_empty() => Outgoing::Anywhere,
            Some(list) => Outgoing::To(list.clone()),
        };
        if inherit_env {
            for (name, value) in std::env::vars_os() {
                match (name.into_string(), value.into_string()) {
                    (Ok(name), Ok(value)) => env.push((name, value)),
                    (name, _) => tracing::warn!(?name, "not passed on: it is not UTF-8"),
                }
            }
        }
        env.extend(self.env.iter().cloned());
        World {
            args,
            argv0: self.argv0.clone(),
            env,
            dirs: self.dirs.clone(),
            network,
        }
    }

    /// The order of a trace's summary that `-S` says.
    pub fn summary_order(&self) -> Option<SumOrder> {
        self.wasi.iter().rev().find_map(|option| match option {
            WasiOption::SummaryOrder(order) => Some(*order),
            _ => None,
        })
    }

    /// Puts the limits into `options`.
    pub fn limit(&self, options: &mut Options) {
        for option in &self.wasm {
            match *option {
                WasmOption::MaxMemorySize(bytes) => options.max_memory_size = Some(bytes),
                WasmOption::MaxWasmStack(bytes) => options.max_wasm_stack = Some(bytes),
                WasmOption::Timeout(limit) => options.timeout = Some(limit),
            }
        }
        options.timeout = self.timeout.or(options.timeout);
    }
}

/// Whether a word after `--net` says where the guest may go, and is no target.
pub(super) fn are_destinations(word: &str) -> bool {
    word.split(',')
        .all(|part| part.parse::<Destination>().is_ok())
}

fn dir(text: &str) -> Result<Dir, String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("expected HOST or HOST::GUEST, such as ./data::/data".into());
    }
    Ok(Dir {
        host: PathBuf::from(host),
        guest: guest.to_owned(),
        read_only: false,
    })
}

fn env(text: &str) -> Result<(String, String), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, value.to_owned()),
        None => match std::env::var(text) {
            Ok(value) => (text, value),
            Err(std::env::VarError::NotPresent) => {
                return Err(format!("is not set here: give it a value, {text}=VALUE"));
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err("its value here is not UTF-8".into());
            }
        },
    };
    if name.is_empty() {
        return Err("expected NAME=VALUE, or NAME to pass the host's on".into());
    }
    Ok((name.to_owned(), value))
}

/// What to say to what `-S` does not have.
pub(super) const NO_SUCH_OPTION: &str =
    "there are inherit-network, inherit-env and allow-ip-name-lookup";

fn wasi(text: &str) -> Result<WasiOption, String> {
    let (key, value) = key_value(text);
    let yes = values::switch(value)?;
    match key {
        "inherit-network" => Ok(WasiOption::InheritNetwork(yes)),
        "inherit-env" => Ok(WasiOption::InheritEnv(yes)),
        "allow-ip-name-lookup" => Ok(WasiOption::NameLookup(yes)),
        // strace's `-S`: none of Wasmtime's options is called so.
        order => SumOrder::from_str(order, false)
            .map(WasiOption::SummaryOrder)
            .map_err(|_| NO_SUCH_OPTION.to_owned()),
    }
}

fn wasm(text: &str) -> Result<WasmOption, String> {
    let (key, value) = key_value(text);
    let value = value.unwrap_or_default();
    match key {
        "max-memory-size" => values::size(value).map(WasmOption::MaxMemorySize),
        "max-wasm-stack" => {
            let bytes = usize::try_from(values::size(value)?).map_err(|e| e.to_string())?;
            Ok(WasmOption::MaxWasmStack(bytes))
        }
        "timeout" => values::duration(value).map(WasmOption::Timeout),
        _ => Err("there are max-memory-size=, max-wasm-stack= and timeout=".into()),
    }
}

fn key_value(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        let granted = |text| dir(text).map(|dir| (dir.host, dir.guest));
        assert_eq!(granted("."), Ok((PathBuf::from("."), ".".to_owned())));
        assert_eq!(granted("a::/b"), Ok((PathBuf::from("a"), "/b".to_owned())));
        assert!(granted("::/b").is_err());
        assert!(granted("a::").is_err());
    }

    #[test]
    fn variables() {
        assert_eq!(env("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(env("A="), Ok(("A".to_owned(), String::new())));
        assert!(env("=x").is_err());
        assert!(env("WASMSCOPE_SURELY_NOT_SET").is_err());
    }
}
