//! Small custom sections with facts about how a module was made: producers, target features, the
//! build id, and where debug info lies when it is not inside.
//!
//! Their formats are those of the WebAssembly tool conventions (ProducersSection, BuildId,
//! Debugging).

use super::CoreModule;
use serde::{Deserialize, Serialize};
use wasmparser::BinaryReader;

/// How many entries of a list are read: real modules have a handful.
const MAX_ENTRIES: u32 = 1_000;

/// One line of the producers section: who made the module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Producer {
    /// In which role: `language`, `processed-by` or `sdk`.
    pub field: String,
    /// The name of the tool or language.
    pub name: String,
    /// Its version; empty when there is none.
    pub version: String,
}

/// One entry of the target features section.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TargetFeature {
    /// Whether the module uses the feature (`+`), or must not be linked with code that does
    /// (`-`).
    pub used: bool,
    /// The feature's name in LLVM's words, such as `bulk-memory`.
    pub name: String,
}

impl CoreModule {
    /// Who made the module. Empty when it does not say; what can be read when the section is
    /// damaged.
    pub fn producers(&self) -> Vec<Producer> {
        let mut producers = Vec::new();
        if let Some(data) = self.custom_section("producers") {
            // What came before the damage stays.
            let _ = read_producers(data, &mut producers);
        }
        producers
    }

    /// The features the linker noted down. Empty when it did not.
    pub fn target_features(&self) -> Vec<TargetFeature> {
        let mut features = Vec::new();
        if let Some(data) = self.custom_section("target_features") {
            let _ = read_features(data, &mut features);
        }
        features
    }

    /// The build id, by which a separate debug file proves that it belongs to the module.
    pub fn build_id(&self) -> Option<&[u8]> {
        let mut reader = BinaryReader::new(self.custom_section("build_id")?, 0);
        let len = usize::try_from(reader.read_var_u32().ok()?).ok()?;
        reader.read_bytes(len).ok().filter(|id| !id.is_empty())
    }

    /// Where the debug info lies: a URL or a path relative to the module.
    pub fn external_debug_info(&self) -> Option<&str> {
        self.string_section("external_debug_info")
    }

    /// Where a source map lies; browsers use it, wasmscope only reports it.
    pub fn source_mapping_url(&self) -> Option<&str> {
        self.string_section("sourceMappingURL")
    }

    fn string_section(&self, name: &str) -> Option<&str> {
        let mut reader = BinaryReader::new(self.custom_section(name)?, 0);
        reader.read_string().ok().filter(|text| !text.is_empty())
    }
}

fn read_producers(data: &[u8], producers: &mut Vec<Producer>) -> wasmparser::Result<()> {
    let mut reader = BinaryReader::new(data, 0);
    for _ in 0..reader.read_var_u32()?.min(MAX_ENTRIES) {
        let field = reader.read_string()?;
        for _ in 0..reader.read_var_u32()?.min(MAX_ENTRIES) {
            if producers.len() >= MAX_ENTRIES as usize {
                return Ok(());
            }
            producers.push(Producer {
                field: field.to_owned(),
                name: reader.read_string()?.to_owned(),
                version: reader.read_string()?.to_owned(),
            });
        }
    }
    Ok(())
}

fn read_features(data: &[u8], features: &mut Vec<TargetFeature>) -> wasmparser::Result<()> {
    let mut reader = BinaryReader::new(data, 0);
    for _ in 0..reader.read_var_u32()?.min(MAX_ENTRIES) {
        features.push(TargetFeature {
            used: reader.read_u8()? != b'-',
            name: reader.read_string()?.to_owned(),
        });
    }
    Ok(())
}
