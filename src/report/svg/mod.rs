//! `--format svg`: the ladder as a picture in the look of the screen, for READMEs and slides.
//!
//! It is the text ladder on a grid of equal columns, with its lines, heads and marks drawn and its words as text: each
//! piece of text is fitted to its columns (`textLength`), so that nothing moves or overlaps whatever monospace font there is. No
//! script, nothing from elsewhere, and plain class selectors only, which slide programs understand, too.

mod canvas;
mod ladder;

use std::io::{self, Write};

use super::markup::escaped;
use super::page::Page;
use super::palette::{Palette, Scheme};
use crate::report::few::Most;
use canvas::Canvas;

/// Beyond this it is no picture any more.
pub const MOST: Most = Most {
    connections: 20,
    rows: 1_000,
};

/// What a picture looks like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    pub scheme: Scheme,
    /// Below each ladder: why, what each program saw, and the findings.
    pub account: bool,
}

/// Writes the pages below each other as one picture; nothing where there is none.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, pages: &[Page<'_>], look: Look) -> io::Result<()> {
    let Some(width) = pages.iter().map(columns).max() else {
        return Ok(());
    };
    let mut canvas = Canvas::new(width);
    for (i, page) in pages.iter().enumerate() {
        if i > 0 {
            canvas.rule();
        }
        ladder::draw(&mut canvas, page, pages.len() > 1, look.account);
    }
    let [width, height] = canvas.size().map(canvas::number);
    let sheet = look.scheme.sheet(rules);
    let title: Vec<_> = pages.iter().map(title).collect();
    let about: Vec<_> = pages.iter().map(about).collect();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"tcpviz-title tcpviz-desc\">\n\
         <title id=\"tcpviz-title\">{}</title>\n<desc id=\"tcpviz-desc\">{}</desc>\n\
         <style>\n{STYLE}{sheet}</style>\n\
         <rect class=\"ground\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         {}</svg>",
        escaped(&title.join(" ")),
        escaped(&about.join(" ")),
        canvas::number(canvas.size()[0] - 1.0),
        canvas::number(canvas.size()[1] - 1.0),
        canvas.shapes()
    )
}

/// Columns that a page takes: of those that there are no more than the ladder has a use for.
fn columns(page: &Page<'_>) -> usize {
    let endpoints = page.endpoints().chars().count();
    page.columns.total().max(endpoints)
}

/// `connection 1: Reset by the client: data reached it after close().`
fn title(page: &Page<'_>) -> String {
    format!("{}: {}", page.name(), page.ending.summary)
}

/// For who doesn't see the picture: where to look, both ends, and what is told of them.
fn about(page: &Page<'_>) -> String {
    let endpoints = page.endpoints();
    let endpoints: Vec<_> = endpoints.split_whitespace().collect();
    let told = page.told();
    let told = told
        .iter()
        .map(|told| format!(" {}: {}", told.about, told.sentences.join(" ")));
    format!(
        "{}: {}. {}.{}",
        page.name(),
        endpoints.join(" "),
        page.totals(),
        told.collect::<String>()
    )
}

/// What holds in every scheme.
const STYLE: &str = "\
text{font:14px ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace;white-space:pre}
line{stroke-width:1.5}
.mark{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.broken{stroke-dasharray:3 4}
.news text,text.news,.failure text,.error text{font-weight:700}
.order text{font-style:italic}
.lane-open{stroke-width:3.5}
.lane-partly{stroke-width:1.2}
.lane-closed{stroke-width:1.5;stroke-dasharray:1.5 4.5}
";

fn rules(palette: &Palette) -> String {
    let Palette {
        ground,
        edge,
        text,
        quiet,
        ..
    } = palette;
    let classes = palette.classes();
    let classes = classes.map(|(class, color)| {
        format!(".{class}{{fill:{color}}}\n.{class} line,.{class} .mark{{stroke:{color}}}\n")
    });
    format!(
        ".ground{{fill:{ground};stroke:{edge}}}\n.rule{{stroke:{edge}}}\n.news{{fill:{text}}}\n\
         {}.lane,.quiet .lane{{stroke:{quiet}}}\n",
        classes.concat()
    )
}
