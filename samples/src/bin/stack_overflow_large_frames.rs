//! Fails: recursion with a large buffer in each frame. The stack in linear memory runs out long
//! before the engine's own: what Wasm sees is an access at a strange address, since the stack
//! pointer has gone below 0 and come out at the other end.

struct Folder {
    name: &'static str,
    parent: usize,
}

/// The path of a folder, written into a buffer on the way back from the root.
fn path(folders: &[Folder], number: usize) -> String {
    let mut buffer = [b' '; 2_048];
    let folder = &folders[number];
    if folder.parent == number {
        return folder.name.to_owned();
    }
    let parent = path(folders, folder.parent); // <- recurs
    let length = parent.len() + 1 + folder.name.len();
    buffer[..parent.len()].copy_from_slice(parent.as_bytes());
    buffer[parent.len()] = b'/';
    buffer[parent.len() + 1..length].copy_from_slice(folder.name.as_bytes());
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn main() {
    let folder = |name, parent| Folder { name, parent };
    let folders = [
        folder("root", 0),
        folder("photos", 0),
        folder("2024", 1),
        folder("copy", 4),
        folder("backup", 3),
    ];
    for number in [2, 3] {
        println!("{}", path(&folders, number)); // <- asks
    }
}
