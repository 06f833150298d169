//! Fails: a closure that captures its surroundings by reference and by value panics, called
//! through a `dyn Fn` out of a list of rules.

type Rule<'a> = Box<dyn Fn(&str) -> bool + 'a>;

fn first_broken(rules: &[(&'static str, Rule<'_>)], word: &str) -> Option<&'static str> {
    rules
        .iter()
        .find(|(_, holds)| !holds(word)) // <- checks
        .map(|(name, _)| *name)
}

fn main() {
    let longest = 12_usize;
    let banned = Vec::from(["admin", "root"].map(String::from));
    let reserved = 'x';
    let rules: Vec<(&str, Rule<'_>)> = vec![
        ("length", Box::new(move |word| word.len() <= longest)),
        ("banned", Box::new(|word| !banned.iter().any(|b| b == word))),
        (
            "reserved",
            Box::new(|word| {
                let first = word.chars().next();
                let Some(first) = first else {
                    panic!("an empty word reached the rules after {}", banned.len()) // <- fails
                };
                first != reserved
            }),
        ),
    ];
    for word in ["alice", "root", "xavier", ""] {
        println!("{word:?}: {:?}", first_broken(&rules, word));
    }
}
