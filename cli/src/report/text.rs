//! The report as text: rustc's way to show a place, then the stack with its variables, the last
//! host calls, and notes.

use super::escape;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use wasmscope_debugger::explain::{
    Cause, Excerpt, FrameKind, NoteKind, PanicSource, Place, Report, ReportFrame, StackEntry,
    Variable, round_in_words,
};

/// How a report looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether colours may be used.
    pub color: bool,
    /// Whether places are links (OSC 8) that a terminal opens.
    pub links: bool,
    /// Columns of the terminal; `None` when it is none.
    pub width: Option<usize>,
}

/// Names longer than this do not push the column of places to the right.
const MAX_NAME_COLUMN: usize = 44;
/// Columns of a text that no terminal shows.
const DEFAULT_WIDTH: usize = 110;
/// Indentation of variables below their frame, the number's width aside.
const VARIABLES_AT: usize = 6;
/// Unavailable variables named on one line.
const MAX_NAMES: usize = 8;

const HEADING: Style = Style::new().bold();
const FUNCTION: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const NAME: Style = AnsiColor::Cyan.on_default();
const NOTE: Style = AnsiColor::BrightGreen.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();

/// The report as text, with a final newline. It begins on a line of its own with an empty line
/// before it, wherever the guest's output has left the terminal.
pub fn text(report: &Report, look: Look) -> String {
    let mut page = Page {
        look,
        out: lead(report).to_owned(),
    };
    page.failure(report);
    page.disassembly(report);
    page.stack(report);
    page.host_calls(report);
    page.notes(report);
    page.out
}

/// What brings a terminal to a fresh line and leaves one empty.
fn lead(report: &Report) -> &'static str {
    match report.cause {
        // The guest's last words, and they end their line.
        Cause::Panic {
            source: PanicSource::Stderr,
            message: Some(_),
            ..
        } => "\n",
        // It may have been in the middle of one, as test harnesses are.
        _ => "\n\n",
    }
}

struct Page {
    look: Look,
    out: String,
}

impl Page {
    /// The headline, and the lines around the place.
    fn failure(&mut self, report: &Report) {
        let headline = escape::lines(&report.headline);
        let title = Level::ERROR.primary_title(headline);
        let width = self.look.width.unwrap_or(DEFAULT_WIDTH).max(40);
        let renderer = if self.look.color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.term_width(width);
        let source = report.excerpt.as_ref().map(SourceText::new);
        let rendered = match (&report.excerpt, &source, &report.place) {
            (Some(excerpt), Some(source), place) => {
                let label = excerpt
                    .label
                    .as_ref()
                    .map(|label| format!("in {}", escape::line(label)));
                let annotation = AnnotationKind::Primary
                    .span(source.mark.clone())
                    .label(label);
                let snippet = Snippet::source(source.text.as_str())
                    .line_start(usize::try_from(excerpt.first_line).unwrap_or(1))
                    .path(escape::line(&excerpt.file))
                    .fold(false)
                    .annotation(annotation);
                let rendered = renderer.render(&[title.element(snippet)]);
                self.with_link(rendered, place.as_ref())
            }
            (_, _, Some(place)) => {
                let mut origin = annotate_snippets::Origin::path(escape::line(&place.file));
                if let Some(line) = place.line {
                    origin = origin.line(usize::try_from(line).unwrap_or(0));
                    if let Some(column) = place.column {
                        origin = origin.char_column(usize::try_from(column).unwrap_or(0));
                    }
                }
                let rendered = renderer.render(&[title.element(origin)]);
                self.with_link(rendered, Some(place))
            }
            _ => renderer.render(&[Group::with_title(title)]),
        };
        self.out.push_str(rendered.trim_end());
        self.out.push('\n');
    }

    /// Makes the place in the arrow's line a link.
    fn with_link(&self, rendered: String, place: Option<&Place>) -> String {
        let Some(place) = place.filter(|place| self.look.links && place.path.is_some()) else {
            return rendered;
        };
        let shown = escape::line(&place.file);
        match rendered.find(&format!("{shown}:")) {
            Some(at) => {
                let (before, after) = rendered.split_at_checked(at).unwrap_or((&rendered, ""));
                let rest = after.strip_prefix(shown.as_str()).unwrap_or_default();
                format!("{before}{}{rest}", self.link(&shown, place))
            }
            None => rendered,
        }
    }

    /// `text`, as a link to the place's file where the look allows it.
    fn link(&self, text: &str, place: &Place) -> String {
        match &place.path {
            Some(path) if self.look.links => {
                format!(
                    "\x1b]8;;file://{}\x1b\\{text}\x1b]8;;\x1b\\",
                    percent_encoded(path)
                )
            }
            _ => text.to_owned(),
        }
    }

    fn heading(&mut self, text: &str) {
        let text = self.styled(HEADING, text);
        let _ = writeln!(self.out, "\n{text}");
    }

    fn styled(&self, style: Style, text: &str) -> String {
        match self.look.color {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }

    fn disassembly(&mut self, report: &Report) {
        let Some(code) = &report.disassembly else {
            return;
        };
        self.heading(&format!("opcodes of {}:", escape::line(&code.function)));
        for (place, line) in code.lines.iter().enumerate() {
            let mark = if place == code.failing { ">" } else { " " };
            let indent = "  ".repeat(usize::try_from(line.depth.min(12)).unwrap_or(0));
            let text = format!(
                "{mark} {:#8x}  {indent}{}",
                line.pc,
                escape::line(&line.text)
            );
            let text = if place == code.failing {
                self.styled(HEADING, &text)
            } else {
                text
            };
            let _ = writeln!(self.out, "{text}");
        }
    }

    fn stack(&mut self, report: &Report) {
        if report.layout.is_empty() {
            return;
        }
        self.heading("stack (innermost first):");
        let number = report
            .frames
            .last()
            .map_or(1, |frame| frame.index.to_string().len());
        let shown = report.layout.iter().filter_map(|entry| match entry {
            StackEntry::Frame { frame } => report.frames.get(*frame),
            _ => None,
        });
        let longest = shown.map(|frame| columns(&title(frame))).max().unwrap_or(0);
        let names = longest.min(MAX_NAME_COLUMN);
        for entry in &report.layout {
            match entry {
                StackEntry::Frame { frame } => {
                    if let Some(frame) = report.frames.get(*frame) {
                        self.frame(frame, number, names);
                    }
                }
                StackEntry::Folded { kinds, .. } => self.aside(number, &folded(kinds)),
                StackEntry::Repeated {
                    times,
                    frames,
                    functions,
                } => {
                    let text = format!(
                        "… {} more rounds of {} ({} calls)",
                        grouped(*times),
                        escape::line(&round_in_words(functions)),
                        grouped(*frames)
                    );
                    self.aside(number, &text);
                }
                StackEntry::Omitted {
                    frames: Some(frames),
                } => {
                    self.aside(number, &format!("… {} more calls", grouped(*frames)));
                }
                StackEntry::Omitted { frames: None } => self.aside(number, "… and more calls"),
            }
        }
    }

    /// A line that stands for frames that are not shown.
    fn aside(&mut self, number: usize, text: &str) {
        let text = self.styled(DIM, text);
        let _ = writeln!(self.out, "  {:number$}  {text}", "");
    }

    fn frame(&mut self, frame: &ReportFrame, number: usize, names: usize) {
        let title = title(frame);
        let place = match &frame.place {
            Some(place) => self.link(&place_text(place), place),
            None => format!("{:#x}", frame.pc),
        };
        let padding = " ".repeat(names.saturating_sub(columns(&title)));
        let title = match frame.kind {
            FrameKind::User => self.styled(FUNCTION, &title),
            _ => title,
        };
        let _ = writeln!(
            self.out,
            "  {:>number$}  {title}{padding}  {place}",
            frame.index
        );
        self.variables(frame, VARIABLES_AT + number);
    }

    fn variables(&mut self, frame: &ReportFrame, column: usize) {
        let indent = " ".repeat(column);
        let width = self.look.width.unwrap_or(DEFAULT_WIDTH).max(40);
        let known = frame
            .variables
            .iter()
            .filter_map(|v| Some((v, v.value.summary.as_ref()?)));
        for (variable, value) in known {
            let name = escape::line(&variable.value.name);
            let room = width.saturating_sub(column + columns(&name) + 3).max(20);
            let value = cut(&escape::line(value), room);
            let name = self.styled(NAME, &name);
            let _ = writeln!(self.out, "{indent}{name} = {value}");
        }
        for (names, reason) in reservations(&frame.variables) {
            let text = self.styled(DIM, &format!("{names}: {reason}"));
            let _ = writeln!(self.out, "{indent}{text}");
        }
        if let Some(reason) = &frame.variables_unavailable {
            let text = self.styled(
                DIM,
                &format!("variables unavailable: {}", escape::line(reason)),
            );
            let _ = writeln!(self.out, "{indent}{text}");
        }
    }

    fn host_calls(&mut self, report: &Report) {
        if report.host_calls.is_empty() {
            return;
        }
        self.heading("last host calls (oldest first):");
        for call in &report.host_calls {
            let _ = writeln!(self.out, "  {call}");
        }
    }

    fn notes(&mut self, report: &Report) {
        for (place, note) in report.notes.iter().enumerate() {
            if place == 0 {
                self.out.push('\n');
            }
            let word = match note.kind {
                NoteKind::Note => self.styled(NOTE, "note"),
                NoteKind::Help => self.styled(HELP, "help"),
            };
            let text = escape::lines(&note.text).replace('\n', "\n      ");
            let _ = writeln!(self.out, "{word}: {text}");
        }
    }
}

/// An excerpt as one text, and the mark's place in it.
struct SourceText {
    text: String,
    mark: std::ops::Range<usize>,
}

impl SourceText {
    fn new(excerpt: &Excerpt) -> Self {
        let marked = excerpt.line.saturating_sub(excerpt.first_line);
        let mut text = String::new();
        let mut mark = 0..0;
        for (number, line) in (0u32..).zip(&excerpt.lines) {
            let line = escape::source(line);
            if number == marked {
                let within = |at: usize| text.len() + at.min(line.len());
                mark = within(excerpt.mark.start)..within(excerpt.mark.end);
            }
            text.push_str(&line);
            text.push('\n');
        }
        let is_whole = text.get(mark.clone()).is_some();
        SourceText {
            mark: if is_whole { mark } else { 0..0 },
            text,
        }
    }
}

/// A frame's function, and whether it was inlined.
fn title(frame: &ReportFrame) -> String {
    let name = match &frame.function {
        Some(name) => escape::line(name),
        None => format!("function {}", frame.wasm_function),
    };
    if frame.inlined {
        format!("{name} (inlined)")
    } else {
        name
    }
}

/// A place as `file:line:column`.
pub fn place_text(place: &Place) -> String {
    let mut text = escape::line(&place.file);
    if let Some(line) = place.line {
        let _ = write!(text, ":{line}");
        if let Some(column) = place.column {
            let _ = write!(text, ":{column}");
        }
    }
    text
}

/// "… 9 frames of the panic machinery and 6 of std".
fn folded(kinds: &[(FrameKind, usize)]) -> String {
    format!("{} (--full shows them)", folded_kinds(kinds))
}

/// As [`folded`], without saying how to see them.
pub fn folded_kinds(kinds: &[(FrameKind, usize)]) -> String {
    let mut text = String::from("… ");
    for (place, (kind, count)) in kinds.iter().enumerate() {
        let of = match kind {
            FrameKind::User => "your own code",
            FrameKind::Dependency => "libraries",
            FrameKind::Std => "std",
            FrameKind::Panic => "the panic machinery",
            FrameKind::Runtime => "the runtime",
            FrameKind::Unknown => "unknown code",
        };
        let _ = match (place, place + 1 == kinds.len()) {
            (0, _) if *count == 1 => write!(text, "1 frame of {of}"),
            (0, _) => write!(text, "{count} frames of {of}"),
            (_, true) => write!(text, " and {count} of {of}"),
            (_, false) => write!(text, ", {count} of {of}"),
        };
    }
    text
}

/// Variables without a value, and those with a doubtful one, with what there is to say of them: those
/// with the same together.
pub fn reservations(variables: &[Variable]) -> Vec<(String, String)> {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for variable in variables {
        let value = &variable.value;
        let (lead, reason) = match (&value.unavailable, &value.doubt) {
            (Some(reason), _) => ("unavailable, ", &**reason),
            (None, Some(doubt)) => ("", &**doubt),
            (None, None) => continue,
        };
        // Which local it is in matters to nobody who reads the text; the data has it.
        let reason = match reason
            .split_once("in Wasm local ")
            .zip(reason.split_once(", which"))
        {
            Some((("", _), (_, rest))) => format!("{lead}in a Wasm local, which{rest}"),
            _ => format!("{lead}{reason}"),
        };
        let name = escape::line(&variable.value.name);
        match groups.iter_mut().find(|(_, known)| *known == reason) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], reason)),
        }
    }
    let text = |(names, reason): (Vec<String>, String)| {
        let more = names.len().saturating_sub(MAX_NAMES);
        let mut shown = names
            .into_iter()
            .take(MAX_NAMES)
            .collect::<Vec<_>>()
            .join(", ");
        if more > 0 {
            let _ = write!(shown, " and {more} more");
        }
        (shown, escape::line(&reason))
    };
    groups.into_iter().map(text).collect()
}

/// Columns that a text takes, near enough: terminals differ.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// As much of a text as these columns show.
pub fn cut(text: &str, columns: usize) -> String {
    match text.char_indices().nth(columns) {
        None => text.to_owned(),
        Some(_) => {
            let end = text
                .char_indices()
                .nth(columns.saturating_sub(1))
                .map_or(0, |(end, _)| end);
            format!("{}…", text.get(..end).unwrap_or_default())
        }
    }
}

/// A number with commas between the thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A path as the path of a URL.
fn percent_encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => url.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
            byte => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url
}
