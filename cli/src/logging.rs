//! Log messages of our own, on standard error, for finding out why wasmscope does what it does.
//! They are off unless asked for.

use crate::args::LogArgs;
use anyhow::Context as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use wasmscope_tracer::ComponentCalls;

/// Sets up logging for the process; `calls` hears of the host calls of components, which Wasmtime
/// tells in the same way.
pub fn init(args: &LogArgs, calls: Option<&ComponentCalls>) -> anyhow::Result<()> {
    let twice = "the process has a subscriber already: a bug";
    let directives = match (&args.log, args.verbose) {
        (Some(filter), _) => filter.as_str(),
        (None, 0) => return calls.map_or(Ok(()), ComponentCalls::install).context(twice),
        (None, 1) => "wasmscope=info",
        (None, 2) => "wasmscope=debug",
        (None, _) => "wasmscope=trace",
    };
    let filter = EnvFilter::builder().parse(directives).with_context(|| {
        format!("--log {directives}: is not a filter such as `wasmscope=debug`")
    })?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let logging = tracing_subscriber::registry().with(filter).with(layer);
    match calls {
        Some(calls) => tracing::subscriber::set_global_default(calls.tap(logging)),
        None => tracing::subscriber::set_global_default(logging),
    }
    .context(twice)
}
