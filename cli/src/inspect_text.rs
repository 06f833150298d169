//! An inspection as text: one block for each thing there is to know, aligned, nothing repeated.
//! Everything that comes out of the file is escaped.

use crate::output;
use std::fmt::Write as _;
use wasmscope_debugger::inspect::{
    DebugInspection, Debuggability, ExportGroup, ImportGroup, Inspection, InspectionKind,
    ModuleInspection, SectionSize, SourceRoot,
};

/// Lists are cut after so many entries unless all are asked for.
const SHORT: usize = 12;

/// Where lines of lists are broken.
const WIDTH: usize = 96;

/// How to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// With colour.
    pub color: bool,
    /// All entries of all lists.
    pub full: bool,
}

/// The text for a file that the user calls `name`.
pub fn render(inspection: &Inspection, name: &str, look: Look) -> String {
    let mut text = Text {
        out: String::new(),
        look,
    };
    text.head(inspection, name);
    text.sections(&inspection.sections, inspection.size);
    text.imports(&inspection.imports);
    text.exports(&inspection.exports);
    match inspection.kind {
        InspectionKind::Module => {
            if let Some(module) = inspection.modules.first() {
                text.code(module);
                text.debug(&module.debug, module);
            }
        }
        InspectionKind::Component => {
            for module in &inspection.modules {
                text.module(module, inspection);
            }
        }
    }
    text.verdict(inspection);
    text.out
}

struct Text {
    out: String,
    look: Look,
}

/// What stands out, and how.
#[derive(Clone, Copy)]
enum Mark {
    Heading,
    Good,
    Warning,
    Bad,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        self.out.push('\n');
        let heading = self.marked(heading, Mark::Heading);
        self.line(&heading);
    }

    /// One fact: a word in the left column, the rest in the right one.
    fn fact(&mut self, word: &str, rest: &str) {
        let _ = writeln!(self.out, "  {word:<10} {rest}");
    }

    fn marked(&self, text: &str, mark: Mark) -> String {
        if !self.look.color {
            return text.to_owned();
        }
        let code = match mark {
            Mark::Heading => "1",
            Mark::Good => "1;32",
            Mark::Warning => "1;33",
            Mark::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    fn head(&mut self, inspection: &Inspection, name: &str) {
        let kind = match inspection.kind {
            InspectionKind::Module => "core module".to_owned(),
            InspectionKind::Component => format!(
                "component with {}",
                count(inspection.modules.len() as u64, "core module")
            ),
        };
        let title = self.marked(&escaped(name), Mark::Heading);
        let size = bytes(inspection.size);
        self.line(&format!("{title}: {kind}, {size}"));
        let made_by = made_by(inspection);
        if !made_by.is_empty() {
            self.fact("made by", &made_by);
        }
        if let Some(damage) = &inspection.damage {
            let word = self.marked("damaged:", Mark::Bad);
            self.line(&format!(
                "  {word} {}; what follows was read before that",
                escaped(damage)
            ));
        }
        if let Some(invalid) = &inspection.invalid {
            let word = self.marked("invalid:", Mark::Bad);
            self.line(&format!("  {word} {}", escaped(invalid)));
        }
    }

    fn sections(&mut self, sections: &[SectionSize], whole: u64) {
        if sections.is_empty() {
            return;
        }
        self.heading("sections");
        let shown = self.shown(sections.len());
        for section in sections.iter().take(shown) {
            let share = section.size.saturating_mul(100).checked_div(whole);
            let times = match section.count {
                1 => String::new(),
                n => format!("  ({n} of them)"),
            };
            let name = escaped(&section.name);
            let share = match share {
                Some(0) if section.size > 0 => " <1 %".to_owned(),
                Some(share) => format!("{share:>3} %"),
                None => String::new(),
            };
            let _ = writeln!(
                self.out,
                "  {name:<22} {:>10}  {share}{times}",
                bytes(section.size)
            );
        }
        let rest = sections.get(shown..).unwrap_or_default();
        if !rest.is_empty() {
            let size: u64 = rest.iter().map(|section| section.size).sum();
            let name = format!("{} more", rest.len());
            let _ = writeln!(self.out, "  {name:<22} {:>10}", bytes(size));
        }
    }

    fn imports(&mut self, groups: &[ImportGroup]) {
        if groups.is_empty() {
            return;
        }
        self.heading("imports");
        for group in groups {
            let name = group.interface.as_deref().or_else(|| {
                let first = group.items.first()?;
                Some(&*first.name)
            });
            let name = escaped(name.unwrap_or_default());
            let missing = group.items.iter().filter(|item| !item.provided).count();
            let number = count(group.items.len() as u64, "item");
            if group.provided {
                self.line(&format!("  {name}  ({number})"));
            } else {
                let mark = self.marked("not provided", Mark::Bad);
                let which = match missing == group.items.len() {
                    true => mark,
                    false => format!("{missing} of them {mark}"),
                };
                self.line(&format!("  {name}  ({number}): {which}"));
            }
            let (here, gone): (Vec<_>, Vec<_>) = group.items.iter().partition(|item| item.provided);
            for item in gone.iter().take(self.shown(gone.len())) {
                let ty = item.ty.as_deref().unwrap_or(&item.kind);
                self.line(&format!("    {} {}", escaped(&item.name), escaped(ty)));
            }
            self.left_out(gone.len());
            if let Some(advice) = &group.advice {
                self.wrapped("    = ", &escaped(advice));
            }
            if group.provided || missing < group.items.len() {
                self.names(here.iter().map(|item| escaped(&item.name)).collect());
            }
        }
    }

    fn exports(&mut self, groups: &[ExportGroup]) {
        if groups.is_empty() {
            return;
        }
        self.heading("exports");
        for group in groups {
            let indent = match &group.interface {
                Some(interface) => {
                    self.line(&format!("  {}", escaped(interface)));
                    "    "
                }
                None => "  ",
            };
            let shown = self.shown(group.items.len());
            for item in group.items.iter().take(shown) {
                let ty = item.ty.as_deref().unwrap_or(&item.kind);
                self.line(&format!("{indent}{}  {}", escaped(&item.name), escaped(ty)));
            }
            self.left_out(group.items.len());
        }
    }

    /// One core module of a component.
    fn module(&mut self, module: &ModuleInspection, inspection: &Inspection) {
        let name = match &module.name {
            Some(name) => format!("core module {} ({})", module.index, escaped(name)),
            None => format!("core module {}", module.index),
        };
        let share = module.size.saturating_mul(100).checked_div(inspection.size);
        let share = share.map_or(String::new(), |share| format!(", {share} %"));
        self.heading(&format!("{name}: {}{share}", bytes(module.size)));
        self.code(module);
        self.debug(&module.debug, module);
    }

    fn code(&mut self, module: &ModuleInspection) {
        let functions = &module.functions;
        if inspect_heading(module) {
            self.heading("code");
        }
        let named = match (functions.name_section, functions.defined) {
            (_, 0) => String::new(),
            (true, _) => format!(", {} with a name", functions.named),
            (false, _) => ", no name section".to_owned(),
        };
        self.fact(
            "functions",
            &format!(
                "{} in {}{named}; {} imported",
                functions.defined,
                bytes(functions.code_bytes),
                functions.imported
            ),
        );
        let features = &module.target_features.used;
        if !features.is_empty() {
            self.fact("features", &escaped(&features.join(", ")));
        }
    }

    fn debug(&mut self, debug: &DebugInspection, module: &ModuleInspection) {
        if debug.units > 0 {
            let versions: Vec<_> = debug.versions.iter().map(u16::to_string).collect();
            self.fact(
                "debug info",
                &format!(
                    "DWARF {}, {} in {}, {}, {} with code",
                    versions.join(" and "),
                    bytes(debug.size),
                    escaped(&debug.source),
                    count(debug.units, "unit"),
                    debug.units_with_code
                ),
            );
            let compilers: Vec<_> = debug.compilers.iter().map(|name| compiler(name)).collect();
            if let Some(compilers) = list(&compilers) {
                self.fact("compilers", &compilers);
            }
            let functions = debug.functions_with_lines;
            let percent = debug.code_with_lines.percent().unwrap_or(0);
            self.fact(
                "lines",
                &format!(
                    "in {} of {} functions, {percent} % of the code",
                    functions.part, functions.whole
                ),
            );
            let own = debug.own_functions_with_variables;
            if own.whole > 0 {
                self.fact(
                    "variables",
                    &format!(
                        "in {} of {} of the program's own",
                        own.part,
                        count(own.whole, "function")
                    ),
                );
            }
            if debug.split_units.whole > 0 {
                let split = debug.split_units;
                self.fact(
                    "split",
                    &format!("{} of {} other halves found", split.part, split.whole),
                );
            }
            if debug.rows_off_opcodes.percent() > Some(0) {
                let off = debug.rows_off_opcodes;
                let word = self.marked("problem", Mark::Warning);
                self.line(&format!(
                    "  {word}: {} of {} line rows stand beside the instructions: a tool has changed \
                     the code without them",
                    off.part, off.whole
                ));
            }
        } else if debug.size > 0 {
            let size = bytes(debug.size);
            self.fact(
                "debug info",
                &format!("{size}, and no unit in it that can be read"),
            );
        } else {
            self.fact("debug info", "none inside");
        }
        if let Some(id) = &module.build_id {
            self.fact("build id", id);
        }
        if let Some(external) = &module.external.external_debug_info {
            self.fact("external", &format!("debug info in {}", escaped(external)));
        }
        if let Some(map) = &module.external.source_mapping_url {
            self.fact("source map", &format!("{}, not read", escaped(map)));
        }
        self.roots(&debug.roots);
        for problem in &debug.problems {
            let word = self.marked("problem", Mark::Warning);
            self.line(&format!("  {word}: {}", escaped(problem)));
        }
    }

    fn roots(&mut self, roots: &[SourceRoot]) {
        for (index, root) in roots.iter().enumerate() {
            let word = if index == 0 { "sources" } else { "" };
            let place = match &root.found_below {
                Some(place) => format!(" below {}", escaped(place)),
                None => String::new(),
            };
            let found = match root.found {
                0 if root.path.starts_with("/rustc/") => {
                    "not here (`rustup component add rust-src` brings them)".to_owned()
                }
                0 => "not here".to_owned(),
                n if n == root.files => format!("found{place}"),
                n => format!("{n} found{place}"),
            };
            self.fact(
                word,
                &format!(
                    "{} in {}: {}, {found}",
                    root.owner,
                    escaped(&root.path),
                    count(root.files, "file")
                ),
            );
        }
    }

    fn verdict(&mut self, inspection: &Inspection) {
        let verdict = &inspection.verdict;
        let (word, mark) = match verdict.debuggability {
            Debuggability::Full => ("debugging: good", Mark::Good),
            Debuggability::Lines => ("debugging: limited", Mark::Warning),
            Debuggability::Names => ("debugging: poor", Mark::Bad),
            Debuggability::Nothing => ("debugging: hardly possible", Mark::Bad),
        };
        self.out.push('\n');
        let word = self.marked(word, mark);
        self.line(&word);
        self.wrapped("  ", &escaped(&verdict.sentence));
        if let Some(remedy) = &verdict.remedy {
            self.wrapped("  help: ", &escaped(remedy));
        }
    }

    /// How many of `length` entries are shown. Hiding one or two would save nothing.
    fn shown(&self, length: usize) -> usize {
        match self.look.full || length <= SHORT.saturating_add(2) {
            true => length,
            false => SHORT,
        }
    }

    fn left_out(&mut self, length: usize) {
        let left_out = length.saturating_sub(self.shown(length));
        if left_out > 0 {
            self.line(&format!("    … and {left_out} more (--full shows them)"));
        }
    }

    /// Names with commas between them, in as many lines as they need.
    fn names(&mut self, names: Vec<String>) {
        if !names.is_empty() {
            self.wrapped("    ", &names.join(", "));
        }
    }

    /// Text broken between words; further lines are indented as far as `first` is long.
    fn wrapped(&mut self, first: &str, text: &str) {
        let indent = " ".repeat(first.chars().count());
        let mut line = first.to_owned();
        let mut length = indent.len();
        let mut empty = true;
        for word in text.split(' ') {
            let word_length = word.chars().count();
            if !empty && length.saturating_add(word_length).saturating_add(1) > WIDTH {
                self.line(&line);
                line.clone_from(&indent);
                length = indent.len();
                empty = true;
            }
            if !empty {
                line.push(' ');
                length = length.saturating_add(1);
            }
            line.push_str(word);
            length = length.saturating_add(word_length);
            empty = false;
        }
        self.line(&line);
    }
}

/// Whether the code's facts need a heading of their own: a component's modules have one already.
fn inspect_heading(module: &ModuleInspection) -> bool {
    module.offset == 0
}

/// A stranger's text on a line of its own or in the middle of one: nothing in it steers the
/// terminal, and it stays on its line.
pub(crate) fn escaped(text: &str) -> String {
    let safe = output::escaped(text);
    safe.replace('\n', "\\n").replace('\t', "\\t")
}

/// Who made it, in one line: of each tool the name and the version, without the commit.
fn made_by(inspection: &Inspection) -> String {
    let own = inspection.producers.iter();
    let nested = inspection
        .modules
        .iter()
        .flat_map(|module| &module.producers);
    let mut makers: Vec<String> = Vec::new();
    for producer in own.chain(nested) {
        let version = producer.version.split(" (").next().unwrap_or_default();
        let maker = format!("{} {version}", producer.name);
        let maker = escaped(maker.trim());
        if !makers.contains(&maker) && makers.len() < SHORT {
            makers.push(maker);
        }
    }
    makers.join(", ")
}

/// A compiler without its commit and where it was got from.
fn compiler(name: &str) -> String {
    let rustc = name.split_once("(rustc version ").map(|(_, rest)| rest);
    let (word, version) = match rustc {
        Some(rest) => ("rustc ", rest),
        None => ("", name),
    };
    let short = version.split(" (").next().unwrap_or(version);
    format!("{word}{}", short.trim_end_matches(')'))
}

fn list(entries: &[String]) -> Option<String> {
    let shown: Vec<_> = entries.iter().take(3).map(|entry| escaped(entry)).collect();
    let more = entries.len().saturating_sub(shown.len());
    let more = if more > 0 {
        format!(", {more} more")
    } else {
        String::new()
    };
    (!shown.is_empty()).then(|| shown.join(", ") + &more)
}

pub(crate) fn count(number: u64, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}

/// A size for people: `17 B`, `2.5 MB`.
pub(crate) fn bytes(size: u64) -> String {
    let (unit, name) = match size {
        0..1_000 => return format!("{size} B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = size / (unit / 10);
    match tenths {
        0..1_000 => format!("{}.{} {name}", tenths / 10, tenths % 10),
        _ => format!("{} {name}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (2_600_165, "2.6 MB"),
            (123_456_789, "123 MB"),
            (4_000_000_000, "4.0 GB"),
        ];
        for (size, expected) in table {
            assert_eq!(bytes(size), expected);
        }
    }

    #[test]
    fn long_text_is_broken_between_words() {
        let mut text = Text {
            out: String::new(),
            look: Look::default(),
        };
        text.wrapped("  = ", &"twelve chars ".repeat(10));
        let lines: Vec<_> = text.out.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(
            lines.len() == 2 && lines[1].starts_with("    t"),
            "{lines:?}"
        );
    }
}
