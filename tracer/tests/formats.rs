//! The machine-readable formats: each is parsed again, its fields are those that its documentation
//! names, and what a guest can put into a trace does not break them.

use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmscope_tracer::render::LineStyle;
use wasmscope_tracer::table::Class;
use wasmscope_tracer::trace::{
    End, Exporter, Local, Site, Subject, TracedCall, chrome, json, otlp,
};
use wasmscope_tracer::{Arg, Bytes, CallResult, HostCall, Tampering, Value};

const DOCUMENTATION: &str = include_str!("../../docs/trace-json.md");

fn bytes(kept: &[u8], length: u64) -> Bytes {
    Bytes {
        kept: kept.to_vec(),
        length,
        unavailable: None,
    }
}

fn call(seq: u64, function: &'static str, args: Vec<Value>, result: CallResult) -> TracedCall {
    let names = ["a", "b", "c", "d"];
    let args = args.into_iter().enumerate().map(|(at, value)| Arg {
        name: Cow::Borrowed(names[at]),
        value,
        detail: false,
    });
    TracedCall {
        call: HostCall {
            seq,
            module: Cow::Borrowed("wasi_snapshot_preview1"),
            function: Cow::Borrowed(function),
            class: Some(Class::Fd),
            args: args.collect(),
            result,
            start: Some(1000 * seq + 500),
            duration: Some(250),
            tampering: None,
            hint: None,
        },
        site: Some(Site {
            file: Some("src/\u{1b}main.rs".to_owned()),
            line: Some(12),
            column: Some(5),
            function: Some("app::main".to_owned()),
        }),
        stack: Vec::new(),
        locals: Vec::new(),
    }
}

/// A call with a value of every kind, and calls that end in every way.
fn calls() -> Vec<TracedCall> {
    let flags = Value::Flags {
        bits: 9,
        names: vec![Cow::Borrowed("CREAT")],
        unknown: 8,
    };
    let named = |name: &'static str, value| Arg {
        name: Cow::Borrowed(name),
        value,
        detail: true,
    };
    let unavailable = Value::Unavailable {
        because: Cow::Borrowed("outside"),
        address: Some(u64::MAX),
    };
    let fd = Value::Fd {
        fd: 1,
        path: Some("/dev/stdout".to_owned()),
    };
    let buffers = Value::Buffers {
        buffers: vec![bytes("say \"hé\u{0}".as_bytes(), 9), bytes(&[0xff, 0], 2)],
        count: 2,
        length: Some(11),
    };
    let enumeration = Value::Enum {
        number: 4,
        name: None,
    };
    let record = Value::Record(vec![named("size", Value::Unsigned(u64::MAX))]);
    let entries = Value::Entries {
        items: vec![],
        length: 24,
        complete: true,
    };
    let text = Value::Text {
        text: "\n".to_owned(),
        cut: true,
    };
    let resource = Value::Resource {
        kind: Cow::Borrowed("descriptor"),
        id: 3,
        label: Some("/data".to_owned()),
    };
    let list = Value::List {
        items: vec![Value::Address(16)],
        count: 100,
    };
    // A character that the cut goes through, and one that is none.
    let cut = Value::Path(bytes(&"né".as_bytes()[..2], 900));
    let wrong = Value::Bytes(bytes(&"né".as_bytes()[..2], 2));
    let errno = CallResult::Errno {
        number: 44,
        name: Some(Cow::Borrowed("ENOENT")),
        meaning: Cow::Borrowed("no such file"),
    };
    let written = CallResult::Ok(vec![named("nwritten", Value::Unsigned(11))]);
    let trap = CallResult::Trap {
        message: "\"".to_owned(),
    };
    let mut made = vec![
        call(0, "fd_write", vec![fd, buffers], written),
        call(1, "path_open", vec![flags, record, enumeration, cut], errno),
        call(2, "x", vec![entries, text, resource, list], trap),
        call(
            5,
            "y",
            vec![
                Value::Float(f64::NAN),
                Value::Float(0.5),
                unavailable,
                wrong,
            ],
            CallResult::Err(Value::Signed(-1)),
        ),
        call(
            6,
            "z",
            vec![Value::Nanoseconds(7), Value::WallClock(7)],
            CallResult::Unknown,
        ),
        call(7, "proc_exit", vec![], CallResult::Exit { code: 3 }),
        call(8, "poll_oneoff", vec![], CallResult::Unfinished),
    ];
    made[1].call.tampering = Some(Tampering {
        result: true,
        delay_enter: Some(1),
        delay_exit: Some(2),
    });
    made[1].stack = made[0].site.iter().cloned().collect();
    made[1].locals = vec![
        Local {
            name: "path".to_owned(),
            type_name: Some("&str".to_owned()),
            value: Some("\"in.csv\"".to_owned()),
            unavailable: None,
        },
        Local {
            name: "n".to_owned(),
            type_name: None,
            value: None,
            unavailable: Some("it was optimised out".to_owned()),
        },
    ];
    made[4].call.args[0].name = Cow::Borrowed("");
    made[6].call.duration = None;
    made
}

fn subject() -> Subject {
    Subject {
        program: "some/folder/app.wasm".to_owned(),
        args: vec!["--fast".to_owned(), "\u{1b}[2J".to_owned()],
    }
}

/// What an exporter writes of these calls; `end` is left out of a run that breaks off.
fn export(mut exporter: impl Exporter, calls: &[TracedCall], end: Option<End>) -> String {
    let mut out = Vec::new();
    let start = UNIX_EPOCH + Duration::from_nanos(1_763_812_800_000_000_001);
    exporter.start(start, &mut out).expect("memory");
    for call in calls {
        exporter.call(call, &mut out).expect("memory");
    }
    if let Some(end) = end {
        exporter.end(&end, &mut out).expect("memory");
    }
    String::from_utf8(out).expect("text")
}

fn lines(text: &str) -> Vec<Json> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().map(parse).collect()
}

/// All names of fields in a value, but for those of arguments, results and structures, which are
/// the functions' own.
fn fields(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| fields(item, found)),
        Json::Object(map) => {
            for (name, value) in map {
                let own = ["a", "b", "c", "d", "0", "size", "nwritten"];
                if !own.contains(&name.as_str()) {
                    found.insert(name.clone());
                }
                fields(value, found);
            }
        }
        _ => {}
    }
}

#[test]
fn json_lines_have_the_fields_that_are_documented() {
    let text = export(
        json::Json::new(subject()),
        &calls(),
        Some(End::Exited { code: 3 }),
    );
    let lines = lines(&text);
    assert_eq!(lines.len(), calls().len() + 2);
    assert_eq!(lines[0]["schema"], json::SCHEMA);
    assert_eq!(lines[0]["version"], json::VERSION);
    assert_eq!(lines[0]["time"], "2025-11-22T12:00:00.000000001Z");
    assert_eq!(lines[0]["args"][1], "\u{1b}[2J");
    // What a terminal would obey never stands in the file as it is.
    assert!(!text.contains('\u{1b}'));

    let first = &lines[1];
    assert_eq!(first["args"]["a"]["path"], "/dev/stdout");
    assert_eq!(first["args"]["b"]["buffers"][0]["text"], "say \"hé\u{0}");
    assert_eq!(first["args"]["b"]["buffers"][1]["hex"], "ff00");
    assert_eq!(first["result"]["ok"]["nwritten"], 11);
    assert_eq!(
        (&first["start_ns"], &first["duration_ns"]),
        (&500.into(), &250.into())
    );
    assert_eq!(first["bytes_out"], 11);
    assert_eq!(first["bytes_in"], Json::Null);
    assert_eq!(first["site"]["line"], 12);
    let second = &lines[2];
    assert_eq!(second["result"]["errno"], "ENOENT");
    assert_eq!(second["args"]["b"]["size"], u64::MAX);
    assert_eq!(second["args"]["d"]["text"], "n");
    assert_eq!(second["injected"]["result"], true);
    assert_eq!(second["locals"][1]["unavailable"], "it was optimised out");
    assert_eq!(lines[4]["args"]["a"], "NaN");
    assert_eq!(lines[4]["args"]["d"]["hex"], "6ec3");
    assert_eq!(lines[5]["args"]["0"]["ns"], 7);
    assert_eq!(lines[7]["result"]["unfinished"], true);
    let end = lines.last().expect("an end");
    assert_eq!((&end["how"], &end["code"]), (&"exited".into(), &3.into()));
    assert_eq!(end["calls"], calls().len());

    let mut found = BTreeSet::new();
    lines.iter().for_each(|line| fields(line, &mut found));
    for name in found {
        assert!(
            DOCUMENTATION.contains(&format!("`{name}`")),
            "`{name}` is not in docs/trace-json.md"
        );
    }
}

#[test]
fn the_documentation_describes_what_is_written() {
    let text = export(json::Json::new(subject()), &calls(), Some(End::Interrupted));
    let mut written = BTreeSet::new();
    lines(&text)
        .iter()
        .for_each(|line| fields(line, &mut written));
    let mut examples = 0;
    for block in DOCUMENTATION.split("```json\n").skip(1) {
        let example = block.split("```").next().expect("an end");
        for line in lines(example) {
            examples += 1;
            if line["type"] == "start" {
                assert_eq!(line["version"], json::VERSION);
            }
            // Those of the examples' own functions aside, no field is made up.
            let mut fields_there = BTreeSet::new();
            fields(&line, &mut fields_there);
            let own = [
                "iovs",
                "dirfd",
                "dirflags",
                "oflags",
                "fdflags",
                "opened_fd",
                "code",
            ];
            for name in fields_there {
                let is_known = written.contains(&name) || own.contains(&name.as_str());
                assert!(is_known, "`{name}` is never written");
            }
        }
    }
    assert!(examples >= 5);
    let version = format!("This page describes version {}.", json::VERSION);
    assert!(DOCUMENTATION.contains(&version));
}

#[test]
fn chrome_traces_are_arrays_of_events() {
    let chrome = || chrome::Chrome::new(subject(), LineStyle::default());
    let text = export(chrome(), &calls(), Some(End::Failed));
    let events: Vec<Json> = serde_json::from_str(&text).expect("an array");
    for event in &events {
        let phase = event["ph"].as_str().expect("a phase");
        assert!(event["name"].is_string() && event["pid"].is_u64() && event["tid"].is_u64());
        match phase {
            "M" => assert!(event["args"].is_object()),
            "X" => assert!(event["ts"].is_f64() && event["dur"].is_f64(), "{event}"),
            "i" => assert!(event["ts"].is_f64() && event["s"] == "p", "{event}"),
            "B" => assert!(event["ts"].is_f64() && event["dur"].is_null(), "{event}"),
            other => panic!("{other}"),
        }
    }
    let named = |name: &str| -> Vec<&Json> {
        events
            .iter()
            .filter(|event| event["name"] == name)
            .collect()
    };
    let write = named("fd_write")[0];
    assert_eq!((&write["ts"], &write["dur"]), (&0.5.into(), &0.25.into()));
    assert_eq!(write["cat"], "fd");
    assert_eq!(
        write["args"]["source"],
        "at src/\\u{1b}main.rs:12 in app::main"
    );
    assert_eq!(named("path_open")[0]["cat"], "fd,failed");
    // The guest's time: up to the first call, then from each one's end to the next one's start.
    let guest = named("guest");
    assert_eq!(
        (&guest[0]["ts"], &guest[0]["dur"]),
        (&0.0.into(), &0.5.into())
    );
    assert_eq!(
        (&guest[1]["ts"], &guest[1]["dur"]),
        (&0.75.into(), &0.75.into())
    );
    assert_ne!(guest[0]["tid"], write["tid"]);
    // Two calls are missing before the fourth one.
    assert_eq!(named("guest, and calls not shown").len(), 1);
    assert_eq!(named("poll_oneoff")[0]["ph"], "B");
    assert_eq!(named("failed").len(), 1);
    // A run that breaks off lacks nothing but what viewers do without.
    let broken = export(chrome(), &calls(), None);
    serde_json::from_str::<Vec<Json>>(&(broken + "]")).expect("an array");
}

#[test]
fn otlp_files_are_export_requests() {
    let calls: Vec<TracedCall> = (0..150)
        .map(|seq| call(seq, "fd_sync", vec![], CallResult::Ok(vec![])))
        .chain([call(
            150,
            "fd_write",
            vec![Value::Fd { fd: 7, path: None }],
            CallResult::Errno {
                number: 8,
                name: Some(Cow::Borrowed("EBADF")),
                meaning: Cow::Borrowed("bad file descriptor"),
            },
        )])
        .collect();
    let exporter = otlp::Otlp::new(subject(), LineStyle::default());
    let text = export(exporter, &calls, Some(End::Exited { code: 1 }));
    let mut spans = Vec::new();
    let requests = lines(&text);
    assert!(requests.len() > 1, "nothing is held back for long");
    for request in &requests {
        let resource = &request["resourceSpans"][0];
        let attributes = resource["resource"]["attributes"]
            .as_array()
            .expect("a list");
        assert!(
            attributes
                .iter()
                .any(|attribute| attribute["key"] == "service.name"
                    && attribute["value"]["stringValue"] == "app")
        );
        let scope = &resource["scopeSpans"][0];
        assert_eq!(scope["scope"]["name"], "wasmscope");
        spans.extend(scope["spans"].as_array().expect("a list").iter().cloned());
    }
    assert_eq!(spans.len(), calls.len() + 1);
    let hexadecimal = |value: &Json, digits: usize| {
        let text = value.as_str().expect("an identifier");
        assert!(text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit()));
        assert!(text.chars().any(|c| c != '0'));
        text.to_owned()
    };
    let mut identifiers = BTreeSet::new();
    let root = spans.last().expect("the run").clone();
    for span in &spans {
        assert_eq!(
            hexadecimal(&span["traceId"], 32),
            hexadecimal(&root["traceId"], 32)
        );
        assert!(identifiers.insert(hexadecimal(&span["spanId"], 16)));
        let time = |name: &str| -> u64 {
            let text = span[name].as_str().expect("a time");
            text.parse().expect("a number")
        };
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"));
        assert_eq!(span["kind"], 1);
        if span["spanId"] != root["spanId"] {
            assert_eq!(span["parentSpanId"], root["spanId"]);
        }
    }
    assert_eq!(root["parentSpanId"], Json::Null);
    assert_eq!(root["status"]["code"], 2);
    let failed = &spans[150];
    assert_eq!(failed["status"]["code"], 2);
    assert_eq!(failed["status"]["message"], "bad file descriptor");
    let attribute = |name: &str| -> &Json {
        let all = failed["attributes"].as_array().expect("a list");
        let found = all.iter().find(|attribute| attribute["key"] == name);
        &found.unwrap_or_else(|| panic!("{name}"))["value"]
    };
    assert_eq!(attribute("code.line.number")["intValue"], "12");
    assert_eq!(attribute("code.function.name")["stringValue"], "app::main");
    assert_eq!(attribute("error.type")["stringValue"], "EBADF");
    assert_eq!(attribute("wasi.arg.a")["stringValue"], "7");
}

#[test]
fn time_before_1970_is_no_problem() {
    let mut out = Vec::new();
    let before = UNIX_EPOCH - Duration::from_secs(1);
    json::Json::new(subject())
        .start(before, &mut out)
        .expect("memory");
    otlp::Otlp::new(subject(), LineStyle::default())
        .start(before, &mut out)
        .expect("memory");
    assert!(SystemTime::now() > before);
}
