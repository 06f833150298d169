//! What [`crate::update`] is told, and what it asks for.

use crate::command_line::Told;
use crate::highlight::{Highlighted, Job};
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Size;
use std::time::Duration;
use wasmscope_debugger::protocol::{Event, FrameId, Request};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// The app starts: what is to be asked first.
    Start,
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The screen has another size.
    Resize(Size),
    /// The session told something.
    Session(Box<Event>),
    /// The session ended: nothing more will come.
    SessionClosed,
    /// Line mode's commands told something.
    Told(Told),
    /// Lines were coloured.
    Highlighted(Highlighted),
    /// Time passed; counted from the start.
    Tick(Duration),
    /// The process is to end: a signal came.
    Terminate,
}

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a request to the session.
    Send(Request),
    /// Carry out a command of line mode, in a frame.
    Line(String, FrameId),
    /// Look for words that a line of line mode could go on with, in a frame.
    Complete(String, FrameId),
    /// Colour a file.
    Highlight(Job),
    /// Put a text into the clipboard.
    Copy(String),
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit,
}
