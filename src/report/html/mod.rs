//! `--format html`: one file in which the ladders can be stepped through in a browser.
//!
//! Everything is in the document itself: each row has its explanation below the ladder, and the script (`script.js`) only
//! shows the one that is selected. Without script, and on paper, all of them stand there. No data is in the script, which is
//! always the same: a policy in the page names its hash, and allows nothing to be fetched from anywhere.

mod ladder;
mod steps;

use std::io::{self, Write};

use super::few::Most;
use super::markup::escaped;
use super::page::Page;
use super::palette::{Palette, Scheme};
use crate::story::numbers::grouped;
use crate::wire::Place;

/// Beyond this a browser is no help any more.
pub const MOST: Most = Most {
    connections: 200,
    rows: 5_000,
};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The only script that the page may run.
const SCRIPT_HASH: &str = "sha256-xn3Cs9yGXdtD5Pe0Jdk81k9YtE80/G11zGCuoZ/gfFU=";

/// Reads the octets of a frame back.
pub type ReadBack<'a> = &'a dyn Fn(&Place) -> io::Result<Vec<u8>>;

/// Writes a document with these pages; `name`: where the capture comes from. Nothing where there is no page. Without
/// `read_back` tcpdump's lines are left out.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    pages: &[Page<'_>],
    name: &str,
    scheme: Scheme,
    read_back: Option<ReadBack<'_>>,
) -> io::Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    head(out, pages, name, scheme)?;
    writeln!(
        out,
        "<header><h1>tcpviz <span class=\"quiet\">{}</span></h1>{}</header>",
        escaped(name),
        keys(pages.len() > 1)
    )?;
    if pages.len() > 1 {
        contents(out, pages)?;
    }
    writeln!(out, "<main>")?;
    for page in pages {
        connection(out, page, read_back)?;
    }
    writeln!(
        out,
        "</main>\n<footer>Made by tcpviz {}.</footer>\n<p id=\"status\" class=\"unseen\" role=\"status\"></p>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION")
    )
}

/// What can be pressed; only shown where it works.
fn keys(several: bool) -> String {
    let all = [
        ("↑ ↓", "step"),
        ("Home End", "first, last"),
        ("e", "evidence"),
        ("n N", "state change"),
        ("[ ]", "connection"),
    ];
    let keys = all.iter().take(if several { 5 } else { 4 });
    let key = |(keys, what): &(&str, &str)| {
        let keys: String = keys
            .split(' ')
            .map(|key| format!("<kbd>{key}</kbd> "))
            .collect();
        format!("{keys}{what} ")
    };
    format!(
        "<p class=\"keys\">{}</p>",
        keys.map(key).collect::<String>().trim_end()
    )
}

fn head(out: &mut dyn Write, pages: &[Page<'_>], name: &str, scheme: Scheme) -> io::Result<()> {
    let about = match pages {
        [page] => page.ending.summary.clone(),
        pages => format!("{} connections", grouped(pages.len() as u64)),
    };
    let meant = match scheme {
        Scheme::Preferred => "light dark",
        Scheme::Dark => "dark",
        Scheme::Light | Scheme::Mono => "light",
    };
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src '{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"{meant}\"/>\n\
         <title>{}: {}</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>",
        escaped(name),
        escaped(&about),
        scheme.sheet(rules)
    )
}

fn rules(palette: &Palette) -> String {
    let Palette {
        ground,
        selected,
        edge,
        text,
        quiet,
        sign,
        ..
    } = palette;
    let classes = palette.classes();
    let classes = classes.map(|(class, color)| format!(".{class}{{color:{color}}}\n"));
    format!(
        ":root{{--ground:{ground};--selected:{selected};--edge:{edge};--text:{text};--quiet:{quiet};--sign:{sign}}}\n{}",
        classes.concat()
    )
}

/// A list of the connections to choose from.
fn contents(out: &mut dyn Write, pages: &[Page<'_>]) -> io::Result<()> {
    writeln!(out, "<nav aria-label=\"Connections\">\n<ol>")?;
    for page in pages {
        let ends = page.trace.addresses(page.id);
        writeln!(
            out,
            "<li><a href=\"#{}\">{} · {} → {} · {}</a></li>",
            id(page),
            page.id + 1,
            ends.client,
            ends.server,
            escaped(&page.ending.summary)
        )?;
    }
    writeln!(out, "</ol>\n</nav>")
}

fn connection(
    out: &mut dyn Write,
    page: &Page<'_>,
    read_back: Option<ReadBack<'_>>,
) -> io::Result<()> {
    let id = id(page);
    writeln!(
        out,
        "<section class=\"connection\" id=\"{id}\" aria-labelledby=\"{id}-verdict\">\n\
         <h2 id=\"{id}-verdict\"><span class=\"name quiet\">{}</span>{}</h2>\n<p class=\"quiet\">{}</p>",
        escaped(&page.name()),
        escaped(&page.ending.summary),
        escaped(&page.ending.pointer())
    )?;
    ladder::write(out, page)?;
    writeln!(
        out,
        "<div class=\"panel\">\n<span class=\"place\"></span><h3>Step by step</h3>"
    )?;
    steps::write(out, page, read_back)?;
    writeln!(out, "</div>\n<dl>")?;
    for told in page.told() {
        let sentences = told.sentences.iter();
        let sentences: String = sentences
            .map(|it| format!("<p>{}</p>", escaped(it)))
            .collect();
        writeln!(out, "<dt>{}</dt><dd>{sentences}</dd>", escaped(&told.about))?;
    }
    writeln!(
        out,
        "</dl>\n<p class=\"quiet\">{}</p>\n</section>",
        escaped(&page.totals())
    )
}

/// What the page of a connection is called in links.
fn id(page: &Page<'_>) -> String {
    format!("c{}", page.id + 1)
}

/// A row that can be selected, by its line of the ladder: segments by their numbers.
fn row_id(page: &Page<'_>, line: usize, segment: Option<usize>) -> String {
    let connection = id(page);
    match segment {
        Some(row) => format!("{connection}s{}", row + 1),
        None => format!("{connection}b{}", line + 1),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn base64(octets: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let group = |three: &[u8]| {
            let octet = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
            let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
            let letter = |at: usize| {
                if at <= three.len() {
                    char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63])
                } else {
                    '='
                }
            };
            (0..4).map(letter).collect::<String>()
        };
        octets.chunks(3).map(group).collect()
    }

    #[test]
    fn the_policy_names_the_hash_of_the_script() {
        let hash = format!("sha256-{}", base64(&Sha256::digest(SCRIPT)));
        assert_eq!(
            hash, SCRIPT_HASH,
            "SCRIPT_HASH is that of an older script.js"
        );
    }

    #[test]
    fn script_and_style_end_where_they_should() {
        for text in [SCRIPT, STYLE] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
