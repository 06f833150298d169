//! One test for every way in which DWARF in Wasm is known to mislead its readers.

mod support;

use gimli::constants as dw;
use std::sync::Arc;
use support::*;
use wasmscope_symbols::{
    Binary, BinaryKind, CodeOffset, DebugFiles, FunctionQuery, LineMatches, ModulePc, Symbols,
    SymbolsOptions,
};

/// Line rows for a body, one for each pair of opcodes: lines `line`, `line + 1`, …
fn rows_of(start: u32, len: u32, line: u32) -> Sequence {
    let mut rows = vec![row(start, line)];
    rows.extend((0..PAIRS as u32).map(|pair| row(start + 3 + 4 * pair, line + 1 + pair)));
    sequence(&rows, start + len)
}

/// Where the places of an answer are: pc and stop.
fn places(matches: &LineMatches) -> Vec<(u32, u32)> {
    let places = matches.places.iter();
    places
        .map(|place| (place.pc.0 as u32, place.stop.0 as u32))
        .collect()
}

fn find(symbols: &Symbols, name: &str) -> Vec<(String, u32, bool)> {
    let found = symbols.find_functions(&FunctionQuery::Suffix(name.into()));
    let instances = found.instances.into_iter();
    instances
        .map(|f| (f.name.pretty().to_owned(), f.entry.0 as u32, f.inlined))
        .collect()
}

/// Addresses count from the code section's contents, program counters from the module's start.
#[test]
fn addresses_and_program_counters_are_not_mixed() {
    let (start, len) = bodies(1)[0];
    let mut debug = Debug::default();
    debug.unit(
        4,
        &unit("main.rs")
            .code(start, len)
            .child(function("only", start, len)),
    );
    debug.lines(&[rows_of(start, len, 10)]);
    let symbols = open(1, &debug);
    let module = symbols.module();
    let pc = module
        .code
        .to_module(CodeOffset(u64::from(start) + 3))
        .unwrap();
    // The first opcode is `i32.const`.
    assert_eq!(module.bytes()[pc.0 as usize], 0x41);
    assert_eq!(
        module.code.to_code(pc),
        Some(CodeOffset(u64::from(start) + 3))
    );
    assert_eq!(frames(&symbols, start + 3), ["only:11"]);
    assert_eq!(module.code.to_code(ModulePc(0)), None);
}

/// Each core module of a component has its own addresses.
#[test]
fn nested_modules_have_their_own_spaces() {
    let (start, len) = bodies(1)[0];
    let modules = ["one", "two"].map(|name| {
        let mut debug = Debug::default();
        debug.unit(
            4,
            &unit("main.rs")
                .code(start, len)
                .child(function(name, start, len)),
        );
        debug.lines(&[rows_of(start, len, 10)]);
        module(1, &debug.sections())
    });
    // One directly, one a component further in.
    let inner = component(&[(1, &modules[1])]);
    let outer = component(&[(1, &modules[0]), (4, &inner)]);
    let binary = Binary::parse(outer.into()).unwrap();
    assert_eq!(binary.kind, BinaryKind::Component);
    let answers: Vec<_> = binary
        .modules
        .iter()
        .map(|module| Symbols::open(Arc::clone(module), &SymbolsOptions::default()))
        .map(|symbols| frames(&symbols, start + 3))
        .collect();
    assert_eq!(answers, [["one:11"], ["two:11"]]);
}

/// `low_pc` is where the locals are declared; a function is stopped in at an opcode, after the
/// prologue, whether the rows mark its end, only change the line, or there is none at `low_pc`.
#[test]
fn functions_are_entered_at_an_opcode_after_the_prologue() {
    let all = bodies(4);
    let mut debug = Debug::default();
    let mut root = unit("main.rs").code(all[0].0, all[3].0 + all[3].1 - all[0].0);
    for ((start, len), name) in all.iter().zip(["marked", "second", "rowless", "bare"]) {
        root = root.child(function(name, *start, *len));
    }
    debug.unit(4, &root);
    let at = |index: usize, pair: u32| all[index].0 + 3 + 4 * pair;
    let end = |index: usize| all[index].0 + all[index].1;
    let marked = LineRow {
        prologue_end: true,
        ..row(at(0, 2), 10)
    };
    debug.lines(&[
        sequence(&[row(all[0].0, 10), row(at(0, 1), 11), marked], end(0)),
        sequence(
            &[row(all[1].0, 20), row(at(1, 1), 20), row(at(1, 3), 21)],
            end(1),
        ),
        sequence(&[row(at(2, 1), 30), row(at(2, 2), 31)], end(2)),
    ]);
    let symbols = open(4, &debug);
    assert_eq!(
        find(&symbols, "marked"),
        [("marked".into(), at(0, 2), false)]
    );
    assert_eq!(
        find(&symbols, "second"),
        [("second".into(), at(1, 3), false)]
    );
    assert_eq!(
        find(&symbols, "rowless"),
        [("rowless".into(), at(2, 2), false)]
    );
    assert_eq!(find(&symbols, "bare"), [("bare".into(), at(3, 0), false)]);
    // A breakpoint on the line of `fn` goes where one on the function does.
    assert_eq!(
        places(&symbols.find_line("main.rs", 20)),
        [(at(1, 0), at(1, 3))]
    );
    // So it is for every function of a real program.
    let bytes = wasmscope_test_support::sample_bytes(
        "orders",
        wasmscope_test_support::Build::Debug,
        wasmscope_test_support::Target::WasiP1,
    );
    let symbols = Symbols::open(parse(bytes), &SymbolsOptions::default());
    for body in &symbols.module().bodies {
        let entry = symbols.function_entry(body.range.start).unwrap();
        assert!(entry >= body.first_opcode && body.range.contains(&entry));
        assert_eq!(symbols.module().snap_to_opcode(entry), Some(entry));
    }
}

/// Code that the linker dropped: its functions, rows, ranges and inlined calls are gone, whatever
/// address marks it.
#[test]
fn tombstones_of_every_kind_are_dead() {
    let (start, len) = bodies(1)[0];
    for tombstone in [0, 1, u32::MAX, u32::MAX - 1, 0x7fff_0000] {
        let dead = function("dead", tombstone, 5000).child(inlined("live", tombstone, 5000, 66));
        let live = function("live", start, len)
            .label("live")
            .child(inlined("dead", tombstone, 5000, 77));
        let mut debug = Debug::default();
        let ranges = debug.ranges(&[
            (tombstone, tombstone.saturating_add(5000)),
            (start, start + len),
        ]);
        let root = unit("main.rs")
            .with(dw::DW_AT_low_pc, Value::Address(0))
            .with(dw::DW_AT_ranges, Value::Section(ranges))
            .child(dead.label("dead"))
            .child(live);
        debug.unit(4, &root);
        let dead_rows = sequence(
            &[
                row(tombstone, 500),
                row(tombstone.saturating_add(start), 501),
            ],
            5000,
        );
        debug.lines(&[dead_rows.clone(), rows_of(start, len, 10), dead_rows]);
        let symbols = open(1, &debug);
        assert_eq!(frames(&symbols, start + 3), ["live:11"], "{tombstone:#x}");
        assert!(find(&symbols, "dead").is_empty(), "{tombstone:#x}");
        assert_eq!(
            symbols.find_line("main.rs", 500).files[0].line,
            None,
            "{tombstone:#x}"
        );
        assert!(!symbols.lines_with_code("main.rs").contains(&501));
        for offset in [0, start - 1, start + len, tombstone] {
            assert!(
                frames(&symbols, offset).is_empty(),
                "{tombstone:#x} {offset:#x}"
            );
        }
    }
}

/// In DWARF 4's range lists −1 selects a base; some tools write it for dropped code.
#[test]
fn a_tombstone_is_no_base_selection() {
    let all = bodies(2);
    let mut debug = Debug::default();
    let ranges = debug.ranges(&[
        (u32::MAX, u32::MAX),
        (all[0].0, all[0].0 + all[0].1),
        (u32::MAX - 1, u32::MAX - 1),
        (all[1].0, all[1].0 + all[1].1),
    ]);
    // A true selection of a base stays one.
    let based = debug.ranges(&[(u32::MAX, all[1].0), (0, all[1].1)]);
    let mut root = unit("main.rs")
        .with(dw::DW_AT_low_pc, Value::Address(0))
        .with(dw::DW_AT_ranges, Value::Section(ranges))
        .child(function("first", all[0].0, all[0].1));
    root = root.child(
        die(dw::DW_TAG_subprogram)
            .name("second")
            .with(dw::DW_AT_ranges, Value::Section(based)),
    );
    debug.unit(4, &root);
    debug.lines(&[
        rows_of(all[0].0, all[0].1, 10),
        rows_of(all[1].0, all[1].1, 20),
    ]);
    let symbols = open(2, &debug);
    assert_eq!(frames(&symbols, all[0].0 + 3), ["first:11"]);
    assert_eq!(frames(&symbols, all[1].0 + 3), ["second:21"]);
}

/// DWARF 5's range lists, with a base that is dead.
#[test]
fn range_lists_of_dwarf_5() {
    let (start, len) = bodies(1)[0];
    // The unit's header, then the list.
    let mut debug = Debug {
        rnglists: vec![0, 0, 0, 0, 5, 0, 4, 0, 0, 0, 0, 0],
        ..Debug::default()
    };
    let list = debug.rnglists.len() as u32;
    let entries = &mut debug.rnglists;
    entries.push(dw::DW_RLE_base_address.0);
    entries.extend(u32::MAX.to_le_bytes());
    entries.extend([dw::DW_RLE_offset_pair.0, start as u8, (start + len) as u8]);
    entries.push(dw::DW_RLE_start_length.0);
    entries.extend(u32::MAX.to_le_bytes());
    entries.push(9);
    entries.push(dw::DW_RLE_base_address.0);
    entries.extend(start.to_le_bytes());
    entries.extend([
        dw::DW_RLE_offset_pair.0,
        0,
        len as u8,
        dw::DW_RLE_end_of_list.0,
    ]);
    let size = (debug.rnglists.len() - 4) as u32;
    debug.rnglists[..4].copy_from_slice(&size.to_le_bytes());
    let root = unit("main.rs")
        .with(dw::DW_AT_low_pc, Value::Address(0))
        .with(dw::DW_AT_ranges, Value::Section(list))
        .child(function("live", start, len));
    debug.unit(5, &root).lines(&[rows_of(start, len, 10)]);
    let symbols = open(1, &debug);
    assert_eq!(frames(&symbols, start + 7), ["live:12"]);
    assert_eq!(
        symbols
            .debug_facts()
            .versions
            .into_iter()
            .collect::<Vec<_>>(),
        [(5, 1)]
    );
}

/// A range that leaves the body it starts in claims nothing beyond.
#[test]
fn ranges_end_with_the_body() {
    let all = bodies(2);
    let mut debug = Debug::default();
    let root = unit("main.rs")
        .code(all[0].0, 1000)
        .child(function("greedy", all[0].0, 1000).child(inlined("other", all[0].0, 1000, 9)))
        .child(die(dw::DW_TAG_subprogram).name("other").label("other"));
    debug
        .unit(4, &root)
        .lines(&[rows_of(all[0].0, all[0].1, 10)]);
    let symbols = open(2, &debug);
    assert_eq!(frames(&symbols, all[0].0 + 3), ["other:11", "greedy:9"]);
    assert_eq!(frames(&symbols, all[1].0 + 3), ["?:-"]);
}

/// A unit without ranges, or with an impossible one, is known by its line rows; `.debug_aranges`
/// may say what it likes.
#[test]
fn units_without_ranges_are_found_by_their_rows() {
    let (start, len) = bodies(1)[0];
    for root in [unit("main.rs"), unit("main.rs").code(0, start + len)] {
        let mut debug = Debug::default();
        debug
            .unit(4, &unit("other.rs"))
            .unit(4, &root.child(function("live", start, len)));
        debug.lines(&[rows_of(start, len, 10)]);
        debug.aranges = vec![0xff; 64];
        let symbols = open(1, &debug);
        assert_eq!(frames(&symbols, start + 3), ["live:11"]);
    }
}

/// Line 0 is no line, what is recommended goes first, and rows between opcodes slip forward.
#[test]
fn line_rows_are_read_with_care() {
    let (start, len) = bodies(1)[0];
    let at = |pair: u32| start + 3 + 4 * pair;
    let unrecommended = |address, line| LineRow {
        is_stmt: false,
        ..row(address, line)
    };
    let mut debug = Debug::default();
    debug.unit(
        4,
        &unit("main.rs")
            .code(start, len)
            .child(function("f", start, len)),
    );
    debug.lines(&[sequence(
        &[
            row(start, 10),
            row(at(0), 11),
            unrecommended(at(1), 12),
            row(at(2), 0),
            // In the middle of an opcode.
            row(at(3) - 2, 12),
            row(at(4), 15),
        ],
        start + len,
    )]);
    let symbols = open(1, &debug);
    assert_eq!(frames(&symbols, at(2)), ["f:-"]);
    assert_eq!(symbols.lines_with_code("main.rs"), [10, 11, 12, 15]);
    // Not the stretch at `at(1)`: a better one is recommended.
    assert_eq!(
        places(&symbols.find_line("main.rs", 12)),
        [(at(3) - 1, at(3) - 1)]
    );
    // A line without code gives the next one that has, and says so.
    let next = symbols.find_line("main.rs", 13);
    assert_eq!((next.asked, next.files[0].line), (13, Some(15)));
    assert_eq!(places(&next), [(at(4), at(4))]);
    assert_eq!(symbols.find_line("main.rs", 16).files[0].line, None);
    assert!(symbols.find_line("nowhere.rs", 1).files.is_empty());
    let coverage = symbols.debug_facts().coverage;
    assert_eq!((coverage.rows, coverage.rows_off_opcodes), (6, 1));
}

/// Every copy of a line is found: in the function, and where it was inlined.
#[test]
fn a_line_has_a_place_in_every_copy() {
    let all = bodies(2);
    let (one, two) = (all[0].0, all[1].0);
    let mut debug = Debug::default();
    let root = unit("main.rs")
        .code(one, two + all[1].1 - one)
        .child(function("helper", one, all[0].1).label("helper"))
        .child(
            function("main", two, all[1].1)
                .child(inlined("helper", two + 7, 4, 30))
                .child(inlined("helper", two + 15, 4, 31)),
        );
    debug.unit(4, &root).lines(&[
        sequence(
            &[row(one, 10), row(one + 3, 11), row(one + 11, 12)],
            one + all[0].1,
        ),
        sequence(
            &[
                row(two, 20),
                row(two + 3, 30),
                row(two + 7, 11),
                row(two + 11, 31),
                row(two + 15, 11),
                row(two + 19, 32),
            ],
            two + all[1].1,
        ),
    ]);
    let symbols = open(2, &debug);
    let matches = symbols.find_line("src/main.rs", 11);
    assert_eq!(
        places(&matches),
        [(one + 3, one + 3), (two + 7, two + 7), (two + 15, two + 15)]
    );
    assert_eq!(
        matches.places.iter().map(|p| p.inlined).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert!(matches.places.iter().all(|place| place.primary));
    let found = find(&symbols, "helper");
    let entries: Vec<_> = found
        .iter()
        .map(|(_, entry, inlined)| (*entry, *inlined))
        .collect();
    assert_eq!(
        entries,
        [(one + 3, false), (two + 7, true), (two + 15, true)]
    );
    assert_eq!(frames(&symbols, two + 7), ["helper:11", "main:30"]);
    assert_eq!(frames(&symbols, two + 11), ["main:31"]);
}

/// Types may lie in units of their own, which have no code.
#[test]
fn type_units_stand_aside() {
    let (start, len) = bodies(1)[0];
    let mut debug = Debug::default();
    debug.unit(
        4,
        &unit("main.rs")
            .code(start, len)
            .child(function("f", start, len)),
    );
    debug.lines(&[rows_of(start, len, 10)]);
    // A type unit's header with a signature, and its abbreviation table cut off.
    debug.types = vec![
        23, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 23, 0, 0, 0, 1, 0, 0, 0,
    ];
    let symbols = open(1, &debug);
    assert_eq!(frames(&symbols, start + 3), ["f:11"]);
    assert_eq!(symbols.units().len(), 2);
}

/// A name that leads back to itself ends, and so does one in a unit that is not there.
#[test]
fn origins_may_lead_in_circles() {
    let (start, len) = bodies(1)[0];
    let mut debug = Debug::default();
    let circle = |label, other| {
        die(dw::DW_TAG_subprogram)
            .label(label)
            .with(dw::DW_AT_specification, Value::Ref(other))
    };
    let root = unit("main.rs")
        .code(start, len)
        .child(
            circle("a", "b").code(start, len).child(
                die(dw::DW_TAG_inlined_subroutine)
                    .with(dw::DW_AT_abstract_origin, Value::RefAddress(0xffff_fff0))
                    .code(start + 3, 4),
            ),
        )
        .child(circle("b", "a"));
    debug.unit(4, &root).lines(&[rows_of(start, len, 10)]);
    let symbols = open(1, &debug);
    assert_eq!(frames(&symbols, start + 3), ["?:11", "?:-"]);
    assert_eq!(frames(&symbols, start + 7), ["?:12"]);
}

/// Inlined calls as deep as a file can nest them take no stack.
#[test]
fn deep_nesting_is_no_recursion() {
    let (start, len) = bodies(1)[0];
    let mut debug = Debug::default();
    debug.unit(4, &unit("main.rs").code(start, len));
    // An abbreviation for an inlined call with children, opened 200,000 times and never closed.
    let mut abbrev = Vec::new();
    for (code, tag) in [
        (1, dw::DW_TAG_compile_unit),
        (2, dw::DW_TAG_subprogram),
        (3, dw::DW_TAG_inlined_subroutine),
    ] {
        leb(&mut abbrev, code);
        leb(&mut abbrev, u64::from(tag.0));
        abbrev.extend([1, dw::DW_AT_low_pc.0 as u8, dw::DW_FORM_addr.0 as u8]);
        abbrev.extend([dw::DW_AT_high_pc.0 as u8, dw::DW_FORM_data4.0 as u8, 0, 0]);
    }
    abbrev.push(0);
    let mut info = vec![0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4];
    for code in [1, 2].into_iter().chain(std::iter::repeat_n(3, 200_000)) {
        info.push(code);
        info.extend(start.to_le_bytes());
        info.extend(len.to_le_bytes());
    }
    let size = (info.len() - 4) as u32;
    info[..4].copy_from_slice(&size.to_le_bytes());
    let debug = Debug {
        info,
        abbrev,
        ..Debug::default()
    };
    let symbols = open(1, &debug);
    let depth = symbols.frames(CodeOffset(u64::from(start) + 3)).len();
    assert!((100..10_000).contains(&depth), "{depth}");
}

/// Two thousand units may share one line program; reading it for each is paid from a budget.
#[test]
fn shared_line_programs_are_not_read_forever() {
    let (start, len) = bodies(1)[0];
    let mut debug = Debug::default();
    let rows: Vec<_> = (0..60_000).map(|n| row(start + (n % 2), 1 + n)).collect();
    debug.lines(&[sequence(&rows[..1], start + len)]);
    let mut big = Debug::default();
    big.lines(&vec![sequence(&rows[..2], start + len); 20_000]);
    debug.line = big.line;
    for _ in 0..2_000 {
        debug.unit(
            4,
            &unit("main.rs")
                .code(start, len)
                .child(function("f", start, len)),
        );
    }
    let symbols = open(1, &debug);
    let _ = symbols.find_line("main.rs", 1);
    let problems = symbols.problems();
    assert!(
        problems.iter().any(|p| p.place == ".debug_line"),
        "{problems:?}"
    );
}

/// Functions without a DIE are called what the name section calls them.
#[test]
fn the_name_section_stands_in() {
    let mut names = wasm_encoder::NameSection::new();
    let mut functions = wasm_encoder::NameMap::new();
    functions.append(0, "_RNvCs9ltgdHTiPiY_6orders4main");
    names.functions(&functions);
    let mut bytes = module(2, &[]);
    wasm_encoder::Section::append_to(&names, &mut bytes);
    let symbols = Symbols::open(parse(bytes), &SymbolsOptions::default());
    let all = bodies(2);
    assert_eq!(frames(&symbols, all[0].0 + 3), ["orders::main:-"]);
    assert_eq!(frames(&symbols, all[1].0 + 3), ["?:-"]);
    assert_eq!(
        find(&symbols, "main"),
        [("orders::main".into(), all[0].0 + 3, false)]
    );
    let close = symbols.find_functions(&FunctionQuery::Suffix("mian".into()));
    assert_eq!(close.suggestions, ["orders::main"]);
    assert!(!symbols.has_debug_info());
}

/// Debug files by name, as a test would have them on disk.
struct Files(Vec<(&'static str, Vec<u8>)>);

impl DebugFiles for Files {
    fn external(&self, reference: &str) -> Result<Arc<[u8]>, String> {
        let file = self.0.iter().find(|(name, _)| *name == reference);
        file.map(|(_, bytes)| bytes.as_slice().into())
            .ok_or("there is no such file".into())
    }

    fn package(&self) -> Option<Arc<[u8]>> {
        None
    }

    fn split_unit(&self, _: Option<&str>, name: &str) -> Result<Arc<[u8]>, String> {
        self.external(name)
    }
}

/// `external_debug_info` overrides what is embedded, the last one wins, and another build's file
/// is refused.
#[test]
fn debug_info_outside_of_the_module() {
    let (start, len) = bodies(1)[0];
    let debug_file = |name, id: &[u8]| {
        let mut debug = Debug::default();
        debug.unit(
            4,
            &unit("main.rs")
                .code(start, len)
                .child(function(name, start, len)),
        );
        debug.lines(&[rows_of(start, len, 10)]);
        let mut sections = debug.sections();
        sections.push(("build_id", id));
        module(1, &sections)
    };
    let with = |references: &[&str], id: &[u8], options: &SymbolsOptions| {
        let mut bytes = debug_file("embedded", id);
        for reference in references {
            let mut data = Vec::new();
            leb(&mut data, reference.len() as u64);
            data.extend(reference.bytes());
            let section = wasm_encoder::CustomSection {
                name: "external_debug_info".into(),
                data: data.into(),
            };
            wasm_encoder::Section::append_to(&section, &mut bytes);
        }
        let symbols = Symbols::open(parse(bytes), options);
        (
            frames(&symbols, start + 3).remove(0),
            symbols.problems().len(),
        )
    };
    let (ours, others) = ([2, 0xaa, 0xbb], [2, 0xcc, 0xdd]);
    let options = SymbolsOptions {
        search: Some(Arc::new(Files(vec![
            ("first.wasm", debug_file("first", &ours)),
            ("last.wasm", debug_file("last", &[])),
            ("other.wasm", debug_file("other", &others)),
            ("bare.wasm", module(1, &[])),
            ("text.wasm", b"no object file".to_vec()),
        ]))),
        ..SymbolsOptions::default()
    };
    let table = [
        // (references, whose function it is, problems)
        (vec!["first.wasm"], "first:11", 0),
        (vec!["first.wasm", "last.wasm"], "last:11", 0),
        (vec!["other.wasm"], "embedded:11", 1),
        (vec!["bare.wasm"], "embedded:11", 1),
        (vec!["text.wasm"], "embedded:11", 1),
        (vec!["missing.wasm"], "embedded:11", 1),
        (vec![], "embedded:11", 0),
    ];
    for (references, expected, problems) in table {
        let answer = with(&references, &ours, &options);
        assert_eq!(answer, (expected.to_owned(), problems), "{references:?}");
    }
    // A file that the user names goes before all others, unless it is another build's.
    for (id, expected) in [(&ours, "named:11"), (&others, "first:11")] {
        let named: Arc<[u8]> = debug_file("named", id).into();
        let options = SymbolsOptions {
            debug_file: Some(named),
            ..options.clone()
        };
        assert_eq!(with(&["first.wasm"], &ours, &options).0, expected);
    }
}
