//! Breakpoints: what is said when one is set, and the table of all.

use super::{DIM, Look};
use crate::report::{escape, place_text};
use std::fmt::Write as _;
use wasmscope_debugger::protocol::{
    Breakpoint, BreakpointLocation, BreakpointPlace, BreakpointSpec, HitCondition,
};

/// Locations named when a breakpoint is set; the table names more.
const MAX_TOLD: usize = 8;
const MAX_IN_TABLE: usize = 50;

/// What a breakpoint is called: `Breakpoint 1`, `Temporary breakpoint 1`, `Watchpoint 2`.
fn title(breakpoint: &Breakpoint) -> String {
    let id = breakpoint.id;
    match (kind(&breakpoint.spec), breakpoint.spec.temporary) {
        (kind, true) => format!("Temporary {kind} {id}"),
        ("logpoint", _) => format!("Logpoint {id}"),
        ("watchpoint", _) => format!("Watchpoint {id}"),
        _ => format!("Breakpoint {id}"),
    }
}

fn kind(spec: &BreakpointSpec) -> &'static str {
    match (&spec.place, &spec.log) {
        (_, Some(_)) => "logpoint",
        (BreakpointPlace::Watch { .. }, None) => "watchpoint",
        _ => "breakpoint",
    }
}

/// What was asked for, in words.
pub fn place_asked(place: &BreakpointPlace) -> String {
    match place {
        BreakpointPlace::Line { file, line, column } => {
            let column = column.map_or(String::new(), |column| format!(":{column}"));
            format!("{}:{line}{column}", escape::line(file))
        }
        BreakpointPlace::Function { name } => escape::line(name),
        BreakpointPlace::FunctionRegex { pattern } => format!("/{}/", escape::line(pattern)),
        BreakpointPlace::Pc { pc, module: None } => format!("*{pc:#x}"),
        BreakpointPlace::Pc {
            pc,
            module: Some(module),
        } => format!("*{module}:{pc:#x}"),
        BreakpointPlace::Panic => "Rust panics".to_owned(),
        BreakpointPlace::HostCall { filter } => format!("host calls {}", escape::line(filter)),
        BreakpointPlace::Watch { expression } => escape::line(expression),
    }
}

/// Whether a breakpoint has locations when all is well.
fn has_locations(place: &BreakpointPlace) -> bool {
    matches!(
        place,
        BreakpointPlace::Line { .. }
            | BreakpointPlace::Function { .. }
            | BreakpointPlace::FunctionRegex { .. }
            | BreakpointPlace::Pc { .. }
    )
}

/// A location: `src/main.rs:127:31 in orders::pick`.
fn location(location: &BreakpointLocation) -> String {
    let inlined = if location.inlined { " (inlined)" } else { "" };
    match (&location.place, &location.function) {
        (Some(place), Some(function)) => {
            format!(
                "{} in {}{inlined}",
                place_text(place),
                escape::line(function)
            )
        }
        (Some(place), None) => place_text(place),
        (None, Some(function)) => {
            format!("{:#x} in {}{inlined}", location.pc, escape::line(function))
        }
        (None, None) => format!("{:#x}", location.pc),
    }
}

/// What is said of a breakpoint that was set just now.
pub fn breakpoint_told(breakpoint: &Breakpoint, look: Look) -> String {
    let mut out = title(breakpoint);
    let asked = place_asked(&breakpoint.spec.place);
    match breakpoint.locations.as_slice() {
        [] if has_locations(&breakpoint.spec.place) => {
            let _ = writeln!(out, " at {asked} matches nothing yet");
        }
        [] => {
            let _ = writeln!(out, ": {asked}");
        }
        all => match (runs(breakpoint).as_slice(), breakpoint.truncated) {
            ([only], false) => {
                let _ = writeln!(out, " at {}", only.text());
            }
            (_, truncated) => {
                let least = if truncated { "more than " } else { "" };
                let _ = writeln!(out, " at {least}{} locations:", all.len());
                locations(breakpoint, MAX_TOLD, "  ", &mut out);
            }
        },
    }
    for note in &breakpoint.notes {
        let text = format!("  note: {}", escape::lines(note).replace('\n', "\n    "));
        let _ = writeln!(out, "{}", look.styled(DIM, &text));
    }
    if !breakpoint.suggestions.is_empty() {
        let names: Vec<String> = breakpoint
            .suggestions
            .iter()
            .take(MAX_TOLD)
            .map(|name| escape::line(name))
            .collect();
        let _ = writeln!(out, "  did you mean {}?", names.join(", "));
    }
    out
}

/// Locations that read alike: copies of a generic function.
struct Run {
    /// Number of the first one.
    first: usize,
    count: usize,
    location: String,
}

impl Run {
    fn text(&self) -> String {
        match self.count {
            1 => self.location.clone(),
            count => format!("{} ({count} copies)", self.location),
        }
    }
}

fn runs(breakpoint: &Breakpoint) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (number, at) in (1..).zip(&breakpoint.locations) {
        let text = location(at);
        match runs.last_mut() {
            Some(last) if last.location == text => last.count = last.count.saturating_add(1),
            _ => runs.push(Run {
                first: number,
                count: 1,
                location: text,
            }),
        }
    }
    runs
}

fn locations(breakpoint: &Breakpoint, most: usize, indent: &str, out: &mut String) {
    let runs = runs(breakpoint);
    let id = breakpoint.id;
    for run in runs.iter().take(most) {
        let _ = match run.count {
            1 => writeln!(out, "{indent}{id}.{}  {}", run.first, run.text()),
            count => {
                let last = run.first.saturating_add(count).saturating_sub(1);
                writeln!(out, "{indent}{id}.{}-{last}  {}", run.first, run.text())
            }
        };
    }
    let more: usize = runs.iter().skip(most).map(|run| run.count).sum();
    if more > 0 {
        let _ = writeln!(out, "{indent}… and {more} more");
    }
}

/// All breakpoints, and what is done at each beyond stopping.
pub fn breakpoint_table<'b>(
    all: impl Iterator<Item = &'b Breakpoint> + Clone,
    actions: impl Fn(u32) -> Vec<String>,
) -> String {
    let mut out = String::new();
    if all.clone().next().is_none() {
        return "No breakpoints: `break` sets one.\n".to_owned();
    }
    let _ = writeln!(out, "Num  Kind        On   Hits  Where");
    for breakpoint in all {
        let spec = &breakpoint.spec;
        let kind = match spec.temporary {
            true => "temporary",
            false => kind(spec),
        };
        let on = if spec.enabled { "yes" } else { "no" };
        let asked = place_asked(&spec.place);
        let runs = runs(breakpoint);
        let place = match runs.as_slice() {
            [] if has_locations(&spec.place) => format!("{asked} (matches nothing yet)"),
            [only] => only.text(),
            [] => asked,
            _ => format!("{asked}, {} locations:", breakpoint.locations.len()),
        };
        let _ = writeln!(
            out,
            "{:<4} {kind:<11} {on:<4} {:<5} {place}",
            breakpoint.id, breakpoint.hits
        );
        if runs.len() > 1 {
            locations(breakpoint, MAX_IN_TABLE, "       ", &mut out);
        }
        let mut detail = |text: String| {
            let _ = writeln!(out, "       {text}");
        };
        if let Some(condition) = &spec.condition {
            detail(format!("only if {}", escape::line(condition)));
        }
        if let Some(hits) = spec.hits {
            detail(format!("only at hits {}", hits_text(hits)));
        }
        if spec.ignore > 0 {
            let hits = if spec.ignore == 1 { "hit" } else { "hits" };
            detail(format!("passes over the first {} {hits}", spec.ignore));
        }
        if let Some(log) = &spec.log {
            detail(format!(
                "logs \"{}\"",
                escape::line(&log.escape_debug().to_string())
            ));
        }
        for action in actions(breakpoint.id) {
            detail(format!("does {}", escape::line(&action)));
        }
    }
    out
}

/// A hit condition: `> 3`.
pub fn hits_text(hits: HitCondition) -> String {
    match hits {
        HitCondition::Less(n) => format!("< {n}"),
        HitCondition::LessOrEqual(n) => format!("<= {n}"),
        HitCondition::Equal(n) => format!("== {n}"),
        HitCondition::GreaterOrEqual(n) => format!(">= {n}"),
        HitCondition::Greater(n) => format!("> {n}"),
        HitCondition::Multiple(n) => format!("% {n}"),
    }
}
