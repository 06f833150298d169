//! Cells, locks and what is initialised once: the value inside, and the state around it.

use super::numbers::seen_through;
use super::{address, boolean, drill, field, only_field, peeled, signed_number, unsigned};
use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::view::{Member, View};
use wasmscope_symbols::types::Style;
use wasmscope_symbols::{TypeKind, Unavailable};

/// A value under the name of what it is in.
fn around(name: &str, note: String, inner: &str, value: &Typed) -> View {
    let style = match inner {
        "0" => Style::TupleStruct,
        _ => Style::Named,
    };
    View::Record {
        name: name.to_owned(),
        note,
        style,
        fields: vec![Member::of(inner, value)],
        truncated: false,
    }
}

/// `Cell`, `UnsafeCell`, `ManuallyDrop`: nothing but the value.
pub(super) fn bare(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let value = peeled(reader, &only_field(reader, typed)?);
    let name = super::bare_name(&typed.ty);
    Some(Ok(around(&name, String::new(), "value", &value)))
}

/// `RefCell`, and who has borrowed it.
pub(super) fn ref_cell(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let borrow = signed_number(reader, &field(reader, typed, "borrow")?)?;
    let value = peeled(reader, &field(reader, typed, "value")?);
    Some(borrow.map(|borrow| {
        let note = match borrow {
            0 => String::new(),
            1 => "(borrowed)".to_owned(),
            2.. => format!("(borrowed {borrow} times)"),
            ..0 => "(mutably borrowed)".to_owned(),
        };
        around("RefCell", note, "value", &value)
    }))
}

/// `Mutex`, and whether it is locked or poisoned.
pub(super) fn mutex(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let value = peeled(reader, &field(reader, typed, "data")?);
    let inner = field(reader, typed, "inner")?;
    // Without threads a flag, with them a futex: 0 is unlocked.
    let locked = match (
        field(reader, &inner, "locked"),
        field(reader, &inner, "futex"),
    ) {
        (Some(flag), _) => Some(boolean(reader, &flag)?),
        (None, Some(futex)) => Some(unsigned(reader, &futex)?.map(|state| state != 0)),
        (None, None) => None,
    };
    let view = || {
        let mut states = Vec::new();
        match locked.transpose()? {
            Some(true) => states.push("locked".to_owned()),
            Some(false) => {}
            None => states.push("state unknown".to_owned()),
        }
        states.extend(poisoned(reader, typed)?);
        Ok(around("Mutex", in_brackets(&states), "data", &value))
    };
    Some(view())
}

/// `RwLock`, and who has locked it.
pub(super) fn rw_lock(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let value = peeled(reader, &field(reader, typed, "data")?);
    let inner = field(reader, typed, "inner")?;
    let mode = match field(reader, &inner, "mode") {
        Some(mode) => Some(signed_number(reader, &mode)?),
        None => None,
    };
    let view = || {
        let mut states = match mode {
            None => vec!["state unknown".to_owned()],
            Some(mode) => match mode? {
                0 => Vec::new(),
                1 => vec!["1 reader".to_owned()],
                readers @ 2.. => vec![format!("{readers} readers")],
                ..0 => vec!["locked for writing".to_owned()],
            },
        };
        states.extend(poisoned(reader, typed)?);
        Ok(around("RwLock", in_brackets(&states), "data", &value))
    };
    Some(view())
}

/// Whether somebody panicked with a lock. Where panics end the program nothing can be.
fn poisoned(reader: &Reader<'_>, lock: &Typed) -> Result<Option<String>, Unavailable> {
    let failed = drill(reader, lock, &["poison", "failed"]);
    let poisoned = match failed.and_then(|failed| boolean(reader, &failed)) {
        Some(failed) => failed?,
        None => false,
    };
    Ok(poisoned.then(|| "poisoned".to_owned()))
}

fn in_brackets(states: &[String]) -> String {
    match states.is_empty() {
        true => String::new(),
        false => format!("({})", states.join(", ")),
    }
}

/// `OnceCell`: an `Option` in a cell.
pub(super) fn once_cell(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let inner = peeled(reader, &field(reader, typed, "inner")?);
    variant_inside(reader, &inner, "OnceCell", "Some")
}

/// `LazyCell`: what is to make the value, or the value.
pub(super) fn lazy_cell(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let state = peeled(reader, &field(reader, typed, "state")?);
    variant_inside(reader, &state, "LazyCell", "Init")
}

/// What the variant `wanted` carries, or that there is nothing yet.
fn variant_inside(
    reader: &Reader<'_>,
    typed: &Typed,
    name: &str,
    wanted: &str,
) -> Option<Result<View, Unavailable>> {
    let TypeKind::Variants(variants) = &typed.ty.kind else {
        return None;
    };
    variants
        .variants
        .iter()
        .find(|variant| &*variant.name == wanted)?;
    let view = || {
        let active = super::active(reader, typed, variants)?;
        if &*active.name != wanted {
            return Ok(match &*active.name {
                // What makes the value leaves this behind until it is done, or when it panics.
                "Poisoned" => View::Word(format!("{name}(<being initialised, or poisoned>)")),
                _ => View::Word(format!("{name}(<uninit>)")),
            });
        }
        let malformed = || Unavailable::malformed("a variant that carries nothing");
        let body = active.body.as_ref().ok_or_else(malformed)?;
        let body = reader.typed(body.type_id, typed.slot.at(body.offset)?);
        let value = field(reader, &body, "0").ok_or_else(malformed)?;
        Ok(around(name, String::new(), "0", &value))
    };
    Some(view())
}

/// `OnceLock`.
pub(super) fn once_lock(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let value = initialised(reader, &peeled(reader, &field(reader, typed, "value")?))?;
    once(reader, typed, "OnceLock", &value)
}

/// `LazyLock`: a union of what is to make the value and the value.
pub(super) fn lazy_lock(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let data = peeled(reader, &field(reader, typed, "data")?);
    let value = peeled(reader, &union_field(reader, &data, "value")?);
    once(reader, typed, "LazyLock", &value)
}

/// A value that is there when its `Once` says so.
fn once(
    reader: &Reader<'_>,
    typed: &Typed,
    name: &str,
    value: &Typed,
) -> Option<Result<View, Unavailable>> {
    let state = drill(reader, typed, &["once", "inner"])?;
    let state = peeled(reader, &only_field(reader, &state)?);
    let is = match &state.ty.kind {
        // Without threads.
        TypeKind::Enum(_) => reader.active_variant(&state).map(|active| {
            let active = active.map(|active| active.name.to_string());
            active.unwrap_or_default()
        }),
        // With them nothing but numbers says what the states are: they may change.
        _ => return None,
    };
    Some(is.map(|is| match &*is {
        "Complete" => around(name, String::new(), "0", value),
        "Poisoned" => View::Word(format!("{name}(<poisoned>)")),
        "Running" => View::Word(format!("{name}(<being initialised>)")),
        _ => View::Word(format!("{name}(<uninit>)")),
    }))
}

/// What `thread_local!` keeps a value in.
pub(super) fn thread_local(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let value = peeled(reader, &field(reader, typed, "value")?);
    let value = initialised(reader, &value).unwrap_or(value);
    let Some(state) = field(reader, typed, "state") else {
        return seen_through(reader, &value);
    };
    let state = peeled(reader, &state);
    let TypeKind::Enum(_) = state.ty.kind else {
        return None;
    };
    let active = match reader.active_variant(&state) {
        Ok(active) => active?.name,
        Err(reason) => return Some(Err(reason)),
    };
    match &*active {
        "Alive" => seen_through(reader, &value),
        "Initial" => Some(Ok(View::Word("<uninit>".to_owned()))),
        "Destroyed" => Some(Ok(View::Word("<destroyed>".to_owned()))),
        _ => None,
    }
}

/// What is in a `MaybeUninit`, for those who know that there is something.
pub(super) fn initialised(reader: &Reader<'_>, typed: &Typed) -> Option<Typed> {
    Some(peeled(reader, &union_field(reader, typed, "value")?))
}

pub(super) fn union_field(reader: &Reader<'_>, typed: &Typed, name: &str) -> Option<Typed> {
    let TypeKind::Union(fields) = &typed.ty.kind else {
        return None;
    };
    let field = fields.field(name)?;
    Some(reader.typed(field.type_id, typed.slot.at(field.offset).ok()?))
}

/// `Ref`, `RefMut`, `MutexGuard`, `RwLockReadGuard`, `RwLockWriteGuard`: what they lend.
pub(super) fn guard(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let name = super::bare_name(&typed.ty);
    let sign = match &*name {
        "Ref" | "RwLockReadGuard" => "&",
        _ => "&mut ",
    };
    let behind = |target: Typed| View::Behind {
        sign: sign.to_owned(),
        target: Box::new(target),
        suffix: String::new(),
    };
    if let Some(lock) = field(reader, typed, "lock") {
        let (to, ty) = address(reader, &lock)?;
        let ty = ty?;
        return Some(to.and_then(|to| {
            let lock = reader.typed(ty, crate::values::Slot::Memory(to));
            let data = field(reader, &lock, "data");
            let data = data.ok_or_else(|| Unavailable::malformed("a lock without data"))?;
            Ok(behind(peeled(reader, &data)))
        }));
    }
    let pointer = field(reader, typed, "value").or_else(|| field(reader, typed, "data"))?;
    let (to, ty) = address(reader, &field(reader, &pointer, "pointer")?)?;
    let ty = ty?;
    Some(to.map(|to| behind(reader.typed(ty, crate::values::Slot::Memory(to)))))
}
