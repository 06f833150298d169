//! Expressions that reach through collections, counted pointers, cells, locks and trait objects.

use crate::guest::{Guest, LIMITS};
use wasmscope_debugger::expression::Showing;
use wasmscope_test_support::{Build, Target as Wasi};

/// (sample, function, expression, value or a part of the error)
const VALUES: &[(&str, &str, &str, &str)] = &[
    // Maps by their keys.
    ("values_collections", "hashed", "ages[\"ann\"]", "30"),
    (
        "values_collections",
        "hashed",
        "ages.get(\"bob\").unwrap()",
        "neither an Option",
    ),
    ("values_collections", "hashed", "ages.get(\"bob\")", "40"),
    (
        "values_collections",
        "hashed",
        "ages[\"zoe\"]",
        "no such key in the 2",
    ),
    ("values_collections", "hashed", "ages[1]", "cannot"),
    ("values_collections", "hashed", "holes[9].x", "9"),
    ("values_collections", "hashed", "numbers[7] + 1", "71"),
    ("values_collections", "hashed", "numbers.len()", "20"),
    ("values_collections", "hashed", "empty.is_empty()", "true"),
    (
        "values_collections",
        "hashed",
        "orders[\"first\"].total",
        "1.5",
    ),
    ("values_collections", "hashed", "groups['a'][1]", "\"ant\""),
    ("values_collections", "hashed", "lent[19]", "190"),
    (
        "values_collections",
        "hashed",
        "numbers.len() > 10 && ages[\"ann\"] == 30",
        "true",
    ),
    ("values_collections", "sorted", "names[\"a\"].y", "1"),
    ("values_collections", "sorted", "thinned[-7]", "no such key"),
    ("values_collections", "sorted", "thinned[98]", "\"98\""),
    ("values_collections", "sorted", "numbers[199]", "398"),
    ("values_collections", "sorted", "deep[\"in\"][1][0]", "true"),
    ("values_collections", "sorted", "many.len", "500"),
    ("values_collections", "sorted", "many[499]", "249001"),
    ("values_collections", "sorted", "set == set", "true"),
    // Keys of several parts.
    ("values_collections", "hashed", "pairs[(1, \"a\")]", "10"),
    (
        "values_collections",
        "hashed",
        "pairs.get((2, \"b\")) + 1",
        "21",
    ),
    (
        "values_collections",
        "hashed",
        "pairs[(2, \"a\")]",
        "no key of",
    ),
    ("values_collections", "hashed", "pairs[(_, \"b\")]", "20"),
    (
        "values_collections",
        "hashed",
        "pairs[(1, \"a\", 3)]",
        "no tuple of 3",
    ),
    ("values_collections", "hashed", "grids[[3, 4]]", "'y'"),
    ("values_collections", "hashed", "grids[[3, ..]]", "'y'"),
    ("values_collections", "hashed", "grids[[3]]", "no key of"),
    // Halves of maps.
    (
        "values_collections",
        "hashed",
        "grids.keys()",
        "[[1, 2], [3, 4]]",
    ),
    (
        "values_collections",
        "hashed",
        "grids.values()",
        "['x', 'y']",
    ),
    ("values_collections", "hashed", "grids.values()[1]", "'y'"),
    (
        "values_collections",
        "sorted",
        "numbers.values()[150]",
        "300",
    ),
    ("values_collections", "sorted", "numbers.keys()[150]", "150"),
    (
        "values_collections",
        "hashed",
        "orders.values()[0].total",
        "1.5",
    ),
    ("values_collections", "hashed", "set.keys()", "is no map"),
    (
        "values_collections",
        "sequences",
        "list.values()",
        "is no map",
    ),
    // Tables are alike by what is in them, in whichever order.
    (
        "values_collections",
        "hashed",
        "numbers == numbers_too",
        "true",
    ),
    ("values_collections", "hashed", "numbers == lent", "true"),
    ("values_collections", "hashed", "set == set_too", "true"),
    ("values_collections", "hashed", "ages == ages_too", "false"),
    ("values_collections", "hashed", "ages != ages_too", "true"),
    ("values_collections", "hashed", "pairs == pairs_too", "true"),
    ("values_collections", "hashed", "empty == empty", "true"),
    ("values_collections", "hashed", "groups == groups", "true"),
    ("values_collections", "hashed", "words == words", "true"),
    ("values_collections", "hashed", "set == words", "cannot"),
    // Other containers.
    (
        "values_collections",
        "sequences",
        "wrapped == wrapped",
        "true",
    ),
    ("values_collections", "sequences", "links == links", "true"),
    ("values_collections", "sequences", "heap == heap", "true"),
    ("values_collections", "sequences", "texts == texts", "true"),
    (
        "values_collections",
        "sequences",
        "slice == list[1..]",
        "true",
    ),
    (
        "values_collections",
        "sequences",
        "wrapped == list",
        "false",
    ),
    (
        "values_collections",
        "sequences",
        "tuple is (1, \"two\", _, ())",
        "true",
    ),
    (
        "values_collections",
        "sequences",
        "tuple is (1, ..)",
        "true",
    ),
    (
        "values_collections",
        "sequences",
        "tuple is (1, _)",
        "no tuple of 2",
    ),
    (
        "values_collections",
        "sequences",
        "list is [1, 2, 3]",
        "true",
    ),
    ("values_collections", "sequences", "list is [1, ..]", "true"),
    ("values_collections", "sequences", "list is [1, 2]", "false"),
    (
        "values_collections",
        "sequences",
        "nested is [[1], [], _]",
        "true",
    ),
    ("values_collections", "sequences", "1 is [1]", "no elements"),
    ("values_collections", "sorted", "deep == deep", "true"),
    ("values_collections", "sorted", "points == points", "true"),
    (
        "values_collections",
        "hashed",
        "named[Point { x: 1, y: 2 }]",
        "\"here\"",
    ),
    (
        "values_collections",
        "hashed",
        "named[Point { x: 1, y: 3 }]",
        "no key",
    ),
    // Rings and lists.
    ("values_collections", "sequences", "wrapped[3]", "5"),
    ("values_collections", "sequences", "wrapped[1..3]", "[3, 4]"),
    ("values_collections", "sequences", "wrapped[1..][0]", "3"),
    (
        "values_collections",
        "sequences",
        "wrapped[4]",
        "out of range: there are 4",
    ),
    ("values_collections", "sequences", "links[2]", "\"z\""),
    ("values_collections", "sequences", "points[1].y", "4"),
    ("values_collections", "sequences", "heap[0]", "9"),
    // Through counted pointers.
    ("values_pointers", "counted", "once.x", "5"),
    ("values_pointers", "counted", "*twice", "\"two\""),
    ("values_pointers", "counted", "twice.len()", "3"),
    ("values_pointers", "counted", "shared[1]", "2"),
    ("values_pointers", "counted", "list[0..2]", "[1, 2]"),
    ("values_pointers", "counted", "changing.borrow() + 1", "8"),
    ("values_pointers", "counted", "changing.value", "7"),
    ("values_pointers", "counted", "maybe_boxed?", "3"),
    (
        "values_pointers",
        "counted",
        "maybe_boxed.unwrap() * 2",
        "6",
    ),
    (
        "values_pointers",
        "counted",
        "maybe_counted?",
        "the value is `None` now",
    ),
    (
        "values_pointers",
        "counted",
        "root.children.borrow()[0].name",
        "\"leaf\"",
    ),
    (
        "values_pointers",
        "counted",
        "leaf.parent.borrow().name",
        "\"root\"",
    ),
    (
        "values_pointers",
        "counted",
        "maybe_boxed is Some(3)",
        "true",
    ),
    ("values_pointers", "counted", "pinned + 1", "9"),
    // Through trait objects and captures.
    ("values_pointers", "objects", "lent.age", "4"),
    ("values_pointers", "objects", "boxed.0", "\"meow\""),
    ("values_pointers", "objects", "counted.age + 1", "6"),
    ("values_pointers", "objects", "all[1].0", "\"c\""),
    ("values_pointers", "objects", "number + 1", "78"),
    (
        "values_pointers",
        "functions",
        "by_reference.name.len()",
        "8",
    ),
    ("values_pointers", "functions", "by_value.owned[1]", "2"),
    // Into cells and locks.
    ("values_cells", "cells", "cell.get() + 1", "6"),
    ("values_cells", "cells", "cell.value", "5"),
    ("values_cells", "cells", "read.borrow()[0]", "1"),
    ("values_cells", "cells", "written.borrow()", "1.5"),
    ("values_cells", "cells", "once.get()", "6"),
    (
        "values_cells",
        "cells",
        "unset.get()",
        "nothing is in it yet",
    ),
    ("values_cells", "cells", "*writing", "1.5"),
    (
        "values_cells",
        "locks",
        "locked.lock().unwrap()",
        "\"locked\"",
    ),
    ("values_cells", "locks", "mutex.lock().unwrap() + 1", "2"),
    ("values_cells", "locks", "lock.read().unwrap() == 2", "true"),
    ("values_cells", "locks", "count.load() + 1", "10"),
    ("values_cells", "locks", "flag", "true"),
    (
        "values_cells",
        "locks",
        "target.lock()",
        "`u32` is no cell and no lock",
    ),
    ("values_cells", "wrapped", "non_zero + 1", "201"),
    ("values_cells", "wrapped", "maybe?", "70000"),
    ("values_cells", "wrapped", "closed.end", "5"),
    ("values_cells", "wrapped", "wrapping.0", "7"),
    ("values_text", "owned", "maybe?.len()", "5"),
    ("values_text", "owned", "counted == \"counted\"", "true"),
    (
        "values_text",
        "system",
        "path == \"/tmp/dir/file.rs\"",
        "true",
    ),
    ("values_text", "system", "found?", "\"/tmp/dir/file.rs\""),
    ("values_text", "system", "lent_path[0..8]", "\"relative\""),
];

#[test]
fn expressions_reach_through_std_types() {
    let mut guests: Vec<(&str, Guest)> = Vec::new();
    let showing = Showing {
        limits: LIMITS,
        format: Default::default(),
    };
    let mut wrong = Vec::new();
    for &(sample, function, expression, expected) in VALUES {
        if guests.last().is_none_or(|(name, _)| *name != sample) {
            guests.push((sample, Guest::run(sample, Build::Debug, Wasi::WasiP1)));
        }
        let Some((_, guest)) = guests.last() else {
            continue;
        };
        let shown = guest.shown(function, expression, showing);
        let is_error = shown.contains(" at ") && shown.contains(expected);
        if shown != expected && !is_error {
            wrong.push(format!("{expression}: {shown}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
