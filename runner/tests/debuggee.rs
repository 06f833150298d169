//! Guests under a supervisor: where they stop, what can be asked of them there, how they end.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Supervisor,
};
use wasmscope_runner::{Options, Program, World};

fn options() -> Options {
    Options {
        cache: None,
        ..Options::default()
    }
}

fn debuggee(text: &str) -> Debuggee {
    let program =
        Program::from_bytes(Path::new("test.wat"), text.as_bytes().to_vec()).expect("valid text");
    Debuggee::compile(&program, &options()).expect("it compiles")
}

/// A supervisor that is a closure.
struct Closure<F>(F);

impl<F> Supervisor for Closure<F>
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        (self.0)(guest, &why)
    }

    fn wants_host_call(&mut self, _function: &str) -> bool {
        false
    }

    fn host_call_returned(
        &mut self,
        _guest: &mut dyn PausedGuest,
        _call: wasmscope_tracer::HostCall,
    ) {
    }
}

fn launch<F>(debuggee: &Debuggee, supervisor: F) -> wasmscope_runner::debuggee::Running
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    debuggee
        .launch(
            &World::default(),
            GuestStdio::default(),
            Box::new(Closure(supervisor)),
        )
        .expect("it starts")
}

const T: &str = r#"(module
    (memory 1)
    (global $secret (mut i64) (i64.const 5))
    (func $leaf (param i32) (result i32)
        local.get 0
        i32.const 1
        i32.add)
    (func $outer (param i32) (result i32)
        i32.const 77
        local.get 0
        call $leaf
        i32.add)
    (func (export "_start") (local $i i32)
        (loop $next
            (drop (call $outer (local.get $i)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 10))))))"#;

#[test]
fn experiment() {
    let d = debuggee(T);
    let text = wasmscope_print(&d);
    eprintln!("{text}");
    let mut n = 0;
    let running = launch(&d, move |guest, why| {
        n += 1;
        eprintln!("{n} {why:?} {:?}", guest.stack(10));
        for f in 0..guest.depth(10) {
            eprintln!("   {f} {:?}", guest.frame_values(f));
        }
        if n == 1 {
            guest.set_single_step(true);
        }
        if n > 30 {
            Resume::Kill
        } else {
            Resume::Continue
        }
    });
    eprintln!("{:?}", running.wait());
}

fn wasmscope_print(d: &Debuggee) -> String {
    let mut out = String::new();
    let _ = wasmprinter::Config::new()
        .print_offsets(true)
        .print(
            d.program().bytes(),
            &mut wasmprinter::PrintFmtWrite(&mut out),
        )
        .unwrap();
    out
}
