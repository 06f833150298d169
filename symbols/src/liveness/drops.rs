//! Which types do something when they are dropped, as far as the module's functions tell.

use crate::names;
use crate::symbols::Symbols;
use std::collections::HashSet;
use std::sync::OnceLock;

/// How many types are kept.
const MAX_TYPES: usize = 100_000;

/// How the methods are called once their names are readable.
const METHOD: &str = " as core::ops::drop::Drop>::drop";

/// The paths of the types that implement `Drop`, without their parameters.
#[derive(Default)]
pub(crate) struct KeptDrops(OnceLock<HashSet<String>>);

impl Symbols {
    /// Whether the module has an implementation of `Drop` for the type with this full name, whatever
    /// its parameters. Optimised modules may not have one left that they use. The first question
    /// looks through the name section.
    pub fn implements_drop(&self, full_name: &str) -> bool {
        let known = self.kept_drops().0.get_or_init(|| {
            let named = self.module().function_names();
            let methods = named.filter(|(_, raw)| raw.contains("4drop") && raw.contains("Drop"));
            methods
                .filter_map(|(_, raw)| {
                    let name = names::prettify(raw);
                    let of = name.strip_prefix('<')?.strip_suffix(METHOD)?;
                    Some(without_parameters(of).to_owned())
                })
                .take(MAX_TYPES)
                .collect()
        });
        known.contains(without_parameters(full_name))
    }
}

fn without_parameters(name: &str) -> &str {
    name.split_once('<').map_or(name, |(path, _)| path)
}
