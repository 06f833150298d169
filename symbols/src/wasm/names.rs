//! The name section, read when a name is first asked for.
//!
//! A damaged section gives the names before the damage.

use std::collections::HashMap;
use wasmparser::{BinaryReader, KnownCustom, Name, NameMap};

/// The names a module gives to its own things, by index.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub module: Option<Box<str>>,
    pub functions: HashMap<u32, Box<str>>,
    pub globals: HashMap<u32, Box<str>>,
    pub data: HashMap<u32, Box<str>>,
    /// By function and local.
    pub locals: HashMap<(u32, u32), Box<str>>,
}

impl Names {
    pub fn read(section: Option<&[u8]>) -> Self {
        let mut names = Names::default();
        if let Some(data) = section {
            let reader = wasmparser::NameSectionReader::new(BinaryReader::new(data, 0));
            for subsection in reader {
                let Ok(subsection) = subsection else { break };
                if names.take(subsection).is_none() {
                    break;
                }
            }
        }
        names
    }

    /// The module's own name alone, without reading the rest.
    pub fn module_name(custom: &KnownCustom<'_>) -> Option<String> {
        let KnownCustom::Name(reader) = custom else {
            return None;
        };
        match reader.clone().next()?.ok()? {
            Name::Module { name, .. } if !name.is_empty() => Some(name.to_owned()),
            _ => None,
        }
    }

    fn take(&mut self, subsection: Name<'_>) -> Option<()> {
        match subsection {
            Name::Module { name, .. } => self.module = Some(name.into()),
            Name::Function(map) => fill(map, &mut self.functions)?,
            Name::Global(map) => fill(map, &mut self.globals)?,
            Name::Data(map) => fill(map, &mut self.data)?,
            Name::Local(maps) => {
                for map in maps {
                    let map = map.ok()?;
                    for naming in map.names {
                        let naming = naming.ok()?;
                        self.locals
                            .insert((map.index, naming.index), naming.name.into());
                    }
                }
            }
            _ => {}
        }
        Some(())
    }
}

fn fill(map: NameMap<'_>, names: &mut HashMap<u32, Box<str>>) -> Option<()> {
    for naming in map {
        let naming = naming.ok()?;
        names.insert(naming.index, naming.name.into());
    }
    Some(())
}
