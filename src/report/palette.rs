//! The colours of pictures, by what they mean: the screen's, in values that a browser takes. One palette for dark
//! backgrounds, one for light ones, one without colour. What a colour tells is told without it as well.

use crate::story::aside::Tone;
use crate::story::matter::Matter;

/// Which colours a picture has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Those that whoever looks at it prefers (`prefers-color-scheme`); light where that isn't known.
    #[default]
    Preferred,
    Dark,
    Light,
    /// None, on white.
    Mono,
}

/// Colours as CSS writes them.
#[derive(Debug)]
pub struct Palette {
    pub ground: &'static str,
    /// Behind what is selected.
    pub selected: &'static str,
    /// Rules and frames; no text has it.
    pub edge: &'static str,
    pub text: &'static str,
    pub quiet: &'static str,
    /// Signs that point something out, and calls.
    pub sign: &'static str,
    red: &'static str,
    magenta: &'static str,
    yellow: &'static str,
    green: &'static str,
    blue: &'static str,
}

static DARK: Palette = Palette {
    ground: "#121419",
    selected: "#262b35",
    edge: "#333944",
    text: "#e6e8ec",
    quiet: "#9aa1ad",
    sign: "#3cc3de",
    red: "#ff6f6b",
    magenta: "#f38ef3",
    yellow: "#e2b340",
    green: "#41cf90",
    blue: "#8fb1ff",
};

static LIGHT: Palette = Palette {
    ground: "#ffffff",
    selected: "#e8edf5",
    edge: "#d3d8e0",
    text: "#16191e",
    quiet: "#596170",
    sign: "#00677d",
    red: "#b5131b",
    magenta: "#9c139a",
    yellow: "#7a5600",
    green: "#0b6837",
    blue: "#1f55c4",
};

static MONO: Palette = Palette {
    ground: "#ffffff",
    selected: "#e6e6e6",
    edge: "#bbbbbb",
    text: "#000000",
    quiet: "#555555",
    sign: "#000000",
    red: "#000000",
    magenta: "#000000",
    yellow: "#000000",
    green: "#000000",
    blue: "#000000",
};

impl Scheme {
    /// A style sheet: what `rules` makes of each palette that the picture may have.
    #[must_use]
    pub fn sheet(self, rules: impl Fn(&Palette) -> String) -> String {
        match self {
            Scheme::Dark => rules(&DARK),
            Scheme::Light => rules(&LIGHT),
            Scheme::Mono => format!("{}{WEIGHTS}", rules(&MONO)),
            // Whoever doesn't know the question takes the first answer.
            Scheme::Preferred => format!(
                "{}@media (prefers-color-scheme:dark){{\n{}}}\n",
                rules(&LIGHT),
                rules(&DARK)
            ),
        }
    }
}

/// What tells without colour.
const WEIGHTS: &str =
    ".reset,.error{font-weight:700}\n.trouble,.disagreement{text-decoration:underline}\n";

impl Palette {
    /// Each class of what is drawn, and its colour.
    #[must_use]
    pub fn classes(&self) -> [(&'static str, &'static str); 14] {
        [
            (of_matter(Matter::Reset), self.red),
            (of_matter(Matter::Trouble), self.magenta),
            (of_matter(Matter::Close), self.yellow),
            (of_matter(Matter::Open), self.green),
            (of_matter(Matter::Plain), self.text),
            (of_tone(Tone::Call), self.sign),
            (of_tone(Tone::Failure), self.sign),
            (of_tone(Tone::Kernel), self.quiet),
            (of_tone(Tone::Folded), self.quiet),
            (of_tone(Tone::Disagreement), self.magenta),
            (of_tone(Tone::Order), self.blue),
            (of_tone(Tone::Error), self.red),
            ("quiet", self.quiet),
            ("sign", self.sign),
        ]
    }
}

/// The class of a segment.
#[must_use]
pub fn of_matter(matter: Matter) -> &'static str {
    match matter {
        Matter::Reset => "reset",
        Matter::Trouble => "trouble",
        Matter::Close => "close",
        Matter::Open => "open",
        Matter::Plain => "plain",
    }
}

/// The class of what stands between segments.
#[must_use]
pub fn of_tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Call => "call",
        Tone::Failure => "failure",
        Tone::Kernel => "kernel",
        Tone::Disagreement => "disagreement",
        Tone::Order => "order",
        Tone::Folded => "folded",
        Tone::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, relative luminance of `#rrggbb`.
    fn luminance(color: &str) -> f64 {
        let value = |at: usize| u8::from_str_radix(&color[at..at + 2], 16).unwrap();
        let linear = [1, 3, 5].map(|at| match f64::from(value(at)) / 255.0 {
            low @ ..=0.04045 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2.2 AA: text that isn't large needs 4.5.
    #[test]
    fn every_text_reads_on_its_ground_and_where_it_is_selected() {
        for palette in [&DARK, &LIGHT, &MONO] {
            let classes = palette.classes();
            let texts = classes.iter().map(|(_, color)| *color);
            for text in texts.chain([palette.text]) {
                for ground in [palette.ground, palette.selected] {
                    let contrast = contrast(text, ground);
                    assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn no_two_classes_have_one_name() {
        let mut names: Vec<_> = DARK.classes().iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DARK.classes().len());
    }

    #[test]
    fn a_preferred_scheme_is_light_unless_dark_is_asked_for() {
        let sheet = Scheme::Preferred.sheet(|palette| format!("{}\n", palette.ground));
        assert_eq!(
            sheet,
            "#ffffff\n@media (prefers-color-scheme:dark){\n#121419\n}\n"
        );
        assert!(!Scheme::Dark.sheet(|_| String::new()).contains("@media"));
    }
}
