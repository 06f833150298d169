//! Help, and the documentation's page of commands: both are made from the table.

use super::location;
use super::parse;
use super::settings::SETTINGS;
use super::table::{self, GROUPS, Group, Repeat, Row, shown};
use std::fmt::Write as _;

/// What an expression is.
const EXPRESSIONS: &str = "\
Expressions are Rust's, on the values of the frame that is looked at:
- names of variables, of arguments and of statics: `order`, `COUNTER`, `orders::LIMIT`
- fields, elements, ranges, references: `order.lines[0].article`, `pair.1`, `names[1..3]`, `*node`, `&total`
- how many elements or bytes: `names.len()`
- maps and what is inside: `stock[\"bolt\"]`, `note?`, `cell.borrow()`, `lock.lock().unwrap()`
- numbers, texts, characters, truth values: `0xff`, `2.5`, `\"bolt\"`, `'x'`, `true`
- `+ - * / %`, `& | ^ << >>`, `== != < <= > >=`, `&& || !`, parentheses; texts compare with `&str` and `String` alike
- `as`: `total as u8`
- `is`: `order.note is Some`, `status is Status::Picked`
- `~` before all of it: by its fields, as the compiler laid it out: `~order.customer`

A value that cannot be known is `<unavailable: …>` with the reason: optimised out, not in memory yet.";

/// A row's line in a list.
pub(super) fn summary(row: &Row) -> String {
    let mut names = row.name.to_owned();
    for alias in row.aliases {
        let _ = write!(names, ", {alias}");
    }
    format!("  {names:<28}  {}\n", row.summary)
}

/// What `help` says to `topic`.
pub(super) fn text(topic: &str) -> Result<String, String> {
    let (word, rest) = parse::first_word(topic);
    Ok(match word {
        "" => overview(),
        "all" => GROUPS.iter().map(group).collect(),
        "location" | "locations" | "loc" => {
            format!("Places are named so:\n{}\n", plain(location::HELP))
        }
        "expression" | "expressions" => format!("{}\n", plain(EXPRESSIONS)),
        "settings" => settings(),
        word => match GROUPS.iter().find(|group| group.name == word) {
            Some(found) => group(found),
            None => {
                let row = table::find(word).map_err(|error| match error {
                    error if error.ends_with("lists them") => format!(
                        "there is no help on `{}`: `help` lists the commands",
                        shown(word)
                    ),
                    error => error,
                })?;
                let row = match rest {
                    "" => row,
                    rest if row.below.is_empty() => {
                        return Err(format!(
                            "`{}` has nothing called `{}`",
                            row.name,
                            shown(rest)
                        ));
                    }
                    rest => table::find_in(&table::refs(row.below), rest, "thing to tell about")?,
                };
                of_row(row)
            }
        },
    })
}

fn overview() -> String {
    let mut out = String::new();
    for found in GROUPS {
        out.push_str(&group(found));
        out.push('\n');
    }
    out.push_str(
        "The beginning of a command is enough where it is the only one that begins so. An empty\n\
         line does `next`, `step`, `list` and the like again. `help COMMAND` tells all about one;\n\
         there are `help locations`, `help expressions` and `help settings` as well.\n",
    );
    out
}

fn group(group: &Group) -> String {
    let mut out = format!("{} (help {})\n", group.summary, group.name);
    for row in group.rows {
        out.push_str(&summary(row));
    }
    out
}

fn of_row(row: &Row) -> String {
    let mut out = format!("{}\n", usage(row));
    if !row.aliases.is_empty() {
        let _ = writeln!(out, "also: {}", row.aliases.join(", "));
    }
    let _ = writeln!(out, "\n{}.", row.summary);
    if !row.help.is_empty() {
        let _ = writeln!(out, "\n{}", plain(row.help));
    }
    if !row.below.is_empty() {
        out.push('\n');
        for below in row.below {
            out.push_str(&summary(below));
        }
    }
    match row.repeat {
        Repeat::No => {}
        Repeat::Same => out.push_str("\nAn empty line does it again.\n"),
        Repeat::Bare => out.push_str("\nAn empty line goes on from there.\n"),
    }
    out
}

fn usage(row: &Row) -> String {
    match row.usage {
        "" if row.below.is_empty() => row.name.to_owned(),
        "" => format!("{} WHAT", row.name),
        usage if usage.starts_with("[/") => format!("{}{usage}", row.name),
        usage => format!("{} {usage}", row.name),
    }
}

fn settings() -> String {
    let mut out = String::from("`set NAME VALUE` changes a setting, `show` tells how they are:\n");
    for setting in SETTINGS {
        let name = format!("{} {}", setting.name, setting.values);
        let _ = writeln!(out, "  {name:<34}  {}", setting.summary);
    }
    out
}

/// Markdown for a terminal: paragraphs broken into lines, indented examples left as they are.
fn plain(markdown: &str) -> String {
    const COLUMNS: usize = 90;
    let mut out = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("    ") || line.is_empty() {
            out.push(line.to_owned());
            continue;
        }
        let indent = if line.starts_with("- ") { "  " } else { "" };
        let mut current = String::new();
        for word in line.split(' ') {
            let columns = current.chars().count() + 1 + word.chars().count();
            if !current.is_empty() && columns > COLUMNS {
                out.push(std::mem::replace(&mut current, indent.to_owned()));
                current.push_str(word);
            } else {
                if !current.is_empty() {
                    current.push(' ');
                }
                current.push_str(word);
            }
        }
        out.push(current);
    }
    out.join("\n")
}

/// The page of the documentation.
#[cfg(test)]
pub(super) fn page() -> String {
    let mut out = String::from(
        "# Commands of the debugger\n\n\
         <!-- Made from the table of commands; a test fails when it is not as the table says, and \
         writes it anew with WASMSCOPE_BLESS=1. -->\n\n\
         `wasmscope debug TARGET` takes these commands at its prompt, from standard input, and from \
         scripts (`-x FILE`, `-e COMMAND`). The words are those of gdb and Delve. The beginning of \
         a command is enough where it is the only one that begins so; at the prompt, an empty line \
         does the last one again where that makes sense.\n\n",
    );
    for group in GROUPS {
        let _ = writeln!(out, "- [{}](#{})", group.summary, anchor(group.summary));
    }
    out.push_str("- [Places](#places)\n- [Expressions](#expressions)\n- [Settings](#settings)\n");
    for group in GROUPS {
        let _ = writeln!(out, "\n## {}", group.summary);
        for row in group.rows {
            section(row, "", &mut out);
        }
    }
    let _ = write!(
        out,
        "\n## Places\n\nWhere LOC stands above, a place is named so:\n\n{}\n\n\
         ## Expressions\n\n{}\n\n\
         ## Settings\n\n`set NAME VALUE` changes a setting, `show` tells how they are.\n\n\
         | setting | values | default | |\n|---|---|---|---|\n",
        location::HELP,
        EXPRESSIONS.replacen(":\n-", ":\n\n-", 1)
    );
    for setting in SETTINGS {
        let _ = writeln!(
            out,
            "| `{}` | {} | `{}` | {} |",
            setting.name,
            setting.values.replace('|', "\\|"),
            setting.value(&super::settings::Settings::default()),
            setting.summary
        );
    }
    out
}

#[cfg(test)]
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
fn section(row: &Row, above: &str, out: &mut String) {
    let _ = write!(
        out,
        "\n### {above}{}\n\n    {above}{}\n\n",
        row.name,
        usage(row)
    );
    let _ = write!(out, "{}.", row.summary);
    if !row.aliases.is_empty() {
        let names: Vec<String> = row.aliases.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(out, " Also {}.", names.join(", "));
    }
    out.push('\n');
    if !row.help.is_empty() {
        let _ = writeln!(out, "\n{}", row.help);
    }
    if !row.below.is_empty() {
        out.push_str("\n| | |\n|---|---|\n");
        for below in row.below {
            let aliases: Vec<String> = below
                .aliases
                .iter()
                .map(|name| format!(", `{name}`"))
                .collect();
            let _ = writeln!(
                out,
                "| `{above}{} {}`{} | {} |",
                row.name,
                usage(below).replace('|', "\\|"),
                aliases.concat(),
                below.summary
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/debug-commands.md");
        let page = page();
        if std::env::var_os("WASMSCOPE_BLESS").is_some() {
            std::fs::write(path, &page).expect("the page can be written");
        }
        let there = std::fs::read_to_string(path).expect("the page is there");
        assert!(
            there == page,
            "docs/debug-commands.md is stale: run this test with WASMSCOPE_BLESS=1"
        );
    }

    #[test]
    fn everything_has_help_that_fits() {
        let mut texts = vec![text("").expect("an overview"), text("all").expect("all")];
        for topic in ["locations", "expressions", "settings"] {
            texts.push(text(topic).expect(topic));
        }
        for group in GROUPS {
            texts.push(text(group.name).expect(group.name));
        }
        for row in table::rows() {
            for name in row.names() {
                // A group may have a command's name.
                if GROUPS.iter().all(|group| group.name != name) {
                    assert!(text(name).expect(name).starts_with(row.name), "{name}");
                }
            }
            for below in row.below {
                let topic = format!("{} {}", row.name, below.name);
                assert!(
                    text(&topic).expect(&topic).contains(below.summary),
                    "{topic}"
                );
            }
        }
        for text in texts {
            for line in text.lines() {
                assert!(line.chars().count() <= 130, "{line}");
            }
        }
        assert!(text("nonsense").is_err());
        assert!(text("print x").is_err());
        let error = text("brek").expect_err("no such command");
        assert!(error.contains("`break`"), "{error}");
    }
}
