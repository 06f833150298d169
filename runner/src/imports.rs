//! Imports that nobody here provides: which they are, and who usually does. The error built from
//! this is shown before anything runs.

use std::fmt;
use wasmtime::component::types::ComponentItem;
use wasmtime::{ExternType, FuncType};

/// An import that this host does not provide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingImport {
    /// The module (core) or interface (component) it is imported from; for an import directly
    /// into a component's world, empty.
    pub module: String,
    /// The name of the item; for a whole interface, empty.
    pub name: String,
    /// What kind of item.
    pub kind: ImportKind,
    /// Its type as text; empty when the kind says it all.
    pub ty: String,
}

/// What kind of item is imported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ImportKind {
    /// A function.
    Function,
    /// A global.
    Global,
    /// A table.
    Table,
    /// A linear memory.
    Memory,
    /// A tag of exceptions.
    Tag,
    /// A component interface.
    Interface,
    /// Anything else of the component model.
    Other,
}

impl fmt::Display for ImportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Global => "global",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Tag => "tag",
            Self::Interface => "interface",
            Self::Other => "item",
        })
    }
}

impl fmt::Display for MissingImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `", self.kind)?;
        match (self.module.is_empty(), self.name.is_empty()) {
            (false, false) => {
                write!(
                    f,
                    "{}.{}",
                    self.module.escape_debug(),
                    self.name.escape_debug()
                )?;
            }
            _ => write!(
                f,
                "{}{}",
                self.module.escape_debug(),
                self.name.escape_debug()
            )?,
        }
        f.write_str("`")?;
        if self.ty.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.ty)
        }
    }
}

impl MissingImport {
    /// An import of a core module.
    pub(crate) fn core(import: &wasmtime::ImportType<'_>) -> Self {
        let (kind, ty) = match import.ty() {
            ExternType::Func(ty) => (ImportKind::Function, signature(&ty)),
            ExternType::Global(ty) => (ImportKind::Global, ty.content().to_string()),
            ExternType::Table(ty) => (ImportKind::Table, ty.element().to_string()),
            ExternType::Memory(ty) => {
                let shared = if ty.is_shared() { "shared, " } else { "" };
                (
                    ImportKind::Memory,
                    format!("({shared}at least {} pages)", ty.minimum()),
                )
            }
            ExternType::Tag(_) => (ImportKind::Tag, String::new()),
        };
        Self {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            kind,
            ty,
        }
    }

    /// An import of a component.
    pub(crate) fn component(name: &str, item: &ComponentItem) -> Self {
        match item {
            ComponentItem::ComponentInstance(_) => Self {
                module: name.to_owned(),
                name: String::new(),
                kind: ImportKind::Interface,
                ty: String::new(),
            },
            other => Self {
                module: String::new(),
                name: name.to_owned(),
                kind: match other {
                    ComponentItem::ComponentFunc(_) | ComponentItem::CoreFunc(_) => {
                        ImportKind::Function
                    }
                    _ => ImportKind::Other,
                },
                ty: String::new(),
            },
        }
    }

    /// Who usually provides it and what to do, where that is known.
    pub fn provider(&self) -> Option<&'static str> {
        usual_provider(&self.module, &self.name)
    }
}

/// A function type in the text format's manner.
fn signature(ty: &FuncType) -> String {
    let list = |types: &mut dyn Iterator<Item = String>| types.collect::<Vec<_>>().join(", ");
    let params = list(&mut ty.params().map(|t| t.to_string()));
    let results = list(&mut ty.results().map(|t| t.to_string()));
    if results.is_empty() {
        format!("({params})")
    } else {
        format!("({params}) -> {results}")
    }
}

/// A rule of [`usual_provider`]: does the pattern of the module match, and one of the name? `*`
/// at an end stands for anything.
struct Rule {
    module: &'static str,
    name: &'static str,
    says: &'static str,
}

const fn rule(module: &'static str, name: &'static str, says: &'static str) -> Rule {
    Rule { module, name, says }
}

const BINDGEN: &str = "wasm-bindgen's JavaScript provides it: the module was built for a browser \
    or Node; build for wasm32-wasip1 without wasm-bindgen (a dependency may use it, such as \
    `getrandom` or `chrono` with their `js` or `wasmbind` feature)";
const EMSCRIPTEN: &str = "Emscripten's JavaScript provides it: build with \
    `-sSTANDALONE_WASM`, or with the WASI SDK";
const WASMEDGE_SOCKETS: &str = "it is WasmEdge's extension of WASI for sockets, in a version with \
    other parameters than those that are provided: build with `wasmedge_wasi_socket` 0.5, or for \
    wasm32-wasip2, whose std has sockets";

/// First match counts.
const RULES: &[Rule] = &[
    rule("wasi_snapshot_preview1", "sock_*", WASMEDGE_SOCKETS),
    rule(
        "wasi_snapshot_preview1",
        "*",
        "WASI preview 1 has no function of this name and type: the module was built against \
         another version or an extension of it",
    ),
    rule(
        "wasi_unstable",
        "*",
        "it is the WASI of 2019, before preview 1: build again with a current toolchain",
    ),
    rule(
        "wasi",
        "thread-spawn",
        "it starts a thread (wasi-threads), which wasmscope does not do: build for \
         wasm32-wasip1 instead of wasm32-wasip1-threads, or run it with `wasmtime run -S threads`",
    ),
    rule(
        "wasi_ephemeral_nn",
        "*",
        "it is wasi-nn: run it with `wasmtime run -S nn`",
    ),
    rule(
        "wasi_nn",
        "*",
        "it is wasi-nn: run it with `wasmtime run -S nn`",
    ),
    rule(
        "wasi_ephemeral_crypto*",
        "*",
        "it is wasi-crypto, which few hosts have",
    ),
    rule(
        "wasmedge*",
        "*",
        "it is an extension of WasmEdge's: run it with `wasmedge`",
    ),
    rule("wasix_*", "*", "it is WASIX: run it with `wasmer`"),
    rule("__wbindgen*", "*", BINDGEN),
    rule("wbg", "*", BINDGEN),
    rule("./*_bg.js", "*", BINDGEN),
    rule("env", "__wbindgen*", BINDGEN),
    rule(
        "go",
        "*",
        "Go's `wasm_exec.js` provides it: build with `GOOS=wasip1 GOARCH=wasm`",
    ),
    rule(
        "gojs",
        "*",
        "Go's `wasm_exec.js` provides it: build with `GOOS=wasip1 GOARCH=wasm`",
    ),
    rule(
        "env",
        "abort",
        "AssemblyScript's loader provides it: build with `--use abort=` or with \
        the WASI shim",
    ),
    rule(
        "env",
        "seed",
        "AssemblyScript's loader provides it: build with the WASI shim",
    ),
    rule(
        "env",
        "trace",
        "AssemblyScript's loader provides it: build with the WASI shim",
    ),
    rule("env", "emscripten_*", EMSCRIPTEN),
    rule("env", "invoke_*", EMSCRIPTEN),
    rule("env", "__syscall_*", EMSCRIPTEN),
    rule("env", "__cxa_*", EMSCRIPTEN),
    rule("env", "_emscripten_*", EMSCRIPTEN),
    rule("a", "*", EMSCRIPTEN),
    rule(
        "env",
        "memory",
        "the module expects its memory from the host, as threads builds and browser builds do: \
         link it without `--import-memory`",
    ),
    rule(
        "env",
        "__indirect_function_table",
        "the module is a shared library (dynamic linking): \
        link it into a whole program",
    ),
    rule(
        "env",
        "__memory_base",
        "the module is a shared library (dynamic linking): link it into \
        a whole program",
    ),
    rule(
        "env",
        "__stack_pointer",
        "the module is a shared library (dynamic linking): link it \
        into a whole program",
    ),
    rule(
        "GOT.*",
        "*",
        "the module is a shared library (dynamic linking): link it into a whole \
        program",
    ),
    rule(
        "env",
        "*",
        "usually a function that was declared (`extern \"C\"`) and not linked in, or one that an \
         embedder provides: link the library that has it, or run the module in its embedder",
    ),
    rule(
        "spectest",
        "*",
        "it belongs to the WebAssembly test suite: use `wasm-tools wast`",
    ),
    rule(
        "wasi:http/*",
        "",
        "it is WASI's HTTP: run it with `wasmtime run -S http`, or \
        `wasmtime serve` for a server",
    ),
    rule("wasi:config/*", "", "run it with `wasmtime run -S config`"),
    rule(
        "wasi:keyvalue/*",
        "",
        "run it with `wasmtime run -S keyvalue`",
    ),
    rule(
        "wasi:nn/*",
        "",
        "it is wasi-nn: run it with `wasmtime run -S nn`",
    ),
    rule("wasi:tls/*", "", "run it with `wasmtime run -S tls`"),
    rule(
        "wasi:*@0.3*",
        "",
        "it is WASI 0.3, which wasmscope does not provide yet: build for \
        wasm32-wasip2, or run it with a `wasmtime` that has it",
    ),
    rule(
        "wasi:*@0.2*",
        "",
        "this interface of WASI 0.2 is not part of a command's world",
    ),
    rule("fermyon:spin/*", "", "it is Spin's: run it with `spin up`"),
    rule("spin:*", "", "it is Spin's: run it with `spin up`"),
    rule(
        "fastly:*",
        "",
        "it is Fastly Compute's: run it with `viceroy`",
    ),
    rule("wasmcloud:*", "", "it is wasmCloud's: run it with `wash`"),
    rule(
        "lunatic::*",
        "*",
        "it is lunatic's: run it with `lunatic run`",
    ),
];

/// Who usually provides an import that Wasmtime's WASI does not, and what to do about it.
/// `module` is a core module's import module or a component's interface
/// (`wasi:http/types@0.2.0`), `name` the item in it, empty for a whole interface.
pub fn usual_provider(module: &str, name: &str) -> Option<&'static str> {
    let rule = RULES
        .iter()
        .find(|rule| matches(rule.module, module) && matches(rule.name, name));
    Some(rule?.says)
}

/// Matches `text` against a pattern with at most one `*` anywhere.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            // `*` at both a middle and an end (`wasi:*@0.3*`) means "contains after the start".
            match end.split_once('*') {
                None => {
                    text.len() >= start.len() + end.len()
                        && text.starts_with(start)
                        && text.ends_with(end)
                }
                Some((middle, _)) => text
                    .strip_prefix(start)
                    .is_some_and(|rest| rest.contains(middle)),
            }
        }
    }
}

/// The packages of WASI 0.2 that a command's world has.
const P2_PACKAGES: &[&str] = &[
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
    "wasi:sockets",
];

/// Whether `wasmscope run` provides this import, judged by its name alone. `module` and `name` as
/// for [`usual_provider`].
pub fn is_provided(module: &str, name: &str) -> bool {
    if wasmscope_tracer::table::find(module, name).is_some() {
        return true;
    }
    let Some((interface, version)) = module.split_once('@') else {
        return false;
    };
    let Some((package, _)) = interface.split_once('/') else {
        return false;
    };
    P2_PACKAGES.contains(&package) && (version == "0.2" || version.starts_with("0.2."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_who_provides_what() {
        let table = [
            ("wasi_snapshot_preview1", "sock_open", "WasmEdge"),
            ("wbg", "__wbg_log_1234", "wasm-bindgen"),
            (
                "__wbindgen_placeholder__",
                "__wbindgen_throw",
                "wasm-bindgen",
            ),
            ("env", "emscripten_resize_heap", "Emscripten"),
            ("env", "abort", "AssemblyScript"),
            ("env", "my_function", "extern"),
            ("wasi_unstable", "fd_write", "2019"),
            ("wasi:http/types@0.2.4", "", "HTTP"),
            ("wasi:cli/stdout@0.3.0", "", "WASI 0.3"),
            ("fermyon:spin/llm@2.0.0", "", "spin up"),
            ("lunatic::process", "spawn", "lunatic run"),
        ];
        for (module, name, expected) in table {
            let says = usual_provider(module, name).unwrap_or_default();
            assert!(says.contains(expected), "{module} {name}: {says}");
        }
        assert_eq!(usual_provider("my-host", "f"), None);
    }

    #[test]
    fn knows_what_is_here() {
        assert!(is_provided("wasi_snapshot_preview1", "fd_write"));
        assert!(is_provided("wasi_snapshot_preview1", "sock_open"));
        assert!(!is_provided("wasi_snapshot_preview1", "sock_unheard_of"));
        assert!(is_provided("wasi:cli/run@0.2.6", ""));
        assert!(!is_provided("wasi:cli/run@0.3.0", ""));
        assert!(!is_provided("wasi:http/types@0.2.0", ""));
        assert!(!is_provided("env", "memory"));
    }
}
