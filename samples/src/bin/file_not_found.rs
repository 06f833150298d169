//! Fails: reads a file that is not there, or that the guest was not given, and unwraps the error.
//! What explains it is the host call before the panic: which path, which answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

type Settings = BTreeMap<String, String>;

fn parse(text: &str) -> Settings {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn load(path: &Path) -> Settings {
    let text = fs::read_to_string(path).expect("the settings can be read"); // <- fails
    parse(&text)
}

fn main() {
    let name = std::env::args().nth(1);
    let path = name.unwrap_or_else(|| "config/settings.ini".to_owned());
    let settings = load(Path::new(&path)); // <- loads
    for (key, value) in settings {
        println!("{key} = {value}");
    }
}
