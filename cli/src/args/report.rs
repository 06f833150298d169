//! Options for the report of a failure, shared by the commands that run a program.

use super::values::{self, PathMapping};
use crate::output::Color;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The report.
#[derive(Debug, Args)]
#[command(next_help_heading = "The report")]
pub struct ReportArgs {
    /// Show all frames, those of the panic runtime and of std included
    #[arg(long)]
    pub full: bool,

    /// How many of the last host calls to show
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(..=10_000)
    )]
    pub host_calls: u32,

    /// Form of the report
    ///
    /// It is written to standard error, after what the guest wrote there; see --report-file.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub report: ReportFormat,

    /// Write the report to a file instead of standard error
    ///
    /// The file is only written when the guest fails.
    #[arg(long, value_name = "FILE")]
    pub report_file: Option<PathBuf>,

    /// Take debug info from this file
    ///
    /// A `.wasm` of the same program that was not stripped, or a `.debug.wasm` or `.dwp` beside it.
    #[arg(long, value_name = "FILE")]
    pub debug_file: Option<PathBuf>,

    /// Where sources are that have moved: paths in the debug info that begin with FROM are at TO
    #[arg(long, value_name = "FROM=TO", value_parser = values::mapping)]
    pub map: Vec<PathMapping>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
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
