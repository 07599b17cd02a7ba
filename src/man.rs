//! `tcpviz man`: the manual pages, made from the definition of the command line and the table of keys.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use tcpviz::tui::keys;

use crate::cli::help::{self, Row};
use crate::cli::{Cli, Page};
use crate::outfile::Output;

/// Prints a page: tcpviz(1), or another.
///
/// # Errors
/// Standard output can't be written.
pub fn print(page: Option<Page>) -> anyhow::Result<()> {
    let mut definition = Cli::definition();
    definition.build();
    let text = match page {
        None => tcpviz(definition)?,
        Some(Page::Lab) => {
            let page = definition.find_subcommand("lab").expect("declared");
            lab(page.clone())?
        }
    };
    Ok(Output(io::stdout().lock()).write_all(text.as_bytes())?)
}

fn tcpviz(definition: Command) -> io::Result<String> {
    let man = man(definition);
    let mut before = Roff::default();
    section(&mut before, "SYNOPSIS");
    rows(&mut before, help::USAGE);
    section(&mut before, "DESCRIPTION");
    for paragraph in help::ABOUT {
        before.control("PP", []);
        before.text([roman(*paragraph)]);
    }
    let mut after = Roff::default();
    section(&mut after, "KEYS");
    for part in keys::SECTIONS {
        after.control("SS", [part.heading]);
        for (_, spelled, what) in part.told() {
            tagged(&mut after, spelled, what);
        }
    }
    section(&mut after, "EXAMPLES");
    rows(&mut after, help::EXAMPLES);
    section(&mut after, "EXIT STATUS");
    rows(&mut after, help::EXIT);
    section(&mut after, "ENVIRONMENT");
    rows(&mut after, help::ENVIRONMENT);
    section(&mut after, "SEE ALSO");
    see(
        &mut after,
        &["tcpviz-lab(1)", "tcpdump(8)", "pcap-filter(7)", "ss(8)"],
    );
    Ok([
        rendered(|out| man.render_title(out))?,
        rendered(|out| man.render_name_section(out))?,
        before.to_roff(),
        options(&man)?,
        after.to_roff(),
    ]
    .concat())
}

fn lab(definition: Command) -> io::Result<String> {
    let man = man(definition);
    let mut after = Roff::default();
    section(&mut after, "SANDBOX");
    after.text([roman(help::LAB_SANDBOX)]);
    section(&mut after, "EXAMPLES");
    rows(&mut after, help::LAB_EXAMPLES);
    section(&mut after, "EXIT STATUS");
    rows(&mut after, help::LAB_EXIT);
    section(&mut after, "SEE ALSO");
    see(&mut after, &["tcpviz(1)"]);
    Ok([
        rendered(|out| man.render_title(out))?,
        rendered(|out| man.render_name_section(out))?,
        rendered(|out| man.render_synopsis_section(out))?,
        rendered(|out| man.render_description_section(out))?,
        options(&man)?,
        after.to_roff(),
    ]
    .concat())
}

fn man(definition: Command) -> Man {
    let source = format!("tcpviz {}", env!("CARGO_PKG_VERSION"));
    // A page has no date of its own, and an empty one would take the next field's place.
    Man::new(definition)
        .date(" ")
        .source(source)
        .manual("User Commands")
}

/// Options that belong together have a heading of their own, which mangen takes for a section.
fn options(man: &Man) -> io::Result<String> {
    let options = rendered(|out| man.render_options_section(out))?;
    let (first, others) = options.split_once("\n.TP").expect("--help is one");
    Ok(format!(
        "{first}\n.TP{}",
        others.replace("\n.SH ", "\n.SS ")
    ))
}

fn rendered(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut out = Vec::new();
    render(&mut out)?;
    String::from_utf8(out).map_err(io::Error::other)
}

/// Names of other pages.
fn see(roff: &mut Roff, pages: &[&str]) {
    roff.text([roman(pages.join(", "))]);
}

fn section(roff: &mut Roff, heading: &str) {
    roff.control("SH", [heading]);
}

fn rows(roff: &mut Roff, rows: &[Row]) {
    for (typed, what) in rows {
        tagged(roff, typed, what);
    }
}

fn tagged(roff: &mut Roff, tag: &str, what: &str) {
    roff.control("TP", []);
    roff.text([bold(tag)]);
    roff.text([roman(what)]);
}
