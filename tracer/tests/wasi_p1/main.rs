//! WASI preview 1 with its calls recorded: the guest sees what stock Wasmtime shows it, and the
//! record says what happened.
//!
//! One story per group of functions. Each step is a call and the line that the record must show for
//! it; every story runs under stock Wasmtime too, and results, errors, memory and output must agree.

mod observed;
mod stories;
mod world;

use std::collections::BTreeSet;
use stories::{STORIES, Step, Story};
use wasmscope_tracer::table::{self, wasi_p1::MODULE};
use wasmscope_tracer::{CallResult, P1Host, RecentCalls, Recording, add_to_linker};
use world::{OWN_MEMORY, SHARED_MEMORY, Went};

/// Runs the stories both ways, compares them at each step, and shows all lines that differ at once.
fn run_all(memory: &str) {
    let problems: Vec<String> = STORIES
        .iter()
        .flat_map(|story| run(story, memory))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs a story both ways. Lines that are not as expected are returned.
fn run(story: &Story, memory: &str) -> Vec<String> {
    let mut stock = world::stock(memory);
    let mut traced = world::traced(memory);
    let mut problems = Vec::new();
    for step in story.steps {
        match *step {
            Step::Put(address, bytes) => {
                stock.put(address, bytes);
                traced.put(address, bytes);
            }
            Step::Words(address, words) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                stock.put(address, &bytes);
                traced.put(address, &bytes);
            }
            Step::Call(name, args, expected) => {
                let row = table::find(MODULE, name).expect("a row");
                let before = traced.memory();
                let expected_outcome = stock.call(row, args);
                let outcome = traced.call(row, args);
                assert_eq!(outcome, expected_outcome, "{name}{args:?}");

                let succeeded = outcome == Went::Returned(vec![0]);
                let after = traced.memory();
                if succeeded {
                    // Two sandboxes: other inodes, other times. From here on the same.
                    for part in sandbox_specific(name, args) {
                        stock.put(part.start as u32, &after[part]);
                    }
                }
                assert!(after == stock.memory(), "memory after {name}{args:?}");
                check_effects(traced.store.data(), row, args, (&before, &after), succeeded);

                let call = traced.store.data().recent.calls().pop().expect("a record");
                let line = call.to_string();
                if !matches(&line, expected) {
                    let name = story.name;
                    problems.push(format!("{name}:\nexpected: {expected}\n     got: {line}"));
                }
            }
        }
    }
    assert_eq!(
        traced.output.stdout.contents(),
        stock.output.stdout.contents()
    );
    assert_eq!(
        traced.output.stderr.contents(),
        stock.output.stderr.contents()
    );
    problems
}

/// Where a call writes what is different in each sandbox: inodes and times.
fn sandbox_specific(name: &str, args: &[i64]) -> Vec<std::ops::Range<usize>> {
    let last = args.last().copied().unwrap_or_default() as usize;
    match name {
        "fd_filestat_get" | "path_filestat_get" => vec![last + 8..last + 16, last + 40..last + 64],
        // The inode of each entry; two entries, `.` and `..`, are what fits in the stories.
        "fd_readdir" => {
            let at = args[1] as usize;
            vec![at + 8..at + 16, at + 25 + 8..at + 25 + 16]
        }
        _ => vec![],
    }
}

/// Every byte that changed lies where the table says that the call writes.
fn check_effects(
    host: &P1Host,
    row: &'static table::Function,
    args: &[i64],
    (before, after): (&[u8], &[u8]),
    succeeded: bool,
) {
    let regions = world::declared(host, row, args, before, after, succeeded);
    for (address, _) in (0_u64..)
        .zip(before.iter().zip(after))
        .filter(|(_, (a, b))| a != b)
    {
        assert!(
            regions.iter().any(|region| region.contains(&address)),
            "{}{args:?} changed {address:#x}, the table declares {regions:x?}",
            row.name
        );
    }
}

/// Whether a line is as expected, where `*` stands for what differs from run to run.
fn matches(line: &str, expected: &str) -> bool {
    let mut parts = expected.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || last == Some("")
}

#[test]
fn stories_with_an_own_memory() {
    run_all(OWN_MEMORY);
}

#[test]
fn stories_with_a_shared_memory() {
    run_all(SHARED_MEMORY);
}

#[test]
fn every_row_is_in_a_story_and_succeeds_where_it_can() {
    let called = |ok: bool| -> BTreeSet<&str> {
        STORIES
            .iter()
            .flat_map(|story| story.steps)
            .filter_map(|step| match step {
                Step::Call(name, _, line)
                    if !ok || !(line.contains(" = -1 ") || line.contains(" (trapped: ")) =>
                {
                    Some(*name)
                }
                _ => None,
            })
            .collect()
    };
    let all: BTreeSet<&str> = table::wasi_p1::FUNCTIONS
        .iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(called(false), all);
    // Wasmtime implements none of these for preview 1.
    let never = [
        "fd_allocate",
        "fd_fdstat_set_rights",
        "proc_raise",
        "sock_accept",
        "sock_recv",
        "sock_send",
        "sock_shutdown",
    ];
    let succeed: BTreeSet<&str> = all
        .into_iter()
        .filter(|name| !never.contains(name))
        .collect();
    assert_eq!(called(true), succeed);
}

#[test]
fn signatures_follow_from_the_rows() {
    // The guest of the stories is generated from the rows, so a wrong one would not link; here is
    // the same against the interface as Wasmtime's own linker defines it.
    let engine = world::engine();
    let mut stock = wasmtime::Linker::<wasmtime_wasi::p1::WasiP1Ctx>::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut stock, |wasi| wasi).expect("a linker");
    let sandbox = world::sandbox();
    let mut store = wasmtime::Store::new(&engine, world::wasi(sandbox.path()).0);
    let defined: BTreeSet<String> = stock
        .iter(&mut store)
        .map(|(_, name, _)| name.to_owned())
        .collect();
    let rows = table::wasi_p1::FUNCTIONS.iter();
    let rows: BTreeSet<String> = rows.map(|row| row.name.to_owned()).collect();
    assert_eq!(defined, rows);
}

#[test]
fn names_are_defined_once() {
    let mut linker = wasmtime::Linker::<P1Host>::new(&world::engine());
    add_to_linker(&mut linker, |host| host).expect("a linker");
    let error = add_to_linker(&mut linker, |host| host).expect_err("a second time");
    assert!(error.to_string().contains("args_get"), "{error}");
}

#[test]
fn a_guest_without_memory_fails_as_in_stock_wasmtime() {
    let text = "(module
        (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))
        (func (export \"run\") (drop (call $yield))))";
    let engine = world::engine();
    let module = wasmtime::Module::new(&engine, text).expect("a module");
    let sandbox = world::sandbox();

    let mut linker = wasmtime::Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi).expect("a linker");
    let mut store = wasmtime::Store::new(&engine, world::wasi(sandbox.path()).0);
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .expect("run");
    let stock = format!("{:#}", run.call(&mut store, ()).expect_err("no memory"));

    let mut linker = wasmtime::Linker::new(&engine);
    add_to_linker(&mut linker, |host: &mut P1Host| host).expect("a linker");
    let mut store = wasmtime::Store::new(&engine, P1Host::new(world::wasi(sandbox.path()).0));
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .expect("run");
    let traced = format!("{:#}", run.call(&mut store, ()).expect_err("no memory"));
    assert_eq!(traced, stock);
}

#[test]
fn the_ring_keeps_the_last_calls_and_counts_all() {
    let mut traced = world::traced(OWN_MEMORY);
    let small = RecentCalls::new(Recording {
        calls: 3,
        ..Recording::default()
    });
    traced.store.data_mut().recent = small;
    let tell = table::find(MODULE, "fd_tell").expect("a row");
    for fd in 10..20 {
        traced.call(tell, &[fd, 0]);
    }
    let recent = &traced.store.data().recent;
    let lines: Vec<String> = recent.calls().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [17, 18, 19].map(|fd| format!("fd_tell(fd={fd}) = -1 EBADF (bad file descriptor)"))
    );
    let numbers: Vec<u64> = recent.calls().iter().map(|call| call.seq).collect();
    assert_eq!(numbers, [7, 8, 9]);
    assert_eq!(recent.total(), 10);
}

#[test]
fn a_ring_of_none_keeps_none() {
    let mut traced = world::traced(OWN_MEMORY);
    traced.store.data_mut().recent = RecentCalls::new(Recording {
        calls: 0,
        ..Recording::default()
    });
    let row = table::find(MODULE, "sched_yield").expect("a row");
    assert_eq!(traced.call(row, &[]), Went::Returned(vec![0]));
    assert_eq!(traced.store.data().recent.calls(), []);
    assert_eq!(traced.store.data().recent.total(), 1);
}

#[test]
fn time_is_recorded_when_asked_for() {
    let mut traced = world::traced(OWN_MEMORY);
    let row = table::find(MODULE, "sched_yield").expect("a row");
    traced.call(row, &[]);
    let without = traced.store.data().recent.calls();
    assert_eq!((without[0].start, without[0].duration), (None, None));

    traced.store.data_mut().recent = RecentCalls::new(Recording {
        time: true,
        ..Recording::default()
    });
    traced.call(row, &[]);
    traced.call(row, &[]);
    let with = traced.store.data().recent.calls();
    let first = with[0].start.expect("a start") + with[0].duration.expect("a duration");
    assert!(first <= with[1].start.expect("a start"));
    assert!(with[0].to_string().starts_with("sched_yield() = 0 <"));
}

#[test]
fn records_survive_json() {
    let mut traced = world::traced(OWN_MEMORY);
    for step in STORIES.iter().flat_map(|story| story.steps) {
        match *step {
            Step::Put(address, bytes) => traced.put(address, bytes),
            Step::Words(address, words) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                traced.put(address, &bytes);
            }
            Step::Call(name, args, _) => {
                traced.call(table::find(MODULE, name).expect("a row"), args);
            }
        }
    }
    for call in traced.store.data().recent.calls() {
        let json = serde_json::to_string(&call).expect("json");
        let back: wasmscope_tracer::HostCall = serde_json::from_str(&json).expect("a record");
        assert_eq!(back, call, "{json}");
    }
}

#[test]
fn a_call_that_has_not_returned_says_so() {
    use wasmscope_tracer::custom;
    let engine = world::engine();
    let mut linker = wasmtime::Linker::<P1Host>::new(&engine);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let inner = std::sync::Arc::clone(&seen);
    let ty = wasmtime::FuncType::new(
        &engine,
        [wasmtime::ValType::I32, wasmtime::ValType::F64],
        [wasmtime::ValType::I64],
    );
    custom::define(
        &mut linker,
        "game",
        "tick",
        ty,
        |host| &mut host.recent,
        move |caller, params, results| {
            let calls = caller.data().recent.calls();
            inner.lock().expect("a lock").extend(calls);
            results[0] = wasmtime::Val::I64(i64::from(params[0].unwrap_i32()) * 2);
            match params[0] {
                wasmtime::Val::I32(7) => Err(wasmtime::Error::msg("seven\u{1b}[2J")),
                _ => Ok(()),
            }
        },
    )
    .expect("a function");
    let text = "(module
        (import \"game\" \"tick\" (func $tick (param i32 f64) (result i64)))
        (func (export \"run\") (param i32) (drop (call $tick (local.get 0) (f64.const 0.5)))))";
    let module = wasmtime::Module::new(&engine, text).expect("a module");
    let sandbox = world::sandbox();
    let mut store = wasmtime::Store::new(&engine, P1Host::new(world::wasi(sandbox.path()).0));
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let run = instance
        .get_typed_func::<i32, ()>(&mut store, "run")
        .expect("run");
    run.call(&mut store, -3).expect("a call");
    run.call(&mut store, 7).expect_err("seven fails");

    let during = seen.lock().expect("a lock");
    assert_eq!(during[0].result, CallResult::Unfinished);
    assert_eq!(during[0].to_string(), "game.tick(-3, 0.5) <unfinished ...>");
    let lines: Vec<String> = store
        .data()
        .recent
        .calls()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "game.tick(-3, 0.5) = -6",
            "game.tick(7, 0.5) = ? (trapped: seven\\u{1b}[2J)",
        ]
    );
}

#[test]
fn other_modules_than_the_expected_one_keep_their_own_memory() {
    let mut traced = world::traced(OWN_MEMORY);
    let engine = traced.store.engine().clone();
    // Its memory is at another position, behind one that is not exported under the name.
    let text = "(module (memory 1) (memory (export \"memory\") 1))";
    let other = wasmtime::Module::new(&engine, text).expect("a module");
    traced.store.data_mut().expect_calls_from(&other);
    let row = table::find(MODULE, "clock_time_get").expect("a row");
    assert_eq!(traced.call(row, &[1, 0, 0x100]), Went::Returned(vec![0]));
    assert_eq!(
        traced.memory()[0x100..0x108],
        world::MONOTONIC.to_le_bytes()
    );

    let own = wasmtime::Module::new(&engine, world::guest_text(OWN_MEMORY)).expect("a module");
    traced.store.data_mut().expect_calls_from(&own);
    assert_eq!(traced.call(row, &[1, 0, 0x200]), Went::Returned(vec![0]));
    assert_eq!(
        traced.memory()[0x200..0x208],
        world::MONOTONIC.to_le_bytes()
    );
}
