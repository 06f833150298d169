//! Arguments of `wasmscope trace`.

use super::report::{Locals, ReportArgs};
use super::values;
use super::world::WorldArgs;
use crate::exit;
use clap::{ArgAction, Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Run a program and log every call it makes to its host, with the source line that made it
///
/// One line per call, in strace's manner, on standard error:
///
///     fd_write(fd=1</dev/stdout>, iovs=["hello\n"], 6) = 6 <21µs> at src/main.rs:12 in app::main
///
/// The program sees, does and answers what it would without wasmscope, and wasmscope exits with its
/// exit code. When the program fails, the report of `wasmscope run` follows.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, after_help = exit::HELP)]
pub struct TraceArgs {
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
    pub choose: ChooseArgs,

    #[command(flatten)]
    pub show: ShowArgs,

    #[command(flatten)]
    pub sum: SumArgs,

    #[command(flatten, next_help_heading = "The guest's world")]
    pub world: WorldArgs,

    /// Call an exported function instead of the program's entry, as `wasmscope run --invoke` does
    #[arg(long, value_name = "FUNCTION", help_heading = "The guest's world")]
    pub invoke: Option<String>,

    /// Which variables the report of a failure shows: --locals of `wasmscope run`
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHICH",
        help_heading = "The report"
    )]
    pub report_locals: Locals,

    #[command(flatten)]
    pub report: ReportArgs,
}

/// Which calls are traced.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which calls")]
pub struct ChooseArgs {
    /// Trace calls of these functions, or with these outcomes; put faults into calls
    ///
    /// `trace=SET` (or just SET): names such as `fd_write` (of a component: `descriptor.open-at`, or an
    /// interface such as `wasi:io/poll`), `/regex/`, classes (%file %fd %clock
    /// %random %proc %sock %env), `all`, `none`, with commas between them; `!` takes away:
    /// `!%clock`, `%file,!path_open`.
    /// `status=LIST`: successful, failed, unfinished, error names such as ENOENT.
    /// `inject=SET:error=NAME|retval=NUMBER:delay_enter=TIME:delay_exit=TIME:when=FIRST[..LAST][+STEP]`:
    /// calls of SET fail with that error, or return that number, without the host being asked (the
    /// guest's memory stays as it is), or take that much longer; `when` says which of them, counted
    /// from 1. Core modules only.
    #[arg(short = 'e', value_name = "FILTER", verbatim_doc_comment)]
    pub expressions: Vec<String>,

    /// Trace calls about this path of the guest's, or anything below it
    #[arg(short = 'P', long = "path", value_name = "PATH")]
    pub paths: Vec<String>,

    /// Trace calls about this descriptor; of a component, about the resource with this number
    #[arg(long = "fd", value_name = "N")]
    pub fds: Vec<u32>,

    /// Trace calls made from this source file, or this line of it
    #[arg(long = "at", value_name = "FILE[:LINE]")]
    pub places: Vec<String>,

    /// Trace calls that succeed
    #[arg(short = 'z', long, conflicts_with = "failed_only")]
    pub successful_only: bool,

    /// Trace calls that fail
    #[arg(short = 'Z', long)]
    pub failed_only: bool,
}

/// How the trace is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "The trace")]
pub struct ShowArgs {
    /// Write the trace to a file instead of standard error
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// What the trace is written as
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,

    /// Show at most N bytes of each buffer; paths are never cut
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t = 32,
        value_parser = clap::value_parser!(u32).range(..=1_048_576)
    )]
    pub string_limit: u32,

    /// Begin lines with the time of day in UTC (-tt: with microseconds, -ttt: as seconds since 1970)
    #[arg(short = 't', action = ArgAction::Count)]
    pub time: u8,

    /// Begin lines with the time since the call before began
    #[arg(short, long)]
    pub relative: bool,

    /// Show the guest's stack below each call, frames of the program's own (-kk: all frames)
    #[arg(short = 'k', action = ArgAction::Count)]
    pub stack: u8,

    /// Show the variables of the program's frame that makes each call
    ///
    /// Values that optimised code keeps out of memory are unavailable, but for those of components,
    /// which run as debuggable code for this: three to five times slower.
    #[arg(long)]
    pub locals: bool,

    /// Show also what lines leave out: rights, addresses, seldom used fields, whole lists
    ///
    /// `-v` says the same, as it does to strace; only `-vv` and more ask for messages of wasmscope's
    /// own.
    #[arg(long)]
    pub details: bool,

    /// Leave out how long calls took
    #[arg(long)]
    pub no_duration: bool,

    /// Leave out source lines
    #[arg(long)]
    pub no_source: bool,

    /// Show at most N calls; the program runs on
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,

    /// Leave out how the program ended
    #[arg(short, long)]
    pub quiet: bool,

    /// Show how long calls took, as is done anyway (strace's; see --no-duration)
    #[arg(short = 'T', hide_short_help = true)]
    pub strace_durations: bool,

    /// Show the paths behind descriptors, as is done anyway (strace's)
    #[arg(short = 'y', hide_short_help = true, action = ArgAction::Count)]
    pub strace_paths: u8,

    /// Show the names of arguments, as is done anyway (strace's)
    #[arg(short = 'N', hide_short_help = true)]
    pub strace_names: bool,

    /// Follow threads, as would be done anyway; a guest has only one so far (strace's)
    #[arg(short = 'f', hide_short_help = true)]
    pub strace_follow: bool,
}

/// What a trace is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Format {
    /// Lines for reading
    #[default]
    Text,
    /// JSON, one object a line (docs/trace-json.md says what is in it)
    Json,
    /// Chrome trace events, for https://ui.perfetto.dev (needs -o)
    Chrome,
    /// OTLP/JSON for OpenTelemetry collectors, one request a line (needs -o)
    Otlp,
}

/// The summary.
#[derive(Debug, Args)]
#[command(next_help_heading = "The summary")]
pub struct SumArgs {
    /// Show no calls but a table of what they cost together: number, errors, times, bytes
    #[arg(short = 'c', long, conflicts_with = "summary")]
    pub summary_only: bool,

    /// Show that table after the calls
    #[arg(short = 'C', long)]
    pub summary: bool,

    /// What calls are put together by
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub by: SumBy,

    /// What the table is in order of
    #[arg(long, value_enum, default_value_t, value_name = "COLUMN")]
    pub sort_by: SumOrder,
}

/// What calls are put together by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum SumBy {
    /// The function called
    #[default]
    Function,
    /// The source line that calls
    Site,
    /// The path that the call is about
    Path,
    /// The number of the call's descriptor
    Fd,
}

/// What the table is in order of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum SumOrder {
    /// Time of all calls
    #[default]
    Time,
    /// Number of calls
    Calls,
    /// Number of failed calls
    Errors,
    /// Bytes read and written
    Bytes,
    /// The longest call
    Max,
    /// Names
    Name,
}

impl TraceArgs {
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
