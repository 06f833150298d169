//! What `inspect` says about programs, against what is known about them: how they were built, and
//! what is written in them by hand.

use std::sync::Arc;
use wasmscope_debugger::inspect::{
    Debuggability, ImportGroup, InspectOptions, Inspection, InspectionKind, inspect,
};
use wasmscope_test_support::{Build, Target, sample_bytes, samples, wat_sample, wat_to_wasm};

fn inspected(bytes: Vec<u8>) -> Inspection {
    inspect(&bytes.into(), &InspectOptions::default()).expect("it is Wasm")
}

fn inspected_sample(name: &str, build: Build, target: Target) -> Inspection {
    inspected(sample_bytes(name, build, target))
}

fn inspected_text(name: &str) -> Inspection {
    let text = std::fs::read_to_string(wat_sample(name)).expect("it is there");
    inspected(wat_to_wasm(&text))
}

fn group<'i>(inspection: &'i Inspection, interface: &str) -> &'i ImportGroup {
    let mut groups = inspection.imports.iter();
    groups
        .find(|group| group.interface.as_deref() == Some(interface))
        .unwrap_or_else(|| panic!("nothing is imported from {interface}"))
}

#[test]
fn the_verdict_follows_how_it_was_built() {
    let table = [
        (Build::Debug, Debuggability::Full, false),
        (Build::ReleaseWithDebug, Debuggability::Full, false),
        (Build::ReleaseWithLines, Debuggability::Lines, true),
        (Build::Release, Debuggability::Names, true),
        (Build::Stripped, Debuggability::Nothing, true),
    ];
    for (build, expected, remedy) in table {
        for target in Target::ALL {
            let verdict = inspected_sample("unwrap_none", build, target).verdict;
            let sentence = &verdict.sentence;
            assert_eq!(
                verdict.debuggability, expected,
                "{build:?} {target:?}: {sentence}"
            );
            assert_eq!(
                verdict.remedy.is_some(),
                remedy,
                "{build:?} {target:?}: {verdict:?}"
            );
        }
    }
}

#[test]
fn every_sample_with_debug_info_is_good_to_debug() {
    for name in samples() {
        let inspection = inspected_sample(&name, Build::Debug, Target::WasiP1);
        let verdict = &inspection.verdict;
        assert_eq!(
            verdict.debuggability,
            Debuggability::Full,
            "{name}: {verdict:?}"
        );
        let debug = &inspection.modules[0].debug;
        assert_eq!(debug.versions, [4], "{name}");
        let source = format!("/samples/src/bin/{name}.rs");
        let program = debug.roots.iter().find(|root| root.owner == "the program");
        let program = program.unwrap_or_else(|| panic!("{name}: {:?}", debug.roots));
        assert!(program.path.ends_with("/samples"), "{source} {program:?}");
        assert_eq!((program.files, program.found), (1, 1), "{name}");
        assert!(
            debug
                .compilers
                .iter()
                .any(|c| c.contains("rustc version 1.95.0"))
        );
    }
}

#[test]
fn a_core_module_tells_its_border_and_its_makers() {
    let inspection = inspected_sample("file_not_found", Build::Debug, Target::WasiP1);
    assert_eq!(inspection.kind, InspectionKind::Module);
    assert_eq!(inspection.modules.len(), 1);
    let wasi = group(&inspection, "wasi_snapshot_preview1");
    assert!(wasi.provided && wasi.advice.is_none());
    let path_open = wasi
        .items
        .iter()
        .find(|item| item.name == "path_open")
        .expect("it opens files");
    assert_eq!(
        path_open.ty.as_deref(),
        Some("(func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32))")
    );
    let exports = &inspection.exports[0].items;
    let start = exports
        .iter()
        .find(|item| item.name == "_start")
        .expect("it is a command");
    assert_eq!(
        (start.kind.as_str(), start.ty.as_deref()),
        ("function", Some("(func)"))
    );
    assert!(
        exports
            .iter()
            .any(|item| item.name == "memory" && item.kind == "memory")
    );
    let rustc = inspection
        .producers
        .iter()
        .find(|producer| producer.name == "rustc");
    assert!(rustc.expect("rustc made it").version.starts_with("1.95.0"));

    let module = &inspection.modules[0];
    assert_eq!(module.functions.named, module.functions.defined);
    let sections: u64 = module.sections.iter().map(|section| section.size).sum();
    assert!(sections < module.size && sections > module.size * 9 / 10);
    assert!(
        module
            .sections
            .is_sorted_by_key(|section| std::cmp::Reverse(section.size))
    );
}

#[test]
fn a_component_tells_its_interfaces_and_its_modules() {
    let inspection = inspected_sample("file_not_found", Build::Debug, Target::WasiP2);
    assert_eq!(inspection.kind, InspectionKind::Component);
    assert!(
        inspection.imports.iter().all(|group| group.provided),
        "{:?}",
        inspection.imports
    );
    let version = inspection
        .imports
        .iter()
        .find_map(|group| {
            group
                .interface
                .as_deref()?
                .strip_prefix("wasi:filesystem/types@")
        })
        .expect("it opens files");
    let types = group(&inspection, &format!("wasi:filesystem/types@{version}"));
    let open_at = types
        .items
        .iter()
        .find(|item| item.name == "[method]descriptor.open-at");
    assert_eq!(
        open_at.expect("it opens files").ty.as_deref(),
        Some(
            "func(self: borrow<descriptor>, path-flags: path-flags, path: string, \
             open-flags: open-flags, flags: descriptor-flags) -> result<descriptor, error-code>"
        )
    );
    let run = &inspection.exports[0];
    assert!(
        run.interface
            .as_deref()
            .is_some_and(|name| name.starts_with("wasi:cli/run@0.2"))
    );
    assert_eq!(run.items[0].ty.as_deref(), Some("func() -> result"));
    assert!(inspection.modules.len() > 1);
    assert!(inspection.modules[0].debug.units > 100);
    assert!(inspection.modules[0].offset > 0);
    assert!(
        inspection
            .producers
            .iter()
            .any(|producer| producer.name == "wit-component")
    );
}

#[test]
fn exports_of_a_hand_written_component_have_their_types() {
    let inspection = inspected_text("calculator");
    let lines: Vec<_> = inspection
        .exports
        .iter()
        .flat_map(|group| {
            group.items.iter().map(|item| {
                let interface = group.interface.as_deref().unwrap_or_default();
                format!(
                    "{interface} {} {}",
                    item.name,
                    item.ty.as_deref().unwrap_or_default()
                )
            })
        })
        .collect();
    assert_eq!(
        lines,
        [
            " add func(left: u32, right: u32) -> u32",
            " greet func(name: string) -> string",
            "sample:calculator/arithmetic divide func(dividend: s32, divisor: s32) -> s32",
        ]
    );
    assert_eq!(inspection.verdict.debuggability, Debuggability::Names);
}

#[test]
fn what_nobody_provides_is_marked() {
    let inspection = inspected_text("unknown_import");
    let env = group(&inspection, "env");
    assert!(!env.provided && !env.items[0].provided);
    assert!(env.advice.is_some());
    assert!(group(&inspection, "wasi_snapshot_preview1").provided);

    let component = wat_to_wasm(
        r#"(component
            (type $t (instance (export "handle" (func (param "request" string)))))
            (import "wasi:http/made-up@0.2.0" (instance (type $t)))
            (import "log" (func (param "line" string)))
            (import "wasi:cli/environment@0.2.0" (instance)))"#,
    );
    let inspection = inspected(component);
    let http = group(&inspection, "wasi:http/made-up@0.2.0");
    assert!(!http.provided);
    assert_eq!(http.items[0].name, "handle");
    assert!(group(&inspection, "wasi:cli/environment@0.2.0").provided);
    let plain = inspection
        .imports
        .iter()
        .find(|group| group.interface.is_none());
    let plain = plain.expect("`log` is no interface");
    assert_eq!(plain.items[0].ty.as_deref(), Some("func(line: string)"));
    assert!(!plain.provided);
}

#[test]
fn facts_in_custom_sections_are_told() {
    let wasm = wat_to_wasm(
        r#"(module
            (@custom "build_id" "\04\de\ad\be\ef")
            (@custom "external_debug_info" "\0eapp.debug.wasm")
            (@custom "sourceMappingURL" "\07app.map")
            (func (export "f")))"#,
    );
    let inspection = inspected(wasm);
    let module = &inspection.modules[0];
    assert_eq!(module.build_id.as_deref(), Some("deadbeef"));
    assert_eq!(
        module.external.external_debug_info.as_deref(),
        Some("app.debug.wasm")
    );
    assert_eq!(
        module.external.source_mapping_url.as_deref(),
        Some("app.map")
    );
    let sentence = &inspection.verdict.sentence;
    assert!(sentence.contains("app.debug.wasm"), "{sentence}");
}

#[test]
fn rewriters_are_named_in_a_poor_verdict() {
    let wasm = wat_to_wasm(
        r#"(module
            (@producers (processed-by "walrus" "0.23.3") (processed-by "wasm-bindgen" "0.2.100"))
            (func (export "f")))"#,
    );
    let verdict = inspected(wasm).verdict;
    assert_eq!(verdict.debuggability, Debuggability::Nothing);
    assert!(
        verdict.sentence.contains("--keep-debug"),
        "{}",
        verdict.sentence
    );
}

/// Code that a tool changed without its debug info: here, a few bytes go missing in front of it.
#[test]
fn debug_info_that_does_not_fit_is_not_trusted() {
    let bytes: Arc<[u8]> = sample_bytes("orders", Build::Debug, Target::WasiP1).into();
    let binary = wasmscope_symbols::Binary::parse(Arc::clone(&bytes)).expect("it is whole");
    let module = &binary.modules[0];
    // Another module's debug info, put after this one's code: the last section of a name counts.
    let other = sample_bytes("values", Build::Debug, Target::WasiP1);
    let other = wasmscope_symbols::Binary::parse(other.into()).expect("it is whole");
    let mut mixed = module.bytes().to_vec();
    for section in &other.modules[0].custom_sections {
        if section.name.starts_with(".debug_") {
            let contents = &other.modules[0].bytes()[section.range.clone()];
            let mut payload = vec![u8::try_from(section.name.len()).expect("a short name")];
            payload.extend(section.name.as_bytes());
            payload.extend(contents);
            mixed.push(0);
            let mut length = payload.len();
            while length >= 0x80 {
                mixed.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
                length >>= 7;
            }
            mixed.push(u8::try_from(length).expect("seven bits"));
            mixed.extend(payload);
        }
    }
    let inspection = inspected(mixed);
    let debug = &inspection.modules[0].debug;
    assert!(debug.rows_off_opcodes.part > 0, "{debug:?}");
    assert_eq!(
        inspection.verdict.debuggability,
        Debuggability::Names,
        "{:?}",
        inspection.verdict
    );
}

#[test]
fn a_damaged_binary_is_told_as_far_as_it_goes() {
    for target in Target::ALL {
        let whole = sample_bytes("success", Build::Debug, target);
        let cut = whole[..whole.len() / 2].to_vec();
        let inspection = inspected(cut);
        let damage = inspection.damage.expect("half of it is missing");
        assert!(damage.contains("offset"), "{damage}");
        assert!(inspection.invalid.is_none(), "the damage says it all");
        assert!(!inspection.modules.is_empty());
        assert!(inspection.modules[0].functions.defined > 100);
        assert!(inspection.verdict.remedy.is_some());
    }
    assert!(inspect(&Arc::from(*b"#!/bin/sh"), &InspectOptions::default()).is_err());
}

#[test]
fn what_the_engine_would_refuse_is_told() {
    // A function of a type that does not exist.
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    wasm.extend(b"\x03\x02\x01\x07\x0a\x04\x01\x02\x00\x0b");
    let inspection = inspected(wasm);
    assert_eq!(inspection.damage, None);
    let invalid = inspection.invalid.expect("type 7 does not exist");
    assert!(invalid.contains("type"), "{invalid}");
}

/// Nothing that can be cut off or changed in a file makes inspecting it panic.
#[test]
fn damage_of_all_kinds_is_borne() {
    let component = sample_bytes("success", Build::ReleaseWithLines, Target::WasiP2);
    let module = sample_bytes("success", Build::ReleaseWithLines, Target::WasiP1);
    let text = std::fs::read_to_string(wat_sample("calculator")).expect("it is there");
    let small = wat_to_wasm(&text);
    for end in 8..small.len() {
        inspected(small[..end].to_vec());
    }
    for at in 8..small.len() {
        for value in [0x00, 0x01, 0x7f, 0xff] {
            let mut changed = small.clone();
            changed[at] = value;
            inspected(changed);
        }
    }
    for whole in [component, module] {
        let mut seed = 88_172_645_463_325_252_u64;
        for _ in 0..30 {
            let mut changed = whole.clone();
            for _ in 0..8 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let at = 8 + usize::try_from(seed >> 33).expect("31 bits") % (changed.len() - 8);
                changed[at] = changed[at].wrapping_add(1 + (seed & 0x7f) as u8);
            }
            inspected(changed);
        }
    }
}
