//! Pages for what people look at as a whole: a picture of a million connections helps nobody.

use super::page::{How, Page, pages};
use crate::conn::ConnectionId;
use crate::story::numbers::{counted, grouped};
use crate::trace::Trace;

/// How much one file may hold.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    pub connections: usize,
    /// Rows of all ladders together.
    pub rows: usize,
}

/// The pages of the connections that `wanted` names; none named means all that are there.
///
/// # Errors
/// A line for people where there are too many of them, or they are too long.
pub fn few(
    trace: &Trace,
    wanted: Option<ConnectionId>,
    how: How,
    most: Most,
) -> Result<Vec<Page<'_>>, String> {
    let there = match wanted {
        Some(_) => 1,
        None => trace.ids().filter(|id| trace.has(*id)).count(),
    };
    if there > most.connections {
        return Err(format!(
            "{} connections are more than this format holds ({}): choose one with -c N, or some with -p and -f",
            grouped(there as u64),
            most.connections
        ));
    }
    let pages: Vec<_> = pages(trace, wanted, how).collect();
    let rows: usize = pages.iter().map(|page| page.lines().len()).sum();
    if rows <= most.rows {
        return Ok(pages);
    }
    let instead = if there > 1 {
        "choose one connection with -c N"
    } else {
        "--fold and --control-only make them fewer"
    };
    Err(format!(
        "{} are more than this format holds ({}): {instead}",
        counted(rows as u64, "row"),
        grouped(most.rows as u64)
    ))
}
