//! Trees as values come and go, and the expressions of what is in them.

use super::*;
use std::sync::mpsc::Receiver;
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{Command, CommandError, Event, ReplyBody, Request, ValueLimits};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, sample};

fn value(name: &str, summary: &str) -> Value {
    Value {
        name: name.to_owned(),
        summary: Some(summary.to_owned()),
        ..Value::default()
    }
}

fn fill(tree: &mut Tree, summary: &str) -> Vec<String> {
    let mut order = value("order", "Order {…}");
    order.children = vec![value("id", summary), value("items", "[1, 2]")];
    tree.fill("main", [(order, "order".to_owned(), None)])
}

#[test]
fn children_have_expressions() {
    let sequence = value("v", "[1]");
    let record = value("v", "Point { x: 1 }");
    let tuple = value("v", "(1, 2)");
    assert_eq!(child_expression("a", &record, "x", 0), "a.x");
    assert_eq!(child_expression("a.x", &sequence, "3", 0), "a.x[3]");
    assert_eq!(child_expression("a", &tuple, "0", 0), "a.0");
    assert_eq!(child_expression("a", &record, "*", 0), "*a");
    assert_eq!(child_expression("*a", &record, "x", 0), "(*a).x");
    assert_eq!(
        child_expression("m", &value("m", "{}"), "\"k\"", 0),
        "m[\"k\"]"
    );
    let map = value("m", "{(1, \"a\"): 2, 2024-02-29: 3}");
    let keys = [
        ("[(1, \"a\")]", 0, "m[(1, \"a\")]"),
        ("[2024-02-29]", 1, "m.values()[1]"),
        ("[\"long\"… (300 bytes)]", 7, "m.values()[7]"),
    ];
    for (name, place, expression) in keys {
        assert_eq!(child_expression("m", &map, name, place), expression);
    }
}

/// A paused program of ours, which is asked and answers.
struct Asked {
    session: Session,
    events: Receiver<Event>,
    last: u64,
}

impl Asked {
    /// At the panic of the sample with values of all kinds in its frames.
    fn at_the_panic(name: &str) -> Self {
        let path = sample(name, Build::Debug, Target::WasiP1);
        let (session, events) = Session::start(SessionOptions {
            program: Program::load(&path).expect("a program"),
            world: World::default(),
            run: Options::default(),
            stdio: GuestStdio {
                feed_input: true,
                capture_output: true,
            },
            debug_file: None,
            maps: Vec::new(),
            built: None,
        });
        let mut asked = Asked {
            session,
            events,
            last: 0,
        };
        asked.until(|event| matches!(event, Event::Ready));
        asked.session.send(Request {
            id: 0,
            command: Command::Run,
        });
        asked.until(|event| matches!(event, Event::Stopped(_)));
        asked
    }

    fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        let mut events = self.events.iter();
        events.find(is_it).expect("the session lives")
    }

    fn ask(&mut self, command: Command) -> Result<ReplyBody, CommandError> {
        self.last += 1;
        let id = self.last;
        self.session.send(Request { id, command });
        match self.until(|event| matches!(event, Event::Reply { id: of, .. } if *of == id)) {
            Event::Reply { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }
}

/// Every value of a tree is what its expression gives.
fn check(asked: &mut Asked, frame: usize, node: &Node, checked: &mut usize) {
    if node.value.summary.is_some() {
        let found = asked.ask(Command::Evaluate {
            expression: node.expression.clone(),
            frame,
            format: ValueFormat::default(),
            limits: ValueLimits::default(),
        });
        let Ok(ReplyBody::Value(found)) = found else {
            panic!("{}: {found:?}", node.expression);
        };
        assert_eq!(found.type_name, node.value.type_name, "{}", node.expression);
        let same = found.summary == node.value.summary;
        // What is nested deeper is cut sooner.
        let cut = [&found, &node.value].iter().any(|value| {
            value
                .summary
                .as_deref()
                .is_some_and(|text| text.contains('…'))
        });
        assert!(
            same || cut,
            "{}: {found:?} {:?}",
            node.expression,
            node.value
        );
        *checked += 1;
    }
    for child in &node.children {
        check(asked, frame, child, checked);
    }
}

#[test]
fn expressions_of_children_give_the_children() {
    let samples = [
        ("values_panic", 200),
        ("values_text", 40),
        ("values_collections", 150),
        ("values_pointers", 80),
        ("values_cells", 80),
    ];
    for (sample, count) in samples {
        let checked = check_sample(sample);
        assert!(checked > count, "{sample}: {checked}");
    }
}

/// Checks all that is in the frames of a sample that panics; tells how much that was.
fn check_sample(sample: &str) -> usize {
    let mut asked = Asked::at_the_panic(sample);
    let Ok(ReplyBody::Stack { frames, .. }) = asked.ask(Command::Stack {
        from: 0,
        count: 100,
    }) else {
        panic!("no stack");
    };
    let mut checked = 0;
    for frame in frames.iter().filter(|frame| frame.kind == FrameKind::User) {
        let Ok(ReplyBody::Variables { variables, .. }) = asked.ask(Command::Variables {
            frame: frame.id,
            limits: ValueLimits {
                children: 4,
                ..ValueLimits::default()
            },
        }) else {
            panic!("no variables");
        };
        for variable in variables {
            let name = variable.value.name.clone();
            let node = Node::new(variable.value, name.clone(), name, None, 0);
            check(&mut asked, frame.id, &node, &mut checked);
        }
    }
    checked
}

#[test]
fn changes_are_told_against_the_last_stop() {
    let mut tree = Tree::default();
    fill(&mut tree, "1");
    assert!(!tree.roots[0].children[0].changed);
    tree.new_stop();
    fill(&mut tree, "2");
    fill(&mut tree, "2");
    assert!(tree.roots[0].children[0].changed);
    assert!(!tree.roots[0].children[1].changed);
    tree.new_stop();
    fill(&mut tree, "2");
    assert!(!tree.roots[0].children[0].changed);
}

#[test]
fn what_is_open_stays_open_and_is_asked_for_again() {
    let mut tree = Tree::default();
    fill(&mut tree, "1");
    tree.set_open("0:order", true);
    assert_eq!(tree.rows().len(), 3);
    assert_eq!(fill(&mut tree, "2"), ["0:order"]);
    assert_eq!(tree.rows().len(), 3);
    let mut items = value("items", "[1, 2]");
    items.children = vec![value("0", "1"), value("1", "2")];
    items.more_children = 7;
    tree.set_open("0:order/1", true);
    tree.update("0:order/1", items);
    let rows = tree.rows();
    assert_eq!(rows.len(), 6);
    assert!(matches!(
        rows[5],
        TreeRow::More {
            count: 7,
            depth: 2,
            ..
        }
    ));
    assert_eq!(rows[3].node().expression, "order.items[0]");
    assert_eq!(
        tree.node("0:order/1/1").unwrap().value.summary.as_deref(),
        Some("2")
    );
}
