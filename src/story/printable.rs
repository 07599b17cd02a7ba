//! Text from outside (file and interface names, what a capture holds) made safe to show: nothing in it may command the
//! terminal, hide, or change what stands beside it.
//!
//! A combining mark stays where it belongs to a letter, as decomposed names have them (`e` and U+0301: macOS), but no more
//! than three: no script needs more, and a pile of them paints over the lines above and below. Elsewhere it would settle
//! on whatever the screen has in the cell before it, so it is shown as an escape like everything invisible.

use unicode_width::UnicodeWidthChar;

/// Marks that may stand on one letter: a Devanagari letter has a nukta, a vowel and a nasal.
const MARKS: u8 = 3;

/// What isn't to be seen even behind a letter, besides control characters: first, last.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),        // soft hyphen
    ('\u{34f}', '\u{34f}'),      // combining grapheme joiner
    ('\u{61c}', '\u{61c}'),      // Arabic letter mark (bidi)
    ('\u{70f}', '\u{70f}'),      // Syriac abbreviation mark
    ('\u{115f}', '\u{1160}'),    // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),    // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),    // Mongolian variation selectors, vowel separator
    ('\u{200b}', '\u{200f}'),    // zero-width space, non-joiner, joiner; bidi marks
    ('\u{2028}', '\u{202e}'),    // line and paragraph separators; bidi embeddings, overrides
    ('\u{2060}', '\u{206f}'),    // word joiner, invisible operators, bidi isolates, deprecated
    ('\u{3164}', '\u{3164}'),    // Hangul filler
    ('\u{e000}', '\u{f8ff}'),    // private use: what it looks like is the font's affair
    ('\u{fdd0}', '\u{fdef}'),    // noncharacters
    ('\u{fe00}', '\u{fe0f}'),    // variation selectors
    ('\u{feff}', '\u{feff}'),    // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),    // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffb}'),    // interlinear annotations
    ('\u{13430}', '\u{1343f}'),  // Egyptian hieroglyph format controls
    ('\u{1bca0}', '\u{1bca3}'),  // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'),  // musical format controls
    ('\u{e0000}', '\u{e0fff}'),  // tags, more variation selectors
    ('\u{f0000}', '\u{10ffff}'), // private use
];

/// Whether a character is never to be shown as it is.
fn is_hidden(c: char) -> bool {
    // The last two of every plane are noncharacters.
    let never = u32::from(c) & 0xfffe == 0xfffe;
    let listed = INVISIBLE
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&c));
    c.is_control() || never || listed
}

/// For each character whether it may be shown.
fn judged(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut room = 0;
    text.chars().map(move |c| {
        let shown = if c.is_ascii() {
            !c.is_control()
        } else if ('\u{2190}'..='\u{25ff}').contains(&c) {
            // Arrows, frames and blocks, which screens are made of: no need to look further.
            room = 0;
            return (c, true);
        } else if is_hidden(c) {
            false
        } else if c.width() == Some(0) {
            let fits = room > 0;
            room = if fits { room - 1 } else { 0 };
            return (c, fits);
        } else {
            true
        };
        room = if shown && c.is_alphanumeric() {
            MARKS
        } else {
            0
        };
        (c, shown)
    })
}

/// The text with everything that could command a terminal, or isn't to be seen, as an escape: `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (c, as_it_is) in judged(text) {
        if as_it_is {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

/// Whether a text may be shown as it is.
#[must_use]
pub fn is_printable(text: &str) -> bool {
    judged(text).all(|(_, as_it_is)| as_it_is)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_from_outside_reaches_the_terminal_as_a_command() {
        assert_eq!(
            printable("a\x1b]0;x\x07\u{9b}\u{202e}b"),
            "a\\u{1b}]0;x\\u{7}\\u{9b}\\u{202e}b"
        );
    }

    /// One of each kind, so that a line lost from the table is noticed.
    const EACH: &str = "\0\t\n\r\x1b\x7f\u{80}\u{85}\u{9b}\u{9f}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180b}\
        \u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\
        \u{2061}\u{2062}\u{2063}\u{2064}\u{2066}\u{2067}\u{2068}\u{2069}\u{206f}\u{3164}\u{e000}\u{f8ff}\u{fdd0}\u{fe00}\
        \u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{fffa}\u{fffb}\u{fffe}\u{ffff}\u{1d173}\u{1fffe}\u{e0001}\u{e0020}\u{e007f}\
        \u{e0100}\u{f0000}\u{10fffd}";

    #[test]
    fn every_kind_that_is_not_to_be_seen_is_made_visible_even_after_a_letter() {
        for c in EACH.chars() {
            let text = format!("a{c}b");
            assert_eq!(printable(&text), format!("a{}b", c.escape_unicode()));
            assert!(!is_printable(&text));
        }
    }

    #[test]
    fn names_in_any_script_stay() {
        for name in [
            "naïve.pcap",
            "nai\u{308}ve.pcap",
            "Việt: vie\u{302}\u{323}t",
            "हिन्दी ज\u{93c}\u{947}\u{902}",
            "日本語 한국어 \u{1112}\u{1161}\u{11ab}",
            "עברית العربية",
            "── RST ───✕ · µs Δ ▌",
            "🦀",
        ] {
            assert_eq!(printable(name), name);
        }
    }

    #[test]
    fn a_mark_without_a_letter_and_the_fourth_on_one_are_made_visible() {
        assert_eq!(printable("\u{301}x"), "\\u{301}x");
        assert_eq!(printable(" \u{301}"), " \\u{301}");
        assert_eq!(printable("│\u{20dd}"), "│\\u{20dd}");
        assert_eq!(
            printable("e\u{301}\u{301}\u{301}\u{301}\u{301}"),
            "e\u{301}\u{301}\u{301}\\u{301}\\u{301}"
        );
    }

    fn any_text() -> impl Strategy<Value = String> {
        let odd = proptest::sample::select(
            EACH.chars()
                .chain("\u{301}\u{20dd}e क".chars())
                .collect::<Vec<_>>(),
        );
        let any = prop_oneof![any::<char>(), odd, proptest::char::range(' ', '~')];
        proptest::collection::vec(any, 0..24).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn what_is_printable_stays_and_only_that_comes_out(text in any_text()) {
            let shown = printable(&text);
            prop_assert!(is_printable(&shown), "{shown:?}");
            prop_assert_eq!(&printable(&shown), &shown);
            prop_assert_eq!(is_printable(&text), shown == text);
            let mut marks = usize::from(MARKS);
            for c in shown.chars() {
                prop_assert!(!c.is_control() && !EACH.contains(c), "{c:?}");
                marks = if c.width() == Some(0) { marks + 1 } else { 0 };
                prop_assert!(marks <= usize::from(MARKS), "{shown:?}");
            }
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~]{0,40}") {
            prop_assert_eq!(printable(&text), text);
        }
    }
}
