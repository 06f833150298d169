//! Any text as a Compose file: every service is worked out, or refused.
#![no_main]

use std::collections::HashMap;
use wasmscope_compose::Project;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, bytes).expect("writable");
    let host = HashMap::from([("HOME".to_owned(), "/home/me".to_owned())]);
    if let Ok(project) = Project::open(&file, host) {
        let _ = (project.overview(), project.only());
    }
});
