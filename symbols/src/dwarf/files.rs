//! Which source files there are, and which units have code of them.

use super::DebugInfo;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many names of files are read altogether.
const MAX_FILES: usize = 4_000_000;

/// The files that units with code name, by path; each with the units and its index there.
#[derive(Default)]
pub(crate) struct FileIndex(pub BTreeMap<Arc<str>, Vec<(u32, u32)>>);

impl FileIndex {
    pub fn build(info: &DebugInfo<'_>) -> Self {
        let units = info.units_with_code();
        let read = |unit: &u32| -> Vec<(Arc<str>, u32, u32)> {
            let count = info.file_count(*unit).min(MAX_FILES);
            let files = (0..count).filter_map(|file| {
                let path = info.file(*unit, file as u64)?;
                let file = u32::try_from(file).ok()?;
                (!path.is_empty()).then(|| (Arc::clone(path), *unit, file))
            });
            files.collect()
        };
        let files: Vec<_> = units.par_iter().map(read).collect();
        let mut index = FileIndex::default();
        for (path, unit, file) in files.into_iter().flatten().take(MAX_FILES) {
            index.0.entry(path).or_default().push((unit, file));
        }
        index
    }
}
