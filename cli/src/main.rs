//! The `wasmscope` command: reads its arguments and hands over to one of [`commands`]. Nothing is
//! decided here but exit codes and where log messages go.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod compose;
mod compose_text;
mod debug_text;
mod engine_dns;
mod exit;
mod image_text;
mod inspect_text;
mod janitor;
mod logging;
mod output;
mod report;
mod target;

fn main() {
    if let Some(code) = janitor::serve() {
        std::process::exit(code);
    }
    let cli = match args::Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => exit::with(exit::usage(&error)),
    };
    let code = match commands::dispatch(cli) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    };
    exit::with(code)
}
