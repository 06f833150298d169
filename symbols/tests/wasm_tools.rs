//! An outsider's opinion: what `wasm-tools addr2line` says about a module must be what
//! [`Symbols::frames`] says.
//!
//! Its answers for some hundred places of the prebuilt sample are committed and always compared.
//! Where `wasm-tools` is installed (`target/tools/bin` or the search path) it is asked afresh, for
//! more places and for a component too, and the committed answers are checked to be its own.
//! With `WASMSCOPE_BLESS=1` they are written anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use wasmscope_symbols::{Binary, CodeOffset, CoreModule, SourceFrame, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, prebuilt, sample, workspace};

/// How many addresses go on one command line.
const BATCH: usize = 4_000;

fn committed() -> PathBuf {
    workspace().join("symbols/tests/data/orders.addr2line")
}

/// `wasm-tools`, if it is here.
fn wasm_tools() -> Option<PathBuf> {
    let ours = workspace().join("target/tools/bin/wasm-tools");
    let candidates = [ours, PathBuf::from("wasm-tools")];
    candidates.into_iter().find(|path| {
        let version = Command::new(path).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// `wasm-tools`; without it a test that needs it is skipped, but not where all of them must run.
fn wasm_tools_or_skip() -> Option<PathBuf> {
    let found = wasm_tools();
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "wasm-tools is not installed"
        );
        eprintln!("wasm-tools is not installed: only its committed answers are compared");
    }
    found
}

/// What `wasm-tools addr2line` says about `addresses` (offsets in the file), in its own words.
fn ask(wasm_tools: &Path, file: &Path, addresses: &[u64]) -> String {
    let mut answers = String::new();
    for batch in addresses.chunks(BATCH) {
        let output = Command::new(wasm_tools)
            .arg("addr2line")
            .arg(file)
            .args(batch.iter().map(|address| format!("{address:#x}")))
            .output()
            .expect("wasm-tools starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "wasm-tools addr2line: {errors}");
        answers.push_str(&String::from_utf8(output.stdout).expect("paths here are UTF-8"));
    }
    answers
}

/// A file and what is known about each of its modules.
struct Opened {
    symbols: Vec<Symbols>,
}

impl Opened {
    fn new(file: &Path) -> Self {
        let bytes: Arc<[u8]> = std::fs::read(file).expect("the sample can be read").into();
        let binary = Binary::parse(bytes).expect("the sample is whole");
        let open = |module| Symbols::open(module, &SymbolsOptions::default());
        Opened {
            symbols: binary.modules.into_iter().map(open).collect(),
        }
    }

    /// The offset in the file of a place in a module's code.
    fn address(module: &CoreModule, offset: CodeOffset) -> u64 {
        let pc = module.code.to_module(offset).expect("it is in the code");
        pc.0 + module.file_offset() as u64
    }

    /// Every `step`th opcode of functions that `choose` takes, as offsets in the file.
    fn places(&self, step: usize, choose: impl Fn(&[SourceFrame]) -> bool) -> Vec<u64> {
        let mut places = Vec::new();
        for symbols in &self.symbols {
            let module = symbols.module();
            for body in &module.bodies {
                if choose(&symbols.frames(body.first_opcode)) {
                    let opcodes = module.opcodes(body).step_by(step);
                    places.extend(opcodes.map(|(offset, _)| Self::address(module, offset)));
                }
            }
        }
        places
    }

    /// Our frames at an offset in the file, in the words of `wasm-tools`.
    fn answer(&self, address: u64) -> String {
        let mut frames = Vec::new();
        for symbols in &self.symbols {
            let module = symbols.module();
            let start = module.file_offset() as u64 + module.code.start;
            if let Some(offset) = address.checked_sub(start)
                && offset < module.code.len
            {
                frames = symbols.frames(CodeOffset(offset));
            }
        }
        // A name from the name section is no answer out of debug info.
        frames.retain(|frame| frame.die.is_some() || frame.location.is_some());
        if frames.is_empty() {
            return format!("{address:#x}: no dwarf frames found for this address\n");
        }
        let mut text = format!("{address:#x}: ");
        for (index, frame) in frames.iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            write_frame(frame, &mut text);
        }
        text
    }
}

fn write_frame(frame: &SourceFrame, text: &mut String) {
    let name = frame.function.as_ref().filter(|_| frame.die.is_some());
    match name.map(|name| (name.raw(), rustc_demangle::try_demangle(name.raw()))) {
        Some((_, Ok(demangled))) => write!(text, "{demangled:#}"),
        Some((raw, Err(_))) => write!(text, "{raw}"),
        None => write!(text, "<unnamed>"),
    }
    .expect("a string can be written to");
    if let Some(location) = &frame.location {
        text.push(' ');
        text.push_str(&location.file);
        for number in [location.line, location.column].into_iter().flatten() {
            write!(text, ":{number}").expect("a string can be written to");
        }
    }
    text.push('\n');
}

/// Splits answers into one for each address.
fn by_address(answers: &str) -> Vec<(u64, String)> {
    let mut split: Vec<(u64, String)> = Vec::new();
    for line in answers.lines() {
        match line
            .strip_prefix("0x")
            .and_then(|rest| rest.split_once(": "))
        {
            Some((address, _)) => {
                let address = u64::from_str_radix(address, 16).expect("an address in hexadecimal");
                split.push((address, format!("{line}\n")));
            }
            None => {
                let (_, last) = split.last_mut().expect("an address comes first");
                last.push_str(line);
                last.push('\n');
            }
        }
    }
    split
}

/// Column 0 stands for the whole line; some versions say it, others leave it out.
fn without_column_zero(answer: &str) -> String {
    let lines = answer
        .lines()
        .map(|line| line.strip_suffix(":0").unwrap_or(line));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Compares all answers, and returns how many there were and how many had a line.
fn compare(opened: &Opened, answers: &str) -> (usize, usize) {
    let answers = by_address(answers);
    let mut different = String::new();
    let mut count = 0;
    for (address, theirs) in &answers {
        let ours = opened.answer(*address);
        if ours != without_column_zero(theirs) {
            count += 1;
            if count <= 5 {
                write!(different, "wasm-tools:\n{theirs}wasmscope:\n{ours}\n").expect("a string");
            }
        }
    }
    let all = answers.len();
    assert_eq!(
        count, 0,
        "{count} of {all} answers differ, the first of them:\n{different}"
    );
    let found = answers
        .iter()
        .filter(|(_, text)| text.contains(".rs:"))
        .count();
    (all, found)
}

#[test]
fn the_committed_answers_are_ours() {
    if std::env::var_os("WASMSCOPE_BLESS").is_some() {
        bless();
    }
    let answers = std::fs::read_to_string(committed()).expect("the answers are committed");
    let (all, with_line) = compare(&Opened::new(&prebuilt("orders")), &answers);
    assert!(
        all > 300 && with_line > 200,
        "{all} answers, {with_line} with a line"
    );
    assert!(
        answers.contains("orders::Inventory::remove samples/src/bin/orders.rs:")
            || answers.contains("orders::Inventory::remove ./samples/src/bin/orders.rs:")
    );
}

/// Writes the committed answers anew: some places of the program's own functions, fewer of the
/// standard library's.
fn bless() {
    let file = prebuilt("orders");
    let opened = Opened::new(&file);
    let own = |frames: &[SourceFrame]| {
        let location = frames.last().and_then(|frame| frame.location.as_ref());
        location.is_some_and(|location| location.file.ends_with("orders.rs"))
    };
    let mut places = opened.places(9, own);
    places.extend(opened.places(1, |_| true).into_iter().step_by(400));
    places.sort_unstable();
    places.dedup();
    let wasm_tools = wasm_tools().expect("wasm-tools is installed");
    let answers = ask(&wasm_tools, &file, &places);
    std::fs::write(committed(), answers).expect("the answers can be written");
}

#[test]
fn wasm_tools_says_the_same_today() {
    let Some(wasm_tools) = wasm_tools_or_skip() else {
        return;
    };
    let file = prebuilt("orders");
    let answers = std::fs::read_to_string(committed()).expect("the answers are committed");
    let addresses: Vec<u64> = by_address(&answers).into_iter().map(|(at, _)| at).collect();
    assert_eq!(
        ask(&wasm_tools, &file, &addresses),
        answers,
        "bless the committed answers anew"
    );

    let opened = Opened::new(&file);
    let places = opened.places(5, |_| true);
    let (all, with_line) = compare(&opened, &ask(&wasm_tools, &file, &places));
    assert!(
        all > 5_000 && with_line > all / 2,
        "{all} answers, {with_line} with a line"
    );
}

#[test]
fn wasm_tools_says_the_same_about_a_component() {
    let Some(wasm_tools) = wasm_tools_or_skip() else {
        return;
    };
    let file = sample("panic_in_inlined", Build::ReleaseWithDebug, Target::WasiP2);
    let opened = Opened::new(&file);
    let places = opened.places(7, |_| true);
    let (all, with_line) = compare(&opened, &ask(&wasm_tools, &file, &places));
    assert!(
        all > 2_000 && with_line > all / 4,
        "{all} answers, {with_line} with a line"
    );
}
