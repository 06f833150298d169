//! Arguments of `wasmscope debug`.

use super::values::{self, PathMapping};
use super::world::WorldArgs;
use crate::exit;
use crate::output::Color;
use clap::{ArgAction, ArgMatches, Args, FromArgMatches};
use std::ffi::OsString;
use std::path::PathBuf;

/// The text in `--help` below the options.
const HELP: &str = "\
Commands are those of gdb and Delve: `help` lists them, `help COMMAND` tells all about one. Without
a terminal they are read from standard input, one a line; so `wasmscope debug` serves in scripts:

    wasmscope debug -e 'break orders.rs:68' -e run -e bt --batch orders.wasm

The guest's standard input:
  the file of --stdin; with --feed what the commands `input` and `eof` give it; nothing, when
  commands are read from standard input; else wasmscope's own, the terminal if it is one
";

/// Step through a program: stop it at lines, look at its variables, go on
///
/// The program runs in debuggable code, 3 to 5 times slower than otherwise. On a terminal it is a
/// full screen: `?` there lists the keys. With --line, -x, -e, --feed or --stdin, with log messages,
/// or without a terminal, it goes by lines of text: commands come from the scripts given with -x and
/// -e, in their order; then from a prompt, or from standard input where that is no terminal.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, after_help = after_help())]
pub struct DebugArgs {
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

    #[command(flatten)]
    pub commands: CommandArgs,

    #[command(flatten, next_help_heading = "The guest's world")]
    pub world: WorldArgs,

    /// Call an exported function instead of the program's entry
    ///
    /// As for `wasmscope run`.
    #[arg(long, value_name = "FUNCTION", help_heading = "The guest's world")]
    pub invoke: Option<String>,

    /// Give the guest this file as its standard input
    #[arg(long, value_name = "FILE", help_heading = "The guest's world")]
    pub stdin: Option<PathBuf>,

    /// Give the guest as its standard input what the commands `input` and `eof` say
    #[arg(long, conflicts_with = "stdin", help_heading = "The guest's world")]
    pub feed: bool,

    /// Take debug info from this file
    ///
    /// A `.wasm` of the same program that was not stripped, or a `.debug.wasm` or `.dwp` beside it.
    #[arg(long, value_name = "FILE", help_heading = "The program's source")]
    pub debug_file: Option<PathBuf>,

    /// Where sources are that have moved: paths in the debug info that begin with FROM are at TO
    #[arg(
        long,
        value_name = "FROM=TO",
        value_parser = values::mapping,
        help_heading = "The program's source"
    )]
    pub map: Vec<PathMapping>,

    /// When to use colour
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Commands"
    )]
    pub color: Color,
}

impl DebugArgs {
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

/// Where commands come from.
#[derive(Debug)]
pub struct CommandArgs {
    /// What -x and -e gave, in the order of the command line.
    pub scripts: Vec<ScriptArg>,
    /// End when the scripts have ended.
    pub batch: bool,
    /// Lines of text rather than a full screen.
    pub line: bool,
}

/// One `-x` or `-e`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScriptArg {
    /// A file with commands.
    File(PathBuf),
    /// A command.
    Command(String),
}

/// The options of [`CommandArgs`] as clap reads them; it keeps them apart by name, and their order
/// has to be put together again.
#[derive(Debug, Args)]
#[command(next_help_heading = "Commands")]
struct CommandOptions {
    /// Carry out this command; may be given several times, mixed with -x
    #[arg(short = 'e', long = "execute", value_name = "COMMAND")]
    execute: Vec<String>,

    /// Carry out the commands in this file, one a line; `#` begins a comment
    #[arg(short = 'x', long = "script", value_name = "FILE")]
    script: Vec<PathBuf>,

    /// Read no more commands when those of -x and -e have been carried out
    ///
    /// The first command that fails ends it. The exit code says how it came out, see below.
    #[arg(long, action = ArgAction::SetTrue)]
    batch: bool,

    /// Lines of text with a prompt, instead of the full screen
    #[arg(long, action = ArgAction::SetTrue)]
    line: bool,
}

impl FromArgMatches for CommandArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let options = CommandOptions::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let commands = options.execute.into_iter().map(ScriptArg::Command);
        let files = options.script.into_iter().map(ScriptArg::File);
        let mut scripts: Vec<(usize, ScriptArg)> = places("execute").zip(commands).collect();
        scripts.extend(places("script").zip(files));
        scripts.sort_by_key(|(place, _)| *place);
        Ok(CommandArgs {
            scripts: scripts.into_iter().map(|(_, script)| script).collect(),
            batch: options.batch,
            line: options.line,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for CommandArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        CommandOptions::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        CommandOptions::augment_args_for_update(command)
    }
}

fn after_help() -> String {
    format!("{HELP}\n{}", exit::debug_help())
}

#[cfg(test)]
mod tests {
    use super::ScriptArg;
    use crate::args::{Cli, Command};
    use clap::Parser as _;
    use std::path::PathBuf;

    #[test]
    fn scripts_keep_their_order() {
        let args = "wasmscope debug -e b1 -x one -e b2 --batch -x two -e run a.wasm -e x";
        let cli = Cli::try_parse_from(args.split(' ')).expect("valid");
        let Command::Debug(debug) = cli.command else {
            panic!("debug")
        };
        let command = |text: &str| ScriptArg::Command(text.into());
        let file = |text: &str| ScriptArg::File(PathBuf::from(text));
        assert_eq!(
            debug.commands.scripts,
            [
                command("b1"),
                file("one"),
                command("b2"),
                file("two"),
                command("run")
            ]
        );
        assert!(debug.commands.batch);
        let (target, args) = debug.target().expect("UTF-8");
        assert_eq!(target, PathBuf::from("a.wasm"));
        assert_eq!(args, ["-e", "x"]);
    }
}
