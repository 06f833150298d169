//! Faults put into host calls on purpose, so that a program's error paths can be tried: results that
//! the host never gave, and delays.
//!
//! The language is strace's: `SET:error=EIO:delay_enter=10ms:when=2+3`. Which calls are meant is
//! counted from the start of the run, so that the same program with the same input gets the same
//! faults. What the boundary does with a [`Fault`] is told in [`crate::wasi_p1`]; for components, in
//! [`crate::components`].

use crate::call::Tampering;
use crate::filter::{FilterError, FunctionSet, Names, near};
use crate::table::components as component_table;
use crate::table::{self, Errno, Function, Returns};
use std::time::Duration;

/// The longest delay: a day.
const MAX_DELAY: Duration = Duration::from_secs(86_400);

/// The words that may follow the set.
const WORDS: [&str; 5] = ["error", "retval", "delay_enter", "delay_exit", "when"];

/// Faults to be put into the calls of a run.
#[derive(Clone, Debug, Default)]
pub struct Injection {
    rules: Vec<Rule>,
}

/// One specification, and how many calls it has matched.
#[derive(Clone, Debug)]
struct Rule {
    functions: FunctionSet,
    fault: Fault,
    when: When,
    matched: u64,
}

/// What a call answers without the host being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number. Of a function of preview 1 it is the error number, 0 for success; of a component's
    /// function it is the result, 0 for one without a value.
    Number(u64),
    /// An error of a component's function: the name that preview 1 has for it, or its own.
    Error(&'static str),
}

/// What is done to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What the function answers, if not what the host says.
    pub answer: Option<Answer>,
    /// How long the call is held up before it is made.
    pub delay_enter: Option<Duration>,
    /// How long the call is held up before it returns.
    pub delay_exit: Option<Duration>,
}

impl Fault {
    /// The number that a function of preview 1 returns.
    pub(crate) fn errno(&self) -> Option<u32> {
        match self.answer? {
            Answer::Number(number) => u32::try_from(number).ok(),
            Answer::Error(_) => None,
        }
    }

    /// What a record says of it.
    pub fn tampering(&self) -> Tampering {
        let ns = |delay: Duration| u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        Tampering {
            result: self.answer.is_some(),
            delay_enter: self.delay_enter.map(ns),
            delay_exit: self.delay_exit.map(ns),
        }
    }
}

/// Which of the calls that match, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct When {
    first: u64,
    last: u64,
    step: u64,
}

impl When {
    const ALWAYS: When = When {
        first: 1,
        last: u64::MAX,
        step: 1,
    };

    fn has(&self, call: u64) -> bool {
        let since = call.checked_sub(self.first);
        since.is_some_and(|since| call <= self.last && since % self.step == 0)
    }

    /// `FIRST`, `FIRST..LAST`, each with `+STEP`; a bare `+` is a step of one.
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|number: &u64| *number > 0);
        let (range, step) = match text.split_once('+') {
            Some((range, "")) => (range, Some(1)),
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once("..") {
            Some((first, last)) => (number(first)?, Some(number(last)?)),
            None => (number(range)?, None),
        };
        let last = match (last, step) {
            (Some(last), _) => last,
            // One alone means this call and no other.
            (None, None) => first,
            (None, Some(_)) => u64::MAX,
        };
        (first <= last).then_some(When {
            first,
            last,
            step: step.unwrap_or(1),
        })
    }
}

/// A specification that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {position}: {problem}")]
pub struct InjectError {
    /// Where in the specification, in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: InjectProblem,
}

/// What is wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectProblem {
    /// The set of functions is none.
    #[error(transparent)]
    Set(#[from] FilterError),
    /// A word that means nothing.
    #[error(
        "`{word}` is nothing that can be done to a call; there are error, retval, delay_enter, \
         delay_exit and when{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    )]
    Word {
        /// The word.
        word: String,
        /// One like it.
        near: Option<String>,
    },
    /// A word without a value, or with one that does not fit.
    #[error("`{word}={value}`: {expected}")]
    Value {
        /// The word.
        word: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be set to.
        expected: &'static str,
    },
    /// The same word twice, or a result given in two ways.
    #[error(
        "`{0}` comes too late: what the call returns has been said, or the word has stood before"
    )]
    Twice(&'static str),
    /// Nothing is to be done.
    #[error(
        "nothing is done to these calls: add error=NAME, retval=NUMBER, delay_enter=TIME or delay_exit=TIME"
    )]
    Nothing,
    /// Only functions that return nothing are meant.
    #[error("these functions do not return, so that they cannot be made to fail")]
    NeverReturns,
    /// None of the component's functions that are meant has this error.
    #[error("{}", no_such_error(.value, .errors))]
    NoSuchError {
        /// The error.
        value: String,
        /// Those that these functions have, sorted.
        errors: Vec<String>,
    },
    /// None of the component's functions that are meant returns such a number.
    #[error(
        "none of these functions returns a number that can be made up, and none can succeed without \
         a value"
    )]
    NoNumber,
}

/// What is wrong with an error that none of the functions has that have these.
fn no_such_error(value: &str, errors: &[String]) -> String {
    if errors.is_empty() {
        return "these functions have no errors, so that they cannot be made to fail".to_owned();
    }
    format!(
        "`error={value}`: none of these functions has such an error; there are {}",
        errors.join(", ")
    )
}

impl Injection {
    /// Whether there is anything to be done at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Adds a specification, `fd_write:error=ENOSPC:when=3`, about functions with these names. Where
    /// several apply to a call, the one that was added first does.
    ///
    /// # Errors
    /// When it cannot be understood, or what it asks for can never happen.
    pub fn add(&mut self, spec: &str, names: Names<'_>) -> Result<(), InjectError> {
        let set_end = set_end(spec);
        let (set, rest) = spec.split_at_checked(set_end).unwrap_or((spec, ""));
        let mut rule = Rule {
            functions: FunctionSet::default(),
            fault: Fault::default(),
            when: When::ALWAYS,
            matched: 0,
        };
        rule.functions
            .extend(set, names)
            .map_err(|error| at(spec, 0, error))?;
        let of_components = matches!(names, Names::Imported(_));
        let mut seen = Vec::new();
        let mut offset = set_end;
        for part in rest.split(':').skip(1) {
            // Past the colon.
            offset += 1;
            rule.set(part, of_components, &mut seen)
                .map_err(|problem| at(spec, offset, problem))?;
            offset += part.len();
        }
        if rule.fault == Fault::default() {
            return Err(at(spec, spec.len(), InjectProblem::Nothing));
        }
        rule.can_happen(names)
            .map_err(|problem| at(spec, 0, problem))?;
        self.rules.push(rule);
        Ok(())
    }

    /// Counts a call, and says what is to be done to it.
    pub fn count(&mut self, row: &Function) -> Option<Fault> {
        // A function that does not return can be held up, and no more.
        self.fault(|rule| rule.is_for(row)).map(|mut fault| {
            fault.answer = fault.answer.filter(|_| row.returns == Returns::Errno);
            fault
        })
    }

    /// As [`Self::count`], for a component's function. Whether it can answer what is asked for shows
    /// where its result is made.
    pub(crate) fn count_named(&mut self, interface: &str, function: &str) -> Option<Fault> {
        self.fault(|rule| rule.is_for_named(interface, function))
    }

    fn fault(&mut self, is_for: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut found = None;
        for rule in self.rules.iter_mut().filter(|rule| is_for(rule)) {
            rule.matched = rule.matched.saturating_add(1);
            if rule.when.has(rule.matched) {
                found = found.or(Some(rule.fault));
            }
        }
        found
    }
}

impl Rule {
    fn is_for(&self, row: &Function) -> bool {
        self.functions.has(row.module, row.name, row.classes)
    }

    fn is_for_named(&self, interface: &str, function: &str) -> bool {
        let classes = component_table::classes(interface);
        self.functions.has(interface, function, classes)
    }

    /// Looks for a function that can answer what the rule asks for.
    fn can_happen(&self, names: Names<'_>) -> Result<(), InjectProblem> {
        let Some(answer) = self.fault.answer else {
            return Ok(());
        };
        let Names::Imported(imports) = names else {
            let returns = |row: &Function| row.returns == Returns::Errno && self.is_for(row);
            return match table::functions().any(returns) {
                true => Ok(()),
                false => Err(InjectProblem::NeverReturns),
            };
        };
        let meant = || {
            imports
                .iter()
                .filter(|import| self.is_for_named(&import.interface, &import.function))
        };
        match answer {
            Answer::Number(_) if meant().any(|import| import.returns_number) => Ok(()),
            Answer::Number(_) => Err(InjectProblem::NoNumber),
            Answer::Error(name) if meant().any(|import| import.has_error(name)) => Ok(()),
            Answer::Error(name) => {
                let mut errors: Vec<String> = meant()
                    .flat_map(|import| import.errors.iter().cloned())
                    .collect();
                errors.sort_unstable();
                errors.dedup();
                Err(InjectProblem::NoSuchError {
                    value: name.to_owned(),
                    errors,
                })
            }
        }
    }

    /// Takes in `word=value`.
    fn set(
        &mut self,
        part: &str,
        of_components: bool,
        seen: &mut Vec<&'static str>,
    ) -> Result<(), InjectProblem> {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let Some(word) = WORDS.into_iter().find(|word| *word == name) else {
            return Err(InjectProblem::Word {
                word: name.to_owned(),
                near: near(name, WORDS.into_iter()).into_iter().next(),
            });
        };
        let wrong = |expected| InjectProblem::Value {
            word,
            value: value.to_owned(),
            expected,
        };
        // What a call returns can be said once only, in one way or the other.
        let meaning = if word == "retval" { "error" } else { word };
        if seen.contains(&meaning) {
            return Err(InjectProblem::Twice(word));
        }
        seen.push(meaning);
        match word {
            "error" if of_components => {
                let name = component_table::error_name(value);
                self.fault.answer =
                    Some(Answer::Error(name.ok_or_else(|| {
                        wrong("give the name of an error, such as EIO or no-entry")
                    })?));
            }
            "error" => {
                let number = Errno::number(value).filter(|number| *number > 0);
                let number =
                    number.ok_or_else(|| wrong("give the name of an error, such as EIO"))?;
                self.fault.answer = Some(Answer::Number(number.into()));
            }
            "retval" if of_components => {
                let number = value.parse().ok();
                self.fault.answer = Some(Answer::Number(number.ok_or_else(|| {
                    wrong(
                        "give the number that the function returns, 0 for success without a value",
                    )
                })?));
            }
            "retval" => {
                let number = value
                    .parse()
                    .ok()
                    .filter(|number| *number <= u64::from(u16::MAX));
                self.fault.answer = Some(Answer::Number(number.ok_or_else(|| {
                    wrong("give the number that the function returns, 0 for success, up to 65535")
                })?));
            }
            "delay_enter" => {
                self.fault.delay_enter = Some(delay(value).ok_or_else(|| wrong(TIME))?)
            }
            "delay_exit" => self.fault.delay_exit = Some(delay(value).ok_or_else(|| wrong(TIME))?),
            _ => {
                self.when = When::parse(value).ok_or_else(|| {
                    wrong("give FIRST[..LAST][+STEP], numbers of calls counted from 1")
                })?;
            }
        }
        Ok(())
    }
}

const TIME: &str =
    "give a time such as 10ms, with s, ms, us or ns (us if there is none), up to a day";

/// A time as strace reads it.
fn delay(text: &str) -> Option<Duration> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: u64 = number.parse().ok()?;
    let ns = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "" | "us" | "µs" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let delay = Duration::from_nanos(number.checked_mul(ns)?);
    (delay <= MAX_DELAY).then_some(delay)
}

/// Where the set of functions ends: at a colon, but for those in a `/regex/`.
fn set_end(spec: &str) -> usize {
    let mut in_regex = false;
    let mut at_start = true;
    for (at, c) in spec.char_indices() {
        match c {
            '/' if at_start => in_regex = true,
            '/' if in_regex => {
                let after = spec.get(at + 1..).unwrap_or_default();
                in_regex = !(after.is_empty() || after.starts_with([':', ',']));
            }
            ':' if !in_regex => return at,
            _ => {}
        }
        at_start = !in_regex && matches!(c, ',' | '!');
    }
    // A regular expression without an end.
    if in_regex {
        spec.find(':').unwrap_or(spec.len())
    } else {
        spec.len()
    }
}

fn at(spec: &str, offset: usize, problem: impl Into<InjectProblem>) -> InjectError {
    let before = spec.get(..offset).unwrap_or(spec);
    InjectError {
        position: before.chars().count() + 1,
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injection(specs: &[&str]) -> Injection {
        let mut injection = Injection::default();
        for spec in specs {
            injection
                .add(spec, Names::Table)
                .unwrap_or_else(|error| panic!("{spec}: {error}"));
        }
        injection
    }

    fn row(name: &str) -> &'static Function {
        table::find(table::wasi_p1::MODULE, name).expect("a row")
    }

    /// The numbers of the calls, from 1, that get a fault.
    fn hits(spec: &str, calls: u64) -> Vec<u64> {
        let mut injection = injection(&[spec]);
        let fd_write = row("fd_write");
        (1..=calls)
            .filter(|_| injection.count(fd_write).is_some())
            .collect()
    }

    #[test]
    fn calls_are_counted() {
        let cases: [(&str, &[u64]); 7] = [
            ("fd_write:error=EIO", &[1, 2, 3, 4, 5, 6, 7]),
            ("fd_write:error=EIO:when=3", &[3]),
            ("fd_write:when=3+:error=EIO", &[3, 4, 5, 6, 7]),
            ("fd_write:error=EIO:when=2+3", &[2, 5]),
            ("fd_write:error=EIO:when=2..4", &[2, 3, 4]),
            ("fd_write:error=EIO:when=1..6+2", &[1, 3, 5]),
            ("fd_read:error=EIO", &[]),
        ];
        for (spec, expected) in cases {
            assert_eq!(hits(spec, 7), expected, "{spec}");
        }
    }

    #[test]
    fn faults_are_what_was_asked_for() {
        let mut all = injection(&[
            "%file:error=ENOENT:delay_enter=5:delay_exit=2s",
            "path_open,/^sock:?_/:retval=0",
            "!%file:delay_enter=3ms",
        ]);
        let file = Fault {
            answer: Errno::number("ENOENT").map(|number| Answer::Number(number.into())),
            delay_enter: Some(Duration::from_micros(5)),
            delay_exit: Some(Duration::from_secs(2)),
        };
        // The first of two that apply.
        assert_eq!(all.count(row("path_open")), Some(file));
        let sock = all.count(row("sock_send")).expect("a fault");
        assert_eq!((sock.errno(), sock.delay_enter), (Some(0), None));
        let late = Some(Duration::from_millis(3));
        assert_eq!(
            all.count(row("fd_write")).expect("a fault").delay_enter,
            late
        );
        assert_eq!(injection(&[]).count(row("fd_write")), None);
        // What does not return is held up all the same.
        let mut every = injection(&["all:error=EIO:delay_enter=1"]);
        assert_eq!(every.count(row("proc_exit")).expect("a fault").answer, None);
    }

    #[test]
    fn mistakes_are_explained_where_they_are() {
        let said = |spec: &str| {
            let error = Injection::default().add(spec, Names::Table);
            error.expect_err(spec).to_string()
        };
        let cases = [
            (
                "fd_write:eror=EIO",
                "character 10: `eror` is nothing that can be done to a call; there are error, \
                 retval, delay_enter, delay_exit and when; did you mean `error`?",
            ),
            (
                "fd_write:error=EFOO",
                "character 10: `error=EFOO`: give the name of an error, such as EIO",
            ),
            (
                "fd_write:delay_exit=1h",
                "character 10: `delay_exit=1h`: give a time such as 10ms, with s, ms, us or ns (us \
                 if there is none), up to a day",
            ),
            (
                "fd_wrote:error=EIO",
                "character 1: no host function is called `fd_wrote`; did you mean `fd_write`, \
                 `fd_pwrite`?",
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(said(spec), expected);
        }
        for (spec, position) in [
            ("fd_write", 9),
            ("fd_write:", 10),
            ("fd_write:when=2", 16),
            ("fd_write:error=EIO:retval=3", 20),
            ("fd_write:when=1:when=2", 17),
            ("fd_write:error=EIO:when=0", 20),
            ("fd_write:error=EIO:when=3..2", 20),
            ("fd_write:error=EIO:when=", 20),
            ("fd_write:error=SUCCESS", 10),
            ("fd_write:retval=-1", 10),
            ("fd_write:delay_enter=99999999999999999999", 10),
            ("fd_write:delay_enter=90000s", 10),
            ("proc_exit:error=EIO", 1),
            ("/a(/:error=EIO", 1),
            ("", 1),
        ] {
            let start = format!("character {position}: ");
            assert!(said(spec).starts_with(&start), "{spec}: {}", said(spec));
        }
    }
}
