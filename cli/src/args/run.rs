//! Arguments of `wasmscope run`.

use super::values::{self, PathMapping};
use super::world::WorldArgs;
use crate::exit;
use crate::output::Color;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Run a program; when it fails, explain the failure
///
/// The program runs at full speed. If it exits, wasmscope exits with its code and prints nothing.
/// If it traps (a Rust panic does) or the host fails it, a report on standard error says what
/// happened, in which line of the source, with which values, after which calls to the host.
///
/// To run and test a crate with it, cargo needs to be told once:
///
///     CARGO_TARGET_WASM32_WASIP1_RUNNER="wasmscope run --dir ." cargo test --target wasm32-wasip1
///
/// or in .cargo/config.toml:
///
///     [target.wasm32-wasip1]
///     runner = "wasmscope run --dir ."
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, after_help = exit::HELP)]
pub struct RunArgs {
    /// The program, then its arguments
    ///
    /// TARGET is a `.wasm` module or component, or a `.wat` text. Everything after it goes to the
    /// guest untouched; options of wasmscope come before it.
    #[arg(
        value_names = ["TARGET", "ARGS"],
        required = true,
        trailing_var_arg = true,
        hide_possible_values = true
    )]
    target_and_args: Vec<String>,

    #[command(flatten, next_help_heading = "The guest's world")]
    pub world: WorldArgs,

    /// Call an exported function instead of the program's entry
    ///
    /// For a core module, ARGS are its arguments: `--invoke add math.wasm 1 2`. For a component,
    /// a call in WAVE: `--invoke 'greet("world")'`. Results are printed on standard output.
    #[arg(long, value_name = "FUNCTION", help_heading = "The guest's world")]
    pub invoke: Option<String>,

    /// Which variables the report shows
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHICH",
        help_heading = "The report"
    )]
    pub locals: Locals,

    /// Show all frames, those of the panic runtime and of std included
    #[arg(long, help_heading = "The report")]
    pub full: bool,

    /// How many of the last host calls to show
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(..=10_000),
        help_heading = "The report"
    )]
    pub host_calls: u32,

    /// Form of the report
    ///
    /// It is written to standard error, after what the guest wrote there; see --report-file.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORM",
        help_heading = "The report"
    )]
    pub report: ReportFormat,

    /// Write the report to a file instead of standard error
    ///
    /// The file is only written when the guest fails.
    #[arg(long, value_name = "FILE", help_heading = "The report")]
    pub report_file: Option<PathBuf>,

    /// Take debug info from this file
    ///
    /// A `.wasm` of the same program that was not stripped, or a `.debug.wasm` or `.dwp` beside it.
    #[arg(long, value_name = "FILE", help_heading = "The report")]
    pub debug_file: Option<PathBuf>,

    /// Where sources are that have moved: paths in the debug info that begin with FROM are at TO
    #[arg(
        long,
        value_name = "FROM=TO",
        value_parser = values::mapping,
        help_heading = "The report"
    )]
    pub map: Vec<PathMapping>,

    /// When to use colour
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "The report"
    )]
    pub color: Color,
}

/// Which variables a report shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Locals {
    /// None
    None,
    /// Those of the program's frame that failed
    Top,
    /// Those of all frames of the program's own code
    #[default]
    All,
    /// As all, running the program in debuggable code, 3 to 5 times slower, that keeps variables
    /// which optimised code holds in registers
    Exact,
}

/// Form of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum ReportFormat {
    /// For reading
    #[default]
    Text,
    /// All of it, as data
    Json,
}

impl RunArgs {
    /// The target and the guest's arguments.
    pub fn target(&self) -> (PathBuf, Vec<String>) {
        let mut all = self.target_and_args.iter().cloned();
        let target = all.next().unwrap_or_default();
        (PathBuf::from(target), all.collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn target(args: &[&str]) -> Vec<String> {
        let cli = Cli::try_parse_from([&["wasmscope", "run"], args].concat()).expect("valid");
        let Command::Run(run) = cli.command else {
            panic!("run")
        };
        let (target, args) = run.target();
        std::iter::once(target.display().to_string())
            .chain(args)
            .collect()
    }

    #[test]
    fn what_follows_the_target_is_the_guests() {
        for args in [
            &["a.wasm", "--full", "-v"][..],
            &["a.wasm", "--", "--dir", "x"],
            &["a.wasm", "-h"],
            &["a.wasm", "run", "--help", "--version"],
            &["a.wasm", ""],
        ] {
            assert_eq!(target(args), args);
        }
        assert_eq!(
            target(&["--full", "--dir", ".", "a.wasm", "--full"]),
            ["a.wasm", "--full"]
        );
        assert_eq!(target(&["--", "-a.wasm", "x"]), ["-a.wasm", "x"]);
    }
}
