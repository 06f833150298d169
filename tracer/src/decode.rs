//! From raw arguments and copied memory to a [`HostCall`], by the table. Nothing here fails: what
//! cannot be read is a value that says so.

use crate::addresses;
use crate::call::{Arg, Bytes, CallResult, HostCall, Moved, Name, Value};
use crate::capture::{MAX_BUFFERS, Values, Words, buffer, count_argument, resolve};
use crate::copies::{Copies, Missing, When, little_u32};
use crate::recent::{Ended, Slot, StringSizes};
use crate::table::{
    AddressForm, Errno, Field, Filled, Function, Kind, Layout, Strings, Type, types,
};
use std::borrow::Cow;

/// At most this many elements of an array are listed.
const MAX_ITEMS: u32 = 16;

/// The record of a call that the ring kept.
pub(crate) fn call(slot: &Slot, row: &'static Function, strings: &StringSizes) -> HostCall {
    let decoder = Decoder {
        slot,
        row,
        strings,
        wall_clock: is_wall_clock(slot, row),
    };
    HostCall {
        seq: slot.seq,
        module: Cow::Borrowed(row.module),
        function: Cow::Borrowed(row.name),
        class: row.class(),
        args: decoder.args(),
        result: decoder.result(),
        start: slot.start,
        duration: slot.duration,
        tampering: slot.tampering,
        hint: None,
    }
}

/// The contents that a call moved, as [`HostCall::moved`] has them of its record.
pub(crate) fn moved(slot: &Slot, row: &'static Function) -> Moved {
    let mut moved = Moved::default();
    let is_made_up = slot.tampering.is_some_and(|done| done.result);
    if !matches!(slot.ended, Ended::Errno(0)) || is_made_up {
        return moved;
    }
    let result = || {
        let at = slot.args.get(usize::from(row.plan.first_result?))?;
        little_u32(slot.copies.get(When::After, *at as u32, 4).ok()?)
    };
    for step in row.plan.outputs.iter().chain(row.plan.inputs.iter()) {
        let Some((kind, words)) = resolve(row, &slot.args, *step) else {
            continue;
        };
        match kind {
            Kind::BuffersIn => moved.written = result().unwrap_or(0).into(),
            // In both plans: the same number twice.
            Kind::BuffersOut => moved.read = result().unwrap_or(0).into(),
            Kind::BufferOut(Filled::Whole) => moved.read = words.second.into(),
            Kind::EntriesOut => moved.read = result().unwrap_or(0).min(words.second).into(),
            _ => {}
        }
    }
    moved
}

/// Whether timestamps of the call are of the wall clock: unless a clock parameter says otherwise.
fn is_wall_clock(slot: &Slot, row: &'static Function) -> bool {
    row.params
        .iter()
        .zip(Values::new(row, &slot.args))
        .find(|(param, _)| param.name == "id")
        .is_none_or(|(_, (_, words))| words.first == 0)
}

struct Decoder<'a> {
    slot: &'a Slot,
    row: &'static Function,
    strings: &'a StringSizes,
    wall_clock: bool,
}

impl Decoder<'_> {
    /// Whether the host has done what was asked of it, and has written what it writes.
    fn succeeded(&self) -> bool {
        matches!(self.slot.ended, Ended::Errno(0)) && !self.is_made_up()
    }

    fn is_made_up(&self) -> bool {
        self.slot.tampering.is_some_and(|done| done.result)
    }

    fn args(&self) -> Vec<Arg> {
        let mut fds = 0..;
        self.row
            .params
            .iter()
            .zip(Values::new(self.row, &self.slot.args))
            .map(|(param, (kind, words))| {
                let value = match kind {
                    Kind::Value(Type::Fd) => Value::Fd {
                        fd: words.first,
                        path: fds.next().and_then(|at| self.path(at)),
                    },
                    _ => self.arg(kind, words),
                };
                let address = matches!(value, Value::Address(_)) && self.is_address(kind);
                Arg {
                    name: Cow::Borrowed(param.name),
                    value,
                    detail: param.detail || address,
                }
            })
            .collect()
    }

    /// Whether a parameter only says where a result goes: a good address is left out of the one-line
    /// form.
    fn is_address(&self, kind: &Kind) -> bool {
        matches!(
            kind,
            Kind::Result(_)
                | Kind::ArrayOut(_)
                | Kind::AddressOut(_)
                | Kind::PartOut(_)
                | Kind::OptionOut
                | Kind::AddressesOut
        )
    }

    fn arg(&self, kind: &Kind, words: Words) -> Value {
        match kind {
            Kind::Value(ty) => self.number(ty, words.whole),
            Kind::Path => Value::Path(self.bytes(When::Before, words.first, words.second)),
            Kind::BuffersIn => self.buffers(When::Before, words, u64::MAX),
            // What will be in them nobody knows yet.
            Kind::BuffersOut if matches!(self.slot.ended, Ended::NotYet) => {
                self.output_address(words.first, 8)
            }
            Kind::BuffersOut => {
                let written = self.first_result().unwrap_or(0);
                self.buffers(When::After, words, u64::from(written))
            }
            Kind::BufferOut(filled) => self.buffer_out(*filled, words),
            Kind::EntriesOut => match self.first_result() {
                Some(written) => self.entries(words.first, written.min(words.second)),
                None => self.output_address(words.first, words.second),
            },
            Kind::ArrayIn(ty, count) => {
                let count = count_argument(self.row, &self.slot.args, *count);
                self.array(When::Before, ty, words.first, count)
            }
            Kind::ArrayOut(ty) => match self.first_result() {
                Some(count) => self.array(When::After, ty, words.first, count),
                None => self.output_address(words.first, ty.size()),
            },
            Kind::StringsOut(which) => self.strings(*which, words),
            Kind::Result(ty) | Kind::PartOut(ty) => self.output_address(words.first, ty.size()),
            Kind::AddressIn(port) => {
                let port = count_argument(self.row, &self.slot.args, *port);
                addresses::passed(&self.slot.copies, words.first, port)
            }
            Kind::AddressOut(_) => self.output_address(words.first, 8),
            Kind::OptionIn => {
                let (at, length) = (words.first, words.second);
                addresses::option(&self.slot.copies, When::Before, self.option(), at, length)
            }
            Kind::OptionOut | Kind::AddressesOut => self.output_address(words.first, 4),
            Kind::TextIn => Value::Bytes(self.text(words)),
            Kind::RecordIn(_) if words.first == 0 => Value::Address(0),
            Kind::RecordIn(ty) => self
                .at(When::Before, ty, words.first)
                .unwrap_or_else(|missing| unavailable(missing, words.first)),
        }
    }

    /// Which option of a socket a call is about.
    fn option(&self) -> u32 {
        let mut params = self.row.params.iter();
        let index = params.position(|param| param.name == "name").unwrap_or(0);
        count_argument(self.row, &self.slot.args, u8::try_from(index).unwrap_or(0))
    }

    /// Text of the guest's, without the NUL that C ends it with.
    fn text(&self, words: Words) -> Bytes {
        let mut bytes = self.bytes(When::Before, words.first, words.second);
        if bytes.kept.last() == Some(&0) && bytes.kept.len() as u64 == bytes.length {
            bytes.kept.pop();
            bytes.length -= 1;
        }
        bytes
    }

    /// What the call has written to the parameter at an index of the row, as a number.
    fn part(&self, index: u8) -> Option<u32> {
        let (kind, words) = Values::new(self.row, &self.slot.args).nth(usize::from(index))?;
        let (Kind::PartOut(ty) | Kind::Result(ty)) = kind else {
            return None;
        };
        let bytes = self.slot.copies.get(When::After, words.first, ty.size());
        let number = little(bytes.ok()?, ty.size()) as u32;
        Some(match ty {
            Type::NetworkPort => u32::from((number as u16).swap_bytes()),
            _ => number,
        })
    }

    /// An address that the call has written.
    fn address(&self, form: AddressForm, words: Words) -> Value {
        let (version, port) = match form {
            AddressForm::Bare => (None, None),
            AddressForm::Storage(port) => (None, self.part(port)),
            AddressForm::Typed(version) => (self.part(version), self.part(version + 1)),
        };
        addresses::written(&self.slot.copies, words.first, form, version, port)
    }

    fn result(&self) -> CallResult {
        match &self.slot.ended {
            Ended::NotYet => CallResult::Unfinished,
            Ended::Exit(code) => CallResult::Exit { code: *code },
            Ended::Trap(message) => CallResult::Trap {
                message: message.to_string(),
            },
            Ended::Errno(0) if self.is_made_up() => CallResult::Ok(Vec::new()),
            Ended::Errno(0) => CallResult::Ok(self.results()),
            Ended::Errno(number) => match &self.slot.refusal {
                Some(how) => refused(errno(*number), how),
                None => errno(*number),
            },
        }
    }

    fn results(&self) -> Vec<Arg> {
        self.row
            .params
            .iter()
            .zip(Values::new(self.row, &self.slot.args))
            .filter_map(|(param, (kind, words))| {
                let value = match kind {
                    Kind::Result(ty) => self.opened(ty, words).unwrap_or_else(|| {
                        self.at(When::After, ty, words.first)
                            .unwrap_or_else(|missing| unavailable(missing, words.first))
                    }),
                    Kind::AddressOut(form) => self.address(*form, words),
                    Kind::OptionOut => self.option_out(words),
                    Kind::AddressesOut => {
                        let count = self.first_result().unwrap_or(0);
                        addresses::chain(&self.slot.copies, words.first, count)
                    }
                    _ => return None,
                };
                Some(Arg {
                    name: Cow::Borrowed(param.name),
                    value,
                    detail: param.detail,
                })
            })
            .collect()
    }

    /// The value of an option that the call has written, as long as it says.
    fn option_out(&self, words: Words) -> Value {
        let copies = &self.slot.copies;
        let length = copies.get(When::After, words.second, 4).map(little_u32);
        match length {
            Ok(length) => {
                let length = length.unwrap_or(0);
                addresses::option(copies, When::After, self.option(), words.first, length)
            }
            Err(missing) => unavailable(missing, words.second),
        }
    }

    /// The descriptor that the call opened, with its path.
    fn opened(&self, ty: &Type, words: Words) -> Option<Value> {
        let Type::Fd = ty else { return None };
        let bytes = self.slot.copies.get(When::After, words.first, 4).ok()?;
        Some(Value::Fd {
            fd: little_u32(bytes)?,
            path: self.path(self.row.plan.fds.iter().len()),
        })
    }

    /// The path of a descriptor of the call: by position among the parameters, then the one opened.
    fn path(&self, at: usize) -> Option<String> {
        self.slot.fds.get(at).map(str::to_owned)
    }

    /// The first result of the call, when it succeeded, as a 32-bit number.
    fn first_result(&self) -> Option<u32> {
        if !self.succeeded() {
            return None;
        }
        let (_, words) = Values::new(self.row, &self.slot.args)
            .find(|(kind, _)| matches!(kind, Kind::Result(_)))?;
        little_u32(self.slot.copies.get(When::After, words.first, 4).ok()?)
    }

    fn bytes(&self, when: When, address: u32, length: u32) -> Bytes {
        bytes(&self.slot.copies, when, address, length)
    }

    /// An array of buffers, of whose contents the first `limit` bytes count.
    fn buffers(&self, when: When, array: Words, limit: u64) -> Value {
        let copies = &self.slot.copies;
        let count = array.second;
        let mut buffers = Vec::new();
        let mut length = Some(0_u64);
        let mut left = limit;
        for index in 0..count.min(MAX_BUFFERS) {
            let Some((address, size)) = buffer(copies, array, index) else {
                length = None;
                if index == 0 {
                    let size = count.saturating_mul(8);
                    let missing = copies.prefix(When::Before, array.first, size).1;
                    return unavailable(missing.unwrap_or(Missing::NotKept), array.first);
                }
                break;
            };
            length = length.map(|length| length + u64::from(size));
            let wanted = u64::from(size).min(left) as u32;
            left -= u64::from(wanted);
            if wanted > 0 || when == When::Before {
                buffers.push(self.bytes(when, address, wanted));
            }
        }
        if count > MAX_BUFFERS {
            length = None;
        }
        Value::Buffers {
            buffers,
            count: count.into(),
            length,
        }
    }

    fn buffer_out(&self, filled: Filled, words: Words) -> Value {
        let length = match (filled, self.succeeded()) {
            (_, false) => return self.output_address(words.first, words.second),
            (Filled::Whole | Filled::UpTo, true) => words.second,
            (Filled::ByResult, true) => match self.first_result() {
                Some(written) => written.min(words.second),
                None => return self.output_address(words.first, words.second),
            },
        };
        let mut bytes = self.bytes(When::After, words.first, length);
        if filled == Filled::UpTo {
            // Longer buffers than names are legal; what follows the name is the guest's own.
            if let Some(end) = bytes.kept.iter().position(|byte| *byte == 0) {
                bytes.kept.truncate(end);
                bytes.length = end as u64;
            }
        }
        Value::Bytes(bytes)
    }

    /// A buffer that the call has not filled: its address, and when it lies outside, that.
    fn output_address(&self, address: u32, length: u32) -> Value {
        match self.slot.copies.prefix(When::Before, address, length).1 {
            Some(missing) => unavailable(missing, address),
            None => Value::Address(address.into()),
        }
    }

    fn array(&self, when: When, ty: &Type, address: u32, count: u32) -> Value {
        let size = ty.size();
        let mut items = Vec::new();
        for index in 0..count.min(MAX_ITEMS) {
            let at = index
                .checked_mul(size)
                .and_then(|offset| address.checked_add(offset));
            match at.map(|at| self.at(when, ty, at)) {
                Some(Ok(item)) => items.push(item),
                Some(Err(missing)) if index == 0 => return unavailable(missing, address),
                _ => break,
            }
        }
        Value::List {
            items,
            count: count.into(),
        }
    }

    /// The directory entries in a buffer. The last one may be cut: by the guest's buffer, or by ours.
    fn entries(&self, address: u32, length: u32) -> Value {
        let (kept, missing) = self.slot.copies.prefix(When::After, address, length);
        if let (Some(missing), true) = (missing, kept.is_empty()) {
            return unavailable(missing, address);
        }
        let head = types::DIRENT.size() as usize;
        let mut items = Vec::new();
        let mut rest = kept;
        while let (Type::Record(layout), Some((entry, after))) =
            (&types::DIRENT, rest.split_at_checked(head))
        {
            let name_length = entry.get(16..).and_then(little_u32).unwrap_or(0);
            let name = after.get(..name_length as usize).unwrap_or(after);
            let mut fields = self.fields(layout.fields, entry);
            fields.insert(
                0,
                Arg {
                    name: Cow::Borrowed("name"),
                    value: Value::Bytes(Bytes {
                        kept: name.to_vec(),
                        length: name_length.into(),
                        unavailable: None,
                    }),
                    detail: false,
                },
            );
            items.push(Value::Record(fields));
            rest = after.get(name_length as usize..).unwrap_or(&[]);
        }
        Value::Entries {
            items,
            length: length.into(),
            complete: kept.len() == length as usize,
        }
    }

    fn strings(&self, which: Strings, words: Words) -> Value {
        let Some((count, length)) = self.strings.of(which).filter(|_| self.succeeded()) else {
            return Value::Address(words.first.into());
        };
        let (kept, _) = self.slot.copies.prefix(When::After, words.second, length);
        let mut items: Vec<Value> = kept
            .split(|byte| *byte == 0)
            .take(count.min(MAX_ITEMS) as usize)
            .map(|string| {
                Value::Bytes(Bytes {
                    kept: string.to_vec(),
                    length: string.len() as u64,
                    unavailable: None,
                })
            })
            .collect();
        if kept.len() < length as usize {
            // The last one is cut somewhere.
            items.pop();
        }
        Value::List {
            items,
            count: count.into(),
        }
    }

    /// The value of a type at an address.
    fn at(&self, when: When, ty: &Type, address: u32) -> Result<Value, Missing> {
        let bytes = self.slot.copies.get(when, address, ty.size())?;
        Ok(self.value(ty, bytes))
    }

    /// The value of a type out of its bytes.
    fn value(&self, ty: &Type, bytes: &[u8]) -> Value {
        match ty {
            Type::Record(Layout { fields, .. }) => Value::Record(self.fields(fields, bytes)),
            Type::Union(union) => {
                let tag = bytes.first().copied().unwrap_or(0);
                let mut fields = vec![Arg {
                    name: Cow::Borrowed("type"),
                    value: enumerated(union.tag.name(tag.into()), tag.into()),
                    detail: false,
                }];
                if let (Some(case), Some(rest)) = (
                    union.cases.get(usize::from(tag)),
                    bytes.get(union.offset as usize..),
                ) {
                    fields.extend(self.fields(case, rest));
                }
                Value::Record(fields)
            }
            _ => self.number(ty, little(bytes, ty.size())),
        }
    }

    fn fields(&self, fields: &'static [Field], bytes: &[u8]) -> Vec<Arg> {
        let mut args = Vec::new();
        for field in fields {
            let Some(bytes) = bytes.get(field.offset as usize..) else {
                continue;
            };
            match (field.ty, self.value(field.ty, bytes)) {
                // The fields of a union stand beside those of the structure it is in.
                (Type::Union(_), Value::Record(inner)) => args.extend(inner),
                (_, value) => args.push(Arg {
                    name: Cow::Borrowed(field.name),
                    value,
                    detail: field.detail,
                }),
            }
        }
        args
    }

    /// The value of a type that is passed as a number.
    fn number(&self, ty: &Type, raw: u64) -> Value {
        match ty {
            Type::Unsigned(_) => Value::Unsigned(raw),
            Type::NetworkPort => Value::Unsigned((raw as u16).swap_bytes().into()),
            Type::Signed(bytes) => Value::Signed(sign_extend(raw, *bytes)),
            Type::Fd => Value::Fd {
                fd: raw as u32,
                path: None,
            },
            Type::Duration => Value::Nanoseconds(raw),
            Type::Timestamp if self.wall_clock => Value::WallClock(raw),
            Type::Timestamp => Value::Nanoseconds(raw),
            Type::ExitCode => Value::Signed(i64::from(raw as u32 as i32)),
            Type::Errno => enumerated(Errno::from_number(raw as u32).map(|errno| errno.name), raw),
            Type::Flags(_, names) => {
                let (named, unknown) = names.flags(raw);
                Value::Flags {
                    bits: raw,
                    names: named.into_iter().map(Name::Borrowed).collect(),
                    unknown,
                }
            }
            Type::Enum(_, names) => enumerated(names.name(raw), raw),
            // Structures are never passed as numbers.
            Type::Record(_) | Type::Union(_) => Value::Unsigned(raw),
        }
    }
}

fn enumerated(name: Option<&'static str>, number: u64) -> Value {
    Value::Enum {
        number,
        name: name.map(Cow::Borrowed),
    }
}

/// A failure that the user can do something about.
fn refused(result: CallResult, how: &str) -> CallResult {
    match result {
        CallResult::Errno {
            number,
            name,
            meaning,
        } => CallResult::Errno {
            number,
            name,
            meaning: Cow::Owned(format!("{meaning}: {how}")),
        },
        other => other,
    }
}

fn errno(number: u32) -> CallResult {
    let known = Errno::from_number(number);
    CallResult::Errno {
        number,
        name: known.map(|errno| Cow::Borrowed(errno.name)),
        meaning: known.map_or(Cow::Borrowed("no such error number"), |errno| {
            Cow::Borrowed(errno.meaning)
        }),
    }
}

fn unavailable(missing: Missing, address: u32) -> Value {
    Value::Unavailable {
        because: missing.because(),
        address: Some(address.into()),
    }
}

fn bytes(copies: &Copies, when: When, address: u32, length: u32) -> Bytes {
    let (kept, missing) = copies.prefix(when, address, length);
    Bytes {
        kept: kept.to_vec(),
        length: length.into(),
        unavailable: missing.map(Missing::because),
    }
}

/// The first bytes as a little-endian number.
fn little(bytes: &[u8], size: u32) -> u64 {
    bytes
        .iter()
        .take(size.min(8) as usize)
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn sign_extend(raw: u64, bytes: u8) -> i64 {
    let unused = 64_u32.saturating_sub(8 * u32::from(bytes));
    (raw.wrapping_shl(unused) as i64).wrapping_shr(unused)
}
