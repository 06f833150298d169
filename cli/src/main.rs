//! The `wasmscope` command: reads its arguments and hands over to one of [`commands`]. Nothing is
//! decided here but exit codes and where log messages go.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod debug_text;
mod exit;
mod inspect_text;
mod logging;
mod output;
mod report;

use clap::Parser as _;

fn main() {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => exit::with(exit::usage(&error)),
    };
    let code = match commands::dispatch(cli) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    };
    exit::with(code)
}
