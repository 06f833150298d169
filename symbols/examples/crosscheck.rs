//! Checks every opcode of Wasm files against the `addr2line` crate:
//! `cargo run --release -p wasmscope-symbols --example crosscheck -- FILE.wasm…`

use std::time::Instant;
use wasmscope_symbols::crosscheck::crosscheck;
use wasmscope_symbols::{Binary, Symbols, SymbolsOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in std::env::args().skip(1) {
        let binary = Binary::parse(std::fs::read(&file)?.into())?;
        for (index, module) in binary.modules.into_iter().enumerate() {
            let start = Instant::now();
            let symbols = Symbols::open(module, &SymbolsOptions::default());
            let opened = start.elapsed();
            match crosscheck(&symbols) {
                Some(check) => println!("{file} module {index}: {check}"),
                None => println!("{file} module {index}: addr2line cannot open it"),
            }
            println!("  opened in {opened:?}");
            let start = Instant::now();
            let facts = symbols.debug_facts();
            println!("  {:?}, in {:?}", facts.coverage, start.elapsed());
            for problem in symbols.problems() {
                println!("  {problem}");
            }
        }
    }
    Ok(())
}
