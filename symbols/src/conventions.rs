//! Whether functions are still called as their source says.

use crate::dwarf::DieId;
use crate::symbols::Symbols;
use crate::types::die;

/// `DW_CC_nocall`: "does not obey the standard calling conventions" (DWARF 5, 3.3.1.1).
const NOCALL: u64 = gimli::DW_CC_nocall.0 as u64;

/// How many origins are followed from a function to what is said of it.
const MAX_ORIGINS: usize = 8;

impl Symbols {
    /// Whether the compiler has changed how a function is called: it has taken parameters or the
    /// result away, so that what is passed does not follow from its type any more. LLVM says so with
    /// `DW_CC_nocall`.
    pub fn is_call_changed(&self, function: DieId) -> bool {
        self.with(|info| {
            let mut at = function;
            for _ in 0..MAX_ORIGINS {
                let Some((_, entry)) = die::entry(info, at) else {
                    return false;
                };
                if let Some(convention) = entry.attr_value(gimli::DW_AT_calling_convention) {
                    let number = match convention {
                        gimli::AttributeValue::CallingConvention(convention) => {
                            Some(u64::from(convention.0))
                        }
                        other => other.udata_value(),
                    };
                    return number == Some(NOCALL);
                }
                let origin = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification];
                let mut origin = origin.into_iter();
                match origin.find_map(|name| die::reference(info, at.unit, &entry, name)) {
                    Some(origin) => at = origin,
                    None => return false,
                }
            }
            false
        })
    }
}
