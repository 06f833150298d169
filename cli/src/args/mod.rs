//! The command line. Each command's arguments are a module here, but for `inspect`, which keeps
//! its few with itself; values with a syntax of their own (sizes, times, folders) are in
//! [`values`].

mod debug;
mod report;
mod run;
mod trace;
mod values;
mod world;

pub use debug::{CommandArgs, DebugArgs, ScriptArg};
pub use report::{Locals, ReportArgs, ReportFormat};
pub use run::RunArgs;
pub use trace::{ChooseArgs, Format, SumArgs, SumBy, SumOrder, TraceArgs};
pub use values::{PathMapping, mapping};

use crate::commands::InspectArgs;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand};

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

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Box<RunArgs>),
    Trace(Box<TraceArgs>),
    Debug(Box<DebugArgs>),
    Inspect(Box<InspectArgs>),
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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
