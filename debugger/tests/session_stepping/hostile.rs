//! Steps led by debug info that lies: the program runs as it is, but what the stepper believes of it
//! was damaged at random. Steps may end anywhere then; nothing may panic, hang, or change what the
//! program does.

use crate::driver::{Break, Do, Run, compile, drive_with, places};
use std::path::Path;
use wasmscope_debugger::ProgramSymbols;
use wasmscope_debugger::stepping::{StepKind, StepSettings};
use wasmscope_runner::Program;
use wasmscope_runner::debuggee::{CodePlace, Debuggee};
use wasmscope_symbols::Binary;
use wasmscope_test_support::{Build, Target, sample_bytes};

const SAMPLE: &str = "stepping_calls";
const ROUNDS: u64 = 16;

/// A little generator of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }
}

/// Overwrites bytes of debug sections; code and data stay.
fn damage(bytes: &mut [u8], numbers: &mut Numbers) {
    let binary = Binary::parse(bytes.to_vec().into()).expect("the sample is well-formed");
    let module = &binary.modules[0];
    let wanted = [
        ".debug_info",
        ".debug_line",
        ".debug_abbrev",
        ".debug_ranges",
    ];
    let name = wanted[numbers.below(wanted.len())];
    let section = module
        .custom_sections
        .iter()
        .find(|section| section.name == name);
    let range = section.expect("the sample has debug info").range.clone();
    for _ in 0..1 + numbers.below(2000) {
        let at = range.start + numbers.below(range.len());
        bytes[at] = match numbers.below(4) {
            0 => 0,
            1 => 0xff,
            _ => numbers.next() as u8,
        };
    }
}

fn script(numbers: &mut Numbers) -> Vec<Do> {
    let step = |numbers: &mut Numbers| {
        Do::Step(match numbers.below(9) {
            0..3 => StepKind::Next,
            3..5 => StepKind::Step,
            5 => StepKind::Finish {
                frame: numbers.below(4),
            },
            6 => StepKind::Until { places: Vec::new() },
            7 => StepKind::Instruction { over: true },
            _ => StepKind::Instruction { over: false },
        })
    };
    (0..40).map(|_| step(numbers)).collect()
}

fn step_with(
    debuggee: &Debuggee,
    bytes: Vec<u8>,
    first: &[CodePlace],
    numbers: &mut Numbers,
) -> Run {
    let program = Program::from_bytes(Path::new("damaged.wasm"), bytes).expect("it is valid");
    let symbols = ProgramSymbols::open(&program, None, Vec::new()).expect("it opens");
    let settings = StepSettings {
        step_into_std: numbers.below(2) == 0,
        ..StepSettings::default()
    };
    let script = script(numbers);
    drive_with(
        debuggee,
        symbols,
        first.to_vec(),
        "stepping_calls.rs",
        script,
        settings,
    )
}

#[test]
fn damaged_debug_info_leads_nowhere_bad() {
    for (build, target) in [
        (Build::Debug, Target::WasiP1),
        (Build::ReleaseWithDebug, Target::WasiP1),
    ] {
        let bytes = sample_bytes(SAMPLE, build, target);
        let program =
            Program::from_bytes(Path::new("sample.wasm"), bytes.clone()).expect("it loads");
        let debuggee = compile(&program);
        let symbols = ProgramSymbols::open(&program, None, Vec::new()).expect("it has symbols");
        let first = places(&symbols, &Break::Function("factorial"), "");
        let mut stops = 0;
        for round in 1..=ROUNDS {
            let mut numbers = Numbers(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut damaged = bytes.clone();
            damage(&mut damaged, &mut numbers);
            let run = step_with(&debuggee, damaged, &first, &mut numbers);
            assert_eq!(run.end, "exit 0", "{build:?} round {round}");
            stops += run.stops.len();
        }
        assert!(stops > 80, "{build:?}: only {stops} stops");
    }
}
