//! Arguments of `wasmscope run`.

use super::report::{Locals, ReportArgs};
use super::values;
use super::world::WorldArgs;
use crate::exit;
use clap::Args;
use std::ffi::OsString;
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
    /// TARGET is a `.wasm` module or component, a `.wat` text, or a container image or filesystem:
    /// an archive or a folder of any usual layout, with `:TAG` or `@DIGEST` for one of several
    /// images, or `-` for standard input; or a Compose file, whose service `--service` names.
    /// Everything after it goes to the guest untouched; options of wasmscope come before it.
    #[arg(
        value_names = ["TARGET", "ARGS"],
        required = true,
        trailing_var_arg = true,
        hide_possible_values = true
    )]
    target_and_args: Vec<OsString>,

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

    #[command(flatten)]
    pub report: ReportArgs,
}

impl RunArgs {
    /// The words from the target on.
    pub fn target_and_args(&self) -> &[OsString] {
        &self.target_and_args
    }

    /// The target and the guest's arguments.
    ///
    /// # Errors
    /// When an argument is not UTF-8.
    pub fn target(&self) -> anyhow::Result<(PathBuf, Vec<String>)> {
        values::target(&self.target_and_args)
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
        let (target, args) = run.target().expect("UTF-8");
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
