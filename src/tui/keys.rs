//! The keys: what each does, and what people read about them; the help and the README come from here.

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
    NextConnection,
    PreviousConnection,
    ToggleList,
    Open,
    ToggleAbsolute,
    ToggleWhy,
    NextCall,
    PlayOn,
    About,
    Help,
    Redraw,
    Leave,
}

/// Keys that do one thing.
struct Binding {
    codes: &'static [(KeyCode, KeyModifiers)],
    action: Action,
}

const PLAIN: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

const BINDINGS: &[Binding] = &[
    Binding {
        codes: &[(KeyCode::Right, PLAIN), (KeyCode::Char('l'), PLAIN)],
        action: Action::NextSegment,
    },
    Binding {
        codes: &[(KeyCode::Left, PLAIN), (KeyCode::Char('h'), PLAIN)],
        action: Action::PreviousSegment,
    },
    Binding {
        codes: &[(KeyCode::Down, PLAIN), (KeyCode::Char('j'), PLAIN)],
        action: Action::Down,
    },
    Binding {
        codes: &[(KeyCode::Up, PLAIN), (KeyCode::Char('k'), PLAIN)],
        action: Action::Up,
    },
    Binding {
        codes: &[(KeyCode::PageDown, PLAIN)],
        action: Action::PageDown,
    },
    Binding {
        codes: &[(KeyCode::PageUp, PLAIN)],
        action: Action::PageUp,
    },
    Binding {
        codes: &[(KeyCode::Home, PLAIN)],
        action: Action::First,
    },
    Binding {
        codes: &[(KeyCode::End, PLAIN), (KeyCode::Char('G'), PLAIN)],
        action: Action::Last,
    },
    Binding {
        codes: &[(KeyCode::Char('n'), PLAIN)],
        action: Action::NextChange,
    },
    Binding {
        codes: &[(KeyCode::Char('N'), PLAIN)],
        action: Action::PreviousChange,
    },
    Binding {
        codes: &[(KeyCode::Char(']'), PLAIN)],
        action: Action::NextConnection,
    },
    Binding {
        codes: &[(KeyCode::Char('['), PLAIN)],
        action: Action::PreviousConnection,
    },
    Binding {
        codes: &[(KeyCode::Tab, PLAIN)],
        action: Action::ToggleList,
    },
    Binding {
        codes: &[(KeyCode::Enter, PLAIN)],
        action: Action::Open,
    },
    Binding {
        codes: &[(KeyCode::Char('a'), PLAIN)],
        action: Action::ToggleAbsolute,
    },
    Binding {
        codes: &[(KeyCode::Char('w'), PLAIN)],
        action: Action::ToggleWhy,
    },
    Binding {
        codes: &[(KeyCode::Char(' '), PLAIN)],
        action: Action::NextCall,
    },
    Binding {
        codes: &[(KeyCode::Char('i'), PLAIN)],
        action: Action::About,
    },
    Binding {
        codes: &[(KeyCode::Char('g'), PLAIN)],
        action: Action::PlayOn,
    },
    Binding {
        codes: &[(KeyCode::Char('?'), PLAIN), (KeyCode::F(1), PLAIN)],
        action: Action::Help,
    },
    Binding {
        codes: &[(KeyCode::Char('l'), CTRL)],
        action: Action::Redraw,
    },
    Binding {
        codes: &[(KeyCode::Char('q'), PLAIN), (KeyCode::Char('c'), CTRL)],
        action: Action::Leave,
    },
];

/// What people read about the keys, in the order of the help: keys, ASCII spelling of the keys,
/// what they do.
pub const HELP: &[(&str, &str, &str)] = &[
    (
        "← →",
        "Left Right",
        "previous, next segment (also h l; k j for up and down)",
    ),
    (
        "↑ ↓",
        "Up Down",
        "previous, next connection, or segment if there is only one",
    ),
    (
        "Home End",
        "Home End",
        "first, last segment; End follows a live capture (also G)",
    ),
    (
        "PgUp PgDn",
        "PgUp PgDn",
        "ten segments; in the list ten connections",
    ),
    ("n N", "n N", "next, previous change of a state"),
    ("[ ]", "[ ]", "previous, next connection"),
    (
        "Tab",
        "Tab",
        "list above the ladder, list alone, ladder alone",
    ),
    (
        "Enter",
        "Enter",
        "in the list: show the connection's ladder",
    ),
    ("a", "a", "absolute or relative sequence numbers"),
    (
        "w",
        "w",
        "why, and what each program saw; again: the findings",
    ),
    ("Ctrl-L", "Ctrl-L", "draw the screen anew"),
    ("? F1", "? F1", "this help"),
    ("q Ctrl-C", "q Ctrl-C", "leave"),
];

/// The same of the keys that only mean something while an experiment is played.
pub const HELP_IN_PLAY: &[(&str, &str, &str)] = &[
    ("Space", "Space", "make the next system call"),
    ("g", "g", "go on by itself, or stop again"),
    ("i", "i", "what is to be seen, and why"),
];

/// The action of a key, if it has one. Shift is part of the character.
#[must_use]
pub fn action(key: KeyEvent) -> Option<Action> {
    let pressed = (key.code, key.modifiers - KeyModifiers::SHIFT);
    BINDINGS
        .iter()
        .find(|binding| binding.codes.contains(&pressed))
        .map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let all: Vec<_> = BINDINGS.iter().flat_map(|binding| binding.codes).collect();
        for (i, key) in all.iter().enumerate() {
            assert!(!all[..i].contains(key), "{key:?}");
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
