//! Whether the terminal's background is light: it is asked (OSC 11), and behind that for what every terminal knows (DA1), so
//! that one that doesn't know the first costs no wait.
//!
//! ```text
//!  we:            ESC ] 11 ; ? BEL                  ESC [ c
//!  the terminal:  ESC ] 11 ; rgb:ffff/ffff/ffff BEL ESC [ ? 6 5 ; 1 c
//! ```

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use terminal_colorsaurus::{QueryOptions, background_color};

use super::Theme;

/// Waited for a terminal that answers nothing at all. One on this machine answers within a few milliseconds, one at the end of
/// an ssh connection after a round trip.
const NEAR: Duration = Duration::from_millis(70);
const FAR: Duration = Duration::from_millis(800);

impl Theme {
    /// The theme that suits the terminal: by its background if it tells it, else by COLORFGBG, else the dark one. To be
    /// called before anything reads keys. Only the terminal is read and written, never a pipe.
    #[must_use]
    pub fn of_terminal() -> Theme {
        let is_far = ["SSH_TTY", "SSH_CONNECTION"]
            .iter()
            .any(|name| env::var_os(name).is_some());
        let mut options = QueryOptions::default();
        options.timeout = if is_far { FAR } else { NEAR };
        let is_light = match background_color(options) {
            Ok(color) => color.perceived_lightness() > 0.5,
            Err(_) => told_light(env::var_os("COLORFGBG")).unwrap_or(false),
        };
        if is_light {
            Theme::light()
        } else {
            Theme::dark()
        }
    }
}

/// What COLORFGBG tells: `15;0`, or `15;default;0`, of the sixteen colours.
fn told_light(value: Option<OsString>) -> Option<bool> {
    let value = value?.into_string().ok()?;
    let (_, background) = value.rsplit_once(';')?;
    match background.parse().ok()? {
        0..=6 | 8 => Some(false),
        7 | 9..=15 => Some(true),
        16u8.. => None,
    }
}

/// Keeps an answer that came too late from being taken for keys: crossterm reads it as Alt-], letters, and Ctrl-G (or Alt-\).
#[derive(Debug, Default)]
pub struct LateAnswer {
    /// Characters of the answer taken so far, if one is under way.
    taken: Option<usize>,
}

/// The answer's beginning, and a bound on its length: `11;rgba:ffff/ffff/ffff/ffff` has 27.
const ANSWER: &str = "11;rgb";
const LONGEST: usize = 32;

impl LateAnswer {
    /// Whether an event is part of such an answer, to be dropped. Every event is to be shown, in order.
    pub fn takes(&mut self, event: &Event) -> bool {
        let Event::Key(KeyEvent {
            code: KeyCode::Char(c),
            modifiers,
            ..
        }) = event
        else {
            return false;
        };
        let is_alt = modifiers.contains(KeyModifiers::ALT);
        let is_control = modifiers.contains(KeyModifiers::CONTROL);
        let (takes, taken) = match (self.taken, c) {
            (None, ']') if is_alt => (true, Some(0)),
            (Some(_), '\\') if is_alt => (true, None),
            (Some(_), 'g') if is_control => (true, None),
            (Some(at), c) if !is_alt && !is_control && at < LONGEST => {
                let fits = match ANSWER.chars().nth(at) {
                    Some(wanted) => *c == wanted,
                    None => c.is_ascii_hexdigit() || "a:/".contains(*c),
                };
                (fits, fits.then_some(at + 1))
            }
            _ => (false, None),
        };
        self.taken = taken;
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colorfgbg_is_read_as_rxvt_and_konsole_write_it() {
        let told = |value: &str| told_light(Some(value.into()));
        assert_eq!(told("15;0"), Some(false));
        assert_eq!(told("0;default;15"), Some(true));
        assert_eq!(told("12;8"), Some(false));
        assert_eq!(told("0;7"), Some(true));
        for unknown in ["", "15", "0;default", "0;-1", "0;99", "0;x"] {
            assert_eq!(told(unknown), None, "{unknown}");
        }
        assert_eq!(told_light(None), None);
    }

    fn key(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    /// What is left of these keys: `]` and `\` stand for those with Alt, `^` for Ctrl-G.
    fn left(keys: &str) -> String {
        let mut late = LateAnswer::default();
        let event = |c| match c {
            ']' | '\\' => key(c, KeyModifiers::ALT),
            '^' => key('g', KeyModifiers::CONTROL),
            _ => key(c, KeyModifiers::NONE),
        };
        keys.chars().filter(|c| !late.takes(&event(*c))).collect()
    }

    #[test]
    fn a_late_answer_is_no_keys_and_keys_are_no_answer() {
        assert_eq!(left("n]11;rgb:1e1e/1e1e/2e2e^q"), "nq");
        assert_eq!(left("]11;rgba:ffff/ffff/ffff/ffff\\g"), "g");
        assert_eq!(left("]q"), "q");
        assert_eq!(left("]11q^"), "q^");
        let endless = format!("]11;rgb:{}", "f".repeat(100));
        assert_eq!(left(&endless).len(), 100 - LONGEST + "11;rgb:".len());
        assert_eq!(left("11;rgb:ff^"), "11;rgb:ff^");
    }
}
