//! The help page: what the table of actions says, with the keys that are in force.

use crate::actions::{Scope, TABLE};
use crate::pane::PANES;
use crate::state::State;

/// The page as lines; those without a leading space are headings.
pub(crate) fn lines(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    let mut group = "";
    for row in TABLE {
        if row.group != group {
            group = row.group;
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(group.to_owned());
        }
        let keys: Vec<String> = state
            .bindings
            .keys(row.action)
            .iter()
            .map(ToString::to_string)
            .collect();
        let place = match row.scope {
            Scope::Everywhere => String::new(),
            Scope::In(panes) => {
                let names: Vec<&str> = panes.iter().map(|pane| pane.title()).collect();
                format!(" [{}]", names.join(", "))
            }
        };
        lines.push(format!("  {:<16} {}{place}", keys.join(" "), row.help));
    }
    lines.push(String::new());
    lines.push("Panes".to_owned());
    for pane in PANES {
        let key = pane.digit().map(String::from).unwrap_or_default();
        lines.push(format!("  {key:<16} {}", pane.title()));
    }
    for (keys, help) in [
        ("arrows j k g G", "move; page-up and page-down by pages"),
        ("enter", "show what is selected"),
        ("esc", "close what is open; never leaves"),
        ("mouse", "click a gutter, a row, a tab; the wheel scrolls"),
    ] {
        lines.push(format!("  {keys:<16} {help}"));
    }
    lines
}
