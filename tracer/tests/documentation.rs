//! The page about tracing names what the table has.

use wasmscope_tracer::table::{self, Class};

const PAGE: &str = include_str!("../../docs/trace.md");

#[test]
fn every_function_is_named_in_its_classes() {
    for class in Class::ALL {
        let start = format!("| `%{class}` | ");
        let line = PAGE.lines().find_map(|line| line.strip_prefix(&start));
        let line = line.unwrap_or_else(|| panic!("%{class} is not in docs/trace.md"));
        let named: Vec<&str> = line
            .trim_end_matches(" |")
            .split(' ')
            .map(|name| name.trim_matches('`'))
            .collect();
        let mut rows: Vec<&str> = Vec::new();
        for row in table::functions().filter(|row| row.is(class)) {
            // Some have two versions.
            if !rows.contains(&row.name) {
                rows.push(row.name);
            }
        }
        assert_eq!(named, rows, "%{class} in docs/trace.md");
    }
}
