//! Files that are looked at as a whole: pictures. What is asked for is checked before anything is written.

use std::io::Write;

use tcpviz::conn::ConnectionId;
use tcpviz::report::few::few;
use tcpviz::report::page::How;
use tcpviz::report::svg;
use tcpviz::story::shown::Wanted;
use tcpviz::trace::Trace;

use crate::cli::Look;

/// More is asked for than such a file holds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TooMuch(String);

/// Writes connections as one picture, runs of data folded as on the screen.
///
/// # Errors
/// There are too many, or `out` fails.
pub fn svg(
    out: &mut dyn Write,
    trace: &Trace,
    wanted: Option<ConnectionId>,
    look: Look,
) -> anyhow::Result<()> {
    let how = How {
        style: look.style_of_picture(),
        wanted: Wanted {
            folds: true,
            ..Wanted::default()
        },
        ..How::default()
    };
    let pages = few(trace, wanted, how, svg::MOST).map_err(TooMuch)?;
    let look = svg::Look {
        scheme: look.scheme(),
        account: look.why,
    };
    Ok(svg::write(out, &pages, look)?)
}
