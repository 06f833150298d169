//! Works: makes host calls of every class, in an order that is the same each time, and says what
//! it did: arguments, environment, clocks, random numbers, folders, files, standard streams.
//!
//! It needs a folder to work in, its first argument, or the current one: `--dir .`. Whatever it
//! makes there it removes.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn process() {
    println!("{} arguments", std::env::args().count());
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    println!("environment: {}", names.join(" "));
}

fn clocks() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    let slept = start.elapsed() >= Duration::from_millis(2);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    println!("slept: {slept}, after 1970: {}", wall.is_ok());
}

fn random() {
    // The keys of a fresh hasher are random numbers of the host's.
    let hash = RandomState::new().build_hasher().finish();
    println!("random: {}", if hash == 0 { "zero" } else { "some" });
}

fn files(folder: &Path) -> io::Result<()> {
    let inner = folder.join("wasmscope-hostcalls");
    fs::create_dir(&inner)?;
    let letter = inner.join("letter.txt");
    let mut file = File::create(&letter)?;
    file.write_all(b"dear host,\n")?;
    file.sync_all()?;
    drop(file);

    let mut file = OpenOptions::new().read(true).append(true).open(&letter)?;
    file.write_all(b"thank you\n")?;
    file.seek(SeekFrom::Start(5))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    println!("read: {text:?}");
    file.set_len(4)?;
    drop(file);

    let renamed = inner.join("renamed.txt");
    fs::rename(&letter, &renamed)?;
    println!("length: {}", fs::metadata(&renamed)?.len());
    let names: Vec<_> = fs::read_dir(&inner)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<_>>()?;
    println!("folder: {names:?}");
    match File::open(inner.join("missing.txt")) {
        Ok(_) => println!("missing.txt is there"),
        Err(error) => println!("missing.txt: {}", error.kind()),
    }
    fs::remove_file(&renamed)?;
    fs::remove_dir(&inner)
}

fn streams() -> io::Result<()> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line)?;
    println!("stdin: {read} bytes {line:?}");
    eprintln!("a line on stderr");
    io::stdout().flush()
}

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    process();
    clocks();
    random();
    files(Path::new(&folder))?;
    streams()
}
