//! Places and conditions as they are typed: `FILE:LINE`, `FUNCTION`, `*OFFSET`, `host:SET`, `> 3`.

use super::{Context, needed};
use wasmscope_debugger::protocol::{BreakpointPlace, BreakpointSpec, HitCondition};

/// `> 3`, `== 2`, `% 10`, or a number alone for "from this hit on"; empty for every hit.
pub(crate) fn hit_condition(text: &str) -> Result<Option<HitCondition>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    type Make = fn(u64) -> HitCondition;
    const OPERATORS: [(&str, Make); 7] = [
        ("<=", HitCondition::LessOrEqual),
        (">=", HitCondition::GreaterOrEqual),
        ("==", HitCondition::Equal),
        ("<", HitCondition::Less),
        (">", HitCondition::Greater),
        ("=", HitCondition::Equal),
        ("%", HitCondition::Multiple),
    ];
    let split = |(operator, make): &(&str, Make)| Some((*make, text.strip_prefix(operator)?));
    let (make, number) = OPERATORS
        .iter()
        .find_map(split)
        .unwrap_or((HitCondition::GreaterOrEqual, text));
    let number = number.trim();
    let number = number
        .parse()
        .map_err(|_| format!("`{text}` is no condition on hits: write `> 3`, `== 2` or `% 10`"))?;
    Ok(Some(make(number)))
}

/// A condition on hits as it is written.
pub(crate) fn hit_text(hits: HitCondition) -> String {
    match hits {
        HitCondition::Less(n) => format!("< {n}"),
        HitCondition::LessOrEqual(n) => format!("<= {n}"),
        HitCondition::Equal(n) => format!("== {n}"),
        HitCondition::GreaterOrEqual(n) => format!(">= {n}"),
        HitCondition::Greater(n) => format!("> {n}"),
        HitCondition::Multiple(n) => format!("% {n}"),
    }
}

/// A place: `FILE:LINE[:COLUMN]`, `LINE`, `+N`, `-N`, `FUNCTION`, `/REGEX/`, `*OFFSET`, `host:SET`,
/// `panic`.
pub(crate) fn place(text: &str, context: &Context) -> Result<BreakpointPlace, String> {
    let text = text.trim();
    let here = || {
        context
            .file
            .clone()
            .ok_or("a line alone needs a file that is shown; write FILE:LINE")
    };
    if text.is_empty() {
        let line = context
            .line
            .ok_or("this needs a place, such as src/main.rs:12 or a function")?;
        return Ok(BreakpointPlace::Line {
            file: here()?,
            line,
            column: None,
        });
    }
    if text == "panic" {
        return Ok(BreakpointPlace::Panic);
    }
    if let Some(filter) = text.strip_prefix("host:") {
        return Ok(BreakpointPlace::HostCall {
            filter: needed(filter, "host functions after `host:`")?,
        });
    }
    if let Some(pattern) = text.strip_prefix('/') {
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern).to_owned();
        return Ok(BreakpointPlace::FunctionRegex { pattern });
    }
    if let Some(offset) = text.strip_prefix('*') {
        let pc = number(offset.trim())
            .ok_or_else(|| format!("`{offset}` is no offset in the module"))?;
        return Ok(BreakpointPlace::Pc { pc, module: None });
    }
    let at = context.line.unwrap_or(1);
    let line = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(by), _) => by.parse::<u32>().ok().map(|by| at.saturating_add(by)),
        (_, Some(by)) => by
            .parse::<u32>()
            .ok()
            .map(|by| at.saturating_sub(by).max(1)),
        _ => text.parse::<u32>().ok(),
    };
    if let Some(line) = line {
        return Ok(BreakpointPlace::Line {
            file: here()?,
            line,
            column: None,
        });
    }
    Ok(
        file_and_line(text).unwrap_or_else(|| BreakpointPlace::Function {
            name: text.to_owned(),
        }),
    )
}

fn file_and_line(text: &str) -> Option<BreakpointPlace> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.trim().parse().ok()?;
    if let Some((file, line)) = before.rsplit_once(':')
        && let Ok(line) = line.parse()
        && !file.is_empty()
    {
        return Some(BreakpointPlace::Line {
            file: file.to_owned(),
            line,
            column: Some(last),
        });
    }
    // `a::b::3` is no file.
    if before.is_empty() || before.ends_with(':') {
        return None;
    }
    Some(BreakpointPlace::Line {
        file: before.trim().to_owned(),
        line: last,
        column: None,
    })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `PLACE [if CONDITION]`.
pub(crate) fn breakpoint_spec(text: &str, context: &Context) -> Result<BreakpointSpec, String> {
    let text = text.trim();
    let (at, condition) = match text.strip_prefix("if ") {
        Some(condition) => ("", Some(condition)),
        None => match text.split_once(" if ") {
            Some((at, condition)) => (at, Some(condition)),
            None => (text, None),
        },
    };
    let mut spec = BreakpointSpec::new(place(at, context)?);
    spec.condition = condition
        .map(|text| needed(text, "a condition after `if`"))
        .transpose()?;
    Ok(spec)
}
