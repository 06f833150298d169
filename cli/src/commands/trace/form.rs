//! What the trace is written as, and where to.

use super::scribe::Destination;
use crate::args::{Format, LogArgs, TraceArgs};
use crate::output;
use anyhow::{Context as _, bail};
use std::fs::File;
use std::path::Path;
use wasmscope_tracer::render::LineStyle;
use wasmscope_tracer::trace::chrome::Chrome;
use wasmscope_tracer::trace::json::Json;
use wasmscope_tracer::trace::otlp::Otlp;
use wasmscope_tracer::trace::text::{Text, TextStyle, TimeStyle};
use wasmscope_tracer::trace::{Exporter, Subject};

/// Elements of a list that a line shows when nothing is to be left out: more than are recorded.
const ALL_ITEMS: usize = 4096;

/// Takes strace's `-v` out of the options for our own messages; the answer says whether it was
/// there.
pub(super) fn verbose(log: &LogArgs) -> (LogArgs, bool) {
    let rest = LogArgs {
        verbose: log.verbose.saturating_sub(1),
        log: log.log.clone(),
    };
    (rest, log.verbose > 0)
}

/// The format that the options ask for.
pub(super) fn exporter(
    args: &TraceArgs,
    details: bool,
    program: &Path,
    guest_args: &[String],
) -> Box<dyn Exporter> {
    let style = style(args, details);
    let subject = Subject {
        program: program.display().to_string(),
        args: guest_args.to_vec(),
    };
    match args.show.format {
        Format::Text => Box::new(Text::new(style)),
        Format::Json => Box::new(Json::new(subject)),
        Format::Chrome => Box::new(Chrome::new(subject, style.line)),
        Format::Otlp => Box::new(Otlp::new(subject, style.line)),
    }
}

/// Where the trace goes.
pub(super) fn destination(args: &TraceArgs) -> anyhow::Result<Destination> {
    let (show, sum) = (&args.show, &args.sum);
    let format = show.format;
    if format != Format::Text && sum.summary_only {
        bail!("-c: shows no calls, so there is nothing to write in another format; use -C");
    }
    let Some(path) = &show.output else {
        match format {
            Format::Text => {}
            Format::Json if !sum.summary => {}
            Format::Json => bail!("-C: is no JSON; write the calls to a file, with -o FILE"),
            Format::Chrome | Format::Otlp => bail!(
                "--format: standard error has the guest's own text in it; name a file, with -o FILE"
            ),
        }
        return Ok(Destination::Stderr);
    };
    let file =
        File::create(path).with_context(|| format!("-o {}: cannot be written", path.display()))?;
    Ok(Destination::File(path.clone(), file))
}

fn style(args: &TraceArgs, details: bool) -> TextStyle {
    let show = &args.show;
    let color = args.report.color;
    let to_stderr = show.output.is_none();
    let details = details || show.details;
    let plain = LineStyle::default();
    TextStyle {
        line: LineStyle {
            string_bytes: usize::try_from(show.string_limit).unwrap_or(usize::MAX),
            details,
            items: if details { ALL_ITEMS } else { plain.items },
        },
        time: match show.time {
            0 => TimeStyle::None,
            1 => TimeStyle::Seconds,
            2 => TimeStyle::Microseconds,
            _ => TimeStyle::Epoch,
        },
        relative: show.relative,
        no_duration: show.no_duration,
        quiet: show.quiet,
        color: color.on_stderr() && (to_stderr || color == output::Color::Always),
    }
}
