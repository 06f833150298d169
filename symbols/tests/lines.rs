//! Where a line begins: in lines of several stretches, and in lines of which nothing is left but
//! inlined calls.

use wasmscope_symbols::{Binary, LinePlace, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, line_of, sample_bytes, sample_source};

fn open(name: &str, build: Build) -> Symbols {
    let bytes = sample_bytes(name, build, Target::WasiP1);
    let binary = Binary::parse(bytes.into()).unwrap();
    let module = binary.modules.into_iter().next().unwrap();
    Symbols::open(module, &SymbolsOptions::default())
}

/// The places of a line that has code of its own, or inlined calls.
fn places(symbols: &Symbols, name: &str, text: &str) -> Vec<LinePlace> {
    let line = line_of(&sample_source(name), text);
    let matches = symbols.find_line(&format!("{name}.rs"), line);
    assert_eq!(matches.files.len(), 1);
    assert_eq!(matches.files[0].line, Some(line), "{text}");
    for place in &matches.places {
        let frames = symbols.frames(place.stop);
        let own = frames.iter().find(|frame| frame.die == place.die).unwrap();
        let at = own.location.as_ref().unwrap();
        assert_eq!(
            at.line,
            Some(line),
            "the frame that is meant is on the line"
        );
    }
    matches.places
}

fn primary(places: &[LinePlace]) -> usize {
    places.iter().filter(|place| place.primary).count()
}

#[test]
fn the_head_of_a_loop_begins_once() {
    let name = "stepping_loops";
    let symbols = open(name, Build::Debug);
    let head = places(&symbols, name, "for i in 0..limit");
    assert!(
        head.len() > 1,
        "the range is made, and then asked for each number"
    );
    assert_eq!(primary(&head), 1);
    assert!(head[0].primary, "it begins with making the range");
}

#[test]
fn an_await_begins_when_it_is_come_to_and_when_it_is_resumed() {
    let name = "stepping_async";
    let symbols = open(name, Build::Debug);
    for line in [
        "// <- load: await",
        "// <- work: first",
        "// <- work: second",
    ] {
        let places = places(&symbols, name, line);
        assert!(primary(&places) >= 2, "{line}: {places:#?}");
    }
    let base = places(&symbols, name, "// <- load: base");
    assert_eq!(primary(&base), 1);
}

#[test]
fn the_end_of_a_function_is_come_to_from_every_return() {
    let name = "stepping_branches";
    let symbols = open(name, Build::Debug);
    // `return` in the loop, and the end behind it.
    let end = places(&symbols, name, "// <- return: end");
    assert_eq!(primary(&end), end.len());
}

#[test]
fn a_line_of_nothing_but_inlined_calls_is_where_they_begin() {
    let name = "stepping_inlined";
    let symbols = open(name, Build::ReleaseWithDebug);
    let first = places(&symbols, name, "// <- outer: first");
    assert_eq!(primary(&first), 1);
    let place = first.iter().find(|place| place.primary).unwrap();
    let frames = symbols.frames(place.stop);
    // The innermost frame is what was inlined, and the line is its caller's.
    assert!(frames.len() > 1);
    assert_eq!(frames.last().unwrap().die, place.die);
    let function = place.function.as_ref().unwrap();
    assert_eq!(function.pretty(), "stepping_inlined::outer");

    let lines = symbols.lines_with_code(&format!("{name}.rs"));
    let line = line_of(&sample_source(name), "// <- outer: first");
    assert!(lines.contains(&line));
    assert!(lines.is_sorted());
}

#[test]
fn a_line_that_begins_with_an_inlined_call_is_stopped_at_before_it() {
    let name = "stepping_inlined";
    let symbols = open(name, Build::ReleaseWithDebug);
    // `middle(a)`: its first line runs before anything else of the line of the call.
    let call = places(&symbols, name, "// <- outer: call");
    let inner = places(&symbols, name, "// <- middle: first");
    let begin = call
        .iter()
        .filter(|place| place.primary)
        .map(|place| place.stop);
    let inner = inner
        .iter()
        .filter(|place| place.primary)
        .map(|place| place.stop);
    assert_eq!(begin.min(), inner.min());
}
