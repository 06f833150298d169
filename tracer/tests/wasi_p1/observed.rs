//! Observers: what they are told of, and what is left out for those who want less.

use crate::stories::{STORIES, Step};
use crate::world::{self, OWN_MEMORY, Running};
use std::sync::{Arc, Mutex};
use wasmscope_tracer::table::{self, Function, wasi_p1::MODULE};
use wasmscope_tracer::{
    Beginning, Brief, CallObserver, CallingGuest, HostCall, Interest, Moved, P1Host, RecentCalls,
    Recording,
};

/// What has been told, one line each.
type Told = Arc<Mutex<Vec<String>>>;

/// Wants some of the functions, to some degree.
struct Observer {
    told: Told,
    interest: fn(&Function) -> Interest,
    /// Has enough after so many calls.
    enough: usize,
}

impl Observer {
    fn tell(&self, line: String) {
        self.told.lock().expect("a lock").push(line);
    }

    /// What a call comes to, in the same words however it was told.
    fn sum(&self, function: &str, failed: bool, duration: Option<u64>, moved: Moved) {
        let timed = duration.is_some();
        self.tell(format!(
            "{function} failed={failed} timed={timed} {moved:?}"
        ));
    }
}

impl CallObserver for Observer {
    fn interest(&self, function: &'static Function) -> Interest {
        (self.interest)(function)
    }

    fn begins(
        &mut self,
        function: &'static Function,
        beginning: Beginning,
        call: &dyn Fn() -> Option<HostCall>,
    ) {
        let Some(call) = call().filter(|_| (self.interest)(function) == Interest::Nothing) else {
            return;
        };
        self.tell(format!("begins {}: {beginning:?}", call.function));
    }

    fn has_enough(&self) -> bool {
        self.told.lock().expect("a lock").len() >= self.enough
    }

    fn ends_briefly(&mut self, brief: &Brief<'_>) {
        self.sum(brief.function, brief.failed, brief.duration, brief.moved);
    }

    fn ends(&mut self, call: HostCall, _guest: &dyn CallingGuest) {
        let failed = call.result.is_failure();
        self.sum(&call.function, failed, call.duration, call.moved());
    }
}

/// A guest with an observer, whose calls are timed.
fn observed(interest: fn(&Function) -> Interest, enough: usize) -> (Running<P1Host>, Told) {
    let mut guest = world::traced(OWN_MEMORY);
    let told = Told::default();
    let host = guest.store.data_mut();
    host.recent = RecentCalls::new(Recording {
        time: true,
        ..Recording::default()
    });
    host.observe(Box::new(Observer {
        told: Arc::clone(&told),
        interest,
        enough,
    }));
    (guest, told)
}

/// Has a guest go through all stories.
fn tell_stories(guest: &mut Running<P1Host>) {
    for step in STORIES.iter().flat_map(|story| story.steps) {
        match *step {
            Step::Put(address, bytes) => guest.put(address, bytes),
            Step::Words(address, words) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                guest.put(address, &bytes);
            }
            Step::Call(name, args, _) => {
                guest.call(table::find(MODULE, name).expect("a row"), args);
            }
        }
    }
}

fn lines(told: &Told) -> Vec<String> {
    told.lock().expect("a lock").clone()
}

#[test]
fn sums_are_those_of_the_records() {
    let (mut whole, records) = observed(|_| Interest::Calls, usize::MAX);
    tell_stories(&mut whole);
    let (mut brief, sums) = observed(|_| Interest::Sums, usize::MAX);
    tell_stories(&mut brief);
    let (records, sums) = (lines(&records), lines(&sums));
    let calls = STORIES.iter().flat_map(|story| story.steps);
    let calls = calls.filter(|step| matches!(step, Step::Call(..))).count();
    assert_eq!(records.len(), calls);
    for (record, sum) in records.iter().zip(&sums) {
        assert_eq!(record, sum);
    }
    assert_eq!(records.len(), sums.len());
    // Some of each sort.
    for part in ["failed=true", "failed=false"] {
        assert!(sums.iter().any(|line| line.contains(part)), "{part}");
    }
    for none in ["read: 0,", "written: 0 "] {
        assert!(sums.iter().any(|line| !line.contains(none)), "{none}");
    }
    assert!(sums.iter().all(|line| line.contains("timed=true")));
}

#[test]
fn of_functions_that_nobody_wants_only_moments_are_told() {
    let (mut guest, told) = observed(
        |function| match function.name {
            "fd_tell" => Interest::Calls,
            _ => Interest::Nothing,
        },
        usize::MAX,
    );
    let call = |guest: &mut Running<P1Host>, name: &str, args: &[i64]| {
        guest.call(table::find(MODULE, name).expect("a row"), args);
    };
    guest.put(0x3000, b"hello\n");
    guest.put(0x2000, &[0, 0x30, 0, 0, 6, 0, 0, 0]);
    call(&mut guest, "fd_write", &[1, 0x2000, 1, 0x100]);
    call(&mut guest, "fd_write", &[9, 0x2000, 1, 0x100]);
    call(&mut guest, "clock_time_get", &[1, 0, 0x100]);
    call(&mut guest, "fd_tell", &[9, 0x100]);
    call(&mut guest, "fd_read", &[0, 0x2000, 1, 0x100]);
    assert_eq!(
        lines(&told),
        [
            "begins fd_write: Beginning { may_wait: false, may_show: true }",
            "fd_tell failed=true timed=true Moved { read: 0, written: 0 }",
            "begins fd_read: Beginning { may_wait: true, may_show: false }",
        ]
    );
    // The record is kept all the same, without what it would cost to time it.
    let calls = guest.store.data().recent.calls();
    let timed: Vec<bool> = calls.iter().map(|call| call.start.is_some()).collect();
    assert_eq!(timed, [false, false, false, true, false]);
    assert!(
        calls
            .iter()
            .all(|call| call.start.is_some() == call.duration.is_some())
    );
}

#[test]
fn who_has_enough_is_told_no_more() {
    let (mut guest, told) = observed(|_| Interest::Calls, 2);
    let row = table::find(MODULE, "sched_yield").expect("a row");
    for _ in 0..5 {
        guest.call(row, &[]);
    }
    assert_eq!(lines(&told).len(), 2);
    assert_eq!(guest.store.data().recent.total(), 5);
}
