//! Chrome trace events as viewers ask for them: every rule of the format that concerns the kinds of
//! events that are written, checked on whole traces.

use crate::scene::Scene;
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use wasmscope_test_support::{Build, Target, sample};

/// A track: process and thread.
type Track = (u64, u64);

/// What a trace comes to that follows the rules.
#[derive(Default)]
struct Checked {
    /// The names of spans, by track, in order.
    spans: HashMap<Track, Vec<String>>,
    /// The names of tracks.
    threads: HashMap<Track, String>,
    processes: HashMap<u64, String>,
    /// Spans that have begun and not ended, by track.
    open: HashMap<Track, Vec<String>>,
    /// When the last event of each track began, and where its spans end, the outermost first; in
    /// nanoseconds.
    started: HashMap<Track, u64>,
    ends: HashMap<Track, Vec<u64>>,
    used: HashSet<Track>,
}

fn nanoseconds(event: &Map<String, Json>, field: &str) -> u64 {
    let micros = event[field].as_f64().expect("a number of microseconds");
    assert!(micros.is_finite() && micros >= 0.0, "{event:?}");
    (micros * 1000.0).round() as u64
}

impl Checked {
    fn of(text: &str) -> Self {
        let events: Vec<Map<String, Json>> =
            serde_json::from_str(text).expect("an array of objects");
        let mut checked = Checked::default();
        for event in &events {
            checked.event(event);
        }
        for track in &checked.used {
            assert!(checked.threads.contains_key(track), "{track:?} has no name");
            assert!(checked.processes.contains_key(&track.0), "{track:?}");
        }
        checked
    }

    fn event(&mut self, event: &Map<String, Json>) {
        let known = ["name", "ph", "cat", "ts", "dur", "pid", "tid", "s", "args"];
        assert!(
            event.keys().all(|key| known.contains(&key.as_str())),
            "{event:?}"
        );
        let name = event["name"].as_str().expect("a name");
        assert!(!name.is_empty());
        let (process, thread) = (&event["pid"], &event["tid"]);
        let track = (
            process.as_u64().expect("a process"),
            thread.as_u64().expect("a thread"),
        );
        assert!(event["args"].is_object(), "{event:?}");
        let phase = event["ph"].as_str().expect("a phase");
        if phase == "M" {
            return self.metadata(name, track, &event["args"]);
        }
        self.used.insert(track);
        let category = event["cat"].as_str().expect("a category");
        assert!(
            category.split(',').all(|part| !part.is_empty()),
            "{event:?}"
        );
        assert_eq!(event.contains_key("dur"), phase == "X", "{event:?}");
        assert_eq!(event.contains_key("s"), phase == "i", "{event:?}");
        let start = nanoseconds(event, "ts");
        let before = self.started.insert(track, start).unwrap_or(0);
        assert!(start >= before, "{event:?} begins before the one before it");
        match phase {
            "X" => self.span(track, name, start, start + nanoseconds(event, "dur")),
            "B" => self.open.entry(track).or_default().push(name.to_owned()),
            "i" => assert!(["g", "p", "t"].contains(&event["s"].as_str().expect("a scope"))),
            other => panic!("{other}"),
        }
    }

    fn metadata(&mut self, name: &str, track: Track, args: &Json) {
        match name {
            "process_name" => {
                let named = args["name"].as_str().expect("a name").to_owned();
                assert_eq!(self.processes.insert(track.0, named), None);
            }
            "thread_name" => {
                let named = args["name"].as_str().expect("a name").to_owned();
                assert_eq!(self.threads.insert(track, named), None);
            }
            "thread_sort_index" => assert!(args["sort_index"].is_u64()),
            other => panic!("{other} is no metadata that viewers know"),
        }
    }

    /// Spans of a track lie beside each other or within each other.
    fn span(&mut self, track: Track, name: &str, start: u64, end: u64) {
        let ends = self.ends.entry(track).or_default();
        ends.retain(|outer| *outer > start);
        assert!(ends.iter().all(|outer| end <= *outer), "{name} overlaps");
        ends.push(end);
        let spans = self.spans.entry(track).or_default();
        spans.push(name.to_owned());
    }

    /// The spans of the track of that name.
    fn named(&self, name: &str) -> &[String] {
        let found = self.threads.iter().find(|(_, thread)| *thread == name);
        let (track, _) = found.expect("a track");
        self.spans.get(track).map_or(&[], Vec::as_slice)
    }
}

fn trace(scene: &Scene, options: &[&str], program: &Path) -> String {
    let options = [options, &["--format", "chrome", "-o", "trace.json"]].concat();
    scene.run("trace", &options, program);
    std::fs::read_to_string(scene.path("trace.json")).expect("there is a trace")
}

#[test]
fn every_event_follows_the_rules() {
    let scene = Scene::new();
    for target in [Target::WasiP1, Target::WasiP2] {
        let program = sample("hostcalls", Build::Debug, target);
        let text = scene.trace(&["-q"], &program);
        let checked = Checked::of(&trace(&scene, &[], &program));
        let calls = checked.named("host calls");
        assert_eq!(calls.len(), text.len());
        for (call, line) in calls.iter().zip(&text) {
            let shown = call.strip_prefix("[method]").unwrap_or(call);
            assert!(line.starts_with(&format!("{shown}(")), "{line}: {call}");
        }
        // The guest's own time lies between: none before the first call of all, at the least.
        let guest = checked.named("guest");
        assert!(guest.len() > calls.len() / 2 && guest.len() <= calls.len() + 1);
        assert!(guest.iter().all(|name| name == "guest"));
        assert!(checked.open.is_empty());
        let processes: Vec<&String> = checked.processes.values().collect();
        assert!(processes[0].ends_with("hostcalls.wasm"), "{processes:?}");
    }
}

#[test]
fn filters_stacks_and_failures_keep_to_them() {
    let scene = Scene::new();
    let ways: [&[&str]; 3] = [&["-Z"], &["-e", "%file", "-kk"], &["--limit", "3"]];
    for name in ["hostcalls", "file_not_found", "exit_code"] {
        for target in [Target::WasiP1, Target::WasiP2] {
            let program = sample(name, Build::Debug, target);
            for way in ways {
                let checked = Checked::of(&trace(&scene, way, &program));
                let text = scene.trace(&[way, &["-q"]].concat(), &program);
                let lines = text.iter().filter(|line| !line.starts_with(' '));
                // The exit of a program is the last call, and over.
                assert_eq!(
                    checked.named("host calls").len(),
                    lines.count(),
                    "{name} {way:?}"
                );
            }
        }
    }
}
