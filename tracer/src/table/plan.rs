//! What recording has to do at a call of a row, worked out at compile time, so that a call costs
//! only what it needs.

use super::{FdEffect, Kind, Param, Type};

/// The parameters of a row that matter when it is called, by what for.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Descriptors, whose paths are kept.
    pub(crate) fds: Steps,
    /// Parameters whose memory is copied before the call.
    pub(crate) inputs: Steps,
    /// Parameters whose memory is copied after it.
    pub(crate) outputs: Steps,
    /// The first Wasm value that is the address of a result.
    pub(crate) first_result: Option<u8>,
    /// Whether some calls may wait, or show something to the user.
    pub(crate) may_begin: bool,
}

/// Up to five parameters.
#[derive(Debug)]
pub(crate) struct Steps {
    steps: [Step; 5],
    length: usize,
}

/// A parameter: which one, and which of the Wasm values is its first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) param: u8,
    pub(crate) word: u8,
}

impl Steps {
    const EMPTY: Steps = Steps {
        steps: [Step { param: 0, word: 0 }; 5],
        length: 0,
    };

    const fn with(mut self, param: usize, word: usize) -> Steps {
        // Evaluated at compile time: a row with more parameters of a sort does not build.
        self.steps[self.length] = Step {
            param: param as u8,
            word: word as u8,
        };
        self.length += 1;
        self
    }

    /// The parameters, in order.
    #[inline]
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Step> {
        self.steps.get(..self.length).unwrap_or_default().iter()
    }
}

impl Plan {
    /// The plan of a row with these parameters.
    pub(crate) const fn of(params: &[Param], fds: FdEffect) -> Plan {
        let mut plan = Plan {
            fds: Steps::EMPTY,
            inputs: Steps::EMPTY,
            outputs: Steps::EMPTY,
            first_result: None,
            may_begin: matches!(fds, FdEffect::Accepts),
        };
        let (mut param, mut word) = (0, 0);
        while param < params.len() {
            let kind = &params[param].kind;
            if matches!(
                kind,
                Kind::BuffersIn
                    | Kind::BuffersOut
                    | Kind::ArrayOut(_)
                    | Kind::AddressIn(_)
                    | Kind::AddressesOut
            ) {
                plan.may_begin = true;
            }
            match kind {
                Kind::Value(Type::Fd) => plan.fds = plan.fds.with(param, word),
                Kind::Path
                | Kind::BuffersIn
                | Kind::AddressIn(_)
                | Kind::OptionIn
                | Kind::TextIn
                | Kind::RecordIn(_)
                | Kind::ArrayIn(..) => {
                    plan.inputs = plan.inputs.with(param, word);
                }
                Kind::BuffersOut | Kind::AddressOut(_) => {
                    plan.inputs = plan.inputs.with(param, word);
                    plan.outputs = plan.outputs.with(param, word);
                }
                Kind::BufferOut(_)
                | Kind::EntriesOut
                | Kind::ArrayOut(_)
                | Kind::PartOut(_)
                | Kind::OptionOut
                | Kind::AddressesOut
                | Kind::StringsOut(_) => plan.outputs = plan.outputs.with(param, word),
                Kind::Result(_) => {
                    plan.outputs = plan.outputs.with(param, word);
                    if plan.first_result.is_none() {
                        plan.first_result = Some(word as u8);
                    }
                }
                Kind::Value(_) => {}
            }
            word += kind.words();
            param += 1;
        }
        plan
    }
}
