//! Text inside SVG and HTML.

use crate::story::printable::printable;

/// A text as it may stand in an element or in a quoted attribute, in XML and in HTML alike: markup is escaped, and what would
/// command, hide or turn round is made visible first, as everywhere.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Characters and pieces that end an element, a comment or a script, turn the text round, or aren't XML's.
    fn any_text() -> impl Strategy<Value = String> {
        let odd = [
            "<",
            ">",
            "&",
            "\"",
            "'",
            "</script>",
            "</style>",
            "<!--",
            "-->",
            "]]>",
            "&lt;",
            "&#60;",
            "\u{2028}",
            "\u{2029}",
            "\u{202e}",
            "\u{2066}",
            "\0",
            "\u{b}",
            "\u{fffe}",
            "\u{ffff}",
            "\u{1b}[2J",
            "a",
            " ",
        ];
        let piece = prop_oneof![
            proptest::sample::select(odd.to_vec()).prop_map(String::from),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn an_xml_parser_reads_any_text_back_as_it_is_printed_and_nothing_else(text in any_text()) {
            let safe = escaped(&text);
            let document = format!("<a b=\"{safe}\" c='{safe}'>{safe}</a>");
            let document = roxmltree::Document::parse(&document).unwrap();
            let root = document.root_element();
            prop_assert_eq!(root.children().filter(|child| !child.is_text()).count(), 0);
            let printed = printable(&text);
            prop_assert_eq!(root.text().unwrap_or_default(), &printed);
            prop_assert_eq!(root.attribute("b"), Some(printed.as_str()));
            prop_assert_eq!(root.attribute("c"), Some(printed.as_str()));
        }

        #[test]
        fn nothing_in_any_text_begins_or_ends_markup(text in any_text()) {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']), "{safe}");
            for (at, _) in safe.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                prop_assert!(known.iter().any(|entity| safe[at..].starts_with(entity)), "{safe}");
            }
        }
    }
}
