//! Colours by what they mean: one palette for dark backgrounds, one for light ones, and none. What a colour tells is told
//! without it as well: by weight here, by marks in the panels.
//!
//! On dark backgrounds the terminal's own sixteen are used where their usual values read; otherwise, and on light ones,
//! colours of the 256 that are the same everywhere. `tests` computes the contrast of each.

use ratatui::style::{Color, Modifier, Style};

use crate::conn::{Side, State};
use crate::story;
use crate::story::aside::Tone;
use crate::story::matter::Matter;
use crate::wire::Flags;

/// How everything is drawn: the characters and numbers, and the colours.
#[derive(Clone, Copy)]
pub struct Look {
    pub style: story::Style,
    pub theme: Theme,
}

/// The styles of the screen.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// None: without colour.
    palette: Option<&'static Palette>,
}

/// Colours of text, and of two backgrounds.
#[derive(Debug)]
struct Palette {
    quiet: Color,
    cyan: Color,
    red: Color,
    magenta: Color,
    yellow: Color,
    green: Color,
    blue: Color,
    client: Color,
    server: Color,
    /// Behind the selected row.
    selected: Color,
    /// Behind and in what a search found.
    hit: (Color, Color),
}

static DARK: Palette = Palette {
    quiet: Color::Indexed(246),
    cyan: Color::Cyan,
    red: Color::Indexed(203),
    magenta: Color::Indexed(213),
    yellow: Color::Yellow,
    green: Color::Green,
    blue: Color::Indexed(111),
    client: Color::Indexed(75),
    server: Color::Indexed(215),
    selected: Color::Indexed(235),
    hit: (Color::Indexed(220), Color::Indexed(16)),
};

static LIGHT: Palette = Palette {
    quiet: Color::Indexed(241),
    cyan: Color::Indexed(24),
    red: Color::Indexed(124),
    magenta: Color::Indexed(127),
    yellow: Color::Indexed(58),
    green: Color::Indexed(22),
    blue: Color::Indexed(26),
    client: Color::Indexed(26),
    server: Color::Indexed(94),
    selected: Color::Indexed(254),
    hit: (Color::Indexed(222), Color::Indexed(16)),
};

impl Theme {
    /// For light text on a dark background.
    #[must_use]
    pub fn dark() -> Self {
        Theme {
            palette: Some(&DARK),
        }
    }

    /// For dark text on a light background.
    #[must_use]
    pub fn light() -> Self {
        Theme {
            palette: Some(&LIGHT),
        }
    }

    /// Without colour: weight alone tells.
    #[must_use]
    pub fn mono() -> Self {
        Theme { palette: None }
    }

    /// Dark, or without colour.
    #[must_use]
    pub fn new(color: bool) -> Self {
        if color { Theme::dark() } else { Theme::mono() }
    }

    /// Whether there is any colour.
    #[must_use]
    pub fn is_colored(self) -> bool {
        self.palette.is_some()
    }

    fn colored(self, color: impl Fn(&Palette) -> Color, otherwise: Modifier) -> Style {
        match self.palette {
            Some(palette) => Style::new().fg(color(palette)),
            None => Style::new().add_modifier(otherwise),
        }
    }

    /// What lasts and isn't news: rules, standing states, times.
    #[must_use]
    pub fn quiet(self) -> Style {
        // Not DIM in colour: some terminals make it unreadable, on light backgrounds others ignore it.
        self.colored(|it| it.quiet, Modifier::DIM)
    }

    /// What has just changed; titles.
    #[must_use]
    pub fn news(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The mark of the selected row.
    #[must_use]
    pub fn mark(self) -> Style {
        self.colored(|it| it.cyan, Modifier::BOLD)
    }

    /// The selected row, from edge to edge, to be patched over the styles of what stands in it; its mark stands at the left
    /// in every theme.
    #[must_use]
    pub fn selected(self) -> Style {
        let style = self.news();
        match self.palette {
            Some(palette) => style.bg(palette.selected),
            None => style,
        }
    }

    /// Something went wrong: drops, a capture that breaks off.
    #[must_use]
    pub fn alarm(self) -> Style {
        self.colored(|it| it.red, Modifier::REVERSED)
            .add_modifier(Modifier::BOLD)
    }

    /// The arrow of a segment, by the flag that matters most on it.
    #[must_use]
    pub fn segment(self, flags: Flags, troubled: bool) -> Style {
        match Matter::of(flags, troubled) {
            Matter::Reset => self.colored(|it| it.red, Modifier::BOLD),
            Matter::Trouble => self.colored(|it| it.magenta, Modifier::UNDERLINED),
            Matter::Close => self.colored(|it| it.yellow, Modifier::empty()),
            Matter::Open => self.colored(|it| it.green, Modifier::empty()),
            Matter::Plain => Style::new(),
        }
    }

    /// A state where it lasts, as in a band or a figure, by its family: of opening and closing states the colour of the SYN
    /// or FIN that brought it; an open connection is plain, and none is quiet.
    #[must_use]
    pub fn state(self, state: State) -> Style {
        match state {
            State::SynSent | State::SynReceived => self.colored(|it| it.green, Modifier::empty()),
            State::Established if self.is_colored() => Style::new(),
            State::Established => self.news(),
            State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.colored(|it| it.yellow, Modifier::empty()),
            State::TimeWait | State::Closed | State::Listen => self.quiet(),
        }
    }

    /// One of the two ends, where a colour tells it; without colour the panel's own words or marks do.
    #[must_use]
    pub fn side(self, side: Side) -> Style {
        let color = |it: &Palette| match side {
            Side::Client => it.client,
            Side::Server => it.server,
        };
        self.colored(color, Modifier::empty())
    }

    /// A segment that the selected one acknowledges.
    #[must_use]
    pub fn acknowledged(self) -> Style {
        self.colored(|it| it.cyan, Modifier::UNDERLINED)
    }

    /// The segment that acknowledges the selected one.
    #[must_use]
    pub fn acknowledges(self) -> Style {
        self.colored(|it| it.blue, Modifier::ITALIC)
    }

    /// What a search found.
    #[must_use]
    pub fn hit(self) -> Style {
        match self.palette {
            Some(Palette { hit: (bg, fg), .. }) => Style::new().fg(*fg).bg(*bg),
            None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// What stands between the segments.
    #[must_use]
    pub fn aside(self, tone: Tone) -> Style {
        let call = self.colored(|it| it.cyan, Modifier::empty());
        match tone {
            Tone::Call => call,
            Tone::Failure => call.add_modifier(Modifier::BOLD),
            Tone::Kernel | Tone::Folded => self.quiet(),
            Tone::Error => self
                .colored(|it| it.red, Modifier::BOLD)
                .add_modifier(Modifier::BOLD),
            Tone::Disagreement => self.colored(|it| it.magenta, Modifier::UNDERLINED),
            Tone::Order => self
                .colored(|it| it.blue, Modifier::empty())
                .add_modifier(Modifier::ITALIC),
        }
    }

    /// A key in the footer.
    #[must_use]
    pub fn key(self) -> Style {
        self.colored(|it| it.cyan, Modifier::BOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// xterm's values of a colour.
    fn rgb(color: Color) -> [u8; 3] {
        match color {
            Color::Red => [205, 0, 0],
            Color::Green => [0, 205, 0],
            Color::Yellow => [205, 205, 0],
            Color::Blue => [0, 0, 238],
            Color::Magenta => [205, 0, 205],
            Color::Cyan => [0, 205, 205],
            Color::Indexed(index @ 16..=231) => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
            }
            Color::Indexed(index @ 232..) => [8 + 10 * (index - 232); 3],
            other => panic!("its value isn't known: {other}"),
        }
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(rgb: [u8; 3]) -> f64 {
        let linear = rgb.map(|value| match f64::from(value) / 255.0 {
            low @ ..=0.04045 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2.2 AA: text that isn't large needs 4.5.
    #[test]
    fn every_text_reads_on_its_background_and_on_the_selected_row() {
        for (palette, background, foreground) in
            [(&DARK, [0; 3], [229; 3]), (&LIGHT, [255; 3], [0; 3])]
        {
            let Palette {
                quiet,
                cyan,
                red,
                magenta,
                yellow,
                green,
                blue,
                client,
                server,
                selected,
                hit: (behind, hit),
            } = palette;
            assert!(contrast(rgb(*hit), rgb(*behind)) >= 4.5);
            let text = [
                quiet, cyan, red, magenta, yellow, green, blue, client, server,
            ];
            let text = text.map(|color| rgb(*color));
            for text in text.into_iter().chain([foreground]) {
                for background in [background, rgb(*selected)] {
                    let contrast = contrast(text, background);
                    assert!(contrast >= 4.5, "{text:?} on {background:?}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn mono_has_no_colour_and_tells_by_weight_what_matters() {
        let mono = Theme::mono();
        let plain = Style::new();
        let rst = mono.segment(Flags::RST, false);
        for told in [
            mono.quiet(),
            mono.mark(),
            mono.alarm(),
            rst,
            mono.segment(Flags::ACK, true),
            mono.hit(),
            mono.selected(),
            mono.acknowledged(),
            mono.acknowledges(),
            mono.state(State::Established),
            mono.state(State::Closed),
        ] {
            assert_eq!((told.fg, told.bg), (None, None));
            assert_ne!(told, plain);
        }
    }
}
