//! The line rows of a unit: code offset → file, line, column, and back.
//!
//! Only sequences that start in the code are kept; a dead one is dropped whole, or its later rows
//! would seem to lie in functions they have nothing to do with. Rows of line 0 are kept as what
//! they are: code that belongs to no line.

use super::ranges::PcRange;
use super::unit::LineProgram;
use super::{DebugInfo, Slice, attributes};
use gimli::UnitRef;

/// How many sequences around an offset are looked at, where lying data lets them overlap.
const OVERLAPS: usize = 16;

/// One row: from its address on, up to the next row's, code comes from this line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Code offset; the code section is below 4 GiB.
    pub address: u32,
    /// Index in the unit's files.
    pub file: u32,
    /// 0 for code that belongs to no line.
    pub line: u32,
    /// 0 for the line as a whole.
    pub column: u32,
    /// Recommended for breakpoints.
    pub is_stmt: bool,
    /// Where to stop on entry to the function.
    pub prologue_end: bool,
}

struct Sequence {
    start: u64,
    end: u64,
    rows: Box<[Row]>,
}

/// The rows of one unit.
pub(crate) struct Lines {
    /// By rising start.
    sequences: Box<[Sequence]>,
    /// Whether the program could be read to its end.
    pub damaged: bool,
}

impl Lines {
    pub fn parse<'a>(info: &DebugInfo<'a>, program: &LineProgram<'a>) -> Self {
        let size = program.header().raw_program_buf().slice().len() as u64;
        // Many units may share a program; not so many that reading it each time takes forever.
        let affordable = info.budget.spend(size.saturating_add(64));
        let mut reading = Reading::default();
        let damaged = !affordable || reading.read(info, program.clone()).is_err();
        reading.sequences.sort_by_key(|s| (s.start, s.end));
        Lines {
            sequences: reading.sequences.into_boxed_slice(),
            damaged,
        }
    }

    /// The row that covers `offset`.
    pub fn at(&self, offset: u64) -> Option<&Row> {
        let (sequence, row) = self.position(offset)?;
        self.sequences.get(sequence)?.rows.get(row)
    }

    fn position(&self, offset: u64) -> Option<(usize, usize)> {
        let next = self.sequences.partition_point(|s| s.start <= offset);
        let first = next.saturating_sub(OVERLAPS);
        for index in (first..next).rev() {
            let sequence = self.sequences.get(index)?;
            if offset < sequence.end {
                let rows = &sequence.rows;
                let next = rows.partition_point(|row| u64::from(row.address) <= offset);
                return Some((index, next.checked_sub(1)?));
            }
        }
        None
    }

    /// The rows that start in `range`, with the end of what each covers.
    pub fn rows_in(&self, range: PcRange) -> impl Iterator<Item = (&Row, u64)> {
        let first = self.sequences.partition_point(|s| s.start < range.begin);
        let sequences = self.sequences.get(first.saturating_sub(OVERLAPS)..);
        sequences
            .unwrap_or_default()
            .iter()
            .take_while(move |sequence| sequence.start < range.end)
            .flat_map(move |sequence| {
                let rows = &sequence.rows;
                let from = rows.partition_point(|row| u64::from(row.address) < range.begin);
                sequence.rows_from(from)
            })
            .take_while(move |(row, _)| u64::from(row.address) < range.end)
    }

    /// All rows, with the end of what each covers.
    pub fn rows(&self) -> impl Iterator<Item = (&Row, u64)> {
        self.sequences.iter().flat_map(|s| s.rows_from(0))
    }

    /// Where there are rows.
    pub fn ranges(&self) -> impl Iterator<Item = PcRange> {
        self.sequences.iter().map(|sequence| PcRange {
            begin: sequence.start,
            end: sequence.end,
        })
    }
}

impl Sequence {
    fn rows_from(&self, from: usize) -> impl Iterator<Item = (&Row, u64)> + '_ {
        let rows = self.rows.get(from..).unwrap_or_default();
        let ends = rows.iter().skip(1).map(|row| u64::from(row.address));
        rows.iter().zip(ends.chain(std::iter::once(self.end)))
    }
}

#[derive(Default)]
struct Reading {
    sequences: Vec<Sequence>,
    rows: Vec<Row>,
}

impl Reading {
    fn read<'a>(&mut self, info: &DebugInfo<'a>, program: LineProgram<'a>) -> gimli::Result<()> {
        let mut rows = program.rows();
        // Whether an address ran over in this sequence: then all of it is dropped.
        let mut overflowed = false;
        loop {
            match rows.next_row() {
                Ok(None) => return Ok(()),
                Ok(Some((_, row))) if row.end_sequence() => {
                    if std::mem::take(&mut overflowed) {
                        self.rows.clear();
                    }
                    self.end_sequence(info, row.address());
                }
                Ok(Some((_, row))) => self.push(row),
                // The instruction is done with, and the next ones can be read.
                Err(gimli::Error::AddressOverflow) => overflowed = true,
                Err(error) => return Err(error),
            }
        }
    }

    fn push(&mut self, row: &gimli::LineRow) {
        let saturate = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let new = Row {
            // What is beyond the code section is dropped with its sequence.
            address: saturate(row.address()),
            file: saturate(row.file_index()),
            line: saturate(row.line().map_or(0, |line| line.get())),
            column: match row.column() {
                gimli::ColumnType::LeftEdge => 0,
                gimli::ColumnType::Column(column) => saturate(column.get()),
            },
            is_stmt: row.is_stmt(),
            prologue_end: row.prologue_end(),
        };
        match self.rows.last_mut() {
            // Of several rows at one address the last one counts: the others cover nothing.
            Some(last) if last.address == new.address => {
                let prologue_end = last.prologue_end || new.prologue_end;
                *last = Row {
                    prologue_end,
                    ..new
                };
            }
            // Addresses only rise within a sequence; what says otherwise is damage.
            Some(last) if last.address > new.address => {}
            _ => self.rows.push(new),
        }
    }

    fn end_sequence(&mut self, info: &DebugInfo<'_>, end: u64) {
        let rows = std::mem::take(&mut self.rows);
        let Some(first) = rows.first() else { return };
        let start = u64::from(first.address);
        let end = end.min(info.module.code.len);
        if start < end && info.is_code_start(start) {
            self.sequences.push(Sequence {
                start,
                end,
                rows: rows.into_boxed_slice(),
            });
        }
    }
}

/// How many files a line program's header names, the 0th included.
pub(super) fn count_files(header: &gimli::LineProgramHeader<Slice<'_>>) -> usize {
    let named = header.file_names().len();
    match header.version() >= 5 {
        true => named,
        false => named.saturating_add(1),
    }
}

/// Joins a file's path as `addr2line` does.
pub(super) fn render_file<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    header: &gimli::LineProgramHeader<Slice<'a>>,
    index: u64,
) -> Option<String> {
    let file = header.file(index)?;
    let mut path = text(unit.comp_dir.as_ref().map(|dir| dir.slice()));
    // Folder 0 is the compilation folder.
    if file.directory_index() != 0
        && let Some(folder) = file.directory(header)
    {
        push(&mut path, &text(attributes::string(unit, &folder)));
    }
    push(
        &mut path,
        &text(attributes::string(unit, &file.path_name())),
    );
    Some(path)
}

fn text(bytes: Option<&[u8]>) -> String {
    let bytes = bytes.unwrap_or_default();
    let bytes = bytes.get(..attributes::MAX_NAME).unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}

fn push(path: &mut String, part: &str) {
    if is_unix_root(part) || is_windows_root(part) {
        part.clone_into(path);
        return;
    }
    let separator = if is_windows_root(path) { '\\' } else { '/' };
    if !path.is_empty() && !path.ends_with(separator) {
        path.push(separator);
    }
    path.push_str(part);
}

fn is_unix_root(path: &str) -> bool {
    path.starts_with('/') || path.get(1..3) == Some(":/")
}

fn is_windows_root(path: &str) -> bool {
    path.starts_with('\\') || path.get(1..3) == Some(":\\")
}
