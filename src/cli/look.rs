//! What it looks like: colours, characters, widths.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum, ValueHint};

use tcpviz::report::page::{How, WIDTH};
use tcpviz::report::palette::Scheme;
use tcpviz::report::svg;
use tcpviz::story::shown::Wanted;
use tcpviz::story::{Charset, Style};
use tcpviz::tui::Theme;

use super::Format;
use super::help::LOOK;

/// What it looks like.
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
#[derive(Args, Clone, Copy, Debug)]
pub struct Look {
    /// Sequence numbers as they are in the header [default: relative]
    #[arg(long, help_heading = LOOK, hide_short_help = true)]
    pub absolute: bool,

    /// Draw with ASCII characters only [default: by the locale]
    #[arg(long, help_heading = LOOK, hide_short_help = true)]
    pub ascii: bool,

    /// Columns of text and pictures [default: the terminal's, or 100]
    ///
    /// Of a picture 100 by default; of `-F connections` the terminal's, or as many as it takes.
    #[arg(long, value_name = "COLUMNS", value_parser = columns)]
    #[arg(help_heading = LOOK, hide_short_help = true, value_hint = ValueHint::Other)]
    pub width: Option<u16>,

    /// In text and pictures, too: runs of plain data and long silences in a line each
    #[arg(long, help_heading = LOOK, hide_short_help = true)]
    pub fold: bool,

    /// Only segments that open, close or reset, or that change a state
    #[arg(long, help_heading = LOOK, hide_short_help = true)]
    pub control_only: bool,

    /// Colours: `auto` honours NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = LOOK, hide_short_help = true)]
    pub color: Color,

    /// Colours for a dark or a light background, or none
    ///
    /// `auto` asks the terminal; in a picture it follows whoever looks at it.
    #[arg(long, value_name = "THEME", default_value = "auto", help_heading = LOOK, hide_short_help = true)]
    pub theme: ThemeName,

    /// With -F svg: below the ladder also why, what each program saw, and the findings
    #[arg(long, help_heading = LOOK, hide_short_help = true)]
    pub why: bool,
}

fn columns(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(columns @ 20..=1000) => Ok(columns),
        _ => Err(format!("'{text}' isn't a width: give 20 to 1000 columns")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What `--theme` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    Auto,
    Dark,
    Light,
    Mono,
}

impl Look {
    /// Whether lines are to be drawn in ASCII: asked for, or the locale isn't UTF-8.
    #[must_use]
    pub fn wants_ascii(self) -> bool {
        self.ascii || !locale_is_utf8(|name| std::env::var_os(name))
    }

    #[must_use]
    pub fn wants_color(self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// The colours of the screen. `auto` asks the terminal: to be called only where the terminal UI follows, before it
    /// reads keys.
    #[must_use]
    pub fn theme(self) -> Theme {
        match self.theme {
            ThemeName::Mono => Theme::mono(),
            _ if self.color == Color::Never => Theme::mono(),
            // Named on the command line, it outranks NO_COLOR.
            ThemeName::Dark => Theme::dark(),
            ThemeName::Light => Theme::light(),
            ThemeName::Auto if self.wants_color() => Theme::of_terminal(),
            ThemeName::Auto => Theme::mono(),
        }
    }

    /// The colours of a picture. NO_COLOR is about the terminal.
    fn scheme(self) -> Scheme {
        match self.theme {
            ThemeName::Mono => Scheme::Mono,
            _ if self.color == Color::Never => Scheme::Mono,
            ThemeName::Dark => Scheme::Dark,
            ThemeName::Light => Scheme::Light,
            ThemeName::Auto => Scheme::Preferred,
        }
    }

    /// What a picture looks like.
    #[must_use]
    pub fn picture(self) -> svg::Look {
        svg::Look {
            scheme: self.scheme(),
            account: self.why,
        }
    }

    /// How connections are written in this format.
    #[must_use]
    pub fn how(self, format: Format) -> How {
        // Neither the terminal nor its locale has a say in a picture.
        let is_text = !matches!(format, Format::Svg | Format::Html);
        let terminal = || terminal_columns().filter(|_| is_text);
        let style = self.style();
        How {
            style: Style {
                charset: if is_text {
                    style.charset
                } else {
                    Charset::Unicode
                },
                ..style
            },
            wanted: Wanted {
                folds: self.fold,
                control_only: self.control_only,
            },
            width: self.width.or_else(terminal).map_or(WIDTH, usize::from),
        }
    }

    /// How a ladder is drawn.
    #[must_use]
    pub fn style(self) -> Style {
        Style {
            charset: if self.wants_ascii() {
                Charset::Ascii
            } else {
                Charset::Unicode
            },
            absolute: self.absolute,
            ..Style::default()
        }
    }
}

/// The columns of the terminal that standard output is; COLUMNS outranks what it says itself.
pub fn terminal_columns() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let told = std::env::var("COLUMNS").ok();
    told.and_then(|columns| columns.parse().ok())
        .or_else(|| Some(crossterm::terminal::size().ok()?.0))
        .filter(|columns| *columns > 0)
}

/// POSIX: the first of these that is set and not empty decides.
fn locale_is_utf8<T: AsRef<OsStr>>(variable: impl Fn(&str) -> Option<T>) -> bool {
    let deciding = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(variable)
        .map(|value| value.as_ref().to_string_lossy().to_lowercase())
        .find(|value| !value.is_empty());
    deciding.is_some_and(|value| value.contains("utf-8") || value.contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let utf8 = |vars: &[(&str, &str)]| {
            locale_is_utf8(|name| {
                vars.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_string())
            })
        };
        assert!(utf8(&[("LANG", "C.UTF-8")]));
        assert!(!utf8(&[("LC_ALL", "C"), ("LANG", "de_DE.utf8")]));
        assert!(utf8(&[("LC_ALL", ""), ("LANG", "de_DE.utf8")]));
        assert!(!utf8(&[]));
    }
}
