//! Split units: the other half of the debug info lies in a `.dwo` or `.dwp` file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmscope_symbols::{BesideModule, Binary, DebugFiles, FunctionQuery, Symbols, SymbolsOptions};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/split")
        .join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

/// The line of `split.rs` that has this text.
fn line_of(text: &str) -> u32 {
    let source = String::from_utf8(read("split.rs")).unwrap();
    let position = source.lines().position(|line| line.contains(text));
    position.unwrap() as u32 + 1
}

fn open(search: impl DebugFiles + 'static) -> Symbols {
    let binary = Binary::parse(read("split.wasm").into()).unwrap();
    let options = SymbolsOptions {
        search: Some(Arc::new(search)),
        ..SymbolsOptions::default()
    };
    Symbols::open(Arc::clone(&binary.modules[0]), &options)
}

/// Where the file is that has the other halves.
#[derive(Default)]
struct Files {
    package: Option<Vec<u8>>,
    single: Option<Vec<u8>>,
}

impl DebugFiles for Files {
    fn external(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Err("is not asked for".into())
    }

    fn package(&self) -> Option<Arc<[u8]>> {
        self.package.as_deref().map(Arc::from)
    }

    fn split_unit(&self, _: Option<&str>, name: &str) -> Result<Arc<[u8]>, String> {
        assert!(name.ends_with(".dwo"), "{name}");
        self.single
            .as_deref()
            .map(Arc::from)
            .ok_or("cannot be found".into())
    }
}

/// The frames of the multiplication's operand in `area`: the inlined `twice`, and `area`.
fn check_whole(symbols: &Symbols) {
    assert_eq!(symbols.problems(), []);
    let twice = symbols.find_line("split.rs", line_of("n ^ (n << 1)"));
    let place = twice
        .places
        .iter()
        .find(|place| place.inlined)
        .expect("inlined in `area`");
    let frames: Vec<_> = symbols
        .frames(place.pc)
        .iter()
        .map(|frame| {
            let name = frame.function.as_ref().unwrap().pretty().to_owned();
            (name, frame.location.as_ref().unwrap().line, frame.inlined)
        })
        .collect();
    let expected = [
        (
            "split::twice".to_owned(),
            Some(line_of("n ^ (n << 1)")),
            true,
        ),
        (
            "split::area".to_owned(),
            Some(line_of("twice(width)")),
            false,
        ),
    ];
    assert_eq!(frames, expected);
    let found = symbols.find_functions(&FunctionQuery::Suffix("area".into()));
    let area = found.instances.first().expect("found by name");
    assert_eq!(
        area.declared.as_ref().and_then(|at| at.line),
        Some(line_of("fn area"))
    );
    let variables = symbols.variables(area.die.unwrap(), area.entry, None);
    let names: Vec<_> = variables.iter().map(|variable| &*variable.name).collect();
    assert_eq!(names, ["width", "height"]);
    let facts = symbols.debug_facts();
    assert_eq!(
        (facts.skeletons, facts.split_units_found),
        (facts.units, facts.units)
    );
}

#[test]
fn a_package_has_the_other_halves() {
    check_whole(&open(Files {
        package: Some(read("split.dwp")),
        ..Files::default()
    }));
}

#[test]
fn a_single_file_has_the_other_half() {
    check_whole(&open(Files {
        single: Some(read("split.dwo")),
        ..Files::default()
    }));
}

#[test]
fn a_package_beside_the_module_is_found() {
    check_whole(&open(BesideModule::new(data("split.wasm"))));
}

/// Lines are in the module itself; what is not there is said.
#[test]
fn lines_are_left_without_the_other_half() {
    let mut others = read("split.dwo");
    let broken = [
        ("missing", Files::default()),
        (
            "no object file",
            Files {
                single: Some(b"text".to_vec()),
                ..Files::default()
            },
        ),
        (
            "not the unit's",
            Files {
                single: Some(another_unit(&mut others)),
                ..Files::default()
            },
        ),
        (
            "truncated",
            Files {
                package: Some(read("split.dwp")[..300].to_vec()),
                ..Files::default()
            },
        ),
    ];
    for (what, files) in broken {
        let symbols = open(files);
        assert_eq!(
            symbols.problems().len(),
            1,
            "{what}: {:?}",
            symbols.problems()
        );
        let places = symbols
            .find_line("split.rs", line_of("twice(width)"))
            .places;
        let frames = symbols.frames(places[0].pc);
        assert_eq!(frames.len(), 1, "{what}");
        assert_eq!(
            frames[0].location.as_ref().unwrap().line,
            Some(line_of("twice(width)"))
        );
        assert_eq!(frames[0].die, None);
    }
}

/// The `.dwo` file with the id in its unit changed.
fn another_unit(dwo: &mut Vec<u8>) -> Vec<u8> {
    let binary = Binary::parse(read("split.wasm").into()).unwrap();
    let sections = &binary.modules[0];
    let skeleton = sections.custom_section(".debug_info").unwrap();
    // DWARF 4 keeps it as the attribute DW_AT_GNU_dwo_id: eight bytes that both files have.
    let id = skeleton
        .windows(8)
        .filter(|bytes| !bytes.starts_with(&[0, 0]) && !bytes.ends_with(&[0, 0]))
        .find_map(|bytes| dwo.windows(8).position(|other| other == bytes));
    let at = id.expect("both halves have the id");
    for byte in &mut dwo[at..at + 8] {
        *byte ^= 0xff;
    }
    std::mem::take(dwo)
}
