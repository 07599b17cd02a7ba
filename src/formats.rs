//! What `--format`, and `E` on the screen, write of a trace.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use tcpviz::conn::ConnectionId;
use tcpviz::privilege;
use tcpviz::report::few::{Most, few};
use tcpviz::report::markdown::Source;
use tcpviz::report::page::{How, Page};
use tcpviz::report::{connections, csv, html, json, ladder, markdown, mermaid, svg};
use tcpviz::source::save;
use tcpviz::story::{Charset, Style};
use tcpviz::trace::Trace;
use tcpviz::tui::{Export, ReadBack};

use crate::chunks;
use crate::cli::Format;
use crate::confine;
use crate::lines::interface_name;

/// Of what a format is written, and how.
pub struct Written<'a> {
    pub trace: &'a Trace,
    /// Only this connection.
    pub wanted: Option<ConnectionId>,
    pub how: How,
    pub picture: svg::Look,
    /// Where the capture comes from.
    pub name: &'a str,
    /// Where frames can be read back.
    pub read_back: Option<&'a ReadBack>,
}

/// More is asked for than a file of this format holds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TooMuch(String);

impl Written<'_> {
    /// Writes a format; not tcpdump's lines, which need no trace.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
        let (trace, wanted, how) = (self.trace, self.wanted, self.how);
        match format {
            Format::Ladder => ladder::write(out, trace, wanted, how)?,
            Format::Connections => connections::write(out, trace, None)?,
            Format::Tcpdump => unreachable!("written from frames, in lines/"),
            Format::Markdown => {
                let source = self.read_back.map(|read_back| Source {
                    read_back,
                    interface_name,
                });
                markdown::write(out, trace, wanted, how, source.as_ref())?;
            }
            // There is no picture of nothing, and no page.
            Format::Svg | Format::Html if trace.is_empty() => return Ok(()),
            Format::Svg => svg::write(out, &self.few(svg::MOST)?, self.picture)?,
            Format::Html => {
                let pages = self.few(html::MOST)?;
                let read_back = self.read_back.map(|it| it as html::ReadBack<'_>);
                html::write(out, &pages, self.name, self.picture.scheme, read_back)?;
            }
            Format::Mermaid => mermaid::write(out, trace, wanted, how)?,
            Format::Csv => {
                let table = csv::Table::new(trace, wanted);
                chunks::write(out, table.chunks(), |chunk, text| table.write(chunk, text))?;
            }
            Format::Json => {
                let whole = json::Whole::new(trace, self.name, wanted);
                chunks::write(out, whole.chunks(), |chunk, text| whole.write(chunk, text))?;
            }
        }
        Ok(out.flush()?)
    }

    fn few(&self, most: Most) -> Result<Vec<Page<'_>>, TooMuch> {
        few(self.trace, self.wanted, self.how, most).map_err(TooMuch)
    }

    /// Whether a format holds all of it.
    fn check(&self, format: Format) -> Result<(), TooMuch> {
        match format {
            Format::Svg => self.few(svg::MOST).map(drop),
            Format::Html => self.few(html::MOST).map(drop),
            _ => Ok(()),
        }
    }
}

/// The endings of files' names, and what they are written in.
const BY_NAME: &[(&str, Format)] = &[
    ("md", Format::Markdown),
    ("txt", Format::Ladder),
    ("mmd", Format::Mermaid),
    ("svg", Format::Svg),
    ("html", Format::Html),
    ("csv", Format::Csv),
    ("json", Format::Json),
    ("jsonl", Format::Json),
];

/// The format that a file's name asks for.
fn of_name(path: &Path) -> Option<Format> {
    let ending = path.extension().and_then(OsStr::to_str)?.to_lowercase();
    let known = BY_NAME.iter().find(|(name, _)| *name == ending);
    known.map(|(_, format)| *format)
}

/// What a file's name must be like to say a format.
fn endings() -> String {
    let endings: Vec<_> = BY_NAME.iter().map(|(name, _)| format!(".{name}")).collect();
    format!("its name must end in {}", endings.join(", "))
}

/// Refuses an output file whose ending asks for something that nothing here writes, a picture of another kind; a name without an
/// ending is a ladder's.
///
/// # Errors
/// That, and what to type, in one line.
pub fn check_name(output: &Path) -> Result<(), String> {
    if output.extension().is_none() || of_name(output).is_some() {
        return Ok(());
    }
    Err(format!(
        "--output says no format: {}; with --format NAME it may end in anything",
        endings()
    ))
}

/// The format of text: the one that is asked for, by its name or by that of the output file.
#[must_use]
pub fn asked(format: Option<Format>, output: Option<&Path>) -> Format {
    let by_name = || output.and_then(of_name);
    format.or_else(by_name).unwrap_or(Format::Ladder)
}

/// Writes what is on the screen to a file that doesn't exist yet, in the format that its name asks for.
///
/// # Errors
/// What is wrong, in one line.
pub fn export(path: &Path, shown: &Export<'_>) -> Result<(), String> {
    let Some(format) = of_name(path) else {
        return Err(endings());
    };
    let written = Written {
        trace: shown.trace,
        wanted: Some(shown.connection),
        how: How {
            style: Style {
                charset: match format {
                    Format::Svg | Format::Html => Charset::Unicode,
                    _ => shown.style.charset,
                },
                ..shown.style
            },
            wanted: shown.wanted,
            ..How::default()
        },
        picture: svg::Look::default(),
        name: shown.name,
        read_back: shown.read_back,
    };
    written.check(format).map_err(|why| why.to_string())?;
    let file = privilege::by_caller(|| save::create_new(path));
    let file = file.map_err(|why| confine::cannot_create(path, &why))?;
    let mut out = io::BufWriter::new(file);
    written.write(format, &mut out).map_err(|why| {
        // Half a file isn't what was asked for.
        let _ = std::fs::remove_file(path);
        why.to_string()
    })
}
