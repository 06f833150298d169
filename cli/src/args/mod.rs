//! The command line. Each command's arguments are a module here, but for `inspect` and `config`, which
//! keep their few with themselves; values with a syntax of their own (sizes, times, folders) are in
//! [`values`].

mod debug;
mod image;
mod report;
mod run;
mod trace;
mod values;
mod world;

pub use debug::{CommandArgs, DebugArgs, ScriptArg};
pub use image::{ImageArgs, PickArgs};
pub use report::{Locals, ReportArgs, ReportFormat};
pub use run::RunArgs;
pub use trace::{ChooseArgs, Format, SumArgs, SumBy, SumOrder, TraceArgs};
pub use values::{PathMapping, mapping};
pub use world::WorldArgs;

use crate::commands::{ConfigArgs, InspectArgs};
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::ffi::OsString;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// A debugger and tracer for WebAssembly outside the browser
///
/// Runs Rust (and other) programs compiled to WebAssembly at full speed, and explains every
/// failure in the words of the program's own source.
#[derive(Debug, Parser)]
#[command(
    name = "wasmscope",
    version,
    styles = STYLES,
    max_term_width = 100,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub log: LogArgs,

    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the words of the command line.
    ///
    /// `-v` asks for messages, and before `HOST:/GUEST` it is Docker's way to say `--volume`: which
    /// of them it is, shows where a target was expected and a volume stands. In the same way `--net` may
    /// be followed by where the guest may go.
    ///
    /// # Errors
    /// When the command line is wrong, or asks for help.
    pub fn read(mut words: Vec<OsString>) -> Result<Self, clap::Error> {
        loop {
            let cli = Self::try_parse_from(&words)?;
            let world = match &cli.command {
                Command::Run(args) => Some(&args.world),
                Command::Debug(args) => Some(&args.world),
                Command::Trace(_) | Command::Inspect(_) | Command::Config(_) => None,
            };
            if world.is_some_and(|world| world.summary_order().is_some()) {
                let text = format!("-S: {}\n", world::NO_SUCH_OPTION);
                return Err(clap::Error::raw(ErrorKind::InvalidValue, text));
            }
            let rest = match &cli.command {
                Command::Run(args) => args.target_and_args(),
                Command::Trace(args) => args.target_and_args(),
                Command::Debug(args) => args.target_and_args(),
                Command::Inspect(_) | Command::Config(_) => &[],
            };
            let target = rest.first().and_then(|word| word.to_str());
            let rest_length = rest.len();
            let before = words.len().checked_sub(rest_length.saturating_add(1));
            match before.and_then(|place| words.get_mut(place)) {
                Some(flag) if *flag == "-v" && target.is_some_and(image::is_volume) => {
                    *flag = OsString::from("--volume");
                }
                Some(flag) if *flag == "--net" && target.is_some_and(world::are_destinations) => {
                    *flag = OsString::from(format!("--net={}", target.unwrap_or_default()));
                    let taken = words.len() - rest_length;
                    words.remove(taken);
                }
                _ => return Ok(cli),
            }
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Box<RunArgs>),
    Trace(Box<TraceArgs>),
    Debug(Box<DebugArgs>),
    Inspect(Box<InspectArgs>),
    Config(ConfigArgs),
}

/// Messages of wasmscope itself.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Say on standard error what wasmscope does (-vv, -vvv: more)
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Messages")]
    pub verbose: u8,

    /// Filter for log messages, such as `wasmscope_runner=debug`
    #[arg(
        long,
        value_name = "FILTER",
        global = true,
        env = "WASMSCOPE_LOG",
        hide_env_values = true,
        help_heading = "Messages"
    )]
    pub log: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn a_v_before_a_volume_is_a_volume() {
        let read = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            let cli = Cli::read(words).expect("valid");
            let Command::Run(run) = cli.command else {
                panic!("run")
            };
            let volumes = run.world.image.volumes.len();
            let (target, args) = run.target().expect("UTF-8");
            (cli.log.verbose, volumes, target.display().to_string(), args)
        };
        let case = |v, n, target: &str, args: &[&str]| {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
            (v, n, target.to_owned(), args)
        };
        for (line, expected) in [
            ("wasmscope run -v a.tar", case(1, 0, "a.tar", &[])),
            (
                "wasmscope run -v d:/d -v e:/e:ro a.tar -v x:/y",
                case(0, 2, "a.tar", &["-v", "x:/y"]),
            ),
            ("wasmscope run -v -v d:/d a.tar", case(1, 1, "a.tar", &[])),
            (
                "wasmscope run -v a.tar:latest",
                case(1, 0, "a.tar:latest", &[]),
            ),
            ("wasmscope run -v docker://a", case(1, 0, "docker://a", &[])),
            (
                "wasmscope run a.wasm -v d:/d",
                case(0, 0, "a.wasm", &["-v", "d:/d"]),
            ),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn destinations_may_follow_net() {
        let read = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            let cli = Cli::read(words).expect("valid");
            let Command::Run(run) = cli.command else {
                panic!("run")
            };
            let (target, args) = run.target().expect("UTF-8");
            let net = run.world.net.as_ref().map(Vec::len);
            (net, target.display().to_string(), args.join(" "))
        };
        for (line, net, target, args) in [
            (
                "wasmscope run a.wasm --net a:1",
                None,
                "a.wasm",
                "--net a:1",
            ),
            ("wasmscope run --net a.wasm b", Some(0), "a.wasm", "b"),
            ("wasmscope run --net=a:1,b:2 a.wasm", Some(2), "a.wasm", ""),
            (
                "wasmscope run --net a:1,[::1]:* a.wasm b:1",
                Some(2),
                "a.wasm",
                "b:1",
            ),
            ("wasmscope run --net -p 1:2 a.wasm", Some(0), "a.wasm", ""),
            (
                "wasmscope run --net docker://a:80 b",
                Some(0),
                "docker://a:80",
                "b",
            ),
        ] {
            assert_eq!(
                read(line),
                (net, target.to_owned(), args.to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
