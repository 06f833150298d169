//! Fails: a `RefCell` is borrowed mutably while it is already borrowed, because a listener
//! changes the account that is just telling it about a change.

use std::cell::RefCell;
use std::rc::Rc;

struct Account {
    owner: String,
    balance: i64,
    listeners: Vec<Box<dyn Fn(i64)>>,
}

fn deposit(account: &RefCell<Account>, cents: i64) {
    account.borrow_mut().balance += cents; // <- fails
    let account = account.borrow();
    println!("{} has {} cents", account.owner, account.balance);
    for listener in &account.listeners {
        listener(account.balance); // <- notifies
    }
}

fn main() {
    let account = Rc::new(RefCell::new(Account {
        owner: "dora".to_owned(),
        balance: 0,
        listeners: Vec::new(),
    }));
    let bonus = Rc::clone(&account);
    account
        .borrow_mut()
        .listeners
        .push(Box::new(move |balance| {
            if balance >= 1_000 {
                deposit(&bonus, 10); // <- adds a bonus
            }
        }));
    deposit(&account, 400);
    deposit(&account, 700);
}
