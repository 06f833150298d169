//! Split units: the other halves of skeletons, in a `.dwp` package or in `.dwo` files.

use super::{DebugFiles, Loaded, SectionSet};
use crate::dwarf::{DebugInfo, Slice, empty};
use crate::symbols::Problem;
use gimli::LittleEndian;

/// How many `.dwo` files are opened for one module.
const MAX_FILES: usize = 10_000;

/// A split unit that wants its other half.
pub(crate) struct Wanted {
    unit: u32,
    folder: Option<String>,
    name: String,
}

/// The units whose other half lies elsewhere.
pub(crate) fn wanted_splits(info: &DebugInfo<'_>) -> Vec<Wanted> {
    let wanted = |unit| {
        let skeleton = info.skeleton(unit)?;
        skeleton.dwo_id?;
        let name = info.root(unit)?.split_name?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Wanted {
            unit,
            folder: skeleton.comp_dir.map(|folder| text(folder.slice())),
            name: text(name),
        })
    };
    (0..info.unit_count()).filter_map(wanted).collect()
}

/// Reads the package, or else the single files.
pub(crate) fn load_splits(
    loaded: &mut Loaded,
    wanted: Vec<Wanted>,
    search: &dyn DebugFiles,
    problems: &mut Vec<Problem>,
) {
    if wanted.is_empty() {
        return;
    }
    if let Some(bytes) = search.package() {
        match SectionSet::of_file(&bytes) {
            Ok((set, _)) => loaded.package = Some(set),
            Err(why) => problems.push(missing("the .dwp package", why)),
        }
    }
    for split in wanted.into_iter().take(MAX_FILES) {
        if loaded.package.is_some() {
            // What the package has is found by id, when the sections are read.
            break;
        }
        let found = search.split_unit(split.folder.as_deref(), &split.name);
        match found.and_then(|bytes| SectionSet::of_file(&bytes)) {
            Ok((set, _)) => loaded.splits.push((split.unit, set)),
            Err(why) => problems.push(missing(&split.name, why)),
        }
    }
}

fn missing(place: &str, why: String) -> Problem {
    Problem {
        what: why,
        place: place.escape_debug().to_string(),
        effect: "functions of its units have lines, but no names, variables or inlined calls"
            .into(),
    }
}

/// Gives the units their other halves.
pub(crate) fn attach_splits<'a>(
    info: &mut DebugInfo<'a>,
    loaded: &'a Loaded,
    problems: &mut Vec<Problem>,
) {
    if let Some(package) = &loaded.package {
        attach_package(info, package, problems);
    }
    for (unit, set) in &loaded.splits {
        let section = |id: gimli::SectionId| -> Result<Slice<'a>, gimli::Error> {
            let name = id.dwo_name().unwrap_or(id.name());
            Ok(Slice::new(set.get(name), LittleEndian))
        };
        let attached = gimli::Dwarf::load(section).ok().and_then(|mut dwarf| {
            dwarf.make_dwo(&info.dwarf);
            info.attach_split(*unit, dwarf)
        });
        if attached.is_none() {
            let why = "it does not hold the unit's other half (another build's, or damaged)";
            problems.push(missing(
                &format!("the .dwo file of unit {unit}"),
                why.into(),
            ));
        }
    }
}

fn attach_package<'a>(
    info: &mut DebugInfo<'a>,
    package: &'a SectionSet,
    problems: &mut Vec<Problem>,
) {
    let section = |id: gimli::SectionId| -> Result<Slice<'a>, gimli::Error> {
        let name = id.dwo_name().unwrap_or(id.name());
        Ok(Slice::new(package.get(name), LittleEndian))
    };
    let Ok(dwp) = gimli::DwarfPackage::load(section, empty()) else {
        problems.push(missing("the .dwp package", "its index is malformed".into()));
        return;
    };
    for unit in 0..info.unit_count() {
        let Some(id) = info.skeleton(unit).and_then(|skeleton| skeleton.dwo_id) else {
            continue;
        };
        let found = dwp.find_cu(id, &info.dwarf).ok().flatten();
        if found
            .and_then(|dwarf| info.attach_split(unit, dwarf))
            .is_none()
        {
            let why = format!("it does not hold unit {unit} (id {:#x})", id.0);
            problems.push(missing("the .dwp package", why));
        }
    }
}
