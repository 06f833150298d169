//! Types that have been asked for are kept: describing one reads DIEs, finding its full name walks
//! a unit.

use super::scopes::UnitFacts;
use super::{Type, TypeId, describe};
use crate::dwarf::DebugInfo;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The types of one module that have been described so far.
#[derive(Default)]
pub(crate) struct Types {
    described: Mutex<HashMap<TypeId, Arc<Type>>>,
    units: Mutex<HashMap<u32, Arc<UnitFacts>>>,
}

impl Types {
    /// The type that `id` names.
    pub fn describe(&self, info: &DebugInfo<'_>, id: TypeId) -> Arc<Type> {
        if let Some(known) = lock(&self.described).get(&id) {
            return Arc::clone(known);
        }
        // Not under the lock: two threads may describe the same type, which does no harm.
        let described = Arc::new(describe::describe(self, info, id));
        lock(&self.described).entry(id).or_insert(described).clone()
    }

    /// What is known of a unit as a whole.
    pub(super) fn unit(&self, info: &DebugInfo<'_>, unit: u32) -> Arc<UnitFacts> {
        if let Some(known) = lock(&self.units).get(&unit) {
            return Arc::clone(known);
        }
        let facts = Arc::new(UnitFacts::read(info, unit));
        lock(&self.units).entry(unit).or_insert(facts).clone()
    }
}

/// A cache is as good after a panic elsewhere as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
