//! Values: printing, displaying, types, memory, assignment.

use super::super::link::Failure;
use super::super::parse;
use super::super::settings;
use super::super::shell::{Display, Guest, Shell, in_expression};
use super::super::table::{Call, Completes, Flow, Group, Outcome, Repeat, Row, shown};
use crate::debug_text::{Examine, Unit, UnitFormat, examined, owner_line, tree, type_text};
use crate::report::escape;
use wasmscope_debugger::protocol::*;

pub(in super::super) const GROUP: Group = Group {
    name: "data",
    summary: "Looking at values and changing them",
    rows: &[
        Row::new("print", "Shows the value of an expression", print)
            .aliases(&["p", "inspect"])
            .usage("[/FORMAT] EXPR")
            .help(
                "FORMAT is `x` (hexadecimal), `d` (decimal), `o` (octal), `t` (binary), `c` (character), `s` (text) or `r` (by its fields, as the compiler laid them out; `~EXPR` means the same). `p` shows fields and elements on lines of their own. `help expressions` says what an expression is.\n\n    print order.lines[0].article\n    print/x total\n    print/p order\n    print ~order.customer",
            )
            .paused()
            .completes(Completes::Expression),
        Row::new("display", "Shows the value of an expression at every stop", display)
            .usage("[/FORMAT] [EXPR]")
            .help("Without EXPR, shows all that are displayed now. `undisplay` ends it.")
            .completes(Completes::Expression),
        Row::new("undisplay", "Ends the display of expressions", undisplay)
            .usage("[N…]")
            .help("Without N, of all."),
        Row::new("whatis", "Shows the type of an expression", whatis)
            .usage("EXPR|TYPE")
            .paused()
            .completes(Completes::Expression),
        Row::new("ptype", "Shows the type of an expression with its fields or variants", ptype)
            .usage("EXPR|TYPE")
            .paused()
            .completes(Completes::Expression),
        Row::new("x", "Shows bytes of memory", x)
            .aliases(&["examinemem"])
            .usage("[/[COUNT][FORMAT][SIZE]] [ADDRESS]")
            .help(
                "ADDRESS is a number, a pointer, or a value whose place is meant. FORMAT is `x`, `d` (signed), `u` (unsigned), `o`, `t` (binary), `f` (floating point), `c` or `s` (texts that end with a zero byte); SIZE is `b` (1 byte), `h` (2), `w` (4) or `g` (8). Without ADDRESS it goes on from where it was.\n\n    x/16xb order\n    x/4dw 0x100000",
            )
            .paused()
            .completes(Completes::Expression)
            .repeats(Repeat::Bare),
        Row::new("set", "Assigns to a variable or changes a setting", set)
            .usage("[var] PLACE = VALUE | SETTING VALUE")
            .help(
                "A variable or a place in memory gets integers, floating point numbers, `true` and `false`, characters, variants without fields, and texts as long as the one that is there. `show` lists the settings.\n\n    set total = 3\n    set var order.lines[0].quantity = 12\n    set print elements 100\n    set step-std on",
            )
            .completes(Completes::Setting),
    ],
};

/// Where `x` goes on.
#[derive(Clone, Debug)]
pub(in super::super) struct Examined {
    next: Option<u64>,
    how: Examine,
}

impl Default for Examined {
    fn default() -> Self {
        Examined {
            next: None,
            how: Examine {
                count: 1,
                format: UnitFormat::Hex,
                unit: Unit::Word,
            },
        }
    }
}

/// Bytes shown at most.
const MOST_BYTES: u64 = 64 << 10;

/// How to print: the format, and whether as a tree.
fn format(text: Option<&str>) -> Result<(ValueFormat, bool), String> {
    let mut format = ValueFormat::Natural;
    let mut as_tree = false;
    for c in text.unwrap_or_default().chars() {
        format = match c {
            'x' => ValueFormat::Hex,
            'd' | 'u' => ValueFormat::Decimal,
            'o' => ValueFormat::Octal,
            't' | 'b' => ValueFormat::Binary,
            'c' => ValueFormat::Char,
            's' => ValueFormat::Text,
            'r' => ValueFormat::Raw,
            'p' => {
                as_tree = true;
                continue;
            }
            other => {
                return Err(format!(
                    "there is no format `{}`: x, d, o, t, c, s, r and p there are",
                    shown(&other.to_string())
                ));
            }
        };
    }
    Ok((format, as_tree))
}

fn print(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (format, as_tree) = format(call.format)?;
    let expression = call.rest;
    if expression.is_empty() {
        return Err("an expression is expected: print order.number".into());
    }
    let as_tree = as_tree || shell.settings.pretty;
    let value = shell.value(expression, format, as_tree)?;
    let text = match as_tree {
        true => tree(&value, shell.out.look),
        false => format!("{}\n", escape::line(&value.to_string())),
    };
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn display(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if call.rest.is_empty() {
        shell.need_paused()?;
        shell.tell_displays()?;
        return Ok(Flow::Next);
    }
    let (format, _) = format(call.format)?;
    let expression = call.rest;
    if matches!(shell.guest, Guest::Stopped(_)) {
        // A mistake in it is told now, and not at every stop to come.
        shell.value(expression, format, false)?;
    }
    shell.last_display = shell.last_display.saturating_add(1);
    let display = Display {
        id: shell.last_display,
        expression: expression.to_owned(),
        format,
    };
    if matches!(shell.guest, Guest::Stopped(_)) {
        shell.tell_display(&display)?;
    }
    shell.displays.push(display);
    Ok(Flow::Next)
}

fn undisplay(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if call.rest.is_empty() {
        shell.displays.clear();
        return Ok(Flow::Next);
    }
    for id in parse::numbers(call.rest, "display")? {
        let before = shell.displays.len();
        shell.displays.retain(|display| display.id != id);
        if shell.displays.len() == before {
            return Err(format!("there is no display {id}: `info display` lists them").into());
        }
    }
    Ok(Flow::Next)
}

fn whatis(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let info = shell.type_of(call.rest)?;
    shell.out.line(&escape::line(&info.name));
    Ok(Flow::Next)
}

fn ptype(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let mut info = shell.type_of(call.rest)?;
    if info.members.is_empty() && info.name.starts_with(['&', '*']) {
        // What a reference leads to is what one wants to see of it.
        let behind = format!("*({})", call.rest);
        match shell.type_of(&behind) {
            Ok(target) if !target.members.is_empty() => {
                shell.out.line(&escape::line(&info.name));
                info = target;
            }
            Err(error @ (Failure::Gone | Failure::Terminated(_))) => return Err(error),
            _ => {}
        }
    }
    let text = type_text(&info, shell.out.look);
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn set(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (first, rest) = parse::first_word(call.rest);
    if matches!(first, "var" | "variable") {
        return shell.assign(rest);
    }
    if let Some((setting, value)) = settings::find(call.rest)
        && !value.starts_with('=')
    {
        shell.change_setting(setting, value)?;
        return Ok(Flow::Next);
    }
    match assignment(call.rest) {
        Some(_) => shell.assign(call.rest),
        None if call.rest.is_empty() => {
            Err("what to set is expected: set x = 3, set print elements 100".into())
        }
        None => Err(settings::unknown(call.rest).into()),
    }
}

/// The place and the value of an assignment.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let is_assignment = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 1);
        after != Some(&b'=') && !before.is_some_and(|byte| b"=<>!".contains(byte))
    };
    let at = text
        .match_indices('=')
        .map(|(at, _)| at)
        .find(|at| is_assignment(*at))?;
    let (place, value) = text.split_at(at);
    let value = value.get(1..).unwrap_or_default();
    Some((place.trim(), value.trim()))
        .filter(|(place, value)| !place.is_empty() && !value.is_empty())
}

fn x(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let mut how = Examine {
        count: 1,
        ..shell.examined.how
    };
    match call.format {
        Some(format) => how = examine(format, how)?,
        None if call.repeated => how.count = shell.examined.how.count,
        None => {}
    }
    let unit = u64::try_from(how.unit.bytes()).unwrap_or(1);
    let length = match how.format {
        UnitFormat::Text => how.count.saturating_mul(200).min(4_096),
        _ => how.count.saturating_mul(unit),
    };
    if length > MOST_BYTES {
        return Err(format!("no more than {} KiB are shown at once", MOST_BYTES >> 10).into());
    }
    let address = match (call.rest, shell.examined.next) {
        ("", Some(next)) => format!("{next:#x}"),
        ("", None) => return Err("an address is expected: x/16xb order".into()),
        (text, _) => text.to_owned(),
    };
    let asked = shell.ask(Command::ReadMemory {
        address: address.clone(),
        frame: shell.frame,
        length,
    });
    let (address, bytes, size) = match asked.map_err(|error| in_expression(error, &address))? {
        ReplyBody::Memory {
            address,
            bytes,
            memory_size,
        } => (address, bytes, memory_size),
        _ => return Ok(Flow::Next),
    };
    if bytes.is_empty() {
        return Err(format!("there is no memory at {address:#x}: it has {size} bytes").into());
    }
    let (text, used) = examined(address, &bytes, how);
    shell.out.text(&text);
    if how.format != UnitFormat::Text && u64::try_from(bytes.len()).is_ok_and(|got| got < length) {
        shell.out.line(&format!("memory ends at {size:#x}"));
    }
    shell.examined = Examined {
        next: Some(address.saturating_add(used)),
        how,
    };
    Ok(Flow::Next)
}

/// What lies at an address, the smallest first.
pub(super) fn symbol(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if call.rest.is_empty() {
        return Err("an address is expected: info symbol 0x1000, info symbol &order".into());
    }
    let asked = shell.ask(Command::MemoryOwners {
        address: call.rest.to_owned(),
        frame: shell.frame,
        length: 1,
    });
    let (address, mut owners) = match asked.map_err(|error| in_expression(error, call.rest))? {
        ReplyBody::MemoryOwners { address, owners } => (address, owners),
        _ => return Ok(Flow::Next),
    };
    owners.sort_by_key(|owner| owner.length);
    if owners.is_empty() {
        shell.out.line(&format!(
            "What lies at {address:#x} is not known: no variable, static or part of the stack."
        ));
    }
    for owner in owners {
        shell.out.line(&owner_line(&owner, address));
    }
    Ok(Flow::Next)
}

/// `16xb`.
fn examine(text: &str, before: Examine) -> Result<Examine, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, letters) = text.split_at(digits);
    let mut how = Examine {
        count: match count {
            "" => 1,
            count => parse::number_for(count, "a count is expected")?,
        },
        ..before
    };
    for c in letters.chars() {
        match c {
            'x' => how.format = UnitFormat::Hex,
            'd' => how.format = UnitFormat::Decimal,
            'u' => how.format = UnitFormat::Unsigned,
            'o' => how.format = UnitFormat::Octal,
            't' => how.format = UnitFormat::Binary,
            'f' => how.format = UnitFormat::Float,
            's' => how.format = UnitFormat::Text,
            'c' => {
                how.format = UnitFormat::Char;
                how.unit = Unit::Byte;
            }
            'b' => how.unit = Unit::Byte,
            'h' => how.unit = Unit::Half,
            'w' => how.unit = Unit::Word,
            'g' => how.unit = Unit::Giant,
            other => {
                return Err(format!(
                    "`{}` is neither a format (x, d, u, o, t, f, c, s) nor a size (b, h, w, g)",
                    shown(&other.to_string())
                ));
            }
        }
    }
    if how.format == UnitFormat::Float && how.unit.bytes() < 4 {
        how.unit = Unit::Giant;
    }
    match how.count {
        0 => Err("a count of at least 1 is expected".into()),
        _ => Ok(how),
    }
}

impl Shell {
    /// The value of an expression in the frame that is looked at.
    pub(in super::super) fn value(
        &mut self,
        expression: &str,
        format: ValueFormat,
        as_tree: bool,
    ) -> Result<wasmscope_debugger::values::Value, Failure> {
        let limits = match as_tree {
            true => self.settings.tree_limits(),
            false => self.settings.limits(),
        };
        let asked = self.ask(Command::Evaluate {
            expression: expression.to_owned(),
            frame: self.frame,
            format,
            limits,
        });
        match asked.map_err(|error| in_expression(error, expression))? {
            ReplyBody::Value(value) => Ok(value),
            _ => Err("there is no value".into()),
        }
    }

    fn type_of(&mut self, expression: &str) -> Result<TypeInfo, Failure> {
        if expression.is_empty() {
            return Err("an expression or the name of a type is expected".into());
        }
        let asked = self.ask(Command::TypeOf {
            expression: expression.to_owned(),
            frame: self.frame,
        });
        match asked.map_err(|error| in_expression(error, expression))? {
            ReplyBody::Type(info) => Ok(info),
            _ => Err("there is no type".into()),
        }
    }

    fn assign(&mut self, text: &str) -> Outcome {
        self.need_paused()?;
        let (target, value) = assignment(text)
            .ok_or("an assignment is expected: set x = 3, set var order.number = 7")?;
        let asked = self.ask(Command::Set {
            target: target.to_owned(),
            value: value.to_owned(),
            frame: self.frame,
        });
        if let ReplyBody::Value(value) = asked? {
            let name = escape::line(target);
            self.out
                .line(&format!("{name} = {}", escape::line(&value.to_string())));
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_told_from_comparisons() {
        assert_eq!(assignment("x = 3"), Some(("x", "3")));
        assert_eq!(assignment("a[i]=b == c"), Some(("a[i]", "b == c")));
        assert_eq!(assignment("a <= b = c"), Some(("a <= b", "c")));
        for none in ["x == 3", "x", "x =", "= 3", "a != b", "a >= b", ""] {
            assert_eq!(assignment(none), None, "{none}");
        }
    }

    #[test]
    fn memory_formats_are_read() {
        let before = Examined::default().how;
        let read = |text: &str| examine(text, before).map(|how| (how.count, how.format, how.unit));
        assert_eq!(read("16xb"), Ok((16, UnitFormat::Hex, Unit::Byte)));
        assert_eq!(read("dg"), Ok((1, UnitFormat::Decimal, Unit::Giant)));
        assert_eq!(read(""), Ok((1, UnitFormat::Hex, Unit::Word)));
        for wrong in ["0x", "16z", "99999999999999999999x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
