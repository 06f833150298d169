//! What can lie over the panes: a stack of popups, of which the topmost takes the keys.

use crate::actions::{Action, TABLE};
use crate::cursor::Cursor;
use crate::line_edit::LineEdit;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use wasmscope_debugger::protocol::BreakpointId;

/// Rows that a list with a query shows at most.
const MAX_FOUND: usize = 500;

/// A popup.
#[derive(Clone, Debug)]
pub(crate) enum Popup {
    /// What the keys do.
    Help(Cursor),
    /// A list to choose from, with a query.
    Choose(Chooser),
    /// A question that is answered by a line.
    Ask {
        /// The question.
        title: String,
        /// What an answer looks like.
        hint: String,
        /// The answer.
        line: LineEdit,
        /// What it is for.
        purpose: Ask,
        /// What was wrong with the last answer.
        error: Option<String>,
    },
    /// A question that is answered by yes or no.
    Confirm {
        /// The question.
        question: String,
        /// What yes means.
        yes: Yes,
    },
    /// Text to read.
    Text {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<String>,
        /// The first line shown.
        cursor: Cursor,
    },
}

/// What an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A new breakpoint.
    NewBreakpoint,
    /// A breakpoint's condition.
    Condition(BreakpointId),
    /// A breakpoint's hits.
    Hits(BreakpointId),
    /// A breakpoint's message.
    Log(BreakpointId),
    /// A new breakpoint with a condition at a line.
    ConditionAt(String, u32),
    /// A new log breakpoint at a line.
    LogAt(String, u32),
    /// A new watch, or another expression for one.
    Watch(Option<usize>),
    /// A value for an expression.
    Assign(String),
    /// An address.
    Memory,
    /// A set of host calls.
    Filter,
    /// What to search for.
    Search,
    /// A line's number.
    Line,
}

/// What is to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yes {
    /// Leave while the guest lives.
    Quit,
    /// End the guest.
    Kill,
    /// Start anew while the guest lives.
    Restart,
}

/// What is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Actions.
    Action,
    /// Source files.
    File,
    /// Functions.
    Function,
}

/// A list with a query.
#[derive(Clone, Debug)]
pub(crate) struct Chooser {
    /// What is chosen from.
    pub choice: Choice,
    /// The query.
    pub line: LineEdit,
    /// Everything there is.
    items: Vec<String>,
    /// Places of what matches, best first.
    pub found: Vec<usize>,
    /// The selected row.
    pub cursor: Cursor,
    /// Whether the items are still coming.
    pub waiting: bool,
    /// Whether there are more items than could be told.
    pub truncated: bool,
    /// The query that the items were asked for with, where not all could be told.
    pub asked: String,
}

impl Chooser {
    /// A list whose items are to come.
    pub fn new(choice: Choice) -> Self {
        Chooser {
            choice,
            line: LineEdit::default(),
            items: Vec::new(),
            found: Vec::new(),
            cursor: Cursor::default(),
            waiting: true,
            truncated: false,
            asked: String::new(),
        }
    }

    /// The list of all actions.
    pub fn palette() -> Self {
        let mut chooser = Chooser::new(Choice::Action);
        chooser.fill(
            TABLE
                .iter()
                .map(|row| format!("{}: {}", row.group, row.help))
                .collect(),
        );
        chooser
    }

    /// Puts the items in.
    pub fn fill(&mut self, items: Vec<String>) {
        self.items = items;
        self.waiting = false;
        self.search();
    }

    /// The query changed.
    pub fn search(&mut self) {
        self.cursor = Cursor::default();
        let query = self.line.text().trim();
        if query.is_empty() {
            self.found = (0..self.items.len().min(MAX_FOUND)).collect();
            return;
        }
        let config = match self.choice {
            Choice::File => Config::DEFAULT.match_paths(),
            Choice::Action | Choice::Function => Config::DEFAULT,
        };
        let mut matcher = Matcher::new(config);
        let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(place, item)| {
                let score = pattern.score(Utf32Str::new(item, &mut buffer), &mut matcher)?;
                Some((score, place))
            })
            .collect();
        // Of equal matches the shorter one is meant.
        found.sort_by_key(|(score, place)| {
            let length = self.items.get(*place).map_or(0, String::len);
            (std::cmp::Reverse(*score), length, *place)
        });
        found.truncate(MAX_FOUND);
        self.found = found.into_iter().map(|(_, place)| place).collect();
    }

    /// The query, when the items have to be asked for anew to answer it: of more than could be told,
    /// those that match are wanted.
    pub fn asks_anew(&mut self) -> Option<String> {
        let query = self.line.text().trim().to_owned();
        let is_wanted = self.choice == Choice::Function
            && !self.waiting
            && (self.truncated || !self.asked.is_empty())
            && query != self.asked
            && (query.len() > 2 || query.is_empty());
        if !is_wanted {
            return None;
        }
        self.waiting = true;
        self.asked.clone_from(&query);
        Some(query)
    }

    /// An item that is shown.
    pub fn item(&self, row: usize) -> Option<&str> {
        let place = self.found.get(row)?;
        self.items.get(*place).map(String::as_str)
    }

    /// The place of the selected item among all.
    pub fn selected(&self) -> Option<usize> {
        self.found.get(self.cursor.at).copied()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The selected action.
    pub fn action(&self) -> Option<Action> {
        let place = self.selected().filter(|_| self.choice == Choice::Action)?;
        TABLE.get(place).map(|row| row.action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_finds_what_is_meant() {
        let mut chooser = Chooser::new(Choice::File);
        let files = ["src/main.rs", "src/order/mod.rs", "src/report.rs"];
        chooser.fill(files.map(str::to_owned).to_vec());
        assert_eq!(chooser.found.len(), 3);
        chooser.line.set("ordmod");
        chooser.search();
        assert_eq!(chooser.item(0), Some("src/order/mod.rs"));
        chooser.line.set("nothing at all");
        chooser.search();
        assert_eq!(chooser.selected(), None);
        let mut palette = Chooser::palette();
        palette.line.set("search the pane");
        palette.search();
        assert_eq!(palette.action(), Some(Action::Search));
    }
}
