//! The stack for a reader: source frames out of Wasm frames, whose they are, and which of them
//! to show, fold or count.

use super::classify;
use super::report::{Cycle, FrameKind, Place, ReportFrame, StackEntry};
use crate::sources::Sources;
use std::collections::HashMap;
use std::ops::Range;
use wasmscope_runner::WasmFrame;
use wasmscope_symbols::{ModulePc, SourceFrame, Symbols};

/// Wasm frames that are looked up at each end of a stretch of the stack; what lies between is
/// counted only. Wasm's stack takes tens of thousands.
const KEPT_INNER: usize = 200;
const KEPT_OUTER: usize = 100;
/// The longest round of a recursion that is recognised, in Wasm frames.
const MAX_ROUND: usize = 64;
/// A recursion of fewer rounds is shown in full.
const MIN_ROUNDS: usize = 6;
/// Rounds that are shown before the rest is counted.
const SHOWN_ROUNDS: usize = 2;

/// The stack, looked up.
pub(super) struct Stack {
    pub frames: Vec<ReportFrame>,
    pub layout: Vec<StackEntry>,
    /// The debug info's frame and the Wasm frame behind each of `frames`.
    pub origins: Vec<Origin>,
    /// The recursion that fills the stack, when one does.
    pub cycle: Option<Cycle>,
    /// The Wasm frames that the recursion spans.
    cycle_frames: Range<usize>,
}

/// Where a report's frame comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Place in the Wasm stack.
    pub wasm: usize,
    /// What the debug info says.
    pub source: SourceFrame,
}

/// A stretch of the Wasm stack.
enum Stretch {
    Looked(Range<usize>),
    Repeated {
        frames: usize,
        times: usize,
        round: Range<usize>,
    },
    Omitted(Option<usize>),
}

/// Looks up a stack. `full` shows every frame there is.
pub(super) fn read(
    stack: &[WasmFrame],
    cut: bool,
    symbols: &[Symbols],
    sources: &Sources,
    full: bool,
) -> Stack {
    let recursion = recursion(stack);
    let mut reader = Reader {
        symbols,
        sources,
        places: HashMap::new(),
    };
    let (mut frames, mut origins) = (Vec::new(), Vec::new());
    let mut stretches = Vec::new();
    let mut index = 0;
    for stretch in plan(stack.len(), recursion.as_ref(), cut, full) {
        let first = frames.len();
        if let Stretch::Looked(range) = &stretch {
            for wasm in range.clone() {
                let Some(frame) = stack.get(wasm) else {
                    continue;
                };
                for (frame, source) in reader.frames(frame) {
                    frames.push(ReportFrame { index, ..frame });
                    origins.push(Origin { wasm, source });
                    index = index.saturating_add(1);
                }
            }
        }
        // Inlined calls in frames that were not looked up are not counted: nobody counted them.
        index = index.saturating_add(match &stretch {
            Stretch::Looked(_) => 0,
            Stretch::Repeated { frames, .. } => *frames,
            Stretch::Omitted(frames) => frames.unwrap_or(0),
        });
        stretches.push((stretch, first..frames.len()));
    }
    own_package(&mut frames, &origins, cut);
    calm(&mut frames);
    let fold = !full
        && frames
            .iter()
            .any(|frame: &ReportFrame| is_shown(frame.kind));
    let mut layout = Vec::new();
    for (stretch, range) in stretches {
        match stretch {
            Stretch::Looked(_) => lay_out(&frames, range, fold, &mut layout),
            Stretch::Repeated {
                frames: count,
                times,
                round,
            } => layout.push(StackEntry::Repeated {
                times,
                frames: count,
                functions: round_of(&frames, &origins, &round),
            }),
            Stretch::Omitted(count) => layout.push(StackEntry::Omitted { frames: count }),
        }
    }
    let cycle_frames = recursion.map_or(0..0, |(start, round, times)| {
        start..start.saturating_add(round.saturating_mul(times))
    });
    let cycle = recursion.map(|(start, round, times)| Cycle {
        functions: round_of(&frames, &origins, &(start..start + round)),
        times,
    });
    Stack {
        frames,
        layout,
        origins,
        cycle,
        cycle_frames,
    }
}

impl Stack {
    /// The frame to point at: the first that is the user's; of a library or of nobody known when
    /// there is none.
    pub(super) fn users(&self) -> Option<usize> {
        first_of(&self.frames, |_| true)
    }

    /// The innermost frame of the recursion that is the user's or a library's: the one to blame
    /// when the stack ran out, whatever it called last.
    pub(super) fn recursing(&self) -> Option<usize> {
        first_of(&self.frames, |frame| {
            self.origins
                .get(frame)
                .is_some_and(|origin| self.cycle_frames.contains(&origin.wasm))
        })
    }

    /// The file of a frame as the debug info has it.
    pub(super) fn raw_file(&self, frame: usize) -> Option<&str> {
        raw_file(self.origins.get(frame)?)
    }
}

fn raw_file(origin: &Origin) -> Option<&str> {
    Some(&origin.source.location.as_ref()?.file)
}

/// The first frame that is somebody's own, among those that `counts` takes.
fn first_of(frames: &[ReportFrame], counts: impl Fn(usize) -> bool) -> Option<usize> {
    let first = |kind| {
        let mut places = frames.iter().enumerate();
        places
            .find(|(place, frame)| frame.kind == kind && counts(*place))
            .map(|(place, _)| place)
    };
    first(FrameKind::User)
        .or_else(|| first(FrameKind::Dependency))
        .or_else(|| first(FrameKind::Unknown))
}

/// A program that was built out of a registry has no frame of the user's by its paths: then the
/// package that holds `main`, the outermost frame that is nobody's runtime, is the program's own.
fn own_package(frames: &mut [ReportFrame], origins: &[Origin], cut: bool) {
    if cut || frames.iter().any(|frame| frame.kind == FrameKind::User) {
        return;
    }
    let main = frames.iter().rposition(|frame| is_shown(frame.kind));
    let package = main
        .filter(|&main| {
            frames
                .get(main)
                .is_some_and(|f| f.kind == FrameKind::Dependency)
        })
        .and_then(|main| classify::package(raw_file(origins.get(main)?)?));
    let Some(package) = package.map(str::to_owned) else {
        return;
    };
    for (frame, origin) in frames.iter_mut().zip(origins) {
        let same = raw_file(origin).and_then(classify::package) == Some(package.as_str());
        if same && frame.kind == FrameKind::Dependency {
            frame.kind = FrameKind::User;
        }
    }
}

/// Panic machinery is what runs because of a panic. Below the program's own frames the same
/// functions only stand ready to catch one, as part of std.
fn calm(frames: &mut [ReportFrame]) {
    let own = frames
        .iter()
        .position(|frame| is_shown(frame.kind))
        .unwrap_or(frames.len());
    for frame in frames.iter_mut().skip(own) {
        if frame.kind == FrameKind::Panic {
            frame.kind = FrameKind::Std;
        }
    }
}

/// Whether frames of this kind are shown one by one.
fn is_shown(kind: FrameKind) -> bool {
    matches!(
        kind,
        FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
    )
}

/// Which parts of a stack of `len` frames to look up.
fn plan(
    len: usize,
    recursion: Option<&(usize, usize, usize)>,
    cut: bool,
    full: bool,
) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let looked = |range: Range<usize>, stretches: &mut Vec<Stretch>| {
        let kept = KEPT_INNER + KEPT_OUTER;
        if range.len() <= kept {
            stretches.push(Stretch::Looked(range));
        } else {
            stretches.push(Stretch::Looked(range.start..range.start + KEPT_INNER));
            stretches.push(Stretch::Omitted(Some(range.len() - kept)));
            stretches.push(Stretch::Looked(range.end - KEPT_OUTER..range.end));
        }
    };
    match recursion {
        Some(&(start, round, times)) if !full => {
            // Two rounds: where a stack overflows on entry, the innermost has no frame yet.
            let shown = start + round * SHOWN_ROUNDS;
            let times = times - SHOWN_ROUNDS;
            looked(0..shown, &mut stretches);
            stretches.push(Stretch::Repeated {
                frames: round * times,
                times,
                round: start..start + round,
            });
            looked(shown + round * times..len, &mut stretches);
        }
        _ => looked(0..len, &mut stretches),
    }
    if cut {
        stretches.push(Stretch::Omitted(None));
    }
    stretches
}

/// The longest stretch of the stack in which the same few functions come again and again: where
/// it begins, the frames of one round, and the number of whole rounds. The shortest round wins.
fn recursion(stack: &[WasmFrame]) -> Option<(usize, usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for round in 1..=MAX_ROUND.min(stack.len() / 2) {
        let (mut run, mut longest, mut end) = (0usize, 0usize, 0usize);
        let pairs = stack.iter().zip(stack.iter().skip(round));
        for (place, (inner, outer)) in pairs.enumerate() {
            let same = inner.module == outer.module && inner.func_index == outer.func_index;
            run = if same { run + 1 } else { 0 };
            if run > longest {
                (longest, end) = (run, place + 1);
            }
        }
        let times = longest / round + 1;
        let covered = longest + round;
        let better = best.is_none_or(|(_, round, times)| covered > round * times + MAX_ROUND);
        if times >= MIN_ROUNDS && better {
            best = Some((end - longest, round, times));
        }
    }
    best
}

/// The functions of one round, caller before callee; the user's only, unless there are none.
fn round_of(frames: &[ReportFrame], origins: &[Origin], round: &Range<usize>) -> Vec<String> {
    let in_round = |theirs: bool| {
        let all = frames.iter().zip(origins).rev();
        all.filter(|(frame, origin)| {
            round.contains(&origin.wasm) && (theirs || is_shown(frame.kind))
        })
        .map(|(frame, _)| name_of(frame))
        .collect::<Vec<_>>()
    };
    let users = in_round(false);
    if users.is_empty() {
        in_round(true)
    } else {
        users
    }
}

/// What to call a frame's function.
pub(super) fn name_of(frame: &ReportFrame) -> String {
    match &frame.function {
        Some(name) => name.clone(),
        None => format!("function {}", frame.wasm_function),
    }
}

/// The entries for a stretch of frames.
fn lay_out(frames: &[ReportFrame], range: Range<usize>, fold: bool, layout: &mut Vec<StackEntry>) {
    for place in range.clone() {
        let Some(frame) = frames.get(place) else {
            continue;
        };
        if !fold || is_shown(frame.kind) {
            layout.push(StackEntry::Frame { frame: place });
            continue;
        }
        match layout.last_mut() {
            Some(StackEntry::Folded { first, kinds }) if *first >= range.start => {
                match kinds.iter_mut().find(|(kind, _)| *kind == frame.kind) {
                    Some((_, count)) => *count += 1,
                    None => kinds.push((frame.kind, 1)),
                }
            }
            _ => layout.push(StackEntry::Folded {
                first: place,
                kinds: vec![(frame.kind, 1)],
            }),
        }
    }
}

/// Looks frames up.
struct Reader<'a> {
    symbols: &'a [Symbols],
    sources: &'a Sources,
    /// Files as the debug info has them, and what became of them.
    places: HashMap<String, (String, Option<String>)>,
}

impl Reader<'_> {
    /// The source frames of a Wasm frame, innermost first; one at least.
    fn frames(&mut self, wasm: &WasmFrame) -> Vec<(ReportFrame, SourceFrame)> {
        let symbols = self.symbols.get(wasm.module);
        let module_name = symbols.and_then(|symbols| symbols.module().name.clone());
        let found = symbols.and_then(|symbols| {
            let offset = symbols.module().code.to_code(ModulePc(wasm.pc))?;
            Some(symbols.frames(offset))
        });
        let mut found = found.unwrap_or_default();
        if found.is_empty() {
            found.push(SourceFrame {
                function: wasm.name.clone().map(wasmscope_symbols::FunctionName::new),
                location: None,
                inlined: false,
                die: None,
                function_die: None,
            });
        }
        let frame = |source: SourceFrame| {
            let function = source
                .function
                .as_ref()
                .map(|name| name.pretty().to_owned());
            let raw_file = source
                .location
                .as_ref()
                .map(|location| location.file.to_string());
            let kind = classify::kind(
                raw_file.as_deref(),
                function.as_deref(),
                module_name.as_deref(),
            );
            let frame = ReportFrame {
                index: 0,
                function,
                place: self.place(&source),
                inlined: source.inlined,
                kind,
                module: wasm.module,
                wasm_function: wasm.func_index,
                pc: wasm.pc,
                variables: Vec::new(),
                variables_unavailable: None,
            };
            (frame, source)
        };
        found.into_iter().map(frame).collect()
    }

    fn place(&mut self, source: &SourceFrame) -> Option<Place> {
        let location = source.location.as_ref()?;
        let known = self.places.entry(location.file.to_string());
        let (file, path) = known
            .or_insert_with(|| {
                let resolved = self.sources.resolve(&location.file);
                (
                    resolved.display,
                    resolved
                        .path
                        .map(|path| path.to_string_lossy().into_owned()),
                )
            })
            .clone();
        Some(Place {
            file,
            path,
            line: location.line,
            column: location.column,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stack of one-letter functions, innermost first.
    fn stack(functions: &str) -> Vec<WasmFrame> {
        let frame = |letter: u8| WasmFrame {
            module: 0,
            func_index: letter.into(),
            pc: 0,
            name: None,
        };
        functions.bytes().map(frame).collect()
    }

    fn found(functions: &str) -> Option<(usize, usize, usize)> {
        recursion(&stack(functions))
    }

    #[test]
    fn the_shortest_round_is_found() {
        assert_eq!(found(&format!("{}m_", "f".repeat(100))), Some((0, 1, 100)));
        assert_eq!(found(&format!("xy{}m_", "ab".repeat(50))), Some((2, 2, 50)));
        assert_eq!(found(&format!("x{}m", "abc".repeat(7))), Some((1, 3, 7)));
    }

    #[test]
    fn a_short_recursion_is_none() {
        assert_eq!(found("fffffm_"), None);
        assert_eq!(found("abcdefghijm_"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("a"), None);
    }

    /// Frames of these files, innermost first, with their kinds as `read` would find them.
    fn files(files: &[&str]) -> (Vec<ReportFrame>, Vec<Origin>) {
        let pairs = files.iter().enumerate().map(|(wasm, file)| {
            let source = SourceFrame {
                function: None,
                location: Some(wasmscope_symbols::SourceLocation {
                    file: (*file).into(),
                    line: Some(1),
                    column: None,
                }),
                inlined: false,
                die: None,
                function_die: None,
            };
            let frame = ReportFrame {
                index: wasm,
                function: None,
                place: None,
                inlined: false,
                kind: classify::kind(Some(file), None, None),
                module: 0,
                wasm_function: 0,
                pc: 0,
                variables: Vec::new(),
                variables_unavailable: None,
            };
            (frame, Origin { wasm, source })
        });
        pairs.unzip()
    }

    #[test]
    fn the_package_that_holds_main_is_the_users_own_when_nothing_else_is() {
        use FrameKind::{Dependency, Std, User};
        const STD: &str = "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/rt.rs";
        let registry = |rest: &str| format!("/home/a/.cargo/registry/src/index-1/{rest}");
        let walk = registry("walkdir-2.5.0/src/lib.rs");
        let (core, main) = (
            registry("ripgrep-15.2.0/crates/core/search.rs"),
            registry("ripgrep-15.2.0/crates/core/main.rs"),
        );
        let kinds = |names: &[&str], cut| {
            let (mut frames, origins) = files(names);
            own_package(&mut frames, &origins, cut);
            frames.iter().map(|frame| frame.kind).collect::<Vec<_>>()
        };
        assert_eq!(
            kinds(&[&walk, &core, &walk, &main, STD], false),
            [Dependency, User, Dependency, User, Std]
        );
        // With a frame of the user's own, and where `main` is out of sight, nothing changes.
        assert_eq!(
            kinds(&[&walk, "src/main.rs", &main], false),
            [Dependency, User, Dependency]
        );
        assert_eq!(kinds(&[&core, &walk], true), [Dependency, Dependency]);
        assert_eq!(kinds(&[STD], false), [Std]);
    }

    #[test]
    fn a_part_of_a_round_belongs_to_no_round() {
        // b a b a … a, then main: 20 whole rounds and half of one.
        let (start, round, times) = found(&format!("b{}m", "ab".repeat(20))).unwrap();
        assert_eq!((start, round, times), (0, 2, 20));
    }

    #[test]
    fn a_deep_stack_is_cut_in_the_middle() {
        let kinds: Vec<_> = plan(1000, None, true, false)
            .into_iter()
            .map(|stretch| match stretch {
                Stretch::Looked(range) => (range.start, range.len()),
                Stretch::Omitted(count) => (count.unwrap_or(0), 0),
                Stretch::Repeated { .. } => unreachable!(),
            })
            .collect();
        assert_eq!(kinds, [(0, 200), (700, 0), (900, 100), (0, 0)]);
    }
}
