//! How well a program can be debugged, in a sentence, and what to do when it is less than it could
//! be.

use super::model::{Debuggability, ModuleInspection, Verdict};

/// From which share of the functions on lines count as being there, in percent. The rest is what
/// tools add without a source: start code, allocation shims, adapters. Bytes of code say less:
/// in optimised code many belong to no line at all.
const MOST: u64 = 80;

/// From which share of line rows beside instructions on debug info does not fit, in percent.
const SOME: u64 = 2;

const AS_LINKED: &str = "use the module as the linker made it (in `target/…`, not in `pkg` or \
    `dist`)";

const REBUILD: &str = "build with debug info: `cargo build`, or for an optimised build \
    `CARGO_PROFILE_RELEASE_DEBUG=full cargo build --release` (in Cargo.toml: `[profile.release] \
    debug = \"full\"`), with `strip` off";

/// Tools that rewrite modules, by their name in the producers section.
const REWRITERS: &[(&str, &str)] = &[
    (
        "wasm-bindgen",
        "wasm-bindgen drops debug info unless it is told `--keep-debug`",
    ),
    (
        "walrus",
        "walrus (the library that wasm-bindgen and others rewrite modules with) keeps debug info \
         only on demand",
    ),
    (
        "wasm-opt",
        "wasm-opt drops debug info without `-g`, and what it keeps with it may be wrong",
    ),
    (
        "binaryen",
        "wasm-opt drops debug info without `-g`, and what it keeps with it may be wrong",
    ),
];

/// The verdict on a whole program.
pub(super) fn verdict(modules: &[ModuleInspection], damage: Option<&str>) -> Verdict {
    let Some(main) = main_module(modules) else {
        return Verdict {
            debuggability: Debuggability::Nothing,
            sentence: match damage {
                Some(_) => "The binary is damaged: no code can be read.".to_owned(),
                None => "There is no code in it, so there is nothing to debug.".to_owned(),
            },
            remedy: damage.map(|_| "copy or build it again".to_owned()),
        };
    };
    let mut verdict = of_module(main);
    if modules.len() > 1 {
        let name = main.name.as_deref().unwrap_or("without a name");
        verdict.sentence = format!("Module {} ({name}): {}", main.index, verdict.sentence);
    }
    if let Some((_, reason)) = rewriter(main)
        && verdict.debuggability < Debuggability::Full
    {
        verdict.sentence = format!("{} It was rewritten: {reason}.", verdict.sentence);
    }
    if damage.is_some() {
        verdict.sentence = format!("{} The binary is damaged.", verdict.sentence);
        verdict.remedy = Some("copy or build it again".to_owned());
    }
    verdict
}

/// The module with the most code: the program, next to adapters and shims.
fn main_module(modules: &[ModuleInspection]) -> Option<&ModuleInspection> {
    modules
        .iter()
        .filter(|module| module.functions.defined > 0)
        .max_by_key(|module| (module.functions.code_bytes, std::cmp::Reverse(module.index)))
}

fn rewriter(module: &ModuleInspection) -> Option<(&'static str, &'static str)> {
    let made = |name: &str| {
        module
            .producers
            .iter()
            .any(|p| p.name.eq_ignore_ascii_case(name))
    };
    REWRITERS.iter().copied().find(|(name, _)| made(name))
}

fn of_module(module: &ModuleInspection) -> Verdict {
    let debug = &module.debug;
    let external = module.external.external_debug_info.as_deref();
    if debug.units == 0 {
        return without_dwarf(module, external);
    }
    if debug.own_sources == 0 {
        return Verdict {
            debuggability: Debuggability::Names,
            sentence: "Only the standard library and the C library carry debug info, the program \
                       itself has none: its functions show by name at best."
                .to_owned(),
            remedy: Some(REBUILD.to_owned()),
        };
    }
    if debug.rows_off_opcodes.percent() > Some(SOME) {
        return Verdict {
            debuggability: Debuggability::Names,
            sentence: "The debug info does not fit the code: a tool has changed the code since. \
                       Lines and values that it tells may be wrong."
                .to_owned(),
            remedy: Some(AS_LINKED.to_owned()),
        };
    }
    if debug.rewritten {
        return Verdict {
            debuggability: Debuggability::Lines,
            sentence: "A tool has written the code anew since it was linked (wasm-opt does that): \
                       calls that it inlined will not show, and where variables are now is not \
                       known."
                .to_owned(),
            remedy: Some(AS_LINKED.to_owned()),
        };
    }
    let lines = debug.code_with_lines.percent().unwrap_or(0);
    if lines == 0 {
        return Verdict {
            debuggability: Debuggability::Names,
            sentence: "There is debug info, but none of it belongs to the code that is there: a \
                       tool has changed the code without it."
                .to_owned(),
            remedy: Some(format!(
                "use the module as the linker made it, or {REBUILD}"
            )),
        };
    }
    let variables = debug.own_functions_with_variables;
    if variables.whole > 0 && variables.part == 0 {
        return Verdict {
            debuggability: Debuggability::Lines,
            sentence: "Source lines and inlined calls will show, but no variables: only line \
                       tables were asked for when it was built."
                .to_owned(),
            remedy: Some(REBUILD.to_owned()),
        };
    }
    let functions = debug.functions_with_lines.percent().unwrap_or(0);
    if functions < MOST {
        return Verdict {
            debuggability: Debuggability::Lines,
            sentence: format!(
                "Source lines and variables will show for part of the program only: {functions} % \
                 of the functions have line info."
            ),
            remedy: Some(
                "build all parts of it with debug info; what a tool rewrote afterwards may have \
                 lost its own"
                    .to_owned(),
            ),
        };
    }
    Verdict {
        debuggability: Debuggability::Full,
        sentence: match debug.source.as_str() {
            "the module" => "Source lines, inlined calls and variables will show.".to_owned(),
            other => format!("Source lines, inlined calls and variables will show, from {other}."),
        },
        remedy: None,
    }
}

/// Without a unit of debug info inside: stripped, or debug info elsewhere.
fn without_dwarf(module: &ModuleInspection, external: Option<&str>) -> Verdict {
    let names = module.functions.named > 0;
    let debuggability = match names {
        true => Debuggability::Names,
        false => Debuggability::Nothing,
    };
    if let Some(external) = external {
        return Verdict {
            debuggability,
            sentence: format!(
                "Its debug info is in another file, `{external}`, which was not found or does not \
                 fit."
            ),
            remedy: Some(
                "put that file beside the module, or name it with --debug-file".to_owned(),
            ),
        };
    }
    let sentence = match names {
        true => {
            "There is no debug info: functions will show by name, but neither source lines nor \
             variables."
        }
        false => {
            "It is stripped: there is neither debug info nor a name section, so functions show by \
             number only."
        }
    };
    Verdict {
        debuggability,
        sentence: sentence.to_owned(),
        remedy: Some(REBUILD.to_owned()),
    }
}
