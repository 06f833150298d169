//! Why a binary does not compile: it is invalid, or it needs a WebAssembly proposal that is not
//! available here. Only asked after compiling has failed; compiling validates by itself.

use wasmparser::{Validator, WasmFeatures};

/// What is wrong with a binary that did not compile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Diagnosis {
    /// It uses a feature that is off.
    Unsupported {
        /// The proposal's name and where it is described.
        proposal: String,
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the validator says.
        message: String,
    },
    /// It breaks a rule of WebAssembly.
    Invalid {
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the validator says.
        message: String,
    },
}

/// The proposals, by the feature that stands for them: name and repository below
/// `https://github.com/WebAssembly/`. Those that are on here cannot be missing, but the compiler
/// may be built without them on some hosts.
const PROPOSALS: &[(WasmFeatures, &str, &str)] = &[
    (
        WasmFeatures::LEGACY_EXCEPTIONS,
        "legacy exception handling",
        "exception-handling",
    ),
    (
        WasmFeatures::EXCEPTIONS,
        "exception handling",
        "exception-handling",
    ),
    (
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        "shared-everything threads",
        "shared-everything-threads",
    ),
    (
        WasmFeatures::MEMORY_CONTROL,
        "memory control",
        "memory-control",
    ),
    (
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "custom page sizes",
        "custom-page-sizes",
    ),
    (
        WasmFeatures::STACK_SWITCHING,
        "stack switching",
        "stack-switching",
    ),
    (
        WasmFeatures::WIDE_ARITHMETIC,
        "wide arithmetic",
        "wide-arithmetic",
    ),
    (
        WasmFeatures::CUSTOM_DESCRIPTORS,
        "custom descriptors",
        "custom-descriptors",
    ),
    (
        WasmFeatures::COMPACT_IMPORTS,
        "compact import section",
        "compact-import-section",
    ),
    (WasmFeatures::THREADS, "threads", "threads"),
    (WasmFeatures::TAIL_CALL, "tail calls", "tail-call"),
    (WasmFeatures::GC, "garbage collection", "gc"),
    (WasmFeatures::GC_TYPES, "garbage collection", "gc"),
    (
        WasmFeatures::FUNCTION_REFERENCES,
        "typed function references",
        "function-references",
    ),
    (
        WasmFeatures::MULTI_MEMORY,
        "multiple memories",
        "multi-memory",
    ),
    (WasmFeatures::MEMORY64, "64-bit memory", "memory64"),
    (WasmFeatures::RELAXED_SIMD, "relaxed SIMD", "relaxed-simd"),
    (WasmFeatures::SIMD, "SIMD", "simd"),
    (
        WasmFeatures::EXTENDED_CONST,
        "extended constant expressions",
        "extended-const",
    ),
    (
        WasmFeatures::REFERENCE_TYPES,
        "reference types",
        "reference-types",
    ),
    (
        WasmFeatures::BULK_MEMORY,
        "bulk memory operations",
        "bulk-memory-operations",
    ),
    (
        WasmFeatures::CM_VALUES,
        "component model values",
        "component-model",
    ),
    (
        WasmFeatures::CM_ASYNC,
        "component model async",
        "component-model",
    ),
    (
        WasmFeatures::CM_ASYNC_STACKFUL,
        "component model async (stackful)",
        "component-model",
    ),
    (
        WasmFeatures::CM_MORE_ASYNC_BUILTINS,
        "component model async (more built-ins)",
        "component-model",
    ),
    (
        WasmFeatures::CM_THREADING,
        "component model threading",
        "component-model",
    ),
    (
        WasmFeatures::CM_ERROR_CONTEXT,
        "component model error-context",
        "component-model",
    ),
    (
        WasmFeatures::CM_FIXED_LENGTH_LISTS,
        "component model fixed-length lists",
        "component-model",
    ),
    (
        WasmFeatures::CM_GC,
        "component model with garbage collection",
        "component-model",
    ),
    (
        WasmFeatures::CM_MAP,
        "component model maps",
        "component-model",
    ),
    (
        WasmFeatures::CM64,
        "component model with 64-bit memory",
        "component-model",
    ),
    (
        WasmFeatures::CM_IMPLEMENTS,
        "component model `implements`",
        "component-model",
    ),
    (
        WasmFeatures::CM_NESTED_NAMES,
        "component model nested names",
        "component-model",
    ),
    (
        WasmFeatures::CM_CANON_NAMES,
        "component model canonical names",
        "component-model",
    ),
];

/// What Wasmtime has on by default (Wasm 3.0, threads, the component model with async).
fn available() -> WasmFeatures {
    WasmFeatures::WASM3
        | WasmFeatures::GC_TYPES
        | WasmFeatures::THREADS
        | WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::CM_ASYNC
}

/// Validates `bytes` to find out why they did not compile. `None` when they are valid: the
/// compiler has reasons of its own then.
pub(crate) fn diagnose(bytes: &[u8]) -> Option<Diagnosis> {
    let error = Validator::new_with_features(available())
        .validate_all(bytes)
        .err()?;
    let (offset, message) = (error.offset() as u64, error.message().to_owned());
    // A missing feature is named by the validator itself in most places; else it is the one with
    // which validation gets further.
    let missing = error.missing_wasm_feature().or_else(|| {
        let candidates = PROPOSALS.iter().map(|(feature, ..)| *feature);
        candidates
            .filter(|feature| !available().contains(*feature))
            .find(|feature| {
                match Validator::new_with_features(available() | *feature).validate_all(bytes) {
                    Ok(_) => true,
                    Err(later) => later.offset() as u64 > offset,
                }
            })
    });
    Some(match missing {
        Some(feature) => Diagnosis::Unsupported {
            proposal: proposal(feature),
            offset,
            message,
        },
        None => Diagnosis::Invalid { offset, message },
    })
}

/// The name of a proposal and where it is described.
fn proposal(feature: WasmFeatures) -> String {
    match PROPOSALS
        .iter()
        .find(|(known, ..)| feature.intersects(*known))
    {
        Some((_, name, repository)) => {
            format!("{name} (https://github.com/WebAssembly/{repository})")
        }
        None => {
            let names: Vec<_> = feature.iter_names().map(|(name, _)| name).collect();
            names.join(", ").to_ascii_lowercase().replace('_', "-")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosis(text: &str) -> Option<Diagnosis> {
        diagnose(&wat::parse_str(text).expect("valid text"))
    }

    #[test]
    fn names_the_proposal_that_is_missing() {
        let table = [
            (
                "(module (func try catch_all end))",
                "legacy exception handling",
            ),
            (
                "(module (func (param i64 i64) (result i64 i64)
                   local.get 0 local.get 1 i64.mul_wide_u))",
                "wide arithmetic",
            ),
            ("(module (memory 1 (pagesize 1)))", "custom page sizes"),
        ];
        for (text, expected) in table {
            match diagnosis(text) {
                Some(Diagnosis::Unsupported { proposal, .. }) => {
                    assert!(proposal.starts_with(expected), "{proposal}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_type_error_is_no_missing_feature() {
        let found = diagnosis("(module (func (result i32) i64.const 0))");
        assert!(
            matches!(found, Some(Diagnosis::Invalid { .. })),
            "{found:?}"
        );
        assert_eq!(diagnosis("(module (func (result i32) i32.const 0))"), None);
    }
}
