//! Host functions that no table knows: an embedder's own imports, recorded with their raw values.

use crate::call::{Arg, CallResult, HostCall, Name, Value};
use crate::recent::RecentCalls;
use std::borrow::Cow;
use std::sync::Arc;
use wasmtime::{Caller, FuncType, Linker, Result, Val};
use wasmtime_wasi::I32Exit;

/// Defines a host function in a linker whose calls are recorded with the values that were passed.
///
/// # Errors
/// When the name is defined in the linker already.
pub fn define<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    name: &str,
    ty: FuncType,
    get: impl Fn(&mut T) -> &mut RecentCalls + Copy + Send + Sync + 'static,
    function: impl Fn(&mut Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let names: Arc<(String, String)> = Arc::new((module.to_owned(), name.to_owned()));
    linker.func_new(module, name, ty, move |mut caller, params, results| {
        let call = HostCall {
            seq: 0,
            module: Name::Owned(names.0.clone()),
            function: Name::Owned(names.1.clone()),
            class: None,
            args: params.iter().map(arg).collect(),
            result: CallResult::Unfinished,
            start: None,
            duration: None,
            tampering: None,
            hint: None,
        };
        let id = get(caller.data_mut()).enter_custom(call);
        let outcome = function(&mut caller, params, results);
        let result = match &outcome {
            Ok(()) => CallResult::Ok(results.iter().map(arg).collect()),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(I32Exit(code)) => CallResult::Exit { code: *code },
                None => CallResult::Trap {
                    message: crate::call::error_text(error),
                },
            },
        };
        get(caller.data_mut()).leave_custom(id, result);
        outcome
    })?;
    Ok(())
}

fn arg(value: &Val) -> Arg {
    let value = match value {
        Val::I32(number) => Value::Signed(i64::from(*number)),
        Val::I64(number) => Value::Signed(*number),
        Val::F32(bits) => Value::Float(f64::from(f32::from_bits(*bits))),
        Val::F64(bits) => Value::Float(f64::from_bits(*bits)),
        Val::V128(vector) => Value::Text {
            text: format!("{:#034x}", vector.as_u128()),
            cut: false,
        },
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) => Value::Text {
            text: "null".to_owned(),
            cut: false,
        },
        _ => Value::Unavailable {
            because: Cow::Borrowed("a reference"),
            address: None,
        },
    };
    Arg {
        name: Cow::Borrowed(""),
        value,
        detail: false,
    }
}
