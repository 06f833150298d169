//! Fails: a destructor panics, because a transaction goes out of scope without having been
//! committed. No line of the caller mentions the call.

struct Transaction {
    name: &'static str,
    changes: Vec<(u32, i64)>,
    committed: bool,
}

impl Transaction {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            changes: Vec::new(),
            committed: false,
        }
    }

    fn change(&mut self, account: u32, cents: i64) {
        self.changes.push((account, cents));
    }

    fn commit(mut self) -> usize {
        self.committed = true;
        self.changes.len()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let lost = self.changes.len();
        if !self.committed && lost > 0 {
            panic!("{lost} changes of `{}` are lost", self.name); // <- fails
        }
    }
}

fn transfer(name: &'static str, from: u32, to: u32, cents: i64) -> usize {
    let mut transaction = Transaction::new(name);
    transaction.change(from, -cents);
    transaction.change(to, cents);
    if cents < 0 {
        return 0;
    }
    transaction.commit()
} // <- drops

fn main() {
    println!("{} changes", transfer("rent", 1, 2, 95_000));
    println!("{} changes", transfer("refund", 2, 1, -500));
}
