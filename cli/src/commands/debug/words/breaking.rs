//! Breakpoints, watchpoints and logpoints.

use super::super::input::Next;
use super::super::link::Failure;
use super::super::location::{self, Location};
use super::super::parse;
use super::super::shell::{Guest, Shell, in_expression};
use super::super::table::{Call, Completes, Flow, Group, Outcome, Row, shown};
use crate::debug_text::{breakpoint_told, hits_text};
use wasmscope_debugger::protocol::*;

pub(in super::super) const GROUP: Group = Group {
    name: "breakpoints",
    summary: "Saying where to stop",
    rows: &[
        Row::new("break", "Stops the program at a place", break_)
            .aliases(&["b"])
            .usage("[LOC] [if EXPR] [log TEXT]")
            .help(
                "Without LOC, where the program is. With `if`, only when the expression is true there. With `log`, it does not stop but tells the text, with the values of expressions in braces. `help locations` says how to name places.\n\n    break orders.rs:68\n    break Inventory::remove if line.quantity > 100\n    break /^orders::/ log \"{number}: {customer}\"\n    break host:%file",
            )
            .completes(Completes::Place),
        Row::new("tbreak", "Stops the program at a place, once", tbreak)
            .aliases(&["tb"])
            .usage("[LOC] [if EXPR]")
            .completes(Completes::Place),
        Row::new("trace", "Tells when the program comes to a place, and does not stop", trace)
            .aliases(&["t", "logpoint"])
            .usage("[LOC] [if EXPR] [log TEXT]")
            .help(
                "As `break` with `log`; without a text, it tells the function and its line.\n\n    trace pick\n    trace orders.rs:142 log \"{order.number} costs {total}\"",
            )
            .completes(Completes::Place),
        Row::new("watch", "Stops the program when the value of an expression changes", watch)
            .aliases(&["w"])
            .usage("EXPR [if EXPR]")
            .help(
                "The expression is meant in the frame that is looked at; when that returns, the watchpoint goes away. The program runs opcode by opcode meanwhile where nothing better can be done, which it then says.\n\n    watch inventory.removed",
            )
            .paused()
            .completes(Completes::Expression),
        Row::new("condition", "Says under which condition a breakpoint stops", condition)
            .aliases(&["cond"])
            .usage("N [EXPR] | -hitcount N [OP COUNT]")
            .help(
                "Without EXPR, the condition is taken away. With `-hitcount`, only the hits count that compare so: OP is one of `<`, `<=`, `==`, `>=`, `>` and `%` (every so many).\n\n    condition 1 order.number == 1003\n    condition -hitcount 1 > 3",
            )
            .completes(Completes::Expression),
        Row::new("ignore", "Passes over the next hits of a breakpoint", ignore).usage("N COUNT"),
        Row::new("on", "Says what to do when a breakpoint stops the program", on)
            .aliases(&["commands"])
            .usage("N [COMMAND; COMMAND…]")
            .help(
                "Without commands they are read from the lines that follow, to one that says `end`. No commands take away those that were there.\n\n    on 2 print order.number; bt 3; continue",
            ),
        Row::new("enable", "Puts breakpoints in force", enable).usage("[N…]"),
        Row::new("disable", "Puts breakpoints out of force", disable)
            .aliases(&["dis"])
            .usage("[N…]"),
        Row::new("toggle", "Puts breakpoints in force, or out of it", toggle).usage("N…"),
        Row::new("delete", "Takes breakpoints away", delete)
            .aliases(&["d", "del"])
            .usage("[N…]")
            .help("Without N, all of them."),
        Row::new("clear", "Takes away the breakpoints at a place", clear)
            .usage("[LOC]")
            .help("Without LOC, those where the program is.")
            .completes(Completes::Place),
        Row::new("clearall", "Takes all breakpoints away", clearall),
        Row::new("breakpoints", "Lists breakpoints", super::info::breakpoints).aliases(&["bp"]),
    ],
};

fn break_(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let spec = shell.spec(call.rest)?;
    shell.set_breakpoint(spec)
}

fn tbreak(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let mut spec = shell.spec(call.rest)?;
    spec.temporary = true;
    shell.set_breakpoint(spec)
}

fn trace(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let mut spec = shell.spec(call.rest)?;
    spec.log.get_or_insert_default();
    shell.set_breakpoint(spec)
}

fn watch(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let text = call.rest;
    let (expression, condition) = match text.rsplit_once(" if ") {
        Some((expression, condition)) => (expression.trim(), Some(condition.trim().to_owned())),
        None => (text, None),
    };
    if expression.is_empty() {
        return Err("an expression is expected: watch inventory.removed".into());
    }
    let spec = BreakpointSpec {
        condition,
        frame: shell.frame,
        ..BreakpointSpec::new(BreakpointPlace::Watch {
            expression: expression.to_owned(),
        })
    };
    shell
        .set_breakpoint(spec)
        .map_err(|error| in_expression(error, expression))
}

fn condition(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if let Some(rest) = call.rest.strip_prefix("-hitcount") {
        let (id, rest) = one(rest)?;
        let hits = match rest {
            "" => None,
            text => Some(hit_condition(text)?),
        };
        let change = BreakpointChange {
            hits: Some(hits),
            ..Default::default()
        };
        shell.change_breakpoint(id, change)?;
        shell.out.line(&match hits {
            Some(hits) => format!("Breakpoint {id} stops only at hits {}.", hits_text(hits)),
            None => format!("Breakpoint {id} stops at every hit."),
        });
        return Ok(Flow::Next);
    }
    let (id, expression) = one(call.rest)?;
    let condition = (!expression.is_empty()).then(|| expression.to_owned());
    let change = BreakpointChange {
        condition: Some(condition),
        ..Default::default()
    };
    shell
        .change_breakpoint(id, change)
        .map_err(|error| in_expression(error, expression))?;
    shell.out.line(&match expression {
        "" => format!("Breakpoint {id} stops without a condition."),
        _ => format!(
            "Breakpoint {id} stops only if {}.",
            crate::report::escape::line(expression)
        ),
    });
    Ok(Flow::Next)
}

/// `> 3`, `== 10`, `% 5`.
fn hit_condition(text: &str) -> Result<HitCondition, String> {
    let digits = text
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(text.len());
    let (operator, number) = text.split_at(digits);
    let number = parse::number_for(number, "after the operator, a number of hits is expected")?;
    Ok(match operator.trim() {
        "<" => HitCondition::Less(number),
        "<=" => HitCondition::LessOrEqual(number),
        "=" | "==" | "" => HitCondition::Equal(number),
        ">=" => HitCondition::GreaterOrEqual(number),
        ">" => HitCondition::Greater(number),
        "%" if number > 0 => HitCondition::Multiple(number),
        other => {
            return Err(format!(
                "`{}` compares no hits: there are <, <=, ==, >=, > and %",
                shown(other)
            ));
        }
    })
}

fn ignore(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (id, rest) = one(call.rest)?;
    let count = parse::number_for(rest, "after the breakpoint, a number of hits is expected")?;
    let change = BreakpointChange {
        ignore: Some(count),
        ..Default::default()
    };
    shell.change_breakpoint(id, change)?;
    let hits = if count == 1 { "hit" } else { "hits" };
    shell.out.line(&format!(
        "Breakpoint {id} passes over the next {count} {hits}."
    ));
    Ok(Flow::Next)
}

fn on(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (id, rest) = match parse::first_word(call.rest) {
        // The breakpoint set last, as in gdb.
        ("", _) => (shell.breakpoints.keys().copied().last().unwrap_or(0), ""),
        _ => one(call.rest)?,
    };
    shell.known(id)?;
    let commands: Vec<String> = match rest {
        "" => shell.block()?,
        text => parse::commands(text)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    match commands.is_empty() {
        true => shell.actions.remove(&id),
        false => shell.actions.insert(id, commands),
    };
    Ok(Flow::Next)
}

fn enable(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    switch(shell, call, true)
}

fn disable(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    switch(shell, call, false)
}

fn switch(shell: &mut Shell, call: &Call<'_>, on: bool) -> Outcome {
    for id in several(shell, call.rest)? {
        let change = BreakpointChange {
            enabled: Some(on),
            ..Default::default()
        };
        shell.change_breakpoint(id, change)?;
    }
    Ok(Flow::Next)
}

fn toggle(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if call.rest.is_empty() {
        return Err("the number of a breakpoint is expected".into());
    }
    for id in several(shell, call.rest)? {
        let enabled = !shell.known(id)?.spec.enabled;
        let change = BreakpointChange {
            enabled: Some(enabled),
            ..Default::default()
        };
        shell.change_breakpoint(id, change)?;
        let state = if enabled { "on" } else { "off" };
        shell.out.line(&format!("Breakpoint {id} is {state}."));
    }
    Ok(Flow::Next)
}

fn delete(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    if call.rest.is_empty() {
        return delete_all(shell);
    }
    for id in several(shell, call.rest)? {
        shell.delete_breakpoint(id)?;
    }
    Ok(Flow::Next)
}

fn clearall(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    delete_all(shell)
}

fn delete_all(shell: &mut Shell) -> Outcome {
    let all: Vec<BreakpointId> = shell.breakpoints.keys().copied().collect();
    if all.is_empty() || !shell.may_end("Take all breakpoints away?") {
        return Ok(Flow::Next);
    }
    for id in all {
        shell.delete_breakpoint(id)?;
    }
    Ok(Flow::Next)
}

fn clear(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let place = match call.rest {
        "" => {
            let frame = shell.selected()?;
            BreakpointPlace::Pc {
                pc: frame.pc,
                module: Some(frame.module),
            }
        }
        text => {
            shell.look_here()?;
            location::place(text, shell.here().as_ref())?
        }
    };
    let locations = match shell.ask(Command::Resolve {
        place: place.clone(),
    })? {
        ReplyBody::Locations { locations, .. } => locations,
        _ => Vec::new(),
    };
    let is_there = |breakpoint: &&Breakpoint| {
        breakpoint.spec.place == place
            || breakpoint.locations.iter().any(|at| {
                locations
                    .iter()
                    .any(|other| (other.module, other.pc) == (at.module, at.pc))
            })
    };
    let found: Vec<BreakpointId> = shell
        .breakpoints
        .values()
        .filter(is_there)
        .map(|breakpoint| breakpoint.id)
        .collect();
    if found.is_empty() {
        return Err("there is no breakpoint at that place".into());
    }
    for id in found {
        shell.delete_breakpoint(id)?;
        shell.out.line(&format!("Breakpoint {id} is gone."));
    }
    Ok(Flow::Next)
}

/// The number of a breakpoint, and what follows it.
fn one(text: &str) -> Result<(BreakpointId, &str), String> {
    let (word, rest) = parse::first_word(text);
    let number = parse::number_for(word, "the number of a breakpoint is expected")?;
    let id = u32::try_from(number).map_err(|_| format!("there is no breakpoint {number}"))?;
    Ok((id, rest))
}

/// The breakpoints named; all when none is.
fn several(shell: &Shell, text: &str) -> Result<Vec<BreakpointId>, Failure> {
    let ids = match text {
        "" => shell.breakpoints.keys().copied().collect(),
        text => parse::numbers(text, "breakpoint")?,
    };
    for id in &ids {
        shell.known(*id)?;
    }
    Ok(ids)
}

impl Shell {
    /// What a breakpoint's command line asks for.
    fn spec(&mut self, text: &str) -> Result<BreakpointSpec, Failure> {
        self.look_here()?;
        let Location {
            place,
            condition,
            log,
        } = location::location(text, self.here().as_ref())?;
        let place = match place {
            Some(place) => place,
            None => {
                if !matches!(self.guest, Guest::Stopped(_)) {
                    return Err("a place is expected: `help locations` says how to name one".into());
                }
                let frame = self.selected()?;
                BreakpointPlace::Pc {
                    pc: frame.pc,
                    module: Some(frame.module),
                }
            }
        };
        Ok(BreakpointSpec {
            condition,
            log,
            ..BreakpointSpec::new(place)
        })
    }

    /// Sets a breakpoint and tells where it is.
    pub(in super::super) fn set_breakpoint(&mut self, spec: BreakpointSpec) -> Outcome {
        let condition = spec.condition.clone();
        let asked = self.ask(Command::SetBreakpoint(spec));
        let asked = asked.map_err(|error| match &condition {
            Some(condition) => in_expression(error, condition),
            None => error,
        })?;
        if let ReplyBody::Breakpoint(breakpoint) = asked {
            let text = breakpoint_told(&breakpoint, self.out.look);
            self.out.text(&text);
            self.breakpoints.insert(breakpoint.id, breakpoint);
        }
        Ok(Flow::Next)
    }

    /// Changes a breakpoint.
    pub(in super::super) fn change_breakpoint(
        &mut self,
        id: BreakpointId,
        change: BreakpointChange,
    ) -> Result<(), Failure> {
        self.known(id)?;
        if let ReplyBody::Breakpoint(breakpoint) =
            self.ask(Command::ChangeBreakpoint { id, change })?
        {
            self.breakpoints.insert(id, breakpoint);
        }
        Ok(())
    }

    fn delete_breakpoint(&mut self, id: BreakpointId) -> Result<(), Failure> {
        self.known(id)?;
        self.ask(Command::DeleteBreakpoint { id })?;
        self.breakpoints.remove(&id);
        self.actions.remove(&id);
        Ok(())
    }

    fn known(&self, id: BreakpointId) -> Result<&Breakpoint, Failure> {
        self.breakpoints
            .get(&id)
            .ok_or_else(|| format!("there is no breakpoint {id}: `breakpoints` lists them").into())
    }

    /// Lines up to one that says `end`.
    fn block(&mut self) -> Result<Vec<String>, Failure> {
        const MOST: usize = 10_000;
        let mut lines = Vec::new();
        while lines.len() < MOST {
            match self.input.next(true)? {
                Next::Line(line) => match line.text.trim() {
                    "end" => return Ok(lines),
                    "" => {}
                    text => lines.push(text.to_owned()),
                },
                Next::Cancelled => return Err(Failure::Interrupted),
                Next::End => return Err("the commands have no `end`".into()),
                Next::NotYet => self.stay_alive()?,
            }
        }
        Err(format!("more than {MOST} commands at one breakpoint").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_compared() {
        for (text, expected) in [
            ("> 3", HitCondition::Greater(3)),
            (">=0x10", HitCondition::GreaterOrEqual(16)),
            ("== 10", HitCondition::Equal(10)),
            ("7", HitCondition::Equal(7)),
            ("% 5", HitCondition::Multiple(5)),
        ] {
            assert_eq!(hit_condition(text), Ok(expected), "{text}");
        }
        for wrong in ["", ">", "% 0", "! 3", "> x", "3 4"] {
            assert!(hit_condition(wrong).is_err(), "{wrong}");
        }
    }
}
