//! Expressions on the values of a stopped guest: the sample `values_panic`, whose frames hold
//! values of every kind.

mod changing;
mod conditions;
mod garbled;
mod guest;
mod hostile;
mod inside;
mod live;
mod running;

use guest::{Guest, LIMITS};
use wasmscope_debugger::expression::{ErrorKind, Showing, type_of};
use wasmscope_debugger::protocol::ValueFormat;
use wasmscope_test_support::{Build, Target as Wasi};

/// (function, expression, value)
const VALUES: &[(&str, &str, &str)] = &[
    // Names, fields, tuples, indices.
    ("numbers", "byte", "200"),
    ("numbers", "wide", "340282366920938463463374607431768211453"),
    ("composites", "point.x", "5"),
    ("composites", "tuple.1", "\"two\""),
    ("composites", "one_tuple.0", "Red"),
    ("composites", "order.items[0].sku", "\"A-1\""),
    ("composites", "order.items[1].quantity", "1"),
    ("composites", "order.state.0", "Blue"),
    ("composites", "order.note.0", "\"ring twice\""),
    ("sequences", "grid[1][0]", "2"),
    ("sequences", "nested[2]", "[2, 3]"),
    ("sequences", "nested[2][1] as u32 + 1", "4"),
    // Through references and boxes, as far as it takes.
    ("composites", "boxed.x", "7"),
    ("composites", "by_reference.y", "-6"),
    ("composites", "*by_reference", "Point { x: 5, y: -6 }"),
    ("composites", "**to_reference", "42"),
    ("composites", "to_reference == 42", "true"),
    ("composites", "chain.1.1", "End"),
    ("composites", "chain.1.0", "2"),
    ("composites", "(&point).x", "5"),
    ("composites", "*&point.x", "5"),
    (
        "composites",
        "*(&point as *const Point)",
        "Point { x: 5, y: -6 }",
    ),
    ("composites", "*(&point.x as *const i32)", "5"),
    ("composites", "(&point.x as *const i32)[1]", "-6"),
    ("composites", "(&point.x as *const i32)[0..2]", "[5, -6]"),
    // Ranges and lengths.
    ("sequences", "vector[1..]", "[20, 30]"),
    ("sequences", "vector[..=1]", "[10, 20]"),
    ("sequences", "vector[..]", "[10, 20, 30]"),
    ("sequences", "vector[1..1]", "[]"),
    ("sequences", "vector[1..][1]", "30"),
    ("sequences", "slice", "[20, 30]"),
    ("sequences", "vector.len", "3"),
    ("sequences", "len(vector) + array.len()", "6"),
    ("sequences", "no_vector.is_empty()", "true"),
    ("text", "owned.len()", "12"),
    ("text", "owned[0..5]", "\"owned\""),
    ("text", "borrowed[..1]", "\"h\""),
    ("text", "(*borrowed).len", "6"),
    ("text", "words[1]", "\"two\""),
    // Text compares with literals, whatever owns it.
    ("text", "owned == \"owned string\"", "true"),
    ("text", "owned != \"owned\"", "true"),
    ("text", "reference == owned", "true"),
    ("text", "boxed == \"boxed\"", "true"),
    ("text", "borrowed == r\"héllo\"", "true"),
    ("text", "borrowed < \"i\"", "true"),
    ("text", "words[0] > words[1]", "false"),
    ("text", "bytes == b\"raw\"", "true"),
    (
        "text",
        "owned_words[1] == \"bb\" && owned_words[0] < owned_words[1]",
        "true",
    ),
    (
        "text",
        "escaped == \"tab\\t \\\"quoted\\\" \\\\ line\\nend \\u{1b}[31m\\u{7f}\"",
        "true",
    ),
    // Numbers of any width meet as the numbers they are.
    ("numbers", "byte == 200", "true"),
    ("numbers", "negative_long < long", "true"),
    ("numbers", "wide > long", "true"),
    ("numbers", "negative_wide < small", "true"),
    ("numbers", "byte + short", "60200"),
    ("numbers", "word / 1_000_000_000", "4"),
    ("numbers", "negative_word % 7", "-5"),
    ("numbers", "-small", "8"),
    ("numbers", "!byte", "55"),
    ("numbers", "byte & 0xf | 1 << 4", "24"),
    ("numbers", "(byte as i8) as i32", "-56"),
    ("numbers", "single * 2", "3.0"),
    ("numbers", "double < 0.0 && whole == 3", "true"),
    ("numbers", "not_a_number == not_a_number", "false"),
    ("numbers", "infinite == f32::NEG_INFINITY", "true"),
    ("numbers", "long == u64::MAX - 1", "true"),
    ("numbers", "letter == 'é'", "true"),
    ("numbers", "letter as u32", "233"),
    ("numbers", "97u8 as char", "'a'"),
    ("numbers", "yes && !no", "true"),
    ("numbers", "no && missing_is_not_looked_at[9]", "false"),
    ("numbers", "double as i32", "0"),
    ("numbers", "crab > letter", "true"),
    // Variants.
    ("enums", "circle is Circle", "true"),
    ("enums", "circle is Shape::Circle", "true"),
    ("enums", "circle is Empty | Circle { radius: 2.0 }", "true"),
    ("enums", "rectangle is Rectangle(3, _)", "true"),
    ("enums", "rectangle is Rectangle(4, _)", "false"),
    ("enums", "named is Named(\"box\", Red)", "true"),
    ("enums", "matches!(no_shape, Shape::Empty)", "true"),
    ("enums", "circle.radius", "2.0"),
    ("enums", "rectangle.1", "4"),
    ("enums", "named.0 == \"box\"", "true"),
    ("enums", "blue == Color::Blue", "true"),
    ("enums", "blue != Color::Red", "true"),
    ("enums", "blue == green", "false"),
    ("enums", "blue as u8", "40"),
    ("enums", "below as i32", "-2"),
    ("enums", "same_low_half is SameLowHalf", "true"),
    ("enums", "huge as u128 == u128::MAX", "true"),
    ("enums", "second.text", "\"second\""),
    ("options", "some is Some", "true"),
    ("options", "some.is_some() && none.is_none()", "true"),
    ("options", "some is Some(5)", "true"),
    ("options", "some is Some(1..=4)", "false"),
    ("options", "some == Some(5)", "true"),
    ("options", "none == None", "true"),
    ("options", "some_text == Some(\"inner\")", "true"),
    ("options", "some_reference.0.0", "5"),
    ("options", "deep is Some(Some(None))", "true"),
    ("options", "good is Ok(1) && bad is Err(\"bad\")", "true"),
    ("options", "some_order == Some(Less)", "true"),
    (
        "options",
        "some_result is Some(Err(Rectangle(1, 2)))",
        "true",
    ),
    ("options", "some_result.0.0.1", "2"),
    ("options", "no_result is Some", "false"),
    // Whole values, by what is in them.
    ("options", "some == none", "false"),
    ("composites", "point == *by_reference", "true"),
    ("composites", "point == boxed", "false"),
    ("composites", "order.items[0] == order.items[0]", "true"),
    ("composites", "order.items[0] != order.items[1]", "true"),
    ("sequences", "vector[1..] == slice", "true"),
    // Arguments.
    ("arguments", "list[count - 9]", "3"),
    ("arguments", "ratio is Some && ratio.0 == 0.5", "true"),
    ("arguments", "name == \"argument\"", "true"),
];

#[test]
fn expressions_have_the_values_they_have_in_rust() {
    let showing = Showing {
        limits: LIMITS,
        ..Showing::default()
    };
    for wasi in Wasi::ALL {
        let guest = Guest::run("values_panic", Build::Debug, wasi);
        let mut wrong = Vec::new();
        for (function, text, expected) in VALUES {
            let found = guest.shown(function, text, showing);
            if found != *expected {
                wrong.push(format!("{text}: {found}, and not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{wasi:?}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_has_no_value_says_why_and_where() {
    use ErrorKind::*;
    let table: &[(&str, &str, ErrorKind, usize, &str)] = &[
        ("numbers", "bite", UnknownName, 0, "there is no `bite`"),
        (
            "numbers",
            "1 + nothing_like_it",
            UnknownName,
            4,
            "nothing_like_it",
        ),
        (
            "composites",
            "point.z",
            UnknownField,
            6,
            "`Point` has no field `z`",
        ),
        (
            "composites",
            "order.items[0].skew",
            UnknownField,
            15,
            "`Item` has no field",
        ),
        ("numbers", "byte.x", UnknownField, 5, "`u8` has no field"),
        (
            "enums",
            "no_shape.radius",
            UnknownField,
            9,
            "the value is `Shape::Empty` now",
        ),
        (
            "enums",
            "circle is Triangle",
            UnknownVariant,
            10,
            "has no variant `Triangle`",
        ),
        (
            "enums",
            "circle is Color::Circle",
            UnknownVariant,
            10,
            "no variant",
        ),
        (
            "enums",
            "circle == Sphere",
            UnknownVariant,
            10,
            "no variant `Sphere`",
        ),
        ("numbers", "byte is Some", Mismatch, 8, "`u8` is no enum"),
        (
            "sequences",
            "vector[3]",
            OutOfRange,
            7,
            "there are 3 elements",
        ),
        (
            "sequences",
            "vector[2..5]",
            OutOfRange,
            0,
            "2..5 is out of range",
        ),
        (
            "sequences",
            "vector[0 - 1]",
            OutOfRange,
            7,
            "-1 is no index",
        ),
        ("numbers", "byte[0]", Mismatch, 0, "`u8` cannot be indexed"),
        ("text", "owned[0]", Mismatch, 0, "x[0..1]"),
        (
            "numbers",
            "byte == \"text\"",
            Mismatch,
            0,
            "cannot compare `u8` with `&str`",
        ),
        (
            "numbers",
            "letter == 1",
            Mismatch,
            0,
            "cannot compare `char`",
        ),
        (
            "numbers",
            "byte + letter",
            Mismatch,
            0,
            "`+` is not for `u8` and `char`",
        ),
        (
            "numbers",
            "byte && yes",
            Mismatch,
            0,
            "a `bool` is due here, and this is of type `u8`",
        ),
        (
            "composites",
            "point + 1",
            Mismatch,
            0,
            "a number is due here",
        ),
        (
            "numbers",
            "byte + 56",
            Overflow,
            0,
            "200 + 56 does not fit into `u8`",
        ),
        ("numbers", "300u8", Overflow, 0, "does not fit"),
        ("numbers", "byte / 0", DivisionByZero, 0, "division by zero"),
        ("numbers", "byte << 8", Overflow, 0, "shift"),
        ("numbers", "*byte", Mismatch, 0, "`u8` is no pointer"),
        (
            "numbers",
            "*(1 as *const Nonsense)",
            UnknownType,
            14,
            "no type `Nonsense`",
        ),
        (
            "numbers",
            "*(0xfffffff0 as *const u64)",
            Unavailable,
            0,
            "not in the memory",
        ),
        ("numbers", "&(1 + 1)", NotWritable, 0, "no address"),
        ("numbers", "Some(1)", Unsupported, 0, "cannot be made"),
        ("numbers", "byte(1)", Unsupported, 4, "cannot be called"),
        ("options", "some.0.5", UnknownField, 7, "no field `5`"),
    ];
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    for (function, text, kind, at, message) in table {
        let error = guest
            .value(function, text, Showing::default())
            .expect_err(text);
        assert_eq!(error.kind, *kind, "{text}: {error}");
        assert_eq!(error.span.start, *at, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
    let suggestions = |text: &str, function: &str| {
        let error = guest.value(function, text, Showing::default());
        error.expect_err(text).suggestions
    };
    assert!(suggestions("bite", "numbers").contains(&"byte".to_owned()));
    assert_eq!(suggestions("circle is Cirkle", "enums"), ["Circle"]);
    assert_eq!(suggestions("order.itms", "composites"), ["items"]);
}

#[test]
fn formats_reach_every_number_in_a_value() {
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    use ValueFormat::*;
    let table = [
        ("sequences", "array", Hex, "[0x1, 0x2, 0x3]"),
        ("sequences", "grid", Hex, "[[0x1, 0xff], [0x2, 0xfe]]"),
        (
            "composites",
            "point",
            Binary,
            "Point { x: 0b101, y: 0b11111111111111111111111111111010 }",
        ),
        (
            "composites",
            "tuple",
            Octal,
            "(0o1, \"two\", 0o10030000000)",
        ),
        ("enums", "rectangle", Hex, "Rectangle(0x3, 0x4)"),
        ("enums", "blue", Decimal, "40"),
        ("enums", "below", Hex, "0xfe"),
        ("enums", "below", Decimal, "-2"),
        ("text", "bytes", Text, "\"raw\""),
        ("text", "bytes", Char, "[114 'r', 97 'a', 119 'w']"),
        ("text", "bytes[1..]", Text, "\"aw\""),
        ("numbers", "letter", Hex, "0xe9"),
        ("numbers", "255 + 1", Hex, "0x100"),
        ("numbers", "-1", Hex, "0xffffffff"),
        ("numbers", "single", Hex, "0x3fc00000"),
        ("numbers", "yes", Decimal, "1"),
        ("numbers", "byte == 200", Hex, "0x1"),
        ("composites", "metres", Raw, "Metres(2.5)"),
    ];
    for (function, text, format, expected) in table {
        let showing = Showing {
            limits: LIMITS,
            format,
        };
        assert_eq!(
            guest.shown(function, text, showing),
            expected,
            "{format:?} {text}"
        );
    }
    let natural = Showing::default();
    let raw = guest.shown("sequences", "~vector", natural);
    assert!(raw.starts_with("Vec { buf: RawVec {"), "{raw}");
    assert!(raw.contains("len: 3"), "{raw}");
    assert_eq!(
        guest.shown("sequences", "vector.buf.inner.cap.0", natural),
        "3"
    );
    let raw = guest.shown("text", "~owned", natural);
    assert!(raw.starts_with("String { vec: Vec {"), "{raw}");
}

#[test]
fn parts_and_children_have_their_names() {
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    let showing = Showing {
        limits: LIMITS,
        ..Showing::default()
    };
    let value = guest
        .value("sequences", "vector[1..]", showing)
        .expect("a value");
    assert_eq!((&*value.name, &*value.type_name), ("vector[1..]", "[i64]"));
    let names: Vec<&str> = value.children.iter().map(|child| &*child.name).collect();
    assert_eq!(names, ["1", "2"], "elements keep their numbers");
    let value = guest
        .value("composites", " order ", showing)
        .expect("a value");
    assert_eq!((&*value.name, &*value.type_name), ("order", "Order"));
    assert_eq!(value.children.len(), 4);
    assert_eq!(value.children[1].children.len(), 2);
    let value = guest
        .value("composites", "&point", showing)
        .expect("a value");
    assert_eq!(value.type_name, "&Point");
    assert!(
        value.to_string().ends_with(" -> Point { x: 5, y: -6 }"),
        "{value}"
    );
}

#[test]
fn types_are_told_of_expressions_and_of_names() {
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    guest.in_function("composites", |scope| {
        let told = |text: &str| {
            let info = type_of(text, scope).expect(text);
            let members: Vec<String> = info.members.iter().map(|it| it.name.clone()).collect();
            (info.name, info.kind, info.size, members.join(" "))
        };
        let row = |name: &str, kind: &str, size, members: &str| {
            (name.to_owned(), kind.to_owned(), size, members.to_owned())
        };
        let point = row("values_panic::Point", "struct", Some(8), "x y");
        assert_eq!(told("point"), point);
        assert_eq!(told("*by_reference"), point);
        assert_eq!(told("Point"), point);
        assert_eq!(told("values_panic::Point"), point);
        assert_eq!(told("point.x"), row("i32", "base", Some(4), ""));
        assert_eq!(told("u64"), row("u64", "base", Some(8), ""));
        assert_eq!(
            told("tuple"),
            row("(u8, &str, f32)", "tuple", told("tuple").2, "0 1 2")
        );
        assert_eq!(told("Shape").3, "Empty Circle Rectangle Named");
        assert_eq!(told("Color").3, "Red Green Blue");
        assert_eq!(told("by_reference").1, "reference");
        assert_eq!(told("1 + 1").0, "i32");
        assert_eq!(told("point.x == 5").0, "bool");
        assert!(
            told("Vec<Item>")
                .0
                .starts_with("alloc::vec::Vec<values_panic::Item")
        );
        let error = type_of("Nonsense", scope).expect_err("no such type");
        assert_eq!(error.kind, ErrorKind::UnknownName);
    });
}
