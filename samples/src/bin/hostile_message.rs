//! Fails: with a panic message, and output before it, that try to take over the terminal: colours,
//! a title, a cleared screen, a hidden carriage return, text that runs from right to left, bytes
//! that are no UTF-8.

use std::io::Write;

struct Comment {
    author: String,
    text: String,
}

fn publish(comment: &Comment) {
    let text = comment.text.trim();
    panic!("{} wrote: {text}", comment.author); // <- fails
}

fn main() {
    let raw = b"stdout \x1b[31mred\x1b[0m \xff\xfe\n";
    std::io::stdout()
        .write_all(raw)
        .expect("stdout can be written");
    let comment = Comment {
        author: "mallory\u{7}".to_owned(),
        text: "\x1b]0;owned\x07\x1b[2J\x1b[Hall is well\rit is not\u{202e}ecin\u{9b}31m".to_owned(),
    };
    publish(&comment);
}
