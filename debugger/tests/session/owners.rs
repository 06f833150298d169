//! What lies in memory: every name that is told leads back to the bytes.

use crate::support::{BUILDS, DEBUG, Debug};
use wasmscope_debugger::protocol::{Command, MemoryOwner, MemoryOwnerKind, ReplyBody};

fn owners(debug: &mut Debug, address: &str, frame: usize, length: u64) -> (u64, Vec<MemoryOwner>) {
    match debug.told(Command::MemoryOwners {
        address: address.to_owned(),
        frame,
        length,
    }) {
        ReplyBody::MemoryOwners { address, owners } => (address, owners),
        other => panic!("{other:?}"),
    }
}

/// Where an expression is.
fn address_of(debug: &mut Debug, expression: &str, frame: usize) -> Result<u64, String> {
    // All elements are no place to take the address of, and mean one all the same.
    let address = match expression.ends_with("[..]") {
        true => expression.to_owned(),
        false => format!("&({expression})"),
    };
    let asked = debug.ask(Command::ReadMemory {
        address,
        frame,
        length: 1,
    });
    match asked {
        Ok(ReplyBody::Memory { address, .. }) => Ok(address),
        other => Err(format!("{other:?}")),
    }
}

/// The frame of a function.
fn frame_of(debug: &mut Debug, function: &str) -> usize {
    let stack = debug.stack();
    let found = stack
        .iter()
        .find(|frame| frame.function.as_deref() == Some(function));
    found.unwrap_or_else(|| panic!("{stack:#?}")).id
}

#[test]
fn names_lead_back_to_where_they_are() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        debug.stop(Command::Run);
        let pick = frame_of(&mut debug, "orders::pick");
        let main = frame_of(&mut debug, "orders::main");
        let mut checked = 0;
        for (expression, frame) in [("order", pick), ("order.lines", pick), ("orders", main)] {
            if address_of(&mut debug, expression, frame).is_err() {
                // In a register, or gone.
                continue;
            }
            let at = format!("&({expression})");
            let (_, found) = owners(&mut debug, &at, frame, 4096);
            assert!(!found.is_empty(), "{built:?}: {expression}");
            for owner in found {
                let (MemoryOwnerKind::Variable, Some(frame)) = (owner.kind, owner.frame) else {
                    continue;
                };
                let address = address_of(&mut debug, &owner.name, frame);
                assert_eq!(address, Ok(owner.address), "{built:?}: {owner:?}");
                checked += 1;
            }
        }
        assert!(checked >= 5, "{built:?}: {checked}");
    }
}

#[test]
fn what_is_owned_on_the_heap_is_known() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        debug.stop(Command::Run);
        let frame = frame_of(&mut debug, "orders::pick");
        let (address, found) = owners(&mut debug, "order.lines[0].article[..]", frame, 1);
        let names: Vec<(&str, Option<usize>)> = found
            .iter()
            .filter(|owner| owner.has(address))
            .map(|owner| (owner.name.as_str(), owner.frame))
            .collect();
        assert!(
            names.contains(&("order.lines[0].article[..]", Some(frame))),
            "{built:?}: {found:#?}"
        );
        // It comes before the same in the words of another frame.
        let first = found
            .iter()
            .find(|owner| owner.kind == MemoryOwnerKind::Variable);
        assert_eq!(
            first.and_then(|owner| owner.frame),
            Some(frame),
            "{built:?}"
        );
    }
}

#[test]
fn the_stack_and_the_modules_data_are_told() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        debug.stop(Command::Run);
        let (_, free) = owners(&mut debug, "16", 0, 16);
        let kinds: Vec<MemoryOwnerKind> = free.iter().map(|owner| owner.kind).collect();
        assert_eq!(kinds, [MemoryOwnerKind::FreeStack], "{built:?}");
        let main = frame_of(&mut debug, "orders::main");
        let (address, found) = owners(&mut debug, "&orders", main, 1);
        let stack = found
            .iter()
            .find(|owner| owner.kind == MemoryOwnerKind::Frame)
            .expect("a part of the stack");
        assert_eq!(stack.name, "orders::main", "{built:?}");
        assert_eq!(stack.frame, Some(main), "{built:?}");
        assert!(stack.has(address), "{built:?}: {stack:?}");
        // Literals are the module's data.
        let (_, found) = owners(&mut debug, "0x100000", 0, 64 << 10);
        let data = found
            .iter()
            .find(|owner| owner.kind == MemoryOwnerKind::Data);
        assert!(
            data.is_some_and(|data| data.name.starts_with(".rodata")),
            "{built:?}: {data:?}"
        );
    }
}

#[test]
fn statics_have_their_names() {
    for built in DEBUG {
        let mut debug = Debug::sample("statics", built);
        debug.at("statics", "all set");
        debug.stop(Command::Run);
        let ReplyBody::Statics { statics, .. } = debug.told(Command::Statics {
            pattern: None,
            limits: Default::default(),
        }) else {
            panic!("no statics");
        };
        let mut found_any = 0;
        for known in statics {
            let Ok(address) = address_of(&mut debug, &known.name, 0) else {
                continue;
            };
            let (_, found) = owners(&mut debug, &address.to_string(), 0, 1);
            let own = found
                .iter()
                .find(|owner| owner.kind == MemoryOwnerKind::Static && owner.name == known.name);
            assert_eq!(
                own.map(|owner| owner.address),
                Some(address),
                "{built:?} {}: {found:#?}",
                known.name
            );
            found_any += 1;
        }
        assert!(found_any > 2, "{built:?}: {found_any}");
    }
}

#[test]
fn anything_may_be_asked() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    debug.at("orders", "removes");
    debug.stop(Command::Run);
    for (address, length) in [
        ("0xffffffff", u64::MAX),
        ("0xffffffffffffffff", 1),
        ("0", u64::MAX),
        ("0x110000", 0),
    ] {
        let (_, found) = owners(&mut debug, address, 0, length);
        assert!(found.len() <= 4096, "{address}");
    }
    let refused = debug.ask(Command::MemoryOwners {
        address: "nothing_like_this".into(),
        frame: 0,
        length: 1,
    });
    assert!(refused.is_err());
}

#[test]
fn a_deep_stack_is_looked_at_as_far_as_is_worth_it() {
    let mut debug = Debug::sample("stack_overflow", DEBUG[0]);
    debug.stop(Command::Run);
    // All of it is known by now.
    let deep = debug.stack().len();
    assert!(deep > 1000, "{deep}");
    let (_, found) = owners(&mut debug, "16", 0, 4096);
    assert!(found.len() <= 4096);
    // The outermost frame that is looked at has no end that is known.
    let frames = found
        .iter()
        .filter(|owner| owner.kind == MemoryOwnerKind::Frame);
    assert!(frames.count() < 64);
}
