//! Colours by what they mean. Only the terminal's own sixteen are used, so dark and light
//! backgrounds both read; without colour, weight alone tells.

use ratatui::style::{Color, Modifier, Style};

use crate::story::aside::Tone;
use crate::wire::Flags;

/// The styles of the screen.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    color: bool,
}

impl Theme {
    #[must_use]
    pub fn new(color: bool) -> Self {
        Theme { color }
    }

    fn colored(self, color: Color, otherwise: Modifier) -> Style {
        if self.color {
            Style::new().fg(color)
        } else {
            Style::new().add_modifier(otherwise)
        }
    }

    /// What lasts and isn't news: rules, standing states, times.
    #[must_use]
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What has just changed.
    #[must_use]
    pub fn news(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The mark of the selected row.
    #[must_use]
    pub fn mark(self) -> Style {
        self.colored(Color::Cyan, Modifier::BOLD)
    }

    /// Something went wrong: drops, a capture that breaks off.
    #[must_use]
    pub fn alarm(self) -> Style {
        self.colored(Color::Red, Modifier::REVERSED)
            .add_modifier(Modifier::BOLD)
    }

    /// The arrow of a segment, by the flag that matters most on it.
    #[must_use]
    pub fn segment(self, flags: Flags, troubled: bool) -> Style {
        if flags.has(Flags::RST) {
            self.colored(Color::Red, Modifier::BOLD)
        } else if troubled {
            self.colored(Color::Magenta, Modifier::UNDERLINED)
        } else if flags.has(Flags::FIN) {
            self.colored(Color::Yellow, Modifier::empty())
        } else if flags.has(Flags::SYN) {
            self.colored(Color::Green, Modifier::empty())
        } else {
            Style::new()
        }
    }

    /// What stands between the segments.
    #[must_use]
    pub fn aside(self, tone: Tone) -> Style {
        match tone {
            Tone::Call => self.colored(Color::Cyan, Modifier::empty()),
            Tone::Failure => self
                .colored(Color::Cyan, Modifier::empty())
                .add_modifier(Modifier::BOLD),
            Tone::Kernel => self.quiet(),
            Tone::Disagreement => self.colored(Color::Magenta, Modifier::UNDERLINED),
            Tone::Order => self
                .colored(Color::Blue, Modifier::empty())
                .add_modifier(Modifier::ITALIC),
        }
    }

    /// A key in the footer.
    #[must_use]
    pub fn key(self) -> Style {
        self.colored(Color::Cyan, Modifier::BOLD)
    }
}

/// How everything is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub style: crate::story::Style,
    pub theme: Theme,
}
