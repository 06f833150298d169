//! Settings: what `set NAME VALUE` changes and `show` tells.

use super::link::Failure;
use super::parse;
use super::shell::Shell;
use super::table::{self, shown};
use wasmscope_debugger::protocol::{self, Command, ValueLimits};

/// All settings as they are.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub elements: usize,
    pub characters: usize,
    pub depth: usize,
    pub pretty: bool,
    pub listsize: u32,
    pub backtrace: usize,
    pub confirm: bool,
    pub echo: bool,
    pub step_std: bool,
    pub stop_on_panic: bool,
    pub host_calls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            elements: 32,
            characters: 400,
            depth: 6,
            pretty: false,
            listsize: 11,
            backtrace: 100,
            confirm: true,
            echo: false,
            step_std: false,
            stop_on_panic: true,
            host_calls: false,
        }
    }
}

impl Settings {
    /// How much of a value is asked for.
    pub(super) fn limits(&self) -> ValueLimits {
        ValueLimits {
            elements: self.elements,
            text: self.characters,
            depth: self.depth,
            children: 0,
        }
    }

    /// How much of a value is asked for that is shown as a tree.
    pub(super) fn tree_limits(&self) -> ValueLimits {
        ValueLimits {
            children: self.depth,
            ..self.limits()
        }
    }
}

/// A setting.
pub(super) struct Setting {
    /// Its name; words are parted by one blank.
    pub name: &'static str,
    /// Its values.
    pub values: &'static str,
    /// What it does.
    pub summary: &'static str,
    get: fn(&Settings) -> String,
    set: fn(&mut Settings, &str) -> Result<(), String>,
    /// What the session has to be told.
    tell: Option<fn(&Settings) -> protocol::Settings>,
}

/// All settings.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "print elements",
        values: "N|unlimited",
        summary: "elements of a sequence that `print` shows",
        get: |settings| limit_text(settings.elements),
        set: |settings, text| limit(text).map(|n| settings.elements = n),
        tell: None,
    },
    Setting {
        name: "print characters",
        values: "N|unlimited",
        summary: "characters of a text that `print` shows",
        get: |settings| limit_text(settings.characters),
        set: |settings, text| limit(text).map(|n| settings.characters = n),
        tell: None,
    },
    Setting {
        name: "print depth",
        values: "N|unlimited",
        summary: "how deep values within values are shown",
        get: |settings| limit_text(settings.depth),
        set: |settings, text| limit(text).map(|n| settings.depth = n),
        tell: None,
    },
    Setting {
        name: "print pretty",
        values: "on|off",
        summary: "whether `print` shows fields and elements on lines of their own",
        get: |settings| switch_text(settings.pretty),
        set: |settings, text| parse::switch(text).map(|on| settings.pretty = on),
        tell: None,
    },
    Setting {
        name: "listsize",
        values: "N",
        summary: "lines that `list` shows",
        get: |settings| settings.listsize.to_string(),
        set: |settings, text| {
            let lines = parse::number_for(text, "a number of lines is expected")?;
            settings.listsize = u32::try_from(lines.clamp(1, 10_000)).unwrap_or(10_000);
            Ok(())
        },
        tell: None,
    },
    Setting {
        name: "backtrace limit",
        values: "N|unlimited",
        summary: "frames that `backtrace` looks at when it is not told how many",
        get: |settings| limit_text(settings.backtrace),
        set: |settings, text| limit(text).map(|n| settings.backtrace = n),
        tell: None,
    },
    Setting {
        name: "confirm",
        values: "on|off",
        summary: "whether you are asked before a running program is ended",
        get: |settings| switch_text(settings.confirm),
        set: |settings, text| parse::switch(text).map(|on| settings.confirm = on),
        tell: None,
    },
    Setting {
        name: "echo",
        values: "on|off",
        summary: "whether commands of scripts are shown before what they say",
        get: |settings| switch_text(settings.echo),
        set: |settings, text| parse::switch(text).map(|on| settings.echo = on),
        tell: None,
    },
    Setting {
        name: "step-std",
        values: "on|off",
        summary: "whether `step` goes into functions that are not the program's own",
        get: |settings| switch_text(settings.step_std),
        set: |settings, text| parse::switch(text).map(|on| settings.step_std = on),
        tell: Some(|settings| protocol::Settings {
            step_into_std: Some(settings.step_std),
            ..Default::default()
        }),
    },
    Setting {
        name: "stop-on-panic",
        values: "on|off",
        summary: "whether a Rust panic stops the program where it happens",
        get: |settings| switch_text(settings.stop_on_panic),
        set: |settings, text| parse::switch(text).map(|on| settings.stop_on_panic = on),
        tell: Some(|settings| protocol::Settings {
            stop_on_panic: Some(settings.stop_on_panic),
            ..Default::default()
        }),
    },
    Setting {
        name: "host-calls",
        values: "on|off",
        summary: "whether every call to the host is told",
        get: |settings| switch_text(settings.host_calls),
        set: |settings, text| parse::switch(text).map(|on| settings.host_calls = on),
        tell: Some(|settings| protocol::Settings {
            tell_host_calls: Some(settings.host_calls),
            ..Default::default()
        }),
    },
];

impl Setting {
    /// Its value as `set` takes it.
    pub(super) fn value(&self, settings: &Settings) -> String {
        (self.get)(settings)
    }
}

impl Shell {
    /// `set NAME VALUE`.
    pub(super) fn change_setting(&mut self, setting: &Setting, value: &str) -> Result<(), Failure> {
        let mut changed = self.settings.clone();
        (setting.set)(&mut changed, value)
            .map_err(|error| format!("set {}: {error}", setting.name))?;
        if let Some(tell) = setting.tell {
            self.ask(Command::Configure(tell(&changed)))?;
        }
        self.settings = changed;
        Ok(())
    }
}

/// The setting that a text begins with, and what follows its name.
pub(super) fn find(text: &str) -> Option<(&'static Setting, &str)> {
    SETTINGS.iter().find_map(|setting| {
        let mut rest = text.trim();
        for word in setting.name.split(' ') {
            let (first, after) = parse::first_word(rest);
            // lldb's users say `string` for what gdb's call `characters`.
            let also = word == "characters" && first == "string";
            if first != word && !also {
                return None;
            }
            rest = after;
        }
        Some((setting, rest))
    })
}

/// What is said when a setting does not exist.
pub(super) fn unknown(text: &str) -> String {
    let names = SETTINGS.iter().map(|setting| setting.name);
    match table::nearest(text, names) {
        Some(near) => format!("no such setting `{}`: did you mean `{near}`?", shown(text)),
        None => format!("no such setting `{}`: `show` lists them", shown(text)),
    }
}

fn limit(text: &str) -> Result<usize, String> {
    match text.trim() {
        "unlimited" | "0" => Ok(usize::MAX),
        text => {
            let number = parse::number_for(text, "a number or `unlimited` is expected")?;
            Ok(usize::try_from(number).unwrap_or(usize::MAX))
        }
    }
}

fn limit_text(limit: usize) -> String {
    match limit {
        usize::MAX => "unlimited".to_owned(),
        limit => limit.to_string(),
    }
}

fn switch_text(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}
