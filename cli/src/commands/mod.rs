//! The commands, one module each. A command answers with the process's exit code.

mod config;
mod debug;
mod failure;
mod inspect;
mod run;
mod trace;

pub use config::ConfigArgs;
pub use inspect::InspectArgs;

use crate::args::{Cli, Command};

/// Does what the command line says.
pub fn dispatch(cli: Cli) -> anyhow::Result<i32> {
    match cli.command {
        Command::Run(args) => run::run(&cli.log, &args),
        Command::Trace(args) => trace::run(&cli.log, &args),
        Command::Debug(args) => debug::run(&cli.log, &args),
        Command::Config(args) => config::run(&cli.log, &args),
        Command::Inspect(args) => inspect::run(&cli.log, &args),
    }
}
