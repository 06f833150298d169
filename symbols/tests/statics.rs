//! Statics and types by name, in a program that has some of every kind.

use std::collections::HashSet;
use wasmscope_symbols::{
    Binary, FunctionQuery, Place, Static, StaticQuery, Symbols, SymbolsOptions, TypeKind, WasmValue,
};
use wasmscope_symbols::{FrameState, Unavailable};
use wasmscope_test_support::{Build, Target, line_of, sample_bytes, sample_source};

fn open(build: Build, target: Target) -> Symbols {
    let binary = Binary::parse(sample_bytes("statics", build, target).into()).unwrap();
    let open = |module| Symbols::open(module, &SymbolsOptions::default());
    let mut modules = binary.modules.into_iter().map(open);
    modules.find(Symbols::has_debug_info).unwrap()
}

/// A frame of which nothing is known: statics do not ask.
struct Nothing;

impl FrameState for Nothing {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::LocalNotKept(index))
    }

    fn wasm_global(&self, _: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::OperandNotKept)
    }

    fn operand(&self, _: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::OperandNotKept)
    }

    fn read(&self, _: u64, _: &mut [u8]) -> Result<(), Unavailable> {
        Err(Unavailable::OperandNotKept)
    }
}

fn exactly(symbols: &Symbols, path: &str) -> Static {
    let found = symbols.statics(&StaticQuery::Exact(path.into()));
    assert_eq!(found.len(), 1, "{path}: {found:#?}");
    found.into_iter().next().unwrap()
}

#[test]
fn statics_are_found_where_the_source_has_them() {
    for target in Target::ALL {
        let symbols = open(Build::Debug, target);
        let table = [
            ("statics::GREETING", "&str", "static GREETING"),
            ("statics::COUNTER", "u32", "static mut COUNTER"),
            ("statics::HITS", "AtomicU32", "static HITS"),
            ("statics::NAMES", "Mutex<Vec<String>>", "static NAMES"),
            ("statics::inner::LEVELS", "[u16; 4]", "static LEVELS"),
            ("statics::inner::next_id::LAST", "AtomicU32", "static LAST"),
        ];
        let mut addresses = HashSet::new();
        for (path, type_name, line) in table {
            let found = exactly(&symbols, path);
            assert!(found.linked && !found.thread_local);
            assert_eq!(path.rsplit("::").next(), Some(&*found.name));
            let ty = symbols.describe_type(found.type_id.unwrap());
            assert_eq!(&*ty.name, type_name, "{path}");
            let declared = found.declared.as_ref().unwrap();
            assert_eq!(
                declared.line,
                Some(line_of(&sample_source("statics"), line))
            );
            let place = symbols.locate_static(&found, &Nothing);
            let Place::Memory(address) = place else {
                panic!("{path}: {place:?}");
            };
            assert!(addresses.insert(address), "{path} has a place of its own");
            assert!(address % ty.align.unwrap_or(1) == 0);
            assert_eq!(symbols.compile_static(&found).locate(&Nothing), place);
        }
    }
}

#[test]
fn thread_locals_have_the_name_that_the_source_gives_them() {
    let symbols = open(Build::Debug, Target::WasiP1);
    for (path, held) in [
        ("statics::DEPTH", "Cell<u32>"),
        ("statics::LOG", "RefCell<Vec<u8>>"),
    ] {
        let found = exactly(&symbols, path);
        assert!(found.thread_local && found.linked);
        let ty = symbols.describe_type(found.type_id.unwrap());
        assert!(ty.name.contains(held), "{}", ty.name);
    }
}

#[test]
fn statics_are_asked_for_in_several_ways() {
    let symbols = open(Build::Debug, Target::WasiP1);
    let paths = |query: StaticQuery| -> Vec<String> {
        let found = symbols.statics(&query);
        found.iter().map(|it| it.path.to_string()).collect()
    };
    let last = ["statics::inner::next_id::LAST"];
    assert_eq!(paths(StaticQuery::Suffix("LAST".into())), last);
    assert_eq!(paths(StaticQuery::Suffix("next_id::LAST".into())), last);
    assert_eq!(paths(StaticQuery::Suffix("AST".into())), [""; 0]);
    let regex = regex::Regex::new("next_id").unwrap();
    assert_eq!(paths(StaticQuery::Regex(regex)), last);
    let own = paths(StaticQuery::DeclaredIn(std::sync::Arc::new(|file| {
        file.ends_with("bin/statics.rs")
    })));
    assert!(own.len() >= 9, "{own:?}");
    assert!(
        own.iter().all(|path| path.starts_with("statics::")),
        "{own:?}"
    );
    let all = paths(StaticQuery::All);
    assert!(all.len() > own.len());
    assert!(!all.iter().any(|path| path.contains("{vtable}")));
}

#[test]
fn what_the_linker_left_out_says_so() {
    let symbols = open(Build::Debug, Target::WasiP1);
    let all = symbols.statics(&StaticQuery::All);
    let dropped: Vec<_> = all.iter().filter(|it| !it.linked).collect();
    assert!(!dropped.is_empty());
    for it in dropped {
        let Place::Unavailable(reason) = symbols.locate_static(it, &Nothing) else {
            panic!("{it:?} is nowhere");
        };
        assert!(reason.to_string().contains("left it out"));
        assert_eq!(
            symbols.compile_static(it).locate(&Nothing),
            Place::Unavailable(reason)
        );
    }
}

#[test]
fn types_are_found_by_name() {
    let symbols = open(Build::Debug, Target::WasiP1);
    let names = |name: &str| -> Vec<String> {
        let found = symbols.find_types(name);
        let describe = |id| symbols.describe_type(id).full_name.to_string();
        found.into_iter().map(describe).collect()
    };
    assert_eq!(names("u32"), ["u32"]);
    assert_eq!(
        names("Vec<String>")[0],
        "alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>"
    );
    assert_eq!(names("&str"), ["&str"]);
    assert_eq!(names("AtomicU32"), ["core::sync::atomic::AtomicU32"]);
    assert!(names("Vec").len() > 1);
    assert_eq!(names("NoSuchType"), [""; 0]);
    assert_eq!(names(""), [""; 0]);
    let id = symbols.find_types("String")[0];
    assert!(matches!(
        symbols.describe_type(id).kind,
        TypeKind::Struct(_)
    ));
}

#[test]
fn functions_tell_what_they_return() {
    for build in Build::WITH_DEBUG {
        let symbols = open(build, Target::WasiP1);
        let returns = |name: &str| {
            let found = symbols.find_functions(&FunctionQuery::Exact(name.into()));
            let die = found.instances[0].die.unwrap();
            let ty = symbols.return_type(die)?;
            Some(symbols.describe_type(ty).name.to_string())
        };
        assert_eq!(returns("statics::bump").as_deref(), Some("u32"));
        assert_eq!(returns("statics::inner::next_id").as_deref(), Some("u32"));
        assert_eq!(returns("statics::main"), None);
    }
}
