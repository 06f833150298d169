//! What types look like inside: a table of recognisers, each of which knows one family of types by
//! the shape that debug info gives it, and what is left when none does.
//!
//! A recogniser looks at names and shapes, never at versions: when the standard library changes
//! inside, it declines, and the plain fields are shown.

mod calendar;
mod cells;
mod coroutines;
mod counted;
mod crates;
mod enums;
mod iterators;
mod libcxx;
mod lists;
mod maps;
mod numbers;
mod objects;
mod pointers;
mod sequences;
mod text;

pub(super) use enums::active;

use super::memory::{Slot, Typed};
use super::view::{Member, View};
use super::{Reader, heap, scalar};
use crate::protocol::ValueFormat;
use wasmscope_symbols::types::{Array, Encoding, Fields, Style, TypeKind};
use wasmscope_symbols::{Type, TypeId, Unavailable};

/// `None` when the type is not of the family; an error when it is, and the bytes are no value.
type Recogniser = fn(&Reader<'_>, &Typed) -> Option<Result<View, Unavailable>>;

/// Those for types that have a name of their own only in part: fat pointers.
const OF_POINTERS: [Recogniser; 4] = [
    text::string_slice,
    sequences::slice,
    objects::trait_object,
    pointers::unsized_pointer,
];

/// The one for types of this name, by crate and last part of the path: where in its crate a type
/// is declared may change.
fn of_name(of_crate: &str, name: &str) -> Option<Recogniser> {
    Some(match (of_crate, name) {
        ("alloc", "String") => text::string,
        ("std", "OsString" | "PathBuf") => text::system_string,
        ("alloc", "CString") => text::c_string,
        ("alloc", "Vec") => sequences::vec,
        ("alloc", "VecDeque") => lists::deque,
        ("alloc", "BinaryHeap") => lists::heap,
        ("alloc", "LinkedList") => lists::linked,
        ("std" | "hashbrown", "HashMap") => maps::hash_map,
        ("std" | "hashbrown", "HashSet") => maps::hash_set,
        ("alloc", "BTreeMap") => maps::tree_map,
        ("alloc", "BTreeSet") => maps::tree_set,
        ("indexmap", "IndexMap") => maps::index_map,
        ("indexmap", "IndexSet") => maps::index_set,
        ("alloc", "Rc" | "Arc") => counted::strong,
        ("alloc", "Weak") => counted::weak,
        ("core", "Cell" | "UnsafeCell" | "ManuallyDrop") => cells::bare,
        ("core", "RefCell") => cells::ref_cell,
        ("core", "OnceCell") => cells::once_cell,
        ("core", "LazyCell") => cells::lazy_cell,
        ("std", "OnceLock") => cells::once_lock,
        ("std", "LazyLock") => cells::lazy_lock,
        ("std", "Mutex") => cells::mutex,
        ("std", "RwLock") => cells::rw_lock,
        ("core", "Ref" | "RefMut")
        | ("std", "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard") => cells::guard,
        ("std", "EagerStorage" | "LazyStorage") => cells::thread_local,
        ("core", "NonZero") => numbers::non_zero,
        ("core", "Duration") => numbers::duration,
        ("std", "SystemTime") => numbers::system_time,
        ("std", "Instant") => numbers::instant,
        ("core", "Pin") => numbers::pin,
        ("core", "NonNull" | "Unique") => numbers::raw_pointer,
        ("core", _) if name.starts_with("Atomic") => numbers::atomic,
        ("core", _) if name.starts_with("Range") => numbers::range,
        ("core", "MaybeUninit") => pointers::maybe_uninit,
        (
            "core" | "alloc" | "std" | "hashbrown",
            "Iter" | "IterMut" | "IntoIter" | "Drain" | "Keys" | "IntoKeys" | "Values"
            | "ValuesMut" | "IntoValues",
        ) => iterators::rest_of,
        ("core", "Chars") => iterators::chars,
        ("bytes", "Bytes" | "BytesMut") => crates::bytes,
        ("deranged", _) if name.starts_with("Ranged") => numbers::newtype,
        ("uuid", "Uuid") => crates::uuid,
        ("smallvec", "SmallVec") => crates::small_vec,
        ("arrayvec", "ArrayVec" | "ArrayString") => crates::array_vec,
        ("chrono", "NaiveDate") => calendar::chrono_date,
        ("chrono", "NaiveTime") => calendar::chrono_time,
        ("chrono", "NaiveDateTime" | "DateTime") => calendar::chrono_moment,
        ("chrono", "TimeDelta") => calendar::span,
        ("time", "SignedDuration" | "Duration") => calendar::span,
        ("time", "Time") => calendar::time_of_day,
        ("time", "UtcOffset") => calendar::time_offset,
        ("time", "PlainDateTime" | "UtcDateTime" | "OffsetDateTime") => calendar::time_moment,
        _ => return None,
    })
}

/// The crate and the last part of a type's path: `alloc::vec::Vec<u8>` gives `alloc` and `Vec`.
fn crate_and_name(full_name: &str) -> Option<(&str, &str)> {
    let path = full_name.split('<').next()?;
    let (of_crate, rest) = path.split_once("::")?;
    let name = rest.rsplit("::").next()?;
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    (of_crate.chars().all(plain) && name.chars().all(plain)).then_some((of_crate, name))
}

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 32;

/// The view of a value.
pub(super) fn view(reader: &Reader<'_>, typed: &Typed) -> Result<View, Unavailable> {
    let typed = &resolve(reader, typed)?;
    if reader.format == ValueFormat::Raw {
        return plain(reader, typed);
    }
    reader.there(typed)?;
    if let Some(view) = recognised(reader, typed) {
        return view;
    }
    plain(reader, typed)
}

/// The view by what is known of the type beyond debug info, if anything is.
pub(super) fn recognised(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    if reader.format == ValueFormat::Raw {
        return None;
    }
    if !typed.ty.rust {
        return libcxx::recognised(reader, typed);
    }
    if let Some((of_crate, name)) = crate_and_name(&typed.ty.full_name)
        && let Some(recogniser) = of_name(of_crate, name)
        && let Some(view) = recogniser(reader, typed)
    {
        return Some(view);
    }
    if let TypeKind::Struct(fields) = &typed.ty.kind
        && objects::is_closure(&typed.ty.full_name)
    {
        return Some(Ok(objects::closure(reader, typed, fields)));
    }
    if let Some(view) = crates::bit_flags(reader, typed) {
        return Some(view);
    }
    if let TypeKind::Variants(variants) = &typed.ty.kind {
        return coroutines::coroutine(reader, typed, variants);
    }
    OF_POINTERS
        .iter()
        .find_map(|recogniser| recogniser(reader, typed))
}

/// The value without the aliases (`typedef`, `const`) around its type.
pub(super) fn resolve(reader: &Reader<'_>, typed: &Typed) -> Result<Typed, Unavailable> {
    let mut typed = typed.clone();
    for _ in 0..MAX_ALIASES {
        match typed.ty.kind {
            TypeKind::Alias(Some(target)) => typed.ty = reader.symbols.describe_type(target),
            TypeKind::Alias(None) => return Err(Unavailable::Other("of type void".into())),
            _ => return Ok(typed),
        }
    }
    Err(Unavailable::malformed("its type is an alias of itself"))
}

/// The view by what debug info says alone.
fn plain(reader: &Reader<'_>, typed: &Typed) -> Result<View, Unavailable> {
    match &typed.ty.kind {
        TypeKind::Base(encoding) => base(reader, typed, *encoding),
        TypeKind::Pointer(pointer) => pointers::pointer(reader, typed, pointer),
        TypeKind::Struct(fields) => Ok(record(reader, typed, bare_name(&typed.ty), fields)),
        TypeKind::Union(fields) => {
            let name = format!("union {}", bare_name(&typed.ty));
            let name = name.trim_end().to_owned();
            Ok(record(reader, typed, name, fields))
        }
        TypeKind::Variants(variants) => enums::variants(reader, typed, variants),
        TypeKind::Enum(enumeration) => enums::enumeration(reader, typed, enumeration),
        TypeKind::Array(array) => self::array(reader, typed, array),
        TypeKind::Function => Err(Unavailable::Other("a function, which has no value".into())),
        TypeKind::Alias(_) => Err(Unavailable::malformed("its type is an alias of itself")),
        TypeKind::Unknown(_) if &*typed.ty.full_name == "decltype(nullptr)" => {
            Ok(View::Word("nullptr".to_owned()))
        }
        TypeKind::Unknown(reason) => Err(Unavailable::Other(
            format!("its type is not known: {reason}").into(),
        )),
    }
}

fn base(reader: &Reader<'_>, typed: &Typed, encoding: Encoding) -> Result<View, Unavailable> {
    let size = typed.ty.size.unwrap_or(0);
    let bits = typed.slot.number(reader.memory, size)?;
    if encoding == Encoding::Never {
        // No number is one.
        return scalar::word(encoding, bits, size).map(View::Word);
    }
    // C's `char` is a character; those that say their sign are numbers of one byte.
    let encoding = match encoding {
        Encoding::CChar { signed } if &*typed.ty.name != "char" => match signed {
            true => Encoding::Signed,
            false => Encoding::Unsigned,
        },
        encoding => encoding,
    };
    Ok(View::Number {
        encoding,
        bits,
        size,
    })
}

fn array(reader: &Reader<'_>, typed: &Typed, array: &Array) -> Result<View, Unavailable> {
    let (Some(count), Some(stride)) = (array.count, array.stride) else {
        return Err(Unavailable::Other(
            "debug info does not say how long the array is".into(),
        ));
    };
    let whole = count.saturating_mul(stride);
    if let Slot::Memory(address) = typed.slot
        && !fits(reader, address, whole)
    {
        return Err(Unavailable::out_of_bounds(
            address,
            whole,
            reader.memory.size(),
        ));
    }
    Ok(View::Sequence {
        element: array.element,
        first: typed.slot.clone(),
        stride,
        count,
        start: 0,
    })
}

/// The collection that an iterator has taken over, whole.
fn whole(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let collection = matches!(
        crate_and_name(&typed.ty.full_name),
        Some(("alloc", "VecDeque" | "BinaryHeap" | "LinkedList"))
    );
    collection.then(|| recognised(reader, typed))?
}

/// A struct's fields under a name.
fn record(reader: &Reader<'_>, typed: &Typed, name: String, fields: &Fields) -> View {
    let name = match fields.style {
        Style::Tuple => String::new(),
        _ => name,
    };
    // Where a class of C++ keeps its functions means nothing to who reads it.
    let hidden = |name: &str| {
        !typed.ty.rust && reader.format != ValueFormat::Raw && name.starts_with("_vptr")
    };
    let members = fields.fields.iter().filter(|field| !hidden(&field.name));
    View::Record {
        name,
        note: String::new(),
        style: fields.style,
        fields: members
            .map(|field| Member::new(reader, field, &typed.slot))
            .collect(),
        truncated: fields.truncated,
    }
}

/// The name of a type without its parameters, as constructors are written.
fn bare_name(ty: &Type) -> String {
    // C's structs without a name are put together of `struct` and `{…}`.
    if ty.name.ends_with("{…}") {
        return String::new();
    }
    match ty.name.find('<') {
        Some(at) if at > 0 => ty.name.get(..at).unwrap_or(&ty.name).to_owned(),
        _ => ty.name.to_string(),
    }
}

/// Whether `len` bytes from `address` on are in memory.
pub(super) fn fits(reader: &Reader<'_>, address: u64, len: u64) -> bool {
    address
        .checked_add(len)
        .is_some_and(|end| end <= reader.memory.size())
}

/// That what a value owns at `address` is still its own.
///
/// # Errors
/// When that memory has been freed.
fn owned(reader: &Reader<'_>, address: u64) -> Result<(), Unavailable> {
    match heap::is_freed(reader.memory, address) {
        true => Err(Unavailable::Other(
            format!("dropped, or moved out: its memory at {address:#x} has been freed").into(),
        )),
        false => Ok(()),
    }
}

/// The field `name` of a struct, with its place.
fn field(reader: &Reader<'_>, typed: &Typed, name: &str) -> Option<Typed> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let field = fields.field(name).filter(|field| field.bits.is_none())?;
    let slot = typed.slot.at(field.offset).ok()?;
    resolve(reader, &reader.typed(field.type_id, slot)).ok()
}

/// A field of a field of …
fn drill(reader: &Reader<'_>, typed: &Typed, path: &[&str]) -> Option<Typed> {
    let mut at = typed.clone();
    for name in path {
        at = field(reader, &at, name)?;
    }
    Some(at)
}

/// The only field of a struct that takes any room.
fn only_field(reader: &Reader<'_>, typed: &Typed) -> Option<Typed> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    if fields.truncated {
        return None;
    }
    let [only] = &*fields.fields else { return None };
    field(reader, typed, &only.name)
}

/// The value in cells and wrappers that mean nothing to who reads it.
fn peeled(reader: &Reader<'_>, typed: &Typed) -> Typed {
    let mut at = typed.clone();
    for _ in 0..MAX_ALIASES {
        let wrapper = matches!(
            crate_and_name(&at.ty.full_name),
            Some((
                "core",
                "Cell" | "UnsafeCell" | "ManuallyDrop" | "MaybeDangling"
            ))
        );
        match only_field(reader, &at) {
            Some(inner) if wrapper => at = inner,
            _ => break,
        }
    }
    at
}

/// The number in a value, in as many newtypes as there may be.
fn innermost(reader: &Reader<'_>, typed: &Typed) -> Option<Typed> {
    let mut at = resolve(reader, typed).ok()?;
    for _ in 0..MAX_ALIASES {
        if let TypeKind::Base(_) = at.ty.kind {
            return Some(at);
        }
        at = resolve(reader, &only_field(reader, &at)?).ok()?;
    }
    None
}

/// A `bool`, in as many newtypes as there may be; no other byte than 0 and 1 is one.
fn boolean(reader: &Reader<'_>, typed: &Typed) -> Option<Result<bool, Unavailable>> {
    let inner = innermost(reader, typed)?;
    if inner.ty.size != Some(1) {
        return None;
    }
    let bits = inner.slot.number(reader.memory, 1);
    Some(bits.and_then(|bits| match bits {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Unavailable::Other(
            format!("the bytes here are no bool: {other:#x}").into(),
        )),
    }))
}

/// A signed integer, in as many newtypes as there may be.
fn signed_number(reader: &Reader<'_>, typed: &Typed) -> Option<Result<i64, Unavailable>> {
    let inner = innermost(reader, typed)?;
    let size = inner.ty.size.filter(|size| (1..=8).contains(size))?;
    if inner.ty.kind != TypeKind::Base(Encoding::Signed) {
        return None;
    }
    let bits = inner.slot.number(reader.memory, size);
    Some(bits.map(|bits| scalar::signed(bits, size) as i64))
}

/// An unsigned integer, in as many newtypes as there may be (`Cap`, `UsizeNoHighBit`, …).
fn unsigned(reader: &Reader<'_>, typed: &Typed) -> Option<Result<u64, Unavailable>> {
    let mut typed = typed.clone();
    for _ in 0..MAX_ALIASES {
        typed = resolve(reader, &typed).ok()?;
        match &typed.ty.kind {
            TypeKind::Base(Encoding::Unsigned) => {
                let size = typed.ty.size.filter(|size| *size <= 8)?;
                let bits = typed.slot.number(reader.memory, size);
                return Some(bits.map(|bits| bits as u64));
            }
            TypeKind::Struct(fields) => {
                let [only] = &*fields.fields else { return None };
                let slot = typed.slot.at(only.offset).ok()?;
                typed = reader.typed(only.type_id, slot);
            }
            _ => return None,
        }
    }
    None
}

/// The address in a thin pointer, and what it points to.
fn address(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<(Result<u64, Unavailable>, Option<TypeId>)> {
    let TypeKind::Pointer(pointer) = &typed.ty.kind else {
        return None;
    };
    let size = typed.ty.size.filter(|size| (1..=8).contains(size))?;
    let bits = typed.slot.number(reader.memory, size);
    Some((bits.map(|bits| bits as u64), pointer.target))
}

impl Reader<'_> {
    /// Whether a type is a signed integer.
    pub(super) fn is_signed(&self, id: TypeId) -> bool {
        let typed = self.typed(id, Slot::Memory(0));
        resolve(self, &typed).is_ok_and(|typed| match &typed.ty.kind {
            TypeKind::Base(encoding) => {
                matches!(
                    encoding,
                    Encoding::Signed | Encoding::CChar { signed: true }
                )
            }
            TypeKind::Enum(enumeration) => enumeration.signed,
            _ => false,
        })
    }
}
