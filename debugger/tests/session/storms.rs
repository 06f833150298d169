//! Commands in any order, sensible or not: each is answered once and in order, and nothing panics or
//! hangs.

use crate::support::{DEBUG, Debug};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wasmscope_debugger::protocol::{
    BreakpointChange, BreakpointPlace, BreakpointSpec, Command, CompletionKind, Event, Settings,
    ValueFormat, ValueLimits,
};

fn place() -> impl Strategy<Value = BreakpointPlace> {
    prop_oneof![
        (0u32..200).prop_map(|line| BreakpointPlace::Line {
            file: "orders.rs".into(),
            line,
            column: None
        }),
        "[a-z:<(]{0,8}".prop_map(|name| BreakpointPlace::Function { name }),
        Just(BreakpointPlace::Function {
            name: "pick".into()
        }),
        "[a-z:.*(]{1,6}".prop_map(|pattern| BreakpointPlace::FunctionRegex { pattern }),
        any::<u64>().prop_map(|pc| BreakpointPlace::Pc { pc, module: None }),
        (0u64..200_000).prop_map(|pc| BreakpointPlace::Pc {
            pc,
            module: Some(0)
        }),
        Just(BreakpointPlace::Panic),
        prop_oneof![Just("%file"), Just("fd_write"), Just("nonsense"), Just("")].prop_map(
            |filter| BreakpointPlace::HostCall {
                filter: filter.into()
            }
        ),
        expression().prop_map(|expression| BreakpointPlace::Watch { expression }),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("total".to_owned()),
        Just("order.lines[0].article".to_owned()),
        Just("*self".to_owned()),
        "[a-z0-9.\\[\\]()*&+=\" ]{0,12}",
    ]
}

fn spec() -> impl Strategy<Value = BreakpointSpec> {
    (
        place(),
        proptest::option::of(expression()),
        proptest::option::of("[a-z{}]{0,8}"),
        any::<bool>(),
        0u64..3,
    )
        .prop_map(
            |(place, condition, log, temporary, ignore)| BreakpointSpec {
                condition,
                log,
                temporary,
                ignore,
                ..BreakpointSpec::new(place)
            },
        )
}

fn command() -> impl Strategy<Value = Command> {
    let frame = prop_oneof![0usize..8, Just(usize::MAX)];
    let limits = ValueLimits::default;
    prop_oneof![
        4 => Just(Command::Run),
        4 => Just(Command::Continue),
        3 => (0u32..4).prop_map(|count| Command::Next { count }),
        3 => (0u32..4).prop_map(|count| Command::Step { count }),
        2 => frame.clone().prop_map(|frame| Command::Finish { frame }),
        1 => proptest::option::of(place()).prop_map(|place| Command::Until { place }),
        2 => (any::<bool>(), 0u32..9)
            .prop_map(|(over, count)| Command::StepInstruction { over, count }),
        1 => Just(Command::Pause),
        1 => Just(Command::Kill),
        2 => Just(Command::Restart),
        4 => spec().prop_map(Command::SetBreakpoint),
        1 => (0u32..5, proptest::option::of(any::<bool>())).prop_map(|(id, enabled)| {
            Command::ChangeBreakpoint {
                id,
                change: BreakpointChange { enabled, ..BreakpointChange::default() },
            }
        }),
        1 => (0u32..5).prop_map(|id| Command::DeleteBreakpoint { id }),
        1 => Just(Command::Breakpoints),
        1 => place().prop_map(|place| Command::Resolve { place }),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(from, count)| Command::Stack {
            from: from % 100,
            count,
        }),
        2 => frame.clone().prop_map(move |frame| Command::Variables { frame, limits: limits() }),
        2 => (expression(), frame.clone()).prop_map(move |(expression, frame)| Command::Evaluate {
            expression,
            frame,
            format: ValueFormat::Hex,
            limits: limits(),
        }),
        1 => (expression(), frame.clone())
            .prop_map(|(expression, frame)| Command::TypeOf { expression, frame }),
        1 => (expression(), expression(), frame.clone())
            .prop_map(|(target, value, frame)| Command::Set { target, value, frame }),
        1 => Just(Command::Statics { pattern: None, limits: limits() }),
        1 => frame.clone().prop_map(|frame| Command::WasmFrame { frame }),
        1 => (any::<u64>(), any::<u64>(), frame.clone()).prop_map(|(address, length, frame)| {
            Command::ReadMemory { address: address.to_string(), frame, length }
        }),
        1 => (any::<u64>(), frame.clone()).prop_map(|(address, frame)| Command::WriteMemory {
            address,
            frame,
            bytes: vec![0; 3],
        }),
        1 => (proptest::option::of(0usize..9), frame.clone())
            .prop_map(|(around, frame)| Command::Disassemble { place: None, frame, around }),
        1 => (any::<u32>(), any::<u32>(), frame.clone()).prop_map(|(line, after, frame)| {
            Command::Source { file: None, frame, line: Some(line), before: after, after }
        }),
        1 => Just(Command::Modules),
        1 => ("[a-z]{0,2}", frame).prop_map(|(prefix, frame)| Command::Complete {
            what: CompletionKind::Variable,
            prefix,
            frame,
            limit: 10,
        }),
        1 => Just(Command::HostCalls { count: 2 }),
        1 => Just(Command::Status),
        1 => Just(Command::Report),
        1 => any::<bool>().prop_map(|step| Command::Configure(Settings {
            step_into_std: Some(step),
            ..Settings::default()
        })),
    ]
}

#[test]
fn every_command_is_answered_once_and_in_order() {
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    for built in DEBUG {
        let commands = proptest::collection::vec(command(), 1..40);
        let storm = |commands: Vec<Command>| {
            let mut debug = Debug::sample("orders", built);
            let sent: Vec<u64> = commands.into_iter().map(|it| debug.send(it)).collect();
            let last = debug.send(Command::Status);
            debug.answer(last).ok();
            let answered: Vec<u64> = debug
                .taken(|event| matches!(event, Event::Reply { .. }))
                .into_iter()
                .filter_map(|event| match event {
                    Event::Reply { id, .. } => Some(id),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(answered, sent);
            Ok(())
        };
        if let Err(error) = runner.run(&commands, storm) {
            panic!("{built:?}: {error}");
        }
    }
}
