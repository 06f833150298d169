//! Explaining a failure with damaged debug info: the program fails as it did, and whatever its
//! debug sections say, there is a report, and soon: a hang is a test that does not end.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::ops::Range;
use wasmscope_debugger::{ExplainOptions, LocalsMode, Report, explain};
use wasmscope_runner::{Failure, Options, Outcome, Program, World, run};
use wasmscope_symbols::{Binary, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, sample};

/// A failure, and the module that failed.
struct Seed {
    failure: Failure,
    bytes: Vec<u8>,
    debug_sections: Vec<Range<usize>>,
}

/// Failures by a panic, a trap and a recursion, in debug and optimised code.
const PROGRAMS: [(&str, Build); 4] = [
    ("orders", Build::Debug),
    ("captured_panic", Build::Debug),
    ("trap_divide_by_zero", Build::ReleaseWithDebug),
    ("mutual_recursion", Build::Debug),
];

fn seed((name, build): (&str, Build)) -> Seed {
    let program = Program::load(sample(name, build, Target::WasiP1)).expect("the sample loads");
    let options = Options {
        cache: None,
        ..Options::default()
    };
    let Ok(Outcome::Failed(failure)) = run(&program, &World::default(), &options) else {
        panic!("{name} was to fail");
    };
    let bytes = program.bytes().to_vec();
    let binary = Binary::parse(bytes.as_slice().into()).expect("it is a module");
    let sections = binary.modules[0].custom_sections.iter();
    let debug = sections.filter(|section| section.name.starts_with(".debug_"));
    let debug_sections = debug.map(|section| section.range.clone()).collect();
    Seed {
        failure,
        bytes,
        debug_sections,
    }
}

impl Seed {
    /// The report on this failure, had the module been this one.
    fn explain(&self, bytes: &[u8], full: bool) -> Report {
        let binary = Binary::parse(bytes.into()).expect("its code is whole");
        let symbols = Symbols::open(binary.modules[0].clone(), &SymbolsOptions::default());
        let options = ExplainOptions {
            locals: LocalsMode::All,
            full,
            host_calls: 5,
            ..ExplainOptions::default()
        };
        explain(&self.failure, &[symbols], &options)
    }
}

#[derive(Clone, Debug)]
enum Damage {
    /// Writes a byte somewhere in a debug section.
    Byte(usize, usize, u8),
    /// Writes four bytes somewhere in a debug section.
    Word(usize, usize, u32),
    /// Fills the rest of a section from somewhere on.
    Fill(usize, usize, u8),
    /// Copies the start of one section over another.
    Copy(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || (any::<usize>(), any::<usize>());
    let words = prop_oneof![Just(0), Just(u32::MAX), any::<u32>(), 0..4096_u32];
    prop_oneof![
        8 => (place(), any::<u8>()).prop_map(|((s, at), byte)| Damage::Byte(s, at, byte)),
        4 => (place(), words).prop_map(|((s, at), word)| Damage::Word(s, at, word)),
        1 => (place(), any::<u8>()).prop_map(|((s, at), byte)| Damage::Fill(s, at, byte)),
        1 => place().prop_map(|(from, to)| Damage::Copy(from, to)),
    ]
}

fn apply(bytes: &mut [u8], sections: &[Range<usize>], damage: &Damage) {
    let section = |index: usize| sections[index % sections.len()].clone();
    match *damage {
        Damage::Byte(index, at, byte) => {
            let part = &mut bytes[section(index)];
            part[at % part.len()] = byte;
        }
        Damage::Word(index, at, word) => {
            let part = &mut bytes[section(index)];
            let at = at % (part.len() - 3);
            part[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        Damage::Fill(index, at, byte) => {
            let part = &mut bytes[section(index)];
            let at = at % part.len();
            part[at..].fill(byte);
        }
        Damage::Copy(from, to) => {
            let from = bytes[section(from)].to_vec();
            let part = &mut bytes[section(to)];
            let len = from.len().min(part.len());
            part[..len].copy_from_slice(&from[..len]);
        }
    }
}

/// How many damaged modules a run of the test tries; more on request.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(16)
}

#[test]
fn damaged_debug_info_spoils_no_report() {
    let seeds = PROGRAMS.map(seed);
    let damages = prop::collection::vec(damage(), 1..60);
    let input = (0..PROGRAMS.len(), damages, any::<bool>());
    let config = ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let run = TestRunner::new(config).run(&input, |(seed, damages, full)| {
        let seed = &seeds[seed];
        let mut bytes = seed.bytes.clone();
        for damage in &damages {
            apply(&mut bytes, &seed.debug_sections, damage);
        }
        let report = seed.explain(&bytes, full);
        prop_assert!(!report.headline.is_empty());
        prop_assert!(!report.frames.is_empty());
        let json = serde_json::to_string(&report).expect("it is data");
        prop_assert!(json.len() < 16 << 20, "{} bytes", json.len());
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_is_not_damaged_is_still_told() {
    let seed = seed(PROGRAMS[0]);
    let whole = seed.explain(&seed.bytes, false);
    assert!(
        whole
            .place
            .as_ref()
            .is_some_and(|place| place.line.is_some())
    );
    // Without any debug info the guest's own words and the names are left.
    let mut bytes = seed.bytes.clone();
    for section in &seed.debug_sections {
        bytes[section.clone()].fill(0xff);
    }
    let wiped = seed.explain(&bytes, false);
    assert_eq!(wiped.headline, whole.headline);
    let named = wiped.frames.iter().filter(|frame| frame.function.is_some());
    assert_eq!(named.count(), wiped.frames.len());
}
