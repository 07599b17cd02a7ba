//! Text in lines.

use textwrap::{Options, WordSplitter, wrap};

/// A text in lines of at most `width` columns, parted between words: FIN-WAIT-1 is one word.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation);
    let lines = wrap(text, options).into_iter();
    lines.map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_states_name_is_not_parted() {
        assert_eq!(
            wrapped("it waits in FIN-WAIT-1 for", 16),
            ["it waits in", "FIN-WAIT-1 for"]
        );
        assert_eq!(wrapped("x", 0), ["x"]);
    }
}
