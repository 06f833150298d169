//! The ways one function may be called by name.
//!
//! `<orders::Cart as core::ops::Drop>::drop` may be asked for as that, as `orders::Cart::drop` and
//! as `core::ops::Drop::drop`; `orders::apply::<u32>` as `orders::apply`.

/// How much of a name is compared for likeness.
const MAX_COMPARED: usize = 100;

/// How alike (0 to 1) a name must be to be offered.
const LIKE: f64 = 0.7;

/// A function's name, and the shorter ways to write it.
pub(super) struct Naming {
    forms: Vec<String>,
}

impl Naming {
    pub fn of(pretty: &str) -> Self {
        let mut forms = vec![pretty.to_owned()];
        if let Some((self_type, of_trait, rest)) = trait_method(pretty) {
            forms.push(without_generics(&format!("{self_type}{rest}")));
            forms.push(without_generics(&format!("{of_trait}{rest}")));
        } else if pretty.contains('<') {
            forms.push(without_generics(pretty));
        }
        Naming { forms }
    }

    /// Whether this is one of the ways to write the name.
    pub fn is(&self, wanted: &str) -> bool {
        self.forms.iter().any(|form| form == wanted)
    }

    /// Whether one of the ways to write the name ends in these parts.
    pub fn ends_with(&self, wanted: &str) -> bool {
        !wanted.is_empty()
            && self.forms.iter().any(|form| {
                form.strip_suffix(wanted)
                    .is_some_and(|before| before.is_empty() || before.ends_with("::"))
            })
    }

    /// How alike the last parts of the name are to `wanted`; `None` when they are not.
    pub fn likeness(&self, wanted: &str) -> Option<f64> {
        let wanted: String = wanted.chars().take(MAX_COMPARED).collect();
        let parts = wanted.split("::").count();
        let likeness = |form: &String| {
            let mut last: Vec<&str> = form.rsplit("::").take(parts).collect();
            last.reverse();
            let last: String = last.join("::").chars().take(MAX_COMPARED).collect();
            strsim::normalized_damerau_levenshtein(&last, &wanted)
        };
        let best = self.forms.iter().map(likeness).fold(0.0, f64::max);
        (best >= LIKE).then_some(best)
    }
}

/// `<A as B>::c` in its parts: `A`, `B`, `::c`.
fn trait_method(name: &str) -> Option<(&str, &str, &str)> {
    let inside = name.strip_prefix('<')?;
    let mut depth = 0_usize;
    let mut split = None;
    let mut before = b' ';
    for (index, byte) in inside.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if before == b'-' => {}
            b'>' if depth == 0 => {
                let split: usize = split?;
                let self_type = inside.get(..split)?;
                let of_trait = inside.get(split + 4..index)?;
                return Some((self_type, of_trait, inside.get(index + 1..)?));
            }
            b'>' => depth -= 1,
            b' ' if depth == 0 && split.is_none() => {
                let rest = inside.get(index..)?;
                split = rest.starts_with(" as ").then_some(index);
            }
            _ => {}
        }
        before = byte;
    }
    None
}

/// Leaves out what stands in angle brackets, and the `::` before them.
pub(crate) fn without_generics(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut depth = 0_usize;
    let mut before = ' ';
    for c in name.chars() {
        match c {
            '<' => {
                if depth == 0 && text.ends_with("::") {
                    text.truncate(text.len() - 2);
                }
                depth += 1;
            }
            '>' if before != '-' => depth = depth.saturating_sub(1),
            c if depth == 0 => text.push(c),
            _ => {}
        }
        before = c;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Naming;

    #[test]
    fn a_function_may_be_called_in_several_ways() {
        let table = [
            // (name, asked for, whole, suffix)
            ("orders::apply", "orders::apply", true, true),
            ("orders::apply", "apply", false, true),
            ("orders::apply", "ply", false, false),
            ("orders::apply::<u32>", "orders::apply", true, true),
            ("orders::apply::<u32>", "apply", false, true),
            ("orders::Set<A, B<C>>::add", "orders::Set::add", true, true),
            (
                "<orders::Cart as core::ops::Drop>::drop",
                "orders::Cart::drop",
                true,
                true,
            ),
            (
                "<orders::Cart as core::ops::Drop>::drop",
                "Cart::drop",
                false,
                true,
            ),
            (
                "<orders::Cart as core::ops::Drop>::drop",
                "Drop::drop",
                false,
                true,
            ),
            ("<F<fn() -> A> as T>::go", "F::go", true, true),
            ("main", "", false, false),
        ];
        for (name, wanted, whole, suffix) in table {
            let naming = Naming::of(name);
            assert_eq!(naming.is(wanted), whole, "{name} is {wanted}");
            assert_eq!(naming.ends_with(wanted), suffix, "{name} ends in {wanted}");
        }
    }

    #[test]
    fn slips_are_close_and_strangers_far() {
        let naming = Naming::of("orders::Inventory::remove");
        assert!(naming.likeness("remvoe").is_some());
        assert!(naming.likeness("Inventory::remov").is_some());
        assert!(naming.likeness("main").is_none());
    }
}
