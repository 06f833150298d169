//! Linking WasmEdge's socket extension: what a module imports of it, by name and type.

use super::boundary;
use super::gate::CallGate;
use super::{P1Host, Word as _};
use crate::table::wasi_p1::{FUNCTIONS, MODULE};
use crate::table::wasmedge::{ROWS, Row as ExtensionRow};
use crate::table::{Function, RowId, WasmType, wasi_p1};
use wasmtime::{Caller, Error, ExternType, FuncType, Linker, Module, Result, Val, ValType};
use wiggle::GuestMemory;

/// Adds the functions of WasmEdge's socket extension that `module` imports to a linker that has WASI
/// preview 1 in it. Where a name has several types, the import's own decides.
///
/// # Errors
/// Those of the linker.
pub fn add_sockets_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    module: &Module,
    get: impl Fn(&mut T) -> &mut P1Host + Copy + Send + Sync + 'static,
) -> Result<()> {
    linker.allow_shadowing(true);
    for (name, ty, row) in imported(module) {
        linker.func_new(
            MODULE,
            &name,
            ty,
            move |caller: Caller<'_, T>, params, results| {
                let args: Vec<u64> = params.iter().map(word).collect();
                let errno = boundary::cross(caller, get, row, &args, not_wasmtimes)?;
                answer(results, errno)
            },
        )?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// As [`add_sockets_to_linker`], with every call passing a gate; see [`super::add_to_gated_linker`].
///
/// # Errors
/// Those of the linker.
pub fn add_sockets_to_gated_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    module: &Module,
    get: impl Fn(&mut T) -> &mut P1Host + Copy + Send + Sync + 'static,
    gate: &impl CallGate<T>,
) -> Result<()> {
    linker.allow_shadowing(true);
    for (name, ty, row) in imported(module) {
        let gate = gate.clone();
        linker.func_new_async(
            MODULE,
            &name,
            ty,
            move |mut caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
                let gate = gate.clone();
                Box::new(async move {
                    let args: Vec<u64> = params.iter().map(word).collect();
                    let errno: Result<i32> = boundary::cross_gated!(
                        caller,
                        get,
                        &gate,
                        row,
                        &args,
                        |wasi, memory| async { not_wasmtimes(wasi, memory) }
                    );
                    answer(results, errno?)
                })
            },
        )?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// What is called when nobody has taken the call, which does not happen.
fn not_wasmtimes(
    _wasi: &mut wasmtime_wasi::p1::WasiP1Ctx,
    _memory: &mut GuestMemory<'_>,
) -> Result<i32> {
    Err(Error::msg(
        "a function for sockets was not carried out: a bug",
    ))
}

fn answer(results: &mut [Val], errno: i32) -> Result<()> {
    if let Some(result) = results.first_mut() {
        *result = Val::I32(errno);
    }
    Ok(())
}

fn word(value: &Val) -> u64 {
    match value {
        Val::I32(number) => number.word(),
        Val::I64(number) => number.word(),
        // No row takes others.
        _ => 0,
    }
}

/// The imports of a module that are the extension's, each with its row.
fn imported(module: &Module) -> Vec<(String, FuncType, RowId)> {
    let mut found = Vec::new();
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else {
            continue;
        };
        if import.module() != MODULE {
            continue;
        }
        let name = import.name();
        let row = match name.strip_suffix("_v2") {
            // The newer of two versions, or the only one.
            Some(plain) => newer(plain, &ty),
            None if FUNCTIONS
                .iter()
                .any(|row| row.name == name && fits(row, &ty)) =>
            {
                None
            }
            None => extension(name, &ty),
        };
        if let Some(row) = row {
            found.push((name.to_owned(), ty, row));
        }
    }
    found
}

/// The row of a function by its name and type.
fn extension(name: &str, ty: &FuncType) -> Option<RowId> {
    let is_it = |row: &&ExtensionRow| row.function.name == name && fits(&row.function, ty);
    ROWS.iter().find(is_it).map(RowId::Extension)
}

/// The row that is linked by a name with `_v2`: WASI preview 1's own functions among them.
fn newer(name: &str, ty: &FuncType) -> Option<RowId> {
    use wasi_p1::Row;
    let p1 = match name {
        "sock_accept" => Some(Row::sock_accept),
        "sock_recv" => Some(Row::sock_recv),
        "sock_send" => Some(Row::sock_send),
        _ => None,
    };
    match p1 {
        Some(row) if fits(row.function(), ty) => Some(RowId::P1(row)),
        Some(_) => None,
        None if name.starts_with("sock_") => extension(name, ty),
        None => None,
    }
}

fn fits(row: &Function, ty: &FuncType) -> bool {
    let same = |ours: WasmType, theirs: &ValType| match ours {
        WasmType::I32 => matches!(theirs, ValType::I32),
        WasmType::I64 => matches!(theirs, ValType::I64),
    };
    let all = |ours: &[WasmType], theirs: &[ValType]| {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(*a, b))
    };
    let params: Vec<_> = ty.params().collect();
    let results: Vec<_> = ty.results().collect();
    let ours: Vec<_> = row.wasm_params().collect();
    all(&ours, &params) && all(row.wasm_results(), &results)
}
