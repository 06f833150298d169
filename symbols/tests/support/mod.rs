//! Modules with debug info made by hand, byte by byte, so that it can be as wrong as it gets.
#![allow(dead_code, reason = "each test file uses a part")]

use gimli::constants as dw;
use std::collections::HashMap;
use std::sync::Arc;
use wasm_encoder as enc;
use wasmscope_symbols::{Binary, CodeOffset, CoreModule, Symbols, SymbolsOptions};

/// What stands in a DIE's attribute.
#[derive(Clone)]
pub enum Value {
    /// `DW_FORM_string`.
    Text(&'static str),
    /// `DW_FORM_addr`.
    Address(u32),
    /// `DW_FORM_data4`.
    Data4(u32),
    /// `DW_FORM_data1`.
    Data1(u8),
    /// `DW_FORM_sec_offset`.
    Section(u32),
    /// `DW_FORM_ref4` to the DIE with this label.
    Ref(&'static str),
    /// `DW_FORM_ref_addr`: an offset in `.debug_info`.
    RefAddress(u32),
    /// `DW_FORM_ref_sig8`.
    Signature(u64),
    /// `DW_FORM_exprloc`, at most 127 bytes.
    Expression(Vec<u8>),
    /// `DW_FORM_block1`.
    Block(Vec<u8>),
    /// `DW_FORM_sdata`.
    Signed(i64),
    /// `DW_FORM_flag_present`.
    Flag,
}

/// A DIE to be written.
#[derive(Clone)]
pub struct Die {
    tag: gimli::DwTag,
    label: Option<&'static str>,
    attributes: Vec<(gimli::DwAt, Value)>,
    children: Vec<Die>,
}

pub fn die(tag: gimli::DwTag) -> Die {
    Die {
        tag,
        label: None,
        attributes: Vec::new(),
        children: Vec::new(),
    }
}

impl Die {
    pub fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    pub fn with(mut self, name: gimli::DwAt, value: Value) -> Self {
        self.attributes.push((name, value));
        self
    }

    pub fn child(mut self, child: Die) -> Self {
        self.children.push(child);
        self
    }

    pub fn name(self, name: &'static str) -> Self {
        self.with(dw::DW_AT_name, Value::Text(name))
    }

    /// `DW_AT_low_pc` and `DW_AT_high_pc` as a length.
    pub fn code(self, low: u32, len: u32) -> Self {
        self.with(dw::DW_AT_low_pc, Value::Address(low))
            .with(dw::DW_AT_high_pc, Value::Data4(len))
    }
}

/// A compilation unit's DIE.
pub fn unit(name: &'static str) -> Die {
    die(dw::DW_TAG_compile_unit)
        .name(name)
        .with(dw::DW_AT_comp_dir, Value::Text("/src"))
        .with(dw::DW_AT_stmt_list, Value::Section(0))
}

pub fn function(name: &'static str, low: u32, len: u32) -> Die {
    die(dw::DW_TAG_subprogram).name(name).code(low, len)
}

/// A call inlined, of the function with this label.
pub fn inlined(of: &'static str, low: u32, len: u32, call_line: u8) -> Die {
    die(dw::DW_TAG_inlined_subroutine)
        .with(dw::DW_AT_abstract_origin, Value::Ref(of))
        .code(low, len)
        .with(dw::DW_AT_call_file, Value::Data1(1))
        .with(dw::DW_AT_call_line, Value::Data1(call_line))
}

/// The debug sections of a module.
#[derive(Default, Clone)]
pub struct Debug {
    pub info: Vec<u8>,
    pub types: Vec<u8>,
    pub abbrev: Vec<u8>,
    pub line: Vec<u8>,
    pub ranges: Vec<u8>,
    pub rnglists: Vec<u8>,
    pub aranges: Vec<u8>,
    pub loc: Vec<u8>,
    pub loclists: Vec<u8>,
}

impl Debug {
    /// Appends a unit of this version of DWARF.
    pub fn unit(&mut self, version: u16, root: &Die) -> &mut Self {
        let start = self.info.len();
        let mut header = vec![0; 4];
        header.extend(version.to_le_bytes());
        let abbrev = (self.abbrev.len() as u32).to_le_bytes();
        if version >= 5 {
            header.extend([dw::DW_UT_compile.0, 4]);
            header.extend(abbrev);
        } else {
            header.extend(abbrev);
            header.push(4);
        }
        self.info.extend(header);
        let end = self.tree(start, root, false);
        let len = (end - start - 4) as u32;
        self.info[start..start + 4].copy_from_slice(&len.to_le_bytes());
        self
    }

    /// Writes a tree of DIEs and its abbreviations; gives the end of the section.
    fn tree(&mut self, start: usize, root: &Die, types: bool) -> usize {
        let section = if types {
            &mut self.types
        } else {
            &mut self.info
        };
        let mut writer = Tree {
            section,
            abbrev: &mut self.abbrev,
            start,
            next_code: 1,
            labels: HashMap::new(),
            refs: Vec::new(),
        };
        writer.die(root);
        for (at, label) in std::mem::take(&mut writer.refs) {
            let target = writer.labels[label] as u32;
            writer.section[at..at + 4].copy_from_slice(&target.to_le_bytes());
        }
        writer.abbrev.push(0);
        writer.section.len()
    }

    /// Pairs of addresses in `.debug_ranges`, ended by a pair of zeros; gives their offset.
    pub fn ranges(&mut self, pairs: &[(u32, u32)]) -> u32 {
        let offset = self.ranges.len() as u32;
        for (begin, end) in pairs.iter().chain([&(0, 0)]) {
            self.ranges.extend(begin.to_le_bytes());
            self.ranges.extend(end.to_le_bytes());
        }
        offset
    }

    /// A line program for the file `/src/main.rs` (file 1).
    pub fn lines(&mut self, sequences: &[Sequence]) -> &mut Self {
        let mut header = vec![1, 1, 1, (-5_i8) as u8, 14, 13];
        header.extend([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
        header.extend(b"\0main.rs\0\0\0\0\0");
        let mut program = Vec::new();
        for sequence in sequences {
            sequence.write(&mut program);
        }
        let mut body = 4_u16.to_le_bytes().to_vec();
        body.extend((header.len() as u32).to_le_bytes());
        body.extend(header);
        body.extend(program);
        self.line.extend((body.len() as u32).to_le_bytes());
        self.line.extend(body);
        self
    }

    pub fn sections(&self) -> Vec<(&'static str, &[u8])> {
        vec![
            (".debug_info", &self.info),
            (".debug_types", &self.types),
            (".debug_abbrev", &self.abbrev),
            (".debug_line", &self.line),
            (".debug_ranges", &self.ranges),
            (".debug_rnglists", &self.rnglists),
            (".debug_aranges", &self.aranges),
            (".debug_loc", &self.loc),
            (".debug_loclists", &self.loclists),
        ]
    }
}

struct Tree<'d> {
    section: &'d mut Vec<u8>,
    abbrev: &'d mut Vec<u8>,
    start: usize,
    next_code: u64,
    labels: HashMap<&'static str, usize>,
    refs: Vec<(usize, &'static str)>,
}

impl Tree<'_> {
    fn die(&mut self, die: &Die) {
        if let Some(label) = die.label {
            self.labels.insert(label, self.section.len() - self.start);
        }
        let code = self.next_code;
        self.next_code += 1;
        leb(self.section, code);
        leb(self.abbrev, code);
        leb(self.abbrev, u64::from(die.tag.0));
        self.abbrev.push(u8::from(!die.children.is_empty()));
        for (name, value) in &die.attributes {
            leb(self.abbrev, u64::from(name.0));
            leb(self.abbrev, u64::from(value.form().0));
            self.value(value);
        }
        self.abbrev.extend([0, 0]);
        for child in &die.children {
            self.die(child);
        }
        if !die.children.is_empty() {
            self.section.push(0);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => {
                self.section.extend(text.bytes());
                self.section.push(0);
            }
            Value::Address(n) | Value::Data4(n) | Value::Section(n) | Value::RefAddress(n) => {
                self.section.extend(n.to_le_bytes());
            }
            Value::Data1(n) => self.section.push(*n),
            Value::Ref(label) => {
                self.refs.push((self.section.len(), label));
                self.section.extend([0; 4]);
            }
            Value::Signature(n) => self.section.extend(n.to_le_bytes()),
            Value::Expression(bytes) | Value::Block(bytes) => {
                assert!(
                    bytes.len() < 128,
                    "the length is to be one byte in either form"
                );
                self.section.push(bytes.len() as u8);
                self.section.extend(bytes);
            }
            Value::Signed(n) => sleb(self.section, *n),
            Value::Flag => {}
        }
    }
}

impl Value {
    fn form(&self) -> gimli::DwForm {
        match self {
            Value::Text(_) => dw::DW_FORM_string,
            Value::Address(_) => dw::DW_FORM_addr,
            Value::Data4(_) => dw::DW_FORM_data4,
            Value::Data1(_) => dw::DW_FORM_data1,
            Value::Section(_) => dw::DW_FORM_sec_offset,
            Value::Ref(_) => dw::DW_FORM_ref4,
            Value::RefAddress(_) => dw::DW_FORM_ref_addr,
            Value::Signature(_) => dw::DW_FORM_ref_sig8,
            Value::Expression(_) => dw::DW_FORM_exprloc,
            Value::Block(_) => dw::DW_FORM_block1,
            Value::Signed(_) => dw::DW_FORM_sdata,
            Value::Flag => dw::DW_FORM_flag_present,
        }
    }
}

pub fn leb(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

/// One row of a line program.
#[derive(Clone, Copy)]
pub struct LineRow {
    pub address: u32,
    pub line: u32,
    pub is_stmt: bool,
    pub prologue_end: bool,
}

/// A recommended row.
pub fn row(address: u32, line: u32) -> LineRow {
    LineRow {
        address,
        line,
        is_stmt: true,
        prologue_end: false,
    }
}

/// Rows in a line program, and where they end.
#[derive(Clone)]
pub struct Sequence {
    pub rows: Vec<LineRow>,
    pub end: u32,
}

pub fn sequence(rows: &[LineRow], end: u32) -> Sequence {
    Sequence {
        rows: rows.to_vec(),
        end,
    }
}

impl Sequence {
    fn write(&self, program: &mut Vec<u8>) {
        let set_address = |program: &mut Vec<u8>, address: u32| {
            program.extend([0, 5, dw::DW_LNE_set_address.0]);
            program.extend(address.to_le_bytes());
        };
        let (mut line, mut is_stmt) = (1_i64, true);
        let mut last = None;
        for row in &self.rows {
            match last {
                None => set_address(program, row.address),
                Some(last) => {
                    program.push(dw::DW_LNS_advance_pc.0);
                    leb(program, u64::from(row.address.wrapping_sub(last)));
                }
            }
            last = Some(row.address);
            program.push(dw::DW_LNS_advance_line.0);
            sleb(program, i64::from(row.line) - line);
            line = i64::from(row.line);
            if row.is_stmt != is_stmt {
                program.push(dw::DW_LNS_negate_stmt.0);
                is_stmt = row.is_stmt;
            }
            if row.prologue_end {
                program.push(dw::DW_LNS_set_prologue_end.0);
            }
            program.push(dw::DW_LNS_copy.0);
        }
        program.push(dw::DW_LNS_advance_pc.0);
        leb(program, u64::from(self.end.wrapping_sub(last.unwrap_or(0))));
        program.extend([0, 1, dw::DW_LNE_end_sequence.0]);
    }
}

fn sleb(bytes: &mut Vec<u8>, mut n: i64) {
    loop {
        let byte = (n & 0x7f) as u8;
        n >>= 7;
        let done = (n == 0 && byte & 0x40 == 0) || (n == -1 && byte & 0x40 != 0);
        bytes.push(if done { byte } else { byte | 0x80 });
        if done {
            return;
        }
    }
}

/// The function bodies of [`module`]: each has a parameter, declares two locals, and then has `i32.const 1000`
/// (three bytes) and `drop`, five times over, and `end`.
pub const PAIRS: usize = 5;

/// A module with this many functions, and custom sections.
pub fn module(functions: u32, custom: &[(&str, &[u8])]) -> Vec<u8> {
    let mut types = enc::TypeSection::new();
    types.ty().function([enc::ValType::I32], []);
    let mut declared = enc::FunctionSection::new();
    let mut code = enc::CodeSection::new();
    for _ in 0..functions {
        declared.function(0);
        let mut body = enc::Function::new([(2, enc::ValType::I32)]);
        for _ in 0..PAIRS {
            body.instruction(&enc::Instruction::I32Const(1000));
            body.instruction(&enc::Instruction::Drop);
        }
        body.instruction(&enc::Instruction::End);
        code.function(&body);
    }
    let mut module = enc::Module::new();
    module.section(&types).section(&declared).section(&code);
    for (name, data) in custom {
        if !data.is_empty() {
            module.section(&enc::CustomSection {
                name: (*name).into(),
                data: (*data).into(),
            });
        }
    }
    module.finish()
}

/// A component of these sections: a core module is section 1, a component section 4.
pub fn component(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    for (id, data) in sections {
        bytes.push(*id);
        leb(&mut bytes, data.len() as u64);
        bytes.extend(*data);
    }
    bytes
}

/// Where the bodies of [`module`] lie: start and length of each.
pub fn bodies(functions: u32) -> Vec<(u32, u32)> {
    let module = parse(module(functions, &[]));
    let bodies = module.bodies.iter();
    let range = |b: &wasmscope_symbols::FunctionBody| {
        (
            b.range.start.0 as u32,
            (b.range.end.0 - b.range.start.0) as u32,
        )
    };
    bodies.map(range).collect()
}

pub fn parse(bytes: Vec<u8>) -> Arc<CoreModule> {
    let binary = Binary::parse(bytes.into()).expect("well-formed");
    Arc::clone(&binary.modules[0])
}

/// Opens a module with this debug info.
pub fn open(functions: u32, debug: &Debug) -> Symbols {
    let module = parse(module(functions, &debug.sections()));
    Symbols::open(module, &SymbolsOptions::default())
}

/// The frames at an offset, as `name:line` from the innermost to the outermost.
pub fn frames(symbols: &Symbols, offset: u32) -> Vec<String> {
    let frames = symbols.frames(CodeOffset(u64::from(offset)));
    let text = |frame: &wasmscope_symbols::SourceFrame| {
        let name = frame.function.as_ref().map_or("?", |name| name.pretty());
        let line = frame.location.as_ref().and_then(|at| at.line);
        format!(
            "{name}:{}",
            line.map_or("-".into(), |line| line.to_string())
        )
    };
    frames.iter().map(text).collect()
}
