//! Damaged and lying modules: whatever is asked of them, there is an answer, and soon: a hang is a
//! test that does not end.

#[path = "support/questions.rs"]
mod questions;

use proptest::prelude::*;
use questions::ask_everything;
use std::sync::LazyLock;
use wasmscope_symbols::{Binary, Symbols, SymbolsOptions, crosscheck};
use wasmscope_test_support::{Build, Target, sample_bytes};

/// Real modules, to be damaged.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    vec![
        sample_bytes("values", Build::Debug, Target::WasiP1),
        sample_bytes("orders", Build::ReleaseWithDebug, Target::WasiP1),
    ]
});

/// The custom sections with debug info, as ranges of the module.
fn debug_sections(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let binary = Binary::parse(bytes.into()).unwrap();
    let sections = binary.modules[0].custom_sections.iter();
    let debug = sections.filter(|section| section.name.starts_with(".debug_"));
    debug.map(|section| section.range.clone()).collect()
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
    let words = prop_oneof![
        Just(0),
        Just(u32::MAX),
        Just(u32::MAX - 1),
        any::<u32>(),
        0..4096_u32
    ];
    prop_oneof![
        8 => (any::<usize>(), any::<usize>(), any::<u8>()).prop_map(|(s, at, b)| Damage::Byte(s, at, b)),
        4 => (any::<usize>(), any::<usize>(), words).prop_map(|(s, at, w)| Damage::Word(s, at, w)),
        1 => (any::<usize>(), any::<usize>(), any::<u8>()).prop_map(|(s, at, b)| Damage::Fill(s, at, b)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Damage::Copy(a, b)),
    ]
}

fn apply(bytes: &mut [u8], sections: &[std::ops::Range<usize>], damage: &Damage) {
    let section = |index: usize| sections[index % sections.len()].clone();
    match *damage {
        Damage::Byte(index, at, byte) => {
            let part = &mut bytes[section(index)];
            let at = at % part.len();
            part[at] = byte;
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

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn damaged_debug_info_does_no_harm(
        seed in 0..2_usize,
        damages in prop::collection::vec(damage(), 1..40),
    ) {
        let mut bytes = SEEDS[seed].clone();
        let sections = debug_sections(&bytes);
        for damage in &damages {
            apply(&mut bytes, &sections, damage);
        }
        ask_everything(&bytes);
    }

    #[test]
    fn truncated_modules_do_no_harm(seed in 0..2_usize, cut in any::<prop::sample::Index>()) {
        let bytes = &SEEDS[seed];
        ask_everything(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn damaged_containers_do_no_harm(
        seed in 0..2_usize,
        writes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = SEEDS[seed].clone();
        for (at, byte) in writes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        ask_everything(&bytes);
    }
}

/// How many damaged modules a run of the test tries; more on request.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(12)
}

#[test]
fn what_is_not_damaged_is_still_answered() {
    // The same module with its line programs gone has names, and without its DIEs has lines.
    let whole = SEEDS[0].clone();
    let count = |wiped: &str| {
        let mut bytes = whole.clone();
        let binary = Binary::parse(bytes.as_slice().into()).unwrap();
        let range = binary.modules[0]
            .custom_sections
            .iter()
            .find(|section| section.name == wiped)
            .map(|section| section.range.clone());
        bytes[range.unwrap()].fill(0);
        let module = Binary::parse(bytes.into()).unwrap().modules[0].clone();
        let symbols = Symbols::open(module, &SymbolsOptions::default());
        crosscheck::crosscheck(&symbols);
        let bodies = symbols.module().bodies.clone();
        let frames = bodies
            .iter()
            .flat_map(|body| symbols.frames(body.first_opcode));
        let frames: Vec<_> = frames.collect();
        let named = frames
            .iter()
            .filter(|frame| frame.function.is_some())
            .count();
        let with_die = frames.iter().filter(|frame| frame.die.is_some()).count();
        (bodies.len(), named, with_die)
    };
    let (bodies, named, with_die) = count(".debug_line");
    assert!(
        named >= bodies && with_die * 10 > bodies * 9,
        "{named} {with_die} of {bodies}"
    );
    let (bodies, named, with_die) = count(".debug_info");
    // The name section is left.
    assert_eq!((named, with_die), (bodies, 0));
}
