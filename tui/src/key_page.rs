//! The page of keys in the documentation, made from the table of actions.

use crate::actions::{Keymap, Row, Scope, TABLE};
use std::fmt::Write as _;

/// What stands above the tables.
const HEAD: &str = "\
# Keys of the debugger's screen

<!-- Made from the table of actions; a test fails when it is not as the table says, and writes it anew with WASMSCOPE_BLESS=1. -->

`wasmscope debug` on a terminal takes these keys. `?` shows them on the screen, `ctrl-p` finds each by
its name, and the line at the bottom shows those of the pane in focus. Digits choose panes. Everywhere
the arrows, `j`, `k`, `page-up`, `page-down`, `home` and `end` move, and `esc` closes what is open and
never leaves.

The names are those of the configuration, where each action can have other keys:

```toml
keymap = \"vs\" # or \"jetbrains\", \"gdb\"

[keys]
next = [\"j\", \"F8\"]
```

`wasmscope config --init` writes a configuration with all of them in it.
";

/// The page, as Markdown.
pub(crate) fn page() -> String {
    let mut page = String::from(HEAD);
    let mut group = "";
    for row in TABLE {
        if row.group != group {
            group = row.group;
            let _ = write!(
                page,
                "\n## {group}\n\n| key | `vs` | `jetbrains` | what it does | where | name |\n\
                 |---|---|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | `{}` |",
            keys(row, Keymap::Gdb, &[]),
            keys(row, Keymap::Vs, row.keys),
            keys(row, Keymap::Jetbrains, row.keys),
            row.help,
            panes(row),
            row.name,
        );
    }
    page
}

/// The keys of a keymap, but for those in another column.
fn keys(row: &Row, keymap: Keymap, elsewhere: &[&str]) -> String {
    let keys: Vec<String> = row
        .keys_in(keymap)
        .filter(|key| !elsewhere.contains(key))
        .map(|key| format!("`{}`", key.replace('|', "\\|")))
        .collect();
    keys.join(" ")
}

fn panes(row: &Row) -> String {
    match row.scope {
        Scope::Everywhere => "everywhere".to_owned(),
        Scope::In(panes) => {
            let names: Vec<String> = panes
                .iter()
                .map(|pane| pane.title().to_lowercase())
                .collect();
            names.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_the_documentation_is_as_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keys.md");
        if std::env::var_os("WASMSCOPE_BLESS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page(),
            "docs/keys.md is stale: run this test with WASMSCOPE_BLESS=1"
        );
    }
}
