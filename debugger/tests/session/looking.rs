//! Looking around in a paused guest: frames, variables, expressions, memory, opcodes, and what the
//! program is made of.

use crate::support::{BUILDS, DEBUG, Debug, function, is_breakpoint, line};
use wasmscope_debugger::protocol::{
    BreakpointSpec, Command, CompletionKind, FrameInfo, ReplyBody, StopReason, ValueLimits,
};
use wasmscope_test_support::{Target, marked_line};

/// A session that stands where an order's line is about to be removed.
fn removing(built: (wasmscope_test_support::Build, Target)) -> Debug {
    let mut debug = Debug::sample("orders", built);
    debug.set(BreakpointSpec::new(function("Inventory::remove")));
    assert!(is_breakpoint(&debug.stop(Command::Run)));
    debug
}

#[test]
fn the_stack_is_given_in_pages() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        debug.stop(Command::Run);
        let page = |debug: &mut Debug, from, count| match debug.told(Command::Stack { from, count })
        {
            ReplyBody::Stack { frames, .. } => frames,
            other => panic!("{other:?}"),
        };
        let first = page(&mut debug, 0, 1);
        assert_eq!(first.len(), 1, "{built:?}");
        let whole = debug.stack();
        assert_eq!(first[0], whole[0], "{built:?}");
        let paged: Vec<FrameInfo> = (0..whole.len() + 3)
            .flat_map(|from| page(&mut debug, from, 1))
            .collect();
        assert_eq!(paged, whole, "{built:?}");
        let users = |name: &str| {
            whole
                .iter()
                .any(|frame| frame.function.as_deref() == Some(name))
        };
        assert!(
            users("orders::pick") && users("orders::main"),
            "{built:?}: {whole:#?}"
        );
        let ids: Vec<usize> = whole.iter().map(|frame| frame.id).collect();
        assert_eq!(ids, (0..whole.len()).collect::<Vec<_>>(), "{built:?}");
    }
}

#[test]
fn a_deep_recursion_is_walked_as_far_as_asked() {
    let mut debug = Debug::sample("stack_overflow", DEBUG[0]);
    let stop = debug.stop(Command::Run);
    assert!(matches!(stop.reason, StopReason::Trap { .. }), "{stop:#?}");
    let ReplyBody::Stack { frames, total } = debug.told(Command::Stack {
        from: 1000,
        count: 5,
    }) else {
        panic!("no stack");
    };
    assert_eq!(frames.len(), 5);
    assert_eq!(frames[0].id, 1000);
    assert_eq!(total, None, "nobody asked for all of it");
}

#[test]
fn variables_and_expressions_belong_to_their_frame() {
    for built in DEBUG {
        let mut debug = removing(built);
        assert_eq!(debug.variable(0, "line").type_name, "&Line", "{built:?}");
        let total = debug.variable(1, "total");
        assert_eq!(total.summary.as_deref(), Some("0"), "{built:?}");
        for (frame, expression, expected) in [
            (0, "line.quantity", "40"),
            (0, "self.shelves.len", "3"),
            (0, "self.shelves[line.shelf].stock > line.quantity", "true"),
            (1, "order.customer", "\"alice\""),
            (1, "order.status is Open", "true"),
        ] {
            let value = debug.evaluate(frame, expression);
            let value = value.unwrap_or_else(|error| panic!("{built:?} {expression}: {error:?}"));
            assert_eq!(
                value.summary.as_deref(),
                Some(expected),
                "{built:?} {expression}"
            );
        }
        assert!(debug.evaluate(0, "order").is_err(), "{built:?}");
        assert!(debug.evaluate(9999, "line").is_err(), "{built:?}");
    }
}

#[test]
fn what_is_set_is_what_the_program_goes_on_with() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        debug.stop(Command::Run);
        debug.told(Command::Set {
            target: "total".into(),
            value: "1000000".into(),
            frame: 0,
        });
        assert_eq!(
            debug
                .evaluate(0, "total")
                .expect("it is there")
                .summary
                .as_deref(),
            Some("1000000"),
            "{built:?}"
        );
        let error = debug
            .ask(Command::Set {
                target: "total".into(),
                value: "\"much\"".into(),
                frame: 0,
            })
            .expect_err("no number");
        assert!(error.position.is_some(), "{built:?}: {error:?}");
        for set in debug.breakpoints() {
            debug.told(Command::DeleteBreakpoint { id: set.id });
        }
        // The panic in the third order comes before anything owed is printed; so look at its sum.
        debug.at("orders", "removes");
        debug.stop(Command::Continue);
        let total = debug.evaluate(0, "total").expect("it is there");
        assert_eq!(total.summary.as_deref(), Some("1000600"), "{built:?}");
    }
}

#[test]
fn memory_is_read_and_written() {
    for built in DEBUG {
        let mut debug = removing(built);
        let read = |debug: &mut Debug, address: &str, length| {
            debug.ask(Command::ReadMemory {
                address: address.into(),
                frame: 0,
                length,
            })
        };
        let ReplyBody::Memory {
            address,
            bytes,
            memory_size,
        } = read(&mut debug, "&line.quantity", 4).expect("it is in memory")
        else {
            panic!("no memory");
        };
        assert_eq!(bytes, 40u32.to_le_bytes(), "{built:?}");
        let write = |address, bytes| Command::WriteMemory {
            address,
            frame: 0,
            bytes,
        };
        debug.told(write(address, vec![41, 0, 0, 0]));
        let quantity = debug.evaluate(0, "line.quantity").expect("it is there");
        assert_eq!(quantity.summary.as_deref(), Some("41"), "{built:?}");
        // At the memory's end there is less, and beyond it nothing.
        let last = format!("{}", memory_size - 2);
        let Ok(ReplyBody::Memory { bytes, .. }) = read(&mut debug, &last, 100) else {
            panic!("{built:?}: no memory");
        };
        assert_eq!(bytes.len(), 2, "{built:?}");
        assert!(
            read(&mut debug, &memory_size.to_string(), 1).is_err(),
            "{built:?}"
        );
        assert!(
            debug.ask(write(memory_size - 1, vec![0; 2])).is_err(),
            "{built:?}"
        );
        assert!(debug.ask(write(u64::MAX, vec![0])).is_err(), "{built:?}");
    }
}

#[test]
fn the_wasm_beneath_a_frame_is_shown() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        let stop = debug.stop(Command::Run);
        let ReplyBody::WasmFrame(frame) = debug.told(Command::WasmFrame { frame: 0 }) else {
            panic!("no frame");
        };
        let info = stop.info.expect("a frame");
        assert_eq!(
            (frame.func_index, frame.pc),
            (info.wasm_function, info.pc),
            "{built:?}"
        );
        assert!(!frame.locals.is_empty(), "{built:?}");
        assert_eq!(frame.unavailable, None, "{built:?}");
        assert!(
            frame
                .globals
                .iter()
                .any(|global| global.name.as_deref() == Some("__stack_pointer")),
            "{built:?}: {frame:#?}"
        );
        let ReplyBody::Disassembly(listing) = debug.told(Command::Disassemble {
            place: None,
            frame: 0,
            around: None,
        }) else {
            panic!("no listing");
        };
        assert_eq!(listing.lines[listing.failing].pc, info.pc, "{built:?}");
        assert!(
            listing
                .lines
                .iter()
                .any(|line| line.text.starts_with("call ")),
            "{built:?}"
        );
        let ReplyBody::Disassembly(part) = debug.told(Command::Disassemble {
            place: None,
            frame: 0,
            around: Some(2),
        }) else {
            panic!("no listing");
        };
        assert!(part.lines.len() <= 5, "{built:?}");
        assert_eq!(part.lines[part.failing].pc, info.pc, "{built:?}");
        let ReplyBody::Disassembly(other) = debug.told(Command::Disassemble {
            place: Some(function("orders::main")),
            frame: 0,
            around: None,
        }) else {
            panic!("no listing");
        };
        assert_eq!(
            other.failing,
            other.lines.len(),
            "{built:?}: none is marked"
        );
    }
}

#[test]
fn statics_are_read_without_a_frame_of_theirs() {
    for built in DEBUG {
        let mut debug = Debug::sample("statics", built);
        debug.at("statics", "all set");
        debug.stop(Command::Run);
        let statics =
            |debug: &mut Debug, pattern: Option<&str>| match debug.told(Command::Statics {
                pattern: pattern.map(str::to_owned),
                limits: ValueLimits::default(),
            }) {
                ReplyBody::Statics { statics, .. } => statics,
                other => panic!("{other:?}"),
            };
        let own = statics(&mut debug, None);
        let counter = own.iter().find(|it| it.name == "statics::COUNTER");
        let counter = counter.unwrap_or_else(|| panic!("{built:?}: {own:#?}"));
        assert_eq!(counter.summary.as_deref(), Some("42"), "{built:?}");
        assert!(
            own.iter().all(|it| it.name.starts_with("statics::")),
            "{built:?}: {own:#?}"
        );
        let some = statics(&mut debug, Some("LEVELS"));
        assert_eq!(some.len(), 1, "{built:?}: {some:#?}");
    }
}

#[test]
fn the_source_is_shown_around_the_frame_and_elsewhere() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let source = |file: Option<&str>, line| Command::Source {
        file: file.map(str::to_owned),
        frame: 0,
        line,
        before: 2,
        after: 3,
    };
    // Nothing has run: the beginning of the program is of interest.
    let ReplyBody::Source(lines) = debug.told(source(None, None)) else {
        panic!("no lines");
    };
    assert!(lines.file.ends_with("orders.rs"), "{lines:#?}");
    assert_eq!(lines.current, None);
    debug.at("orders", "removes");
    debug.stop(Command::Run);
    let ReplyBody::Source(lines) = debug.told(source(None, None)) else {
        panic!("no lines");
    };
    let wanted = marked_line("orders", "removes");
    assert_eq!(lines.current, Some(wanted));
    assert_eq!((lines.first_line, lines.lines.len()), (wanted - 2, 6));
    assert!(lines.with_code.contains(&wanted), "{lines:#?}");
    assert!(lines.lines[2].contains("// <- removes"), "{lines:#?}");
    let ReplyBody::Source(other) = debug.told(source(Some("orders.rs"), Some(1))) else {
        panic!("no lines");
    };
    assert_eq!((other.first_line, other.lines.len()), (1, 4));
    let error = debug
        .ask(source(Some("ordres.rs"), None))
        .expect_err("no such file");
    assert!(
        error
            .suggestions
            .iter()
            .any(|file| file.ends_with("orders.rs")),
        "{error:?}"
    );
    assert!(debug.ask(source(Some("orders.rs"), Some(100_000))).is_err());
}

#[test]
fn the_program_is_described() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let ReplyBody::Files { files } = debug.told(Command::Files { containing: None }) else {
            panic!("no files");
        };
        assert!(
            files[0].ends_with("orders.rs"),
            "{built:?}: the user's own come first"
        );
        let ReplyBody::Functions { functions, .. } = debug.told(Command::Functions {
            pattern: "^orders::p".into(),
            limit: 100,
        }) else {
            panic!("no functions");
        };
        let names: Vec<&str> = functions.iter().map(|it| it.name.as_str()).collect();
        for name in ["orders::parse_line", "orders::parse_order", "orders::pick"] {
            assert!(names.contains(&name), "{built:?}: {names:?}");
        }
        let ReplyBody::Modules { modules } = debug.told(Command::Modules) else {
            panic!("no modules");
        };
        assert!(
            modules.iter().any(|module| module.debug_info.is_some()),
            "{built:?}"
        );
        let ReplyBody::Locations { locations, .. } = debug.told(Command::Resolve {
            place: line("orders", "removes"),
        }) else {
            panic!("no places");
        };
        assert_eq!(locations.len(), 1, "{built:?}");
        assert_eq!(debug.breakpoints(), []);
    }
}

#[test]
fn words_are_completed() {
    let mut debug = removing(DEBUG[0]);
    for (what, prefix, expected) in [
        (
            CompletionKind::Function,
            "Inventory::re",
            "Inventory::remove",
        ),
        (CompletionKind::Function, "orders::pa", "orders::parse_line"),
        (CompletionKind::File, "orde", "orders.rs"),
        (CompletionKind::Place, "orders.", "orders.rs"),
        (CompletionKind::Variable, "li", "line"),
        (CompletionKind::Variable, "line.qu", "line.quantity"),
        (
            CompletionKind::Variable,
            "self.shelves[0].",
            "self.shelves[0].article",
        ),
        (
            CompletionKind::Variable,
            "self.shelves.",
            "self.shelves.len",
        ),
        (CompletionKind::HostFunction, "%fi", "%file"),
        (CompletionKind::HostFunction, "fd_wr", "fd_write"),
    ] {
        let ReplyBody::Completions { words } = debug.told(Command::Complete {
            what,
            prefix: prefix.into(),
            frame: 0,
            limit: 100,
        }) else {
            panic!("no words");
        };
        assert!(
            words.iter().any(|word| word == expected),
            "{prefix}: {words:?}"
        );
    }
}

#[test]
fn the_last_host_calls_are_remembered() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    debug.at("orders", "removes");
    debug.stop(Command::Run);
    debug.stop(Command::Continue);
    let ReplyBody::HostCalls { calls } = debug.told(Command::HostCalls { count: 3 }) else {
        panic!("no calls");
    };
    assert!(!calls.is_empty() && calls.len() <= 3, "{calls:#?}");
    assert!(
        calls.iter().any(|call| call.function == "fd_write"),
        "{calls:#?}"
    );
}
