//! Panics with text of every kind in scope, after printing each: owned, borrowed, shared, of the
//! system, of C, empty, long, not UTF-8.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Prints variables by the names of their function and their own, a line each.
macro_rules! show {
    ($function:ident: $($variable:ident)*) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {:?}"),
            $variable
        );)*
    };
}

fn owned() {
    let text = String::from("é \"quoted\"\n\u{1b}[31m");
    let empty = String::new();
    let reserved = String::with_capacity(100);
    let boxed: Box<str> = "boxed".into();
    let counted: Rc<str> = "counted".into();
    let shared: Arc<str> = "shared".into();
    let lent: &String = &text;
    let mut changed = String::from("a");
    let lent_mut: &mut String = &mut changed;
    lent_mut.push('b');
    let kept: Cow<'static, str> = Cow::Borrowed("kept");
    let made: Cow<'static, str> = Cow::Owned("made".to_owned());
    let letters = vec!['a', 'é', '🦀'];
    let words = vec!["one".to_owned(), String::new(), "three".to_owned()];
    let maybe: Option<String> = Some("inner".to_owned());
    let none: Option<String> = None;
    let result: Result<String, &str> = Err("late");
    show!(owned: text empty reserved boxed counted shared lent lent_mut kept made letters words
        maybe none result);
    system();
    show!(owned: text reserved shared words);
}

fn system() {
    let name = OsString::from("name.txt");
    // SAFETY: on WASI any bytes are a name.
    let no_text = unsafe { OsString::from_encoded_bytes_unchecked(vec![b'a', 0xff, b'z']) };
    let lent_name: &OsStr = &name;
    let boxed_name: Box<OsStr> = name.clone().into_boxed_os_str();
    let path = PathBuf::from("/tmp/dir/file.rs");
    let lent_path: &Path = Path::new("relative/é.txt");
    let boxed_path: Box<Path> = path.clone().into_boxed_path();
    let counted_path: Rc<Path> = Rc::from(lent_path);
    let either: Cow<'_, Path> = Cow::Borrowed(lent_path);
    let found: Option<PathBuf> = Some(path.clone());
    let missing: Option<PathBuf> = None;
    let part: Option<Component> = lent_path.components().next();
    let c_owned = CString::new("C owned").expect("no zero in it");
    let c_empty = CString::default();
    let c_lent: &CStr = c"C lent";
    let c_boxed: Box<CStr> = c_owned.clone().into_boxed_c_str();
    show!(system: name no_text lent_name boxed_name path lent_path boxed_path counted_path either
        found missing part c_owned c_empty c_lent c_boxed);
    panic!("the end of the text");
}

fn main() {
    owned();
}
