//! The one table of what can be done: keys, hints, the help page, the palette and the words of the
//! configuration all come from it, so they cannot differ.

use crate::keys::Key;
use crate::pane::Pane;
use serde::Deserialize;
use std::collections::HashMap;

/// Which function keys there are beside the single letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keymap {
    /// Those of Visual Studio: F5, F9, F10, F11.
    #[default]
    Vs,
    /// gdb's single keys only.
    Gdb,
    /// Those of JetBrains: F9, F8, F7.
    Jetbrains,
}

/// Where a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere but where text is typed; panes may use the key for something else.
    Everywhere,
    /// In these panes.
    In(&'static [Pane]),
}

macro_rules! actions {
    ($( $action:ident = $name:literal, $group:literal, $hint:literal, $help:literal, $scope:expr,
        [$($key:literal),*] $(, vs [$($vs:literal),*])? $(, gdb [$($gdb:literal),*])?
        $(, jetbrains [$($jb:literal),*])? ; )*) => {
        /// Something the user can do with a key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $( #[doc = $help] $action, )* }

        /// Every action, in the order in which help shows them.
        pub const TABLE: &[Row] = &[ $( Row {
            action: Action::$action,
            name: $name,
            group: $group,
            hint: $hint,
            help: $help,
            scope: $scope,
            keys: &[$($key),*],
            vs: &[$($($vs),*)?],
            gdb: &[$($($gdb),*)?],
            jetbrains: &[$($($jb),*)?],
        }, )* ];
    };
}

/// One action, described.
#[derive(Debug)]
pub struct Row {
    /// The action.
    pub action: Action,
    /// Its name in the configuration.
    pub name: &'static str,
    /// The heading that help shows it under.
    pub group: &'static str,
    /// A word for the hint bar; empty for what is not worth the room.
    pub hint: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Where its keys work.
    pub scope: Scope,
    /// Its keys in every keymap.
    pub keys: &'static [&'static str],
    vs: &'static [&'static str],
    gdb: &'static [&'static str],
    jetbrains: &'static [&'static str],
}

const CODE: Scope = Scope::In(&[Pane::Source, Pane::Disassembly]);
const SOURCE: Scope = Scope::In(&[Pane::Source]);
const VALUES: Scope = Scope::In(&[Pane::Variables, Pane::Watches]);
const WATCHES: Scope = Scope::In(&[Pane::Watches]);
const BREAKPOINTS: Scope = Scope::In(&[Pane::Breakpoints]);
const OUTPUT: Scope = Scope::In(&[Pane::Output]);
const CALLS: Scope = Scope::In(&[Pane::Calls]);
const STACK: Scope = Scope::In(&[Pane::Stack]);
const MEMORY: Scope = Scope::In(&[Pane::Memory]);
const LOGS: Scope = Scope::In(&[Pane::Output, Pane::Calls]);
const ALL: Scope = Scope::Everywhere;

actions! {
    Continue = "continue", "Running", "continue", "Go on, or start the program", ALL,
        ["c"], vs ["F5"], jetbrains ["F9"];
    Next = "next", "Running", "next", "To the next line, over calls", ALL,
        ["n"], vs ["F10"], jetbrains ["F8"];
    Step = "step", "Running", "step", "To the next line, into calls", ALL,
        ["s"], vs ["F11"], jetbrains ["F7"];
    Finish = "finish", "Running", "finish", "Until the selected function has returned", ALL,
        ["f"], vs ["shift-F11"], jetbrains ["shift-F8"];
    Until = "until", "Running", "", "To a later line of the function: out of a loop", ALL,
        ["u"];
    RunTo = "run-to-cursor", "Running", "to cursor", "Until the line under the cursor is reached", CODE,
        ["t"], vs ["ctrl-F10"], jetbrains ["alt-F9"];
    StepInstruction = "step-instruction", "Running", "", "One opcode", ALL,
        ["i"];
    NextInstruction = "next-instruction", "Running", "", "One opcode, over calls", ALL,
        ["I"];
    Pause = "pause", "Running", "pause", "Stop the running program", ALL,
        ["p", "ctrl-c"], vs ["F6"];
    Restart = "restart", "Running", "restart", "Start the program anew; breakpoints stay", ALL,
        ["r"], vs ["ctrl-F5"], jetbrains ["ctrl-r"];
    Kill = "kill", "Running", "", "End the program", ALL,
        ["K"], vs ["shift-F5"], jetbrains ["ctrl-F2"];

    ToggleBreakpoint = "toggle-breakpoint", "Breakpoints", "break", "Set or take away a breakpoint on the line", CODE,
        ["b", "space"], vs ["F9"], jetbrains ["ctrl-F8"];
    BreakpointCondition = "breakpoint-condition", "Breakpoints", "condition", "The condition of the line's breakpoint", SOURCE,
        ["B"], vs ["shift-F9"];
    Logpoint = "logpoint", "Breakpoints", "", "Tell a message at the line instead of stopping", SOURCE,
        ["M"];
    NewBreakpoint = "new-breakpoint", "Breakpoints", "new", "A breakpoint on a function, line, host call or panic", BREAKPOINTS,
        ["a"];
    EnableBreakpoint = "enable-breakpoint", "Breakpoints", "on/off", "Switch the breakpoint on or off", BREAKPOINTS,
        ["space"];
    EditCondition = "edit-condition", "Breakpoints", "condition", "Stop only when an expression is true", BREAKPOINTS,
        ["e"];
    EditHits = "edit-hits", "Breakpoints", "hits", "Stop only at certain hits", BREAKPOINTS,
        ["h"];
    EditLog = "edit-log", "Breakpoints", "log", "Tell a message instead of stopping", BREAKPOINTS,
        ["m"];
    DeleteBreakpoint = "delete-breakpoint", "Breakpoints", "delete", "Take the breakpoint away", BREAKPOINTS,
        ["d", "delete"];

    FrameUp = "frame-up", "Stack", "", "Select the caller", ALL,
        ["ctrl-up", "alt-up"];
    FrameDown = "frame-down", "Stack", "", "Select the callee", ALL,
        ["ctrl-down", "alt-down"];
    Unfold = "unfold", "Stack", "all frames", "Show or fold the frames that are not yours", STACK,
        ["x"];

    Expand = "expand", "Values", "open", "Open the value; load more of it", VALUES,
        ["right", "enter", "l"];
    Collapse = "collapse", "Values", "", "Close the value, or go to the one it is in", VALUES,
        ["left", "h"];
    EditValue = "edit-value", "Values", "set", "Assign to it", VALUES,
        ["e"];
    RawValue = "raw-value", "Values", "raw", "As the compiler laid it out, or as its type says", VALUES,
        ["R"];
    HexValue = "hex-value", "Values", "", "Numbers in hexadecimal or decimal", VALUES,
        ["X"];
    WatchValue = "watch-value", "Values", "watch", "Keep it among the watches", Scope::In(&[Pane::Variables]),
        ["w"];
    StopOnChange = "stop-on-change", "Values", "", "Stop when it changes", VALUES,
        ["W"];
    ShowMemory = "show-memory", "Values", "memory", "Its bytes in memory", VALUES,
        ["m"];
    AddWatch = "add-watch", "Values", "add", "Watch an expression", WATCHES,
        ["a"];
    EditWatch = "edit-watch", "Values", "change", "Change the expression", WATCHES,
        ["E"];
    RemoveWatch = "remove-watch", "Values", "remove", "Watch it no more", WATCHES,
        ["d", "delete"];

    Input = "input", "Output", "type input", "Type a line of the program's standard input", OUTPUT,
        ["enter", "i"];
    EndInput = "end-input", "Output", "", "End the program's standard input", OUTPUT,
        ["ctrl-d"];
    Follow = "follow", "Output", "follow", "Stay at the newest line, or stop there", LOGS,
        ["f"];
    Filter = "filter", "Host calls", "filter", "Show only some calls: the sets of `trace -e`", CALLS,
        ["e"];
    Summary = "summary", "Host calls", "sums", "What the calls cost by function, or each call", CALLS,
        ["S"];
    CallDetails = "call-details", "Host calls", "details", "The whole call and the stack that it came from", CALLS,
        ["x"];
    StopAtCall = "stop-at-call", "Host calls", "stop at", "A breakpoint on the function that is called", CALLS,
        ["b", "space"];

    Goto = "goto", "Looking", "go to", "Memory at an address or of a value", MEMORY,
        ["g", "enter"];
    FindFile = "find-file", "Looking", "files", "Open a source file of the program", ALL,
        ["o", "ctrl-o"];
    FindFunction = "find-function", "Looking", "", "Open a function of the program", ALL,
        ["ctrl-t", "@"];
    CurrentLine = "current-line", "Looking", "here", "Back to where the program is stopped", CODE,
        ["."];
    Search = "search", "Looking", "search", "Search the pane", ALL,
        ["/", "ctrl-f"];
    SearchNext = "search-next", "Looking", "", "The next match", ALL,
        [">", "F3"];
    SearchPrevious = "search-previous", "Looking", "", "The match before", ALL,
        ["<", "shift-F3"];
    GotoLine = "goto-line", "Looking", "", "Go to a line by its number", SOURCE,
        ["ctrl-g"];
    SplitCode = "split-code", "Looking", "opcodes", "Opcodes beside the source, or not", CODE,
        ["v"];
    Report = "report", "Looking", "report", "The whole report on the failure", ALL,
        ["!"];
    Copy = "copy", "Looking", "", "Copy what is under the cursor", ALL,
        ["y"];

    CommandLine = "command-line", "Moving", "command", "Type a command", ALL,
        [":"];
    NextPane = "next-pane", "Moving", "panes", "The next pane", ALL,
        ["tab"];
    PreviousPane = "previous-pane", "Moving", "", "The pane before", ALL,
        ["shift-tab"];
    Maximise = "maximise", "Moving", "", "Give the pane all the room, or take it back", ALL,
        ["z"];
    HideSide = "hide-side", "Moving", "", "Hide or show the panes at the side", ALL,
        ["ctrl-b"];
    HideBottom = "hide-bottom", "Moving", "", "Hide or show the panes below", ALL,
        ["ctrl-j"];
    Wider = "wider", "Moving", "", "More room for the panes at the side", ALL,
        ["alt-left"];
    Narrower = "narrower", "Moving", "", "Less room for the panes at the side", ALL,
        ["alt-right"];
    Taller = "taller", "Moving", "", "More room for the panes below", ALL,
        ["+"];
    Lower = "lower", "Moving", "", "Less room for the panes below", ALL,
        ["-"];
    Preset = "preset", "Moving", "", "The next of the layouts: balanced, code, calls", ALL,
        ["L"];
    Redraw = "redraw", "Moving", "", "Draw the screen anew", ALL,
        ["ctrl-l"];

    Palette = "palette", "wasmscope", "everything", "Find anything to do by its name", ALL,
        ["ctrl-p"];
    Help = "help", "wasmscope", "help", "What the keys do", ALL,
        ["?", "F1"];
    Quit = "quit", "wasmscope", "quit", "Leave; asks while the program lives", ALL,
        ["q", "ctrl-q"];
}

impl Action {
    /// Its row.
    pub fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.action == self)
    }
}

impl Row {
    /// Its keys in a keymap.
    pub fn keys_in(&self, keymap: Keymap) -> impl Iterator<Item = &'static str> {
        let more = match keymap {
            Keymap::Vs => self.vs,
            Keymap::Gdb => self.gdb,
            Keymap::Jetbrains => self.jetbrains,
        };
        self.keys.iter().chain(more).copied()
    }
}

/// The keys that are in force.
#[derive(Clone, Debug)]
pub struct Bindings {
    everywhere: HashMap<Key, Action>,
    local: HashMap<(Pane, Key), Action>,
    of: HashMap<Action, Vec<Key>>,
}

impl Bindings {
    /// Those of a keymap, with the user's own: an action's keys there replace all it has.
    pub fn new(keymap: Keymap, own: &[(Action, Vec<Key>)]) -> Self {
        let mut bindings = Bindings {
            everywhere: HashMap::new(),
            local: HashMap::new(),
            of: HashMap::new(),
        };
        let is_own = |action| own.iter().any(|(changed, _)| *changed == action);
        for row in TABLE.iter().filter(|row| !is_own(row.action)) {
            for key in row.keys_in(keymap).filter_map(|key| key.parse().ok()) {
                bindings.bind(row, key, false);
            }
        }
        // The user's come last, and win.
        for (action, keys) in own {
            if let Some(row) = action.row() {
                for key in keys {
                    bindings.bind(row, *key, true);
                }
            }
        }
        bindings
    }

    fn bind(&mut self, row: &Row, key: Key, wins: bool) {
        let taken = match row.scope {
            Scope::Everywhere => {
                let taken = self.everywhere.get(&key).copied();
                if taken.is_none() || wins {
                    self.everywhere.insert(key, row.action);
                }
                taken
            }
            Scope::In(panes) => {
                let mut taken = None;
                for pane in panes {
                    let before = self.local.get(&(*pane, key)).copied();
                    taken = taken.or(before);
                    if before.is_none() || wins {
                        self.local.insert((*pane, key), row.action);
                    }
                }
                taken
            }
        };
        match taken.filter(|other| *other != row.action) {
            Some(other) if wins => {
                if let Some(keys) = self.of.get_mut(&other) {
                    keys.retain(|known| *known != key);
                }
            }
            Some(_) => return,
            None => {}
        }
        let keys = self.of.entry(row.action).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// What a key does in a pane.
    pub fn action(&self, pane: Pane, key: Key) -> Option<Action> {
        let local = self.local.get(&(pane, key));
        local.or_else(|| self.everywhere.get(&key)).copied()
    }

    /// The keys of an action.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.of.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The keys of an action that work in a pane.
    pub fn keys_in(&self, pane: Pane, action: Action) -> impl Iterator<Item = Key> {
        let keys = self.keys(action).iter().copied();
        keys.filter(move |key| self.action(pane, *key) == Some(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_in_the_table_is_one_and_means_one_thing() {
        for keymap in [Keymap::Vs, Keymap::Gdb, Keymap::Jetbrains] {
            let mut everywhere = HashMap::new();
            let mut local = HashMap::new();
            for row in TABLE {
                for text in row.keys_in(keymap) {
                    let key: Key = text.parse().unwrap();
                    let before = match row.scope {
                        Scope::Everywhere => everywhere.insert(key, row.name),
                        Scope::In(panes) => panes.iter().fold(None, |found, pane| {
                            found.or(local.insert((*pane, key), row.name))
                        }),
                    };
                    assert_eq!(before, None, "{text} is also {}", row.name);
                }
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn the_users_keys_replace_the_tables() {
        let own = [
            (Action::Next, vec!["j".parse().unwrap()]),
            (Action::Step, vec!["c".parse().unwrap()]),
        ];
        let bindings = Bindings::new(Keymap::Vs, &own);
        let key = |text: &str| text.parse::<Key>().unwrap();
        assert_eq!(bindings.action(Pane::Source, key("j")), Some(Action::Next));
        assert_eq!(bindings.action(Pane::Source, key("n")), None);
        assert_eq!(bindings.action(Pane::Source, key("c")), Some(Action::Step));
        assert_eq!(bindings.keys(Action::Continue), [key("F5")]);
    }

    #[test]
    fn panes_may_shadow() {
        let bindings = Bindings::new(Keymap::Vs, &[]);
        let space = "space".parse().unwrap();
        assert_eq!(
            bindings.action(Pane::Source, space),
            Some(Action::ToggleBreakpoint)
        );
        assert_eq!(
            bindings.action(Pane::Breakpoints, space),
            Some(Action::EnableBreakpoint)
        );
        let f = "f".parse().unwrap();
        assert_eq!(bindings.action(Pane::Calls, f), Some(Action::Follow));
        assert!(
            bindings
                .keys_in(Pane::Calls, Action::Finish)
                .all(|key| key != f)
        );
    }
}
