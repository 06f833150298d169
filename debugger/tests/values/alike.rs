//! What may differ between what a program prints of a value by `{:?}` and what wasmscope shows.
//!
//! wasmscope says more in places. What it says more is taken out before comparing:
//!
//! - `&` and `&mut ` before what a reference points to;
//! - `Rc(strong 1, weak 0) `, `Arc(…) `, `Weak(…) ` before what is counted;
//! - ` as dyn Trait` behind what a trait object is;
//! - the state of a cell or a lock: `RefCell(borrowed)`, `Mutex(locked)`, `RwLock(1 reader)`;
//! - `Borrowed(…)` and `Owned(…)` of a `Cow`, `Wrapping(…)` and `Saturating(…)`;
//! - ` (not UTF-8)` behind text that is none, and the case of `\xff` in it;
//! - addresses.
//!
//! And `{:?}` says more in places: the parameters of `PhantomData` and `MaybeUninit`, whether a
//! lock is poisoned (`, poisoned: false, ..`), `MaybeDangling(…)` in a `ManuallyDrop`.

/// What the program printed, without what only it says.
pub fn printed(text: &str) -> String {
    let text = text.replace(", poisoned: false, ..", "");
    let text = unwrapped(&text, "MaybeDangling(");
    without_parameters(&without_parameters(&text, "PhantomData"), "MaybeUninit")
}

/// What wasmscope shows, without what only it says.
pub fn shown(text: &str) -> String {
    let mut text = without_references(text);
    for counted in ["Rc(strong ", "Arc(strong ", "Weak(strong "] {
        text = without_counts(&text, counted);
    }
    for state in ["RefCell(", "Mutex(", "RwLock("] {
        text = without_state(&text, state);
    }
    for wrapper in ["Borrowed(", "Owned(", "Wrapping(", "Saturating("] {
        text = unwrapped(&text, wrapper);
    }
    text = without_traits(&text);
    text = text.replace(" (not UTF-8)", "").replace("\\xff", "\\xFF");
    match text
        .strip_prefix("0x")
        .and_then(|rest| rest.split_once(" -> "))
    {
        Some((_, target)) => format!("{{pointer}} -> {target}"),
        None => text,
    }
}

/// `&` and `&mut ` outside of text are not what `{:?}` writes.
fn without_references(summary: &str) -> String {
    let mut out = String::new();
    let mut rest = summary.chars();
    let mut quoted = false;
    let mut escaped = false;
    while let Some(c) = rest.next() {
        if !quoted && c == '&' {
            if let Some(after) = rest.as_str().strip_prefix("mut ") {
                rest = after.chars();
            }
            continue;
        }
        quoted ^= c == '"' && !escaped && !out.ends_with('\'');
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// `PhantomData<T>` is `PhantomData`.
fn without_parameters(printed: &str, name: &str) -> String {
    match printed.split_once(&format!("{name}<")) {
        Some((before, after)) => {
            let after = after.split_once('>').map_or("", |(_, after)| after);
            format!("{before}{name}{after}")
        }
        None => printed.to_owned(),
    }
}

/// `name(inner)` is `inner`, everywhere.
fn unwrapped(text: &str, opening: &str) -> String {
    let Some((before, rest)) = text.split_once(opening) else {
        return text.to_owned();
    };
    let end = closing(rest);
    let inner = &rest[..end];
    let after = unwrapped(rest.get(end + 1..).unwrap_or_default(), opening);
    format!("{before}{inner}{after}")
}

/// Where the bracket is that closes what was opened before `text`, outside of quotes.
fn closing(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' | '<' if !quoted => depth += 1,
            ')' | ']' | '}' | '>' if !quoted && depth == 0 => return at,
            ')' | ']' | '}' | '>' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// `Rc(strong 1, weak 0) x` is `x`; where nothing is left, it says itself what is counted.
fn without_counts(text: &str, opening: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(opening) {
        out.push_str(before);
        rest = after.split_once(") ").map_or("", |(_, after)| after);
    }
    out + rest
}

/// `Mutex(locked) {` is `Mutex {`.
fn without_state(text: &str, opening: &str) -> String {
    let Some((before, rest)) = text.split_once(opening) else {
        return text.to_owned();
    };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    let name = opening.trim_end_matches('(');
    format!("{before}{name}{}", without_state(after, opening))
}

/// `Dog { age: 4 } as dyn Speak` is `Dog { age: 4 }`.
fn without_traits(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" as dyn ") else {
        return text.to_owned();
    };
    let mut depth = 0;
    let end = rest.find(|c| match c {
        '<' | '(' => {
            depth += 1;
            false
        }
        '>' | ')' if depth > 0 => {
            depth -= 1;
            false
        }
        ',' | ')' | ']' | '}' => depth == 0,
        _ => false,
    });
    let after = end.map_or("", |end| &rest[end..]);
    format!("{before}{}", without_traits(after))
}
