//! The keys: one table of what each does and what people read about it; help, footer and README come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    NextSegment,
    PreviousSegment,
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    NextChange,
    PreviousChange,
    NextEvidence,
    NextConnection,
    PreviousConnection,
    GoTo,
    SetMark,
    GoToMark,
    Find,
    FindNext,
    FindPrevious,
    ToggleList,
    Filter,
    Sort,
    ReverseSort,
    Open,
    ToggleFold,
    ToggleControl,
    ToggleAbsolute,
    NextClock,
    ToggleWhy,
    ToggleFigure,
    TogglePayload,
    ScrollDown,
    ScrollUp,
    Play,
    Faster,
    Slower,
    ToggleRealTime,
    PlayOn,
    About,
    Pause,
    Write,
    Export,
    Copy,
    CopyTcpdump,
    Help,
    Back,
    Redraw,
    Stop,
    Leave,
}

/// Keys that belong together, and what people read about them.
pub struct Entry {
    pub keys: &'static str,
    /// The keys in ASCII.
    pub spelled: &'static str,
    pub what: &'static str,
    bindings: &'static [(KeyCode, KeyModifiers, Action)],
}

/// What people read of keys: the keys, their spelling in ASCII, what they do.
pub type Told<'a> = (&'a str, &'a str, &'a str);

impl Section {
    /// What people read of its keys.
    #[must_use]
    pub fn told(&self) -> Vec<Told<'static>> {
        let entries = self.entries.iter();
        entries.map(|it| (it.keys, it.spelled, it.what)).collect()
    }
}

/// A part of the help.
pub struct Section {
    pub heading: &'static str,
    pub entries: &'static [Entry],
}

const PLAIN: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

const fn char(c: char, action: Action) -> (KeyCode, KeyModifiers, Action) {
    (KeyCode::Char(c), PLAIN, action)
}

const fn key(code: KeyCode, action: Action) -> (KeyCode, KeyModifiers, Action) {
    (code, PLAIN, action)
}

const fn entry(
    keys: &'static str,
    spelled: &'static str,
    what: &'static str,
    bindings: &'static [(KeyCode, KeyModifiers, Action)],
) -> Entry {
    Entry {
        keys,
        spelled,
        what,
        bindings,
    }
}

/// Every key, in the order of the help.
pub const SECTIONS: &[Section] = &[
    Section {
        heading: "Moving",
        entries: &[
            entry(
                "← →",
                "Left Right",
                "previous, next segment (also h l; k j for up and down)",
                &[
                    key(KeyCode::Left, Action::PreviousSegment),
                    char('h', Action::PreviousSegment),
                    key(KeyCode::Right, Action::NextSegment),
                    char('l', Action::NextSegment),
                ],
            ),
            entry(
                "↑ ↓",
                "Up Down",
                "previous, next connection, or segment if there is only one",
                &[
                    key(KeyCode::Up, Action::Up),
                    char('k', Action::Up),
                    key(KeyCode::Down, Action::Down),
                    char('j', Action::Down),
                ],
            ),
            entry(
                "[ ]",
                "[ ]",
                "previous, next connection",
                &[
                    char('[', Action::PreviousConnection),
                    char(']', Action::NextConnection),
                ],
            ),
            entry(
                "Home End",
                "Home End",
                "first, last segment or connection; End follows live (also G)",
                &[
                    key(KeyCode::Home, Action::First),
                    key(KeyCode::End, Action::Last),
                    char('G', Action::Last),
                ],
            ),
            entry(
                "PgUp PgDn",
                "PgUp PgDn",
                "ten rows; in the list ten connections",
                &[
                    key(KeyCode::PageUp, Action::PageUp),
                    key(KeyCode::PageDown, Action::PageDown),
                ],
            ),
            entry(
                "n N",
                "n N",
                "next, previous change of a state",
                &[
                    char('n', Action::NextChange),
                    char('N', Action::PreviousChange),
                ],
            ),
            entry(
                "e",
                "e",
                "the next segment that shows why (the verdict's evidence)",
                &[char('e', Action::NextEvidence)],
            ),
            entry(
                "/",
                "/",
                "find a segment (rst, note:retransmission, len:>1000); in the list: filter",
                &[char('/', Action::Find)],
            ),
            entry(
                ". ,",
                ". ,",
                "next, previous segment found",
                &[char('.', Action::FindNext), char(',', Action::FindPrevious)],
            ),
            entry(
                "g",
                "g",
                "go to a frame, by its number",
                &[char('g', Action::GoTo)],
            ),
            entry(
                "m '",
                "m '",
                "then a letter: mark this segment, go to the mark",
                &[char('m', Action::SetMark), char('\'', Action::GoToMark)],
            ),
        ],
    },
    Section {
        heading: "What is shown",
        entries: &[
            entry(
                "d",
                "d",
                "the state figure of RFC 9293, both ends on it",
                &[char('d', Action::ToggleFigure)],
            ),
            entry(
                "v",
                "v",
                "the verdict: why, and what each program saw; again: the findings",
                &[char('v', Action::ToggleWhy)],
            ),
            entry(
                "x",
                "x",
                "the payload as hex and text, or the details",
                &[char('x', Action::TogglePayload)],
            ),
            entry(
                "J K",
                "J K",
                "scroll the details, the payload, the verdict",
                &[char('J', Action::ScrollDown), char('K', Action::ScrollUp)],
            ),
            entry(
                "f",
                "f",
                "fold or unfold the run of data here; elsewhere all of them",
                &[char('f', Action::ToggleFold)],
            ),
            entry(
                "c",
                "c",
                "only control segments: SYN, FIN, RST, and what changes a state",
                &[char('c', Action::ToggleControl)],
            ),
            entry(
                "a",
                "a",
                "absolute or relative sequence numbers",
                &[char('a', Action::ToggleAbsolute)],
            ),
            entry(
                "t",
                "t",
                "time since the start, time of day (UTC), or since the segment before",
                &[char('t', Action::NextClock)],
            ),
        ],
    },
    Section {
        heading: "Connections",
        entries: &[
            entry(
                "Tab",
                "Tab",
                "list above the ladder, list alone, ladder alone",
                &[key(KeyCode::Tab, Action::ToggleList)],
            ),
            entry(
                "Enter",
                "Enter",
                "in the list: show the connection's ladder; on a fold: unfold it",
                &[key(KeyCode::Enter, Action::Open)],
            ),
            entry(
                "\\",
                "\\",
                "filter the list: ending:reset, state:close-wait, port:4321, 10.0.0.0/8, words",
                &[char('\\', Action::Filter)],
            ),
            entry(
                "s S",
                "s S",
                "sort the list by the next column; turn the order round",
                &[char('s', Action::Sort), char('S', Action::ReverseSort)],
            ),
        ],
    },
    Section {
        heading: "Time",
        entries: &[
            entry(
                "Space",
                "Space",
                "play, or stop; in an experiment: make the next system call",
                &[char(' ', Action::Play)],
            ),
            entry(
                "+ -",
                "+ -",
                "play faster, slower",
                &[
                    char('+', Action::Faster),
                    char('=', Action::Faster),
                    char('-', Action::Slower),
                ],
            ),
            entry(
                "*",
                "*",
                "play at a fixed step, or in real time with long gaps shortened",
                &[char('*', Action::ToggleRealTime)],
            ),
            entry(
                "p",
                "p",
                "live: hold the picture; nothing is lost, and p goes on",
                &[char('p', Action::Pause)],
            ),
            entry(
                "r",
                "r",
                "in an experiment: go on by itself, or stop again",
                &[char('r', Action::PlayOn)],
            ),
            entry(
                "i",
                "i",
                "in an experiment: what is to be seen, and why",
                &[char('i', Action::About)],
            ),
        ],
    },
    Section {
        heading: "Taking along",
        entries: &[
            entry(
                "w",
                "w",
                "write the connection to a capture file of its own",
                &[char('w', Action::Write)],
            ),
            entry(
                "E",
                "E",
                "export: .md .svg .html .mmd .txt .csv .json",
                &[char('E', Action::Export)],
            ),
            entry(
                "y Y",
                "y Y",
                "copy the selected row, or tcpdump's line for it (OSC 52)",
                &[char('y', Action::Copy), char('Y', Action::CopyTcpdump)],
            ),
        ],
    },
    Section {
        heading: "The screen",
        entries: &[
            entry(
                "? F1",
                "? F1",
                "this help; again: what the selected row's words mean",
                &[char('?', Action::Help), key(KeyCode::F(1), Action::Help)],
            ),
            entry(
                "Esc",
                "Esc",
                "close what is open, end a search or a filter",
                &[key(KeyCode::Esc, Action::Back)],
            ),
            entry(
                "Ctrl-L",
                "Ctrl-L",
                "draw the screen anew",
                &[(KeyCode::Char('l'), CTRL, Action::Redraw)],
            ),
            entry(
                "Ctrl-Z",
                "Ctrl-Z",
                "back to the shell; fg goes on",
                &[(KeyCode::Char('z'), CTRL, Action::Stop)],
            ),
            entry(
                "q Ctrl-C",
                "q Ctrl-C",
                "leave",
                &[
                    char('q', Action::Leave),
                    (KeyCode::Char('c'), CTRL, Action::Leave),
                ],
            ),
        ],
    },
];

/// The action of a key, if it has one. Shift is part of the character.
#[must_use]
pub fn action(key: KeyEvent) -> Option<Action> {
    let pressed = (key.code, key.modifiers - KeyModifiers::SHIFT);
    bindings()
        .find(|(code, modifiers, _)| (*code, *modifiers) == pressed)
        .map(|(.., action)| action)
}

fn bindings() -> impl Iterator<Item = (KeyCode, KeyModifiers, Action)> {
    SECTIONS
        .iter()
        .flat_map(|section| section.entries)
        .flat_map(|entry| entry.bindings)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let all: Vec<_> = bindings().map(|(code, with, _)| (code, with)).collect();
        for (i, key) in all.iter().enumerate() {
            assert!(!all[..i].contains(key), "{key:?}");
        }
    }

    #[test]
    fn every_key_that_is_told_is_bound() {
        for entry in SECTIONS.iter().flat_map(|section| section.entries) {
            let told = entry.spelled.split(' ').count();
            assert!(entry.bindings.len() >= told, "{}", entry.keys);
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let key = KeyEvent::new(KeyCode::Char('N'), KeyModifiers::SHIFT);
        assert_eq!(action(key), Some(Action::PreviousChange));
        assert_eq!(
            action(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT)),
            None
        );
    }
}
