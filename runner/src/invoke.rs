//! Arguments and results of `--invoke`: for core modules one word per argument, read by the
//! function's type; for components [WAVE], for which Wasmtime brings the values.
//!
//! [WAVE]: https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave

use crate::run::EntryError;
use wasmtime::component::wasm_wave;
use wasmtime::{FuncType, Val, ValType};

/// Reads one word per parameter.
pub(crate) fn core_arguments(
    name: &str,
    ty: &FuncType,
    words: &[String],
) -> Result<Vec<Val>, EntryError> {
    let function = || {
        let params: Vec<_> = ty.params().map(|param| param.to_string()).collect();
        format!("{}({})", name.escape_debug(), params.join(", "))
    };
    let wrong = |message: String| EntryError::Arguments {
        function: function(),
        message,
    };
    if ty.params().len() != words.len() {
        let message = format!(
            "it takes {} after the target, not {}",
            match ty.params().len() {
                0 => "no argument".to_owned(),
                1 => "1 argument".to_owned(),
                count => format!("{count} arguments"),
            },
            words.len()
        );
        return Err(wrong(message));
    }
    let read = |(ty, word): (ValType, &String)| {
        core_value(&ty, word).ok_or_else(|| match ty {
            ValType::Ref(_) => wrong(format!("a {ty} cannot be given on the command line")),
            _ => wrong(format!("`{}` is not an {ty}", word.escape_debug())),
        })
    };
    ty.params().zip(words).map(read).collect()
}

/// Reads a number in decimal, hexadecimal (`0x`), or WAVE's spelling of floats.
fn core_value(ty: &ValType, word: &str) -> Option<Val> {
    Some(match ty {
        ValType::I32 => {
            let value = integer(word)?;
            let signed = i32::try_from(value).ok();
            let unsigned = || u32::try_from(value).ok().map(u32::cast_signed);
            Val::I32(signed.or_else(unsigned)?)
        }
        ValType::I64 => {
            let value = integer(word)?;
            let signed = i64::try_from(value).ok();
            let unsigned = || u64::try_from(value).ok().map(u64::cast_signed);
            Val::I64(signed.or_else(unsigned)?)
        }
        ValType::F32 => Val::F32(word.parse::<f32>().ok()?.to_bits()),
        ValType::F64 => Val::F64(word.parse::<f64>().ok()?.to_bits()),
        ValType::V128 => Val::V128(match word.strip_prefix("0x") {
            Some(digits) => u128::from_str_radix(digits, 16).ok()?.into(),
            None => word.parse::<u128>().ok()?.into(),
        }),
        ValType::Ref(_) => return None,
    })
}

fn integer(word: &str) -> Option<i128> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<u64>().ok()?,
    };
    Some(if negative {
        -i128::from(value)
    } else {
        i128::from(value)
    })
}

/// A result as `wasmtime run --invoke` prints it.
pub(crate) fn show_core(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(value) => value.as_u128().to_string(),
        Val::ExternRef(None) | Val::FuncRef(None) => "<null reference>".into(),
        _ => "<reference>".into(),
    }
}

/// A call in WAVE, cut into the function's name and the rest: `name(arguments)`.
pub(crate) fn split_call(text: &str) -> (&str, &str) {
    match text.find('(') {
        Some(at) => text.split_at(at),
        None => (text, "()"),
    }
}

/// The arguments of a component's function from WAVE's `(…)`.
pub(crate) fn component_arguments(
    name: &str,
    ty: &wasmtime::component::types::ComponentFunc,
    arguments: &str,
) -> Result<Vec<wasmtime::component::Val>, EntryError> {
    let params: Vec<_> = ty.params().map(|(_, ty)| ty).collect();
    let wrong = |message: String| {
        let shown: Vec<_> = ty
            .params()
            .map(|(name, ty)| format!("{name}: {}", wasm_wave::wasm::DisplayType(&ty)))
            .collect();
        EntryError::Arguments {
            function: format!("{name}({})", shown.join(", ")),
            message,
        }
    };
    // The name plays no part in reading the arguments, and the full name of a function in an
    // interface is not WAVE.
    let call = format!("f{arguments}");
    let call = wasm_wave::untyped::UntypedFuncCall::parse(&call)
        .map_err(|error| wrong(format!("{error} in `{arguments}`")))?;
    call.to_wasm_params(&params)
        .map_err(|error| wrong(format!("{error} in `{arguments}`")))
}

/// A result in WAVE.
pub(crate) fn show_component(value: &wasmtime::component::Val) -> String {
    wasm_wave::to_string(value).unwrap_or_else(|error| format!("<a value without text: {error}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_by_type() {
        let shown = |ty, word| core_value(&ty, word).map(|value| show_core(&value));
        assert_eq!(shown(ValType::I32, "-1").as_deref(), Some("-1"));
        assert_eq!(shown(ValType::I32, "4294967295").as_deref(), Some("-1"));
        assert_eq!(shown(ValType::I32, "0x10").as_deref(), Some("16"));
        assert_eq!(shown(ValType::I32, "4294967296"), None);
        assert_eq!(
            shown(ValType::I64, "-9223372036854775808").as_deref(),
            Some("-9223372036854775808")
        );
        assert_eq!(shown(ValType::F64, "1.5").as_deref(), Some("1.5"));
        assert_eq!(shown(ValType::F32, "nan").as_deref(), Some("NaN"));
        assert_eq!(shown(ValType::I32, "x"), None);
        assert_eq!(shown(ValType::I32, "--1"), None);
    }

    #[test]
    fn splits_calls() {
        assert_eq!(
            split_call("a:b/c@1.0.0#f(1, (2))"),
            ("a:b/c@1.0.0#f", "(1, (2))")
        );
        assert_eq!(split_call("f"), ("f", "()"));
    }
}
