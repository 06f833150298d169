//! A [`Cause`] in a line, and numbers as a person says them.

use super::report::{Cause, IndirectCallProblem, WhichStack};
use super::round::round_in_words;
use wasmscope_symbols::WasmValue;

/// The cause in a line.
pub(super) fn headline(cause: &Cause) -> String {
    match cause {
        Cause::Panic {
            message: Some(message),
            aborted,
            ..
        } => {
            let message = if message.is_empty() {
                "without a message"
            } else {
                message
            };
            match aborted {
                true => format!("panicked, and again while handling that: {message}"),
                false => format!("panicked: {message}"),
            }
        }
        Cause::Panic { message: None, .. } => {
            "panicked (the message was found neither on standard error nor in memory)".into()
        }
        Cause::AllocationFailed {
            requested,
            memory_size,
            limit,
        } => out_of_memory(*requested, *memory_size, *limit),
        Cause::Abort => "aborted: the program called `abort`".into(),
        Cause::OutOfBounds {
            access,
            address,
            memory_size,
        } => {
            let mut text = match access {
                Some(access) => {
                    let what = if access.writes { "write" } else { "read" };
                    match access.size {
                        Some(1) => format!("memory access out of bounds: {what} of 1 byte"),
                        Some(size) => {
                            format!("memory access out of bounds: {what} of {size} bytes")
                        }
                        None => format!("memory access out of bounds: {}", access.operator),
                    }
                }
                None => "memory access out of bounds".to_owned(),
            };
            if let Some(address) = address {
                text.push_str(&format!(" at address {address:#x}"));
            }
            if let Some(size) = memory_size {
                text.push_str(&format!(
                    ", but the memory ends at {size:#x} ({})",
                    bytes(*size)
                ));
            }
            text
        }
        Cause::StackOverflow {
            stack,
            depth,
            depth_is_minimum,
            cycle,
        } => {
            let more = if *depth_is_minimum { "more than " } else { "" };
            let calls = if *depth == 1 { "call" } else { "calls" };
            let deep = format!("{more}{} {calls} deep", grouped(*depth as u64));
            let which = match stack {
                WhichStack::Wasm => "",
                WhichStack::Shadow => " in linear memory",
            };
            match cycle.as_ref().map(|cycle| cycle.functions.as_slice()) {
                Some(functions @ [_]) => {
                    let function = round_in_words(functions);
                    format!("stack overflow{which}: {function} calls itself, {deep}")
                }
                Some([]) | None => format!("stack overflow{which}: {deep}"),
                Some(functions) => {
                    let round = round_in_words(functions);
                    let again = if round.ends_with(" functions)") {
                        ""
                    } else {
                        " → …"
                    };
                    format!("stack overflow{which}: {round}{again} call each other, {deep}")
                }
            }
        }
        Cause::DivisionByZero { operator, dividend } => {
            let remainder = operator.as_ref().is_some_and(|name| name.contains("rem"));
            let sign = if remainder { '%' } else { '/' };
            match dividend {
                Some(dividend) => format!("division by zero: {dividend} {sign} 0"),
                None => "division by zero".into(),
            }
        }
        Cause::DivisionOverflow { operator } => {
            let dividend = match operator.as_deref() {
                Some("i32.div_s") => i32::MIN.to_string(),
                Some("i64.div_s") => i64::MIN.to_string(),
                _ => "the least number".to_owned(),
            };
            format!("integer overflow: {dividend} / -1 has no result of its size")
        }
        Cause::BadConversion { operator, number } => {
            let number = match number.as_deref() {
                Some("NaN") => "NaN is no number".to_owned(),
                Some(number) => format!("{number} does not fit"),
                None => "the number does not fit, or is NaN".to_owned(),
            };
            let operator = operator.as_ref().map(|name| format!(" ({name})"));
            format!(
                "invalid conversion to integer: {number}{}",
                operator.unwrap_or_default()
            )
        }
        Cause::BadIndirectCall {
            problem,
            expected,
            index,
        } => {
            let which = match index {
                Some(index) if *problem != IndirectCallProblem::Null || *index != 0 => {
                    format!(" ({index})")
                }
                _ => String::new(),
            };
            let expected = expected
                .as_ref()
                .map(|ty| format!(" {ty}"))
                .unwrap_or_default();
            match problem {
                IndirectCallProblem::Null => format!(
                    "call through a null function pointer{which}: the table has no function there (a function{expected} was expected)"
                ),
                IndirectCallProblem::WrongType => format!(
                    "call through a function pointer of another type{which}: a function{expected} was expected"
                ),
                IndirectCallProblem::OutOfTable => format!(
                    "call through a wild function pointer{which}: the table has no such entry (a function{expected} was expected)"
                ),
            }
        }
        Cause::Unreachable => {
            "reached code that was declared unreachable (no panic, no abort)".into()
        }
        Cause::Timeout {
            limit_ms,
            in_host_call,
        } => {
            let inside = if *in_host_call {
                ", waiting in a host call"
            } else {
                ""
            };
            format!("timed out after {}{inside}", duration(*limit_ms))
        }
        Cause::HostError { chain } => match chain.first() {
            Some(first) => format!("a host call failed: {first}"),
            None => "a host call failed".into(),
        },
        Cause::UncaughtException => "an exception was thrown and nothing caught it".into(),
        Cause::Trap { message } => message
            .strip_prefix("wasm trap: ")
            .unwrap_or(message)
            .to_owned(),
    }
}

fn out_of_memory(requested: Option<u64>, memory_size: Option<u64>, limit: Option<u64>) -> String {
    let mut text = match requested {
        Some(requested) => format!(
            "out of memory: an allocation of {} failed",
            bytes(requested)
        ),
        None => "out of memory: an allocation failed".to_owned(),
    };
    match (memory_size, limit) {
        (Some(size), Some(limit)) => {
            text.push_str(&format!(
                " (memory {}, limit {})",
                bytes(size),
                bytes(limit)
            ));
        }
        (Some(size), None) => text.push_str(&format!(" (memory {})", bytes(size))),
        (None, Some(limit)) => text.push_str(&format!(" (limit {})", bytes(limit))),
        (None, None) => {}
    }
    text
}

/// A floating point number as Rust writes it.
pub(super) fn number_in_words(value: WasmValue) -> Option<String> {
    match value {
        WasmValue::F32(bits) => Some(format!("{:?}", f32::from_bits(bits))),
        WasmValue::F64(bits) => Some(format!("{:?}", f64::from_bits(bits))),
        _ => None,
    }
}

/// A size as a person says it.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    match UNITS.iter().find(|(_, unit)| size >= *unit) {
        Some((name, unit)) if size.is_multiple_of(*unit) => format!("{} {name}", size / unit),
        Some((name, unit)) => format!("{:.1} {name}", size as f64 / *unit as f64),
        None if size == 1 => "1 byte".into(),
        None => format!("{size} bytes"),
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn duration(milliseconds: u64) -> String {
    match milliseconds {
        ms if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        ms if ms > 1000 => format!("{:.1} s", ms as f64 / 1000.0),
        ms => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::report::{Cycle, MemoryAccess};

    #[test]
    fn headlines() {
        let access = MemoryAccess {
            operator: "i32.load".into(),
            writes: false,
            size: Some(4),
            offset: 0,
        };
        let cycle = |functions: &[&str]| {
            Some(Cycle {
                functions: functions.iter().map(|f| (*f).to_owned()).collect(),
                times: 9,
            })
        };
        let overflow = |stack, cycle| Cause::StackOverflow {
            stack,
            depth: 9812,
            depth_is_minimum: false,
            cycle,
        };
        for (cause, expected) in [
            (
                Cause::OutOfBounds {
                    access: Some(access),
                    address: Some(0xffff_fff0),
                    memory_size: Some(0x11_0000),
                },
                "memory access out of bounds: read of 4 bytes at address 0xfffffff0, but the memory ends at 0x110000 (1.1 MiB)",
            ),
            (
                overflow(WhichStack::Wasm, cycle(&["fact"])),
                "stack overflow: fact calls itself, 9,812 calls deep",
            ),
            (
                overflow(WhichStack::Shadow, cycle(&["even", "odd"])),
                "stack overflow in linear memory: even → odd → … call each other, 9,812 calls deep",
            ),
            (
                overflow(WhichStack::Wasm, cycle(&["a", "b", "c", "d", "e"])),
                "stack overflow: a → b → c → … (5 functions) call each other, 9,812 calls deep",
            ),
            (
                Cause::AllocationFailed {
                    requested: Some(64 << 20),
                    memory_size: Some(0x6_0000),
                    limit: Some(1 << 20),
                },
                "out of memory: an allocation of 64 MiB failed (memory 384 KiB, limit 1 MiB)",
            ),
            (
                Cause::BadIndirectCall {
                    problem: IndirectCallProblem::WrongType,
                    expected: Some("(i32) -> (i64)".into()),
                    index: Some(5),
                },
                "call through a function pointer of another type (5): a function (i32) -> (i64) was expected",
            ),
            (
                Cause::DivisionByZero {
                    operator: Some("i64.rem_s".into()),
                    dividend: Some("-1200".into()),
                },
                "division by zero: -1200 % 0",
            ),
            (
                Cause::DivisionOverflow {
                    operator: Some("i32.div_s".into()),
                },
                "integer overflow: -2147483648 / -1 has no result of its size",
            ),
            (
                Cause::BadConversion {
                    operator: Some("i32.trunc_f64_s".into()),
                    number: number_in_words(WasmValue::F64(1e20f64.to_bits())),
                },
                "invalid conversion to integer: 1e20 does not fit (i32.trunc_f64_s)",
            ),
            (
                Cause::BadConversion {
                    operator: None,
                    number: number_in_words(WasmValue::F32(f32::NAN.to_bits())),
                },
                "invalid conversion to integer: NaN is no number",
            ),
            (
                Cause::Timeout {
                    limit_ms: 1500,
                    in_host_call: false,
                },
                "timed out after 1.5 s",
            ),
            (
                Cause::Trap {
                    message: "wasm trap: cast failure".into(),
                },
                "cast failure",
            ),
        ] {
            assert_eq!(headline(&cause), expected);
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(
            ["1", "999", "1,000", "12,345,678"].map(str::to_owned),
            [1, 999, 1000, 12_345_678].map(grouped)
        );
        assert_eq!(
            [bytes(1), bytes(1023), bytes(1536), bytes(1 << 32)],
            ["1 byte", "1023 bytes", "1.5 KiB", "4 GiB"]
        );
    }
}
