//! Works: asks its host for what it does not get, each time for another reason, and ends with an exit
//! code of its own. It needs a folder to work in, given as `--dir .`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

fn told(what: &str, result: io::Result<()>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => println!("{what}: {:?}", error.kind()),
    }
}

fn main() -> ExitCode {
    let folder = Path::new("wasmscope-errors");
    let file = folder.join("file.txt");
    let prepared = fs::create_dir(folder).and_then(|()| fs::write(&file, "text\n"));
    if let Err(error) = prepared {
        println!("nothing can be prepared: {:?}", error.kind());
        return ExitCode::from(3);
    }
    told("missing", File::open(folder.join("missing")).map(drop));
    told("folder there already", fs::create_dir(folder));
    told("new file there already", File::create_new(&file).map(drop));
    told(
        "folder opened for writing",
        OpenOptions::new().write(true).open(folder).map(drop),
    );
    told("file as a folder", fs::read_dir(&file).map(drop));
    told("below a file", File::open(file.join("below")).map(drop));
    told("folder that is not empty", fs::remove_dir(folder));
    told("folder removed as a file", fs::remove_file(folder));
    told("outside", File::open("../outside").map(drop));
    told("absolute", File::open("/etc/hostname").map(drop));
    let name = "n".repeat(300);
    told("name too long", File::open(folder.join(name)).map(drop));
    told(
        "written only",
        File::create(&file).and_then(|mut file| file.read(&mut [0; 4]).map(drop)),
    );
    told(
        "read only",
        File::open(&file).and_then(|mut file| file.write(b"no").map(drop)),
    );
    told(
        "removed",
        fs::remove_file(&file).and_then(|()| fs::remove_dir(folder)),
    );
    ExitCode::from(3)
}
