//! Which pane is where: the presets, and how they fit a screen's size. Drawing and mouse clicks ask
//! the same function, so they agree.

use crate::pane::{PANES, Pane};
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

/// A way to share the screen out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// A bit of everything.
    #[default]
    Balanced,
    /// Much source.
    Code,
    /// Many host calls.
    Calls,
}

impl Preset {
    /// The one after it, around.
    pub fn next(self) -> Self {
        match self {
            Preset::Balanced => Preset::Code,
            Preset::Code => Preset::Calls,
            Preset::Calls => Preset::Balanced,
        }
    }
}

/// How the user wants the screen shared out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// The preset.
    pub preset: Preset,
    /// Percents of the width for the panes at the side.
    pub side: u16,
    /// Percents of the height for the panes below.
    pub bottom: u16,
    /// Whether the pane in focus has all the room.
    #[serde(skip)]
    pub maximised: bool,
    /// Whether the panes at the side are hidden.
    pub side_hidden: bool,
    /// Whether the panes below are hidden.
    pub bottom_hidden: bool,
    /// Whether opcodes are beside the source.
    pub split: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Layout::new(Preset::Balanced)
    }
}

impl Layout {
    /// A preset as it comes.
    pub fn new(preset: Preset) -> Self {
        let (side, bottom) = match preset {
            Preset::Balanced => (38, 32),
            Preset::Code => (30, 20),
            Preset::Calls => (34, 55),
        };
        Layout {
            preset,
            side,
            bottom,
            maximised: false,
            side_hidden: false,
            bottom_hidden: false,
            split: false,
        }
    }

    /// Changes the width of the side by so many percents.
    pub fn widen(&mut self, by: i16) {
        self.side = self.side.saturating_add_signed(by).clamp(15, 75);
        self.side_hidden = false;
    }

    /// Changes the height of the bottom by so many percents.
    pub fn heighten(&mut self, by: i16) {
        self.bottom = self.bottom.saturating_add_signed(by).clamp(10, 80);
        self.bottom_hidden = false;
    }
}

/// A place on the screen that shows one of a few panes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The line with the tabs.
    pub header: Rect,
    /// The room for the pane.
    pub body: Rect,
    /// The panes that can be shown here.
    pub panes: Vec<Pane>,
    /// The one that is.
    pub shown: Pane,
}

/// A screen, shared out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Arrangement {
    /// The places for panes.
    pub slots: Vec<Slot>,
    /// Lines between columns.
    pub borders: Vec<Rect>,
    /// The status line.
    pub status: Rect,
    /// The hint bar.
    pub hints: Rect,
}

impl Arrangement {
    /// The place that shows a pane.
    pub fn slot_of(&self, pane: Pane) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.shown == pane)
    }
}

/// Shares a screen out. `recent` are the panes in the order in which they had the focus, the one
/// that has it first.
pub fn arrange(screen: Rect, layout: &Layout, recent: &[Pane]) -> Arrangement {
    let mut out = Arrangement::default();
    let mut body = screen;
    out.hints = cut_bottom(&mut body, u16::from(screen.height >= 8));
    out.status = cut_bottom(&mut body, u16::from(screen.height >= 4));
    let focus = recent.first().copied().unwrap_or(Pane::Source);
    if layout.maximised || body.width < 44 || body.height < 12 {
        out.slot(body, PANES.to_vec(), &[focus]);
        return out;
    }
    let bottom_height = match layout.bottom_hidden {
        true => 0,
        false => percent(body.height, layout.bottom).clamp(4, body.height.saturating_sub(6)),
    };
    let bottom = cut_bottom(&mut body, bottom_height);
    let side_width = match layout.side_hidden {
        true => 0,
        false => percent(body.width, layout.side).clamp(18, body.width.saturating_sub(24)),
    };
    let side = cut_right(&mut body, side_width);
    if side.width > 0 {
        out.borders.push(cut_right(&mut body, 1));
    }
    let code = vec![Pane::Source, Pane::Disassembly];
    if layout.split && body.width >= 60 {
        let half = body.width / 2;
        let right = cut_right(&mut body, half);
        out.borders.push(cut_right(&mut body, 1));
        out.slot(body, vec![Pane::Source], recent);
        out.slot(right, vec![Pane::Disassembly], recent);
    } else {
        out.slot(body, code, recent);
    }
    if side.width > 0 {
        out.stack(side, side_groups(side.height, layout), recent);
    }
    if bottom.height > 0 {
        out.row(bottom, bottom_groups(bottom.width, layout), recent);
    }
    out
}

impl Arrangement {
    fn slot(&mut self, area: Rect, panes: Vec<Pane>, recent: &[Pane]) {
        let mut body = area;
        let header = cut_top(&mut body, 1);
        let first = panes.first().copied().unwrap_or(Pane::Source);
        let shown = recent.iter().find(|pane| panes.contains(pane)).copied();
        self.slots.push(Slot {
            header,
            body,
            shown: shown.unwrap_or(first),
            panes,
        });
    }

    /// Places one below the other, their heights by weight.
    fn stack(&mut self, area: Rect, groups: Vec<(u16, Vec<Pane>)>, recent: &[Pane]) {
        let mut rest = area;
        let mut weight: u16 = groups.iter().map(|(weight, _)| weight).sum();
        for (part, panes) in groups {
            let height = share(rest.height, part, weight);
            weight = weight.saturating_sub(part);
            let slot = cut_top(&mut rest, height);
            self.slot(slot, panes, recent);
        }
    }

    /// Places beside each other, their widths by weight.
    fn row(&mut self, area: Rect, groups: Vec<(u16, Vec<Pane>)>, recent: &[Pane]) {
        let mut rest = area;
        let mut weight: u16 = groups.iter().map(|(weight, _)| weight).sum();
        for (part, panes) in groups {
            let width = share(rest.width, part, weight);
            weight = weight.saturating_sub(part);
            let mut slot = cut_left(&mut rest, width);
            if weight > 0 {
                self.borders.push(cut_right(&mut slot, 1));
            }
            self.slot(slot, panes, recent);
        }
    }
}

/// The panes at the side, by the room there is.
fn side_groups(height: u16, layout: &Layout) -> Vec<(u16, Vec<Pane>)> {
    use Pane::{Breakpoints, Stack, Variables, Wasm, Watches};
    let has_room = layout.preset != Preset::Calls;
    match height {
        36.. if has_room => vec![
            (4, vec![Variables]),
            (2, vec![Watches, Wasm]),
            (3, vec![Stack]),
            (2, vec![Breakpoints]),
        ],
        20.. => vec![
            (4, vec![Variables, Watches]),
            (3, vec![Stack]),
            (2, vec![Breakpoints, Wasm]),
        ],
        9.. => vec![
            (4, vec![Variables, Watches, Wasm]),
            (3, vec![Stack, Breakpoints]),
        ],
        _ => vec![(1, vec![Variables, Watches, Stack, Breakpoints, Wasm])],
    }
}

/// The panes below.
fn bottom_groups(width: u16, layout: &Layout) -> Vec<(u16, Vec<Pane>)> {
    use Pane::{Calls, Console, Memory, Output};
    match (width, layout.preset) {
        (..100, Preset::Calls) => vec![(1, vec![Calls, Output, Console, Memory])],
        (..100, _) => vec![(1, vec![Output, Calls, Console, Memory])],
        (_, Preset::Calls) => vec![(3, vec![Calls]), (2, vec![Output, Console, Memory])],
        (..170, _) => vec![(1, vec![Output, Console]), (1, vec![Calls, Memory])],
        (_, _) => vec![
            (2, vec![Output]),
            (3, vec![Calls]),
            (2, vec![Console, Memory]),
        ],
    }
}

fn percent(of: u16, percents: u16) -> u16 {
    share(of, percents, 100)
}

/// `part` of `whole` parts of `of`.
fn share(of: u16, part: u16, whole: u16) -> u16 {
    let share = u32::from(of)
        .saturating_mul(u32::from(part))
        .checked_div(u32::from(whole))
        .unwrap_or(0);
    u16::try_from(share).unwrap_or(u16::MAX).min(of)
}

fn cut_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height = area.height.saturating_sub(height);
    Rect::new(area.x, area.bottom(), area.width, height)
}

fn cut_top(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let top = Rect::new(area.x, area.y, area.width, height);
    area.y = area.y.saturating_add(height);
    area.height = area.height.saturating_sub(height);
    top
}

fn cut_right(area: &mut Rect, width: u16) -> Rect {
    let width = width.min(area.width);
    area.width = area.width.saturating_sub(width);
    Rect::new(area.right(), area.y, width, area.height)
}

fn cut_left(area: &mut Rect, width: u16) -> Rect {
    let width = width.min(area.width);
    let left = Rect::new(area.x, area.y, width, area.height);
    area.x = area.x.saturating_add(width);
    area.width = area.width.saturating_sub(width);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing overlaps and nothing leaves the screen, at any size.
    #[test]
    fn places_share_the_screen_out() {
        for preset in [Preset::Balanced, Preset::Code, Preset::Calls] {
            for split in [false, true] {
                for (width, height) in (0..250).step_by(7).zip((0..90).cycle().step_by(3)) {
                    let mut layout = Layout::new(preset);
                    layout.split = split;
                    let screen = Rect::new(0, 0, width, height);
                    let found = arrange(screen, &layout, &[Pane::Calls]);
                    let mut cells = vec![0u8; usize::from(width) * usize::from(height)];
                    let areas = found.slots.iter().flat_map(|slot| [slot.header, slot.body]);
                    for area in areas
                        .chain(found.borders.clone())
                        .chain([found.status, found.hints])
                    {
                        for y in area.y..area.bottom() {
                            for x in area.x..area.right() {
                                cells[usize::from(y) * usize::from(width) + usize::from(x)] += 1;
                            }
                        }
                    }
                    assert!(
                        cells.iter().all(|uses| *uses == 1),
                        "{width}x{height} {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_pane_can_be_reached() {
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            for preset in [Preset::Balanced, Preset::Code, Preset::Calls] {
                let screen = Rect::new(0, 0, width, height);
                for pane in PANES {
                    let found = arrange(screen, &Layout::new(preset), &[pane, Pane::Source]);
                    let slot = found.slot_of(pane).unwrap();
                    assert!(
                        slot.body.height > 2 && slot.body.width > 15,
                        "{pane:?} {slot:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_maximised_pane_has_the_screen() {
        let layout = Layout {
            maximised: true,
            ..Layout::default()
        };
        let found = arrange(Rect::new(0, 0, 100, 30), &layout, &[Pane::Memory]);
        assert_eq!(found.slots.len(), 1);
        assert_eq!(found.slot_of(Pane::Memory).unwrap().body.height, 27);
    }
}
