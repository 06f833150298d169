//! The parser and the arithmetic, without a guest.

use super::error::ErrorKind;
use super::number::{self, Fault, Integer, Scalar};
use super::parser;
use super::syntax::{Node, NodeKind, Operator, Parsed, Pattern, PatternKind, Primitive};
use proptest::prelude::*;

/// The structure of an expression, with everything in brackets.
fn structure(text: &str) -> String {
    match parser::parse(text) {
        Ok(parsed) => node(&parsed, &parsed.root),
        Err(error) => format!("{:?} at {:?}: {error}", error.kind, error.span),
    }
}

fn node(parsed: &Parsed, it: &Node) -> String {
    let of = |inner: &Node| node(parsed, inner);
    let list = |parts: &[Node], sign: &str| {
        let parts: Vec<String> = parts.iter().map(|part| node(parsed, part)).collect();
        parts.join(sign)
    };
    let name = |name: usize| parsed.names[name].text();
    match &it.kind {
        NodeKind::Integer { value, of } => {
            format!("{value}{}", of.map_or(String::new(), Primitive::name))
        }
        NodeKind::Float { value, of } => {
            format!("{value:?}{}", of.map_or(String::new(), Primitive::name))
        }
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Char(c) => format!("{c:?}"),
        NodeKind::Text { bytes, is_text } => match is_text {
            true => format!("{:?}", String::from_utf8_lossy(bytes)),
            false => format!("b{bytes:?}"),
        },
        NodeKind::Name(at) => name(*at),
        NodeKind::Machine(machine) => format!("{machine:?}"),
        NodeKind::Field { of: inner, name } => format!("{}.{name}", of(inner)),
        NodeKind::Index { of: inner, index } => format!("{}[{}]", of(inner), of(index)),
        NodeKind::Slice {
            of: inner,
            from,
            to,
            inclusive,
        } => {
            let bound = |at: &Option<Box<Node>>| at.as_ref().map_or(String::new(), |at| of(at));
            let sign = if *inclusive { "..=" } else { ".." };
            format!("{}[{}{sign}{}]", of(inner), bound(from), bound(to))
        }
        NodeKind::Entry { of: inner, key } => format!("{}[{}]", of(inner), pattern(parsed, key)),
        NodeKind::Inside(inner) => format!("inside({})", of(inner)),
        NodeKind::Unwrap(inner) => format!("{}?", of(inner)),
        NodeKind::Half { of: inner, keys } => {
            format!("{}({})", if *keys { "keys" } else { "values" }, of(inner))
        }
        NodeKind::Length(inner) => format!("len({})", of(inner)),
        NodeKind::Negate(inner) => format!("(-{})", of(inner)),
        NodeKind::Not(inner) => format!("(!{})", of(inner)),
        NodeKind::Deref(inner) => format!("(*{})", of(inner)),
        NodeKind::AddressOf(inner) => format!("(&{})", of(inner)),
        NodeKind::Raw(inner) => format!("(~{})", of(inner)),
        NodeKind::Binary {
            operator,
            left,
            right,
        } => format!("({} {} {})", of(left), operator.sign(), of(right)),
        NodeKind::All(parts) => format!("({})", list(parts, " && ")),
        NodeKind::Any(parts) => format!("({})", list(parts, " || ")),
        NodeKind::Cast { value, to } => format!("({} as {to})", of(value)),
        NodeKind::Is { value, pattern } => {
            format!("({} is {})", of(value), self::pattern(parsed, pattern))
        }
        NodeKind::Build {
            name: at,
            arguments,
        } => {
            format!("{}({})", name(*at), list(arguments, ", "))
        }
    }
}

fn pattern(parsed: &Parsed, it: &Pattern) -> String {
    match &it.kind {
        PatternKind::Anything => "_".to_owned(),
        PatternKind::Equal(constant) => node(parsed, constant),
        PatternKind::Between {
            from,
            to,
            inclusive,
        } => {
            let bound =
                |at: &Option<Box<Node>>| at.as_ref().map_or(String::new(), |at| node(parsed, at));
            format!(
                "{}..{}{}",
                bound(from),
                if *inclusive { "=" } else { "" },
                bound(to)
            )
        }
        PatternKind::Variant { path, fields } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, inner)| format!("{name}: {}", pattern(parsed, inner)))
                .collect();
            match fields.is_empty() {
                true => path.text(),
                false => format!("{} {{{}}}", path.text(), fields.join(", ")),
            }
        }
        PatternKind::Tuple { fields, open } => {
            let fields: Vec<String> = fields.iter().map(|(_, it)| pattern(parsed, it)).collect();
            format!("({}{})", fields.join(", "), if *open { ", .." } else { "" })
        }
        PatternKind::Elements { patterns, open } => {
            let patterns: Vec<String> = patterns.iter().map(|it| pattern(parsed, it)).collect();
            format!(
                "[{}{}]",
                patterns.join(", "),
                if *open { ", .." } else { "" }
            )
        }
        PatternKind::Alternatives(patterns) => {
            let patterns: Vec<String> = patterns.iter().map(|it| pattern(parsed, it)).collect();
            patterns.join(" | ")
        }
    }
}

#[test]
fn expressions_are_parsed_as_rust_parses_them() {
    let table = [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("-a.b[1].c", "(-a.b[1].c)"),
        ("*p.x", "(*p.x)"),
        ("(*p).x", "(*p).x"),
        ("&a == &mut b", "((&a) == (&b))"),
        ("&&a", "(&(&a))"),
        ("a & b == c", "((a & b) == c)"),
        ("a | b ^ c & d << 1 + 2", "(a | (b ^ (c & (d << (1 + 2)))))"),
        ("a && b || c && !d", "((a && b) || (c && (!d)))"),
        ("a || b || c", "(a || b || c)"),
        ("x as u8 + 1", "((x as u8) + 1)"),
        ("-1 as u8", "((-1) as u8)"),
        ("x as usize < 5", "((x as usize) < 5)"),
        ("x as u8 as char", "((x as u8) as char)"),
        (
            "*(0x1234 as *const my::Foo<u8, B>)",
            "(*(4660 as *const my::Foo<u8, B>))",
        ),
        ("p as *mut [u8; 4]", "(p as *mut [u8; 4])"),
        ("x.0.1", "x.0.1"),
        ("x.0 .1", "x.0.1"),
        ("1.5 + 2.", "(1.5 + 2.0)"),
        ("1e3 == 1_000f64", "(1000.0 == 1000.0f64)"),
        ("0xff_u8 | 0o17 | 0b1_0", "((255u8 | 15) | 2)"),
        ("v[1..2]", "v[1..2]"),
        ("v[..]", "v[..]"),
        ("v[..=n + 1]", "v[..=(n + 1)]"),
        ("v[a..]", "v[a..]"),
        ("len(v) == v.len()", "(len(v) == len(v))"),
        ("v.len", "v.len"),
        ("v.is_empty()", "(len(v) == 0)"),
        ("x.is_some() && y", "((x is Some) && y)"),
        ("x is Some", "(x is Some)"),
        ("x is Some(5)", "(x is Some {0: 5})"),
        (
            "x is Shape::Circle { radius: 2.0, .. }",
            "(x is Shape::Circle {radius: 2.0})",
        ),
        (
            "x is Some(None | Some(_))",
            "(x is Some {0: None | Some {0: _}})",
        ),
        ("x is 1..=5 | -3", "(x is 1..=5 | (-3))"),
        ("matches!(x, Ok(inner)) && y", "((x is Ok {0: _}) && y)"),
        ("x == Some(-1)", "(x == Some((-1)))"),
        ("color == Color::Red", "(color == Color::Red)"),
        ("~v.buf", "(~v.buf)"),
        ("r#type == 1", "(type == 1)"),
        ("'\\'' == '\\u{e9}'", "('\\'' == 'é')"),
        ("b'a' == 97", "(97u8 == 97)"),
        (r#""a\"\n\x41" == r"\n""#, r#"("a\"\nA" == "\\n")"#),
        (r###"r##"a"#b"##"###, r##""a\"#b""##),
        (r#"b"\xff""#, "b[255]"),
        ("$local3 + $pc", "(Local(3) + Pc)"),
        ("map[\"key\"]", "map[\"key\"]"),
        (" a\n+\tb ", "(a + b)"),
    ];
    for (text, expected) in table {
        assert_eq!(structure(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_expression_is_pointed_at() {
    let table: [(&str, ErrorKind, usize, &str); 27] = [
        ("", ErrorKind::Syntax, 0, "the expression ends here"),
        ("a +", ErrorKind::Syntax, 3, "the expression ends here"),
        ("a b", ErrorKind::Syntax, 2, "found `b`"),
        ("a = b", ErrorKind::Syntax, 2, "only `set` assigns"),
        ("(a", ErrorKind::Syntax, 2, "`)` is due"),
        ("a]", ErrorKind::Syntax, 1, "found `]`"),
        ("v[]", ErrorKind::Syntax, 2, "a value is due"),
        ("a < b < c", ErrorKind::Syntax, 6, "cannot be chained"),
        ("x.", ErrorKind::Syntax, 2, "name of a field"),
        ("x.1.5e3", ErrorKind::Syntax, 4, "number of a field"),
        ("\"abc", ErrorKind::Syntax, 0, "no end"),
        ("'ab'", ErrorKind::Syntax, 0, "one character"),
        ("''", ErrorKind::Syntax, 0, "one character"),
        ("\"\\q\"", ErrorKind::Syntax, 1, "no such escape"),
        ("\"\\xff\"", ErrorKind::Syntax, 1, "hexadecimal"),
        ("b\"é\"", ErrorKind::Syntax, 2, "ASCII"),
        ("0x", ErrorKind::Syntax, 0, "digits are due"),
        ("1u7", ErrorKind::Syntax, 0, "`u7`"),
        ("1.5u8", ErrorKind::Syntax, 0, "`u8`"),
        (
            "999999999999999999999999999999999999999999",
            ErrorKind::Syntax,
            0,
            "128 bits",
        ),
        ("f(x)", ErrorKind::Unsupported, 1, "cannot be called"),
        (
            "x.iter().count()",
            ErrorKind::Unsupported,
            2,
            "`iter` cannot be called",
        ),
        ("x[0](1)", ErrorKind::Unsupported, 4, "cannot be called"),
        ("a @ b", ErrorKind::Syntax, 2, "'@' means nothing"),
        ("$", ErrorKind::Syntax, 0, "a name is due"),
        ("$rax", ErrorKind::UnknownName, 0, "`$rax` is not known"),
        ("x as *Foo", ErrorKind::Syntax, 6, "`const` or `mut`"),
    ];
    for (text, kind, at, message) in table {
        let error = parser::parse(text).expect_err(text);
        assert_eq!(error.kind, kind, "{text}: {error}");
        assert_eq!(error.span.start, at, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = [
        "(".repeat(10_000),
        "-".repeat(10_000) + "x",
        "x".to_owned() + &".f".repeat(5_000),
        "x".to_owned() + &"[0]".repeat(5_000),
        "x".to_owned() + &"[x".repeat(5_000),
        "1".to_owned() + &"+1".repeat(5_000),
        "x".to_owned() + &" as u8".repeat(2_000),
        "x is ".to_owned() + &"Some(".repeat(2_000),
        "x as ".to_owned() + &"*const ".repeat(2_000),
        "x as Foo".to_owned() + &"<".repeat(2_000),
        "x as ".to_owned() + &"(".repeat(2_000),
        "x && ".repeat(3_000) + "x",
        "Some(".repeat(3_000),
    ];
    for text in deep {
        let error = parser::parse(&text).expect_err("too deep");
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    }
    let error = parser::parse(&"x".repeat(100_000)).expect_err("too long");
    assert_eq!(error.kind, ErrorKind::TooLarge);
    // What people write is far from it.
    let wide = vec!["x == 1"; 500].join(" || ");
    assert!(parser::parse(&wide).is_ok());
}

#[test]
fn arithmetic_overflows_where_rust_panics() {
    let of = |name: &str| Primitive::named(name);
    let typed = |value: i128, name: &str| Scalar::Integer {
        value: Integer::signed(value),
        of: of(name),
    };
    let untyped = |value: i128| Scalar::literal(Integer::signed(value));
    use Operator::*;
    let table = [
        (Add, typed(200, "u8"), typed(55, "u8"), Ok(typed(255, "u8"))),
        (Add, typed(200, "u8"), typed(56, "u8"), Err("u8")),
        (Add, typed(200, "u8"), untyped(56), Err("u8")),
        (Add, typed(200, "u8"), typed(300, "u16"), Ok(untyped(500))),
        (Subtract, typed(0, "u32"), untyped(1), Err("u32")),
        (Subtract, typed(-128, "i8"), untyped(1), Err("i8")),
        (
            Multiply,
            typed(-16, "i8"),
            untyped(8),
            Ok(typed(-128, "i8")),
        ),
        (Divide, typed(-128, "i8"), untyped(-1), Err("i8")),
        (Divide, typed(-7, "i8"), untyped(2), Ok(typed(-3, "i8"))),
        (Remainder, typed(-7, "i8"), untyped(2), Ok(typed(-1, "i8"))),
        (And, typed(-1, "i16"), untyped(0xff), Ok(typed(0xff, "i16"))),
        (Xor, untyped(-1), untyped(1), Ok(untyped(-2))),
        (ShiftLeft, typed(0x81, "u8"), untyped(1), Ok(typed(2, "u8"))),
        (ShiftRight, typed(-4, "i8"), untyped(1), Ok(typed(-2, "i8"))),
    ];
    for (operator, a, b, expected) in table {
        let found = number::binary(operator, a, b);
        let expected = expected.map_err(|of: &str| Fault::Overflow(of.to_owned()));
        assert_eq!(
            found,
            expected,
            "{} {} {}",
            a.word(),
            operator.sign(),
            b.word()
        );
    }
    let by_zero = number::binary(Remainder, typed(1, "u8"), untyped(0));
    assert_eq!(by_zero, Err(Fault::DivisionByZero));
    let too_far = number::binary(ShiftLeft, typed(1, "u8"), untyped(8));
    assert_eq!(too_far, Err(Fault::Shift));
    assert_eq!(
        number::negate(typed(-128, "i8")),
        Err(Fault::Overflow("i8".into()))
    );
    assert_eq!(number::not(typed(0xf0, "u8")), Ok(typed(0x0f, "u8")));
    assert_eq!(number::not(typed(5, "i32")), Ok(typed(-6, "i32")));
}

proptest! {
    /// Every operator on `i64`s is what Rust's checked one says.
    #[test]
    fn operators_agree_with_rust(a: i64, b: i64, by in 0u32..64) {
        let of = Primitive::named("i64");
        let scalar = |value: i64| Scalar::Integer { value: Integer::signed(value.into()), of };
        let found = |operator, a: i64, b: i64| number::binary(operator, scalar(a), scalar(b)).ok();
        prop_assert_eq!(found(Operator::Add, a, b), a.checked_add(b).map(scalar));
        prop_assert_eq!(found(Operator::Subtract, a, b), a.checked_sub(b).map(scalar));
        prop_assert_eq!(found(Operator::Multiply, a, b), a.checked_mul(b).map(scalar));
        prop_assert_eq!(found(Operator::Divide, a, b), a.checked_div(b).map(scalar));
        prop_assert_eq!(found(Operator::Remainder, a, b), a.checked_rem(b).map(scalar));
        prop_assert_eq!(found(Operator::And, a, b), Some(scalar(a & b)));
        prop_assert_eq!(found(Operator::Or, a, b), Some(scalar(a | b)));
        prop_assert_eq!(found(Operator::Xor, a, b), Some(scalar(a ^ b)));
        prop_assert_eq!(found(Operator::ShiftLeft, a, by.into()), Some(scalar(a << by)));
        prop_assert_eq!(found(Operator::ShiftRight, a, by.into()), Some(scalar(a >> by)));
        prop_assert_eq!(found(Operator::Less, a, b), Some(Scalar::Bool(a < b)));
        prop_assert_eq!(number::not(scalar(a)), Ok(scalar(!a)));
    }

    /// Casts do what `as` does.
    #[test]
    fn casts_agree_with_rust(a: i128, f: f64) {
        let whole = Scalar::Integer { value: Integer::signed(a), of: Primitive::named("i128") };
        let float = Scalar::Float { value: f, of: Primitive::named("f64") };
        macro_rules! check {
            ($($to:ident)*) => {$(
                let to = Primitive::named(stringify!($to)).expect("a type").for_module(true);
                let cast = number::cast(whole, to).map(|it| it.word());
                prop_assert_eq!(cast, Ok((a as $to).to_string()));
                let cast = number::cast(float, to).map(|it| it.word());
                prop_assert_eq!(cast, Ok((f as $to).to_string()));
            )*};
        }
        check!(u8 i8 u16 i16 u32 i32 u64 i64 u128 i128);
        let to_f32 = number::cast(whole, Primitive::F32).map(|it| it.word());
        prop_assert_eq!(to_f32, Ok(format!("{:?}", a as f32)));
        let to_f64 = number::cast(whole, Primitive::F64).map(|it| it.word());
        prop_assert_eq!(to_f64, Ok(format!("{:?}", a as f64)));
    }

    /// Whole numbers and floats compare as the numbers they are.
    #[test]
    fn mixed_comparisons_are_exact(a: i64, f: f32) {
        let whole = Scalar::literal(Integer::signed(a.into()));
        let float = Scalar::Float { value: f64::from(f), of: None };
        let found = number::compare(whole, float).flatten();
        // f64 holds every i32 exactly; larger ones are compared by their parts.
        if let Ok(small) = i32::try_from(a) {
            prop_assert_eq!(found, f64::from(small).partial_cmp(&f64::from(f)));
        }
        let back = number::compare(float, whole).flatten();
        prop_assert_eq!(found.map(std::cmp::Ordering::reverse), back);
    }

    /// Whatever the text is, there is an answer.
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = parser::parse(&text);
    }

    /// Text made of the words of the language too.
    #[test]
    fn any_words_are_parsed_or_refused(words in prop::collection::vec(prop::sample::select(vec![
        "x", "y.z", "0", "1.5", "'a'", "\"s\"", "(", ")", "[", "]", "{", "}", ".", "..", "..=", "::",
        "+", "-", "*", "&", "&&", "|", "||", "!", "~", "==", "<", ">>", "as", "is", "u8", "const",
        "*const", "Some", "_", ",", "matches!", "len(", "r#", "b'", "\\", "$local1", " ",
    ]), 0..40)) {
        let text = words.concat();
        if let Err(error) = parser::parse(&text) {
            prop_assert!(error.span.start <= text.len() && error.span.end <= text.len(), "{text}: {error:?}");
            prop_assert!(!error.message.is_empty());
        }
        let _ = parser::parse(&words.join(" "));
    }
}
