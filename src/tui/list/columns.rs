//! The columns of the list, and how a line's width is shared out among them.

use ratatui::style::Style;

use crate::conn::Side;
use crate::story::Charset;
use crate::story::code::pointed;

/// A column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    /// Address and port.
    Address(Side),
    /// The port alone, where the hosts are all the same or there is no room.
    Port(Side),
    /// The state, in short if `true`.
    State(Side, bool),
    Segments,
    Bytes(Side),
    Duration,
    Owner,
    Code,
    /// The kind of ending.
    Kind,
    /// The ending in a few words.
    Ending,
    /// The same with its likeliest cause.
    Cause,
}

impl Column {
    pub fn name(self, charset: Charset) -> String {
        match self {
            Column::Number => "#".into(),
            Column::Address(side) | Column::Port(side) => side.name().into(),
            Column::State(Side::Client, true) => "clt".into(),
            Column::State(Side::Server, true) => "srv".into(),
            Column::State(side, false) => format!("{side} state"),
            Column::Segments => "segs".into(),
            Column::Bytes(side) => pointed("bytes", side, charset),
            Column::Duration => "duration".into(),
            Column::Owner => "process".into(),
            Column::Code => "how".into(),
            Column::Kind | Column::Ending | Column::Cause => "ending".into(),
        }
    }

    /// Whether it is aligned on the right.
    pub fn is_number(self) -> bool {
        use Column::{Bytes, Duration, Number, Segments};
        matches!(self, Number | Segments | Bytes(_) | Duration)
    }

    pub fn is_address(self) -> bool {
        matches!(self, Column::Address(_) | Column::Port(_))
    }

    /// Whose it is.
    pub fn side(self) -> Option<Side> {
        match self {
            Column::Address(side)
            | Column::Port(side)
            | Column::State(side, _)
            | Column::Bytes(side) => Some(side),
            _ => None,
        }
    }

    /// The text in `width` columns: of an address the port and both ends of the host stay.
    pub fn fit(self, text: &str, width: usize, charset: Charset) -> String {
        let is_long = text.chars().count() > width;
        match (self, text.rsplit_once(':')) {
            (Column::Address(_), Some((host, port))) if is_long => {
                let dots = match charset {
                    Charset::Unicode => "…",
                    Charset::Ascii => "..",
                };
                let room = width.saturating_sub(port.len() + 1 + dots.chars().count());
                let (head, tail) = (room / 2, room - room / 2);
                let (head, tail) = (
                    host.get(..head).unwrap_or_default(),
                    host.get(host.len().saturating_sub(tail)..)
                        .unwrap_or_default(),
                );
                format!("{head}{dots}{tail}:{port}")
            }
            _ => text.into(),
        }
    }
}

/// What stands in a column of one row.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub text: String,
    pub style: Style,
}

impl Cell {
    pub fn plain(text: String) -> Cell {
        Cell {
            text,
            style: Style::new(),
        }
    }

    pub fn styled(self, style: Style) -> Cell {
        Cell { style, ..self }
    }

    pub fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The columns that are shown, each with its width, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    columns: Vec<(Column, usize)>,
    gap: usize,
}

/// The first wishes (the states, the kind of ending) are worth more than the server's host beside its port, where all have the same.
const WORTH_A_HOST: usize = 2;

/// What is added as long as there is room, the most important first. A column of a row takes the place of a lesser one of
/// the same rank.
const WISHES: [&[Column]; 9] = [
    &[
        Column::State(Side::Client, true),
        Column::State(Side::Server, true),
    ],
    &[Column::Kind],
    &[Column::Ending],
    &[Column::Owner],
    &[Column::Segments],
    &[
        Column::State(Side::Client, false),
        Column::State(Side::Server, false),
    ],
    &[Column::Cause],
    &[Column::Duration],
    &[Column::Bytes(Side::Client), Column::Bytes(Side::Server)],
];

/// The same where somebody waits for a program: whose it is is then worth more than the ending in words.
fn wishes(program_waits: bool) -> [&'static [Column]; 9] {
    let mut wishes = WISHES;
    if program_waits {
        wishes.swap(2, 3);
    }
    wishes
}

/// Where a column stands; two of one place exclude each other.
fn rank(column: Column) -> u8 {
    match column {
        Column::Number => 0,
        Column::Address(Side::Client) | Column::Port(Side::Client) => 1,
        Column::Address(Side::Server) | Column::Port(Side::Server) => 2,
        Column::State(Side::Client, _) => 3,
        Column::State(Side::Server, _) => 4,
        Column::Segments => 5,
        Column::Bytes(Side::Client) => 6,
        Column::Bytes(Side::Server) => 7,
        Column::Duration => 8,
        Column::Owner => 9,
        Column::Code => 10,
        Column::Kind | Column::Ending | Column::Cause => 11,
    }
}

impl Columns {
    /// Shares `width` out. `wanted` tells what a column needs, 0 if nothing stands in it; `one_server` (`one_client`)
    /// that all have the same host there, `program_waits` that an end waits for its program to close.
    pub fn share(
        width: usize,
        one_server: bool,
        one_client: bool,
        program_waits: bool,
        wanted: impl Fn(Column) -> usize,
    ) -> Columns {
        let wishes = wishes(program_waits);
        let whole = Columns::addresses(width, one_server, one_client, &wanted);
        let (mut shared, granted) = Columns::grant(width, whole.clone(), wishes, &wanted);
        if one_server && granted < WORTH_A_HOST {
            let mut shorter = whole;
            shorter.retain(|(column, _)| *column != Column::Address(Side::Server));
            if shorter
                .iter()
                .all(|(column, _)| *column != Column::Port(Side::Server))
            {
                let port = Column::Port(Side::Server);
                shorter.push((port, wanted(port)));
            }
            let (other, more) = Columns::grant(width, shorter, wishes, &wanted);
            if more > granted {
                shared = other;
            }
        }
        shared.columns.sort_by_key(|(column, _)| rank(*column));
        shared.gap = 2;
        if shared.total() > width {
            shared.gap = 1;
        }
        shared
    }

    /// Adds what is wished for and has room, and how many of the first wishes that are worth a host were granted.
    fn grant(
        width: usize,
        columns: Vec<(Column, usize)>,
        wishes: [&[Column]; 9],
        wanted: &impl Fn(Column) -> usize,
    ) -> (Columns, usize) {
        let mut shared = Columns { columns, gap: 1 };
        let mut granted = 0;
        for (at, wish) in wishes.into_iter().enumerate() {
            let mut wished = shared.clone();
            for &column in wish {
                let needed = wanted(column);
                if needed > 0 {
                    wished.columns.retain(|(it, _)| rank(*it) != rank(column));
                    wished.columns.push((column, needed));
                }
            }
            if wished.total() <= width {
                shared = wished;
                granted += usize::from(at < WORTH_A_HOST);
            }
        }
        (shared, granted)
    }

    /// What tells connections apart, and the code of the ending: whole addresses; ports alone where all hosts are the
    /// same; or, when everything else has gone, addresses without their middle.
    fn addresses(
        width: usize,
        one_server: bool,
        one_client: bool,
        wanted: &impl Fn(Column) -> usize,
    ) -> Vec<(Column, usize)> {
        use Side::{Client, Server};
        let with_width = |column| (column, wanted(column));
        let mut fixed = vec![with_width(Column::Number), with_width(Column::Code)];
        fixed.retain(|(_, width)| *width > 0);
        let with = |pair: [(Column, usize); 2]| [&fixed[..], &pair].concat();
        let total = |columns: &[(Column, usize)]| {
            let widths = columns.iter().map(|(_, width)| width + 1);
            widths.sum::<usize>().saturating_sub(1)
        };
        let whole = [Column::Address(Client), Column::Address(Server)];
        let server_port = [Column::Address(Client), Column::Port(Server)];
        let client_port = [Column::Port(Client), Column::Address(Server)];
        let choices = [
            Some(whole),
            one_server.then_some(server_port),
            one_client.then_some(client_port),
        ];
        for pair in choices.into_iter().flatten() {
            let columns = with(pair.map(with_width));
            if total(&columns) <= width {
                return columns;
            }
        }
        let room = width.saturating_sub(total(&fixed) + 2);
        if one_server {
            let port = with_width(Column::Port(Server));
            let rest = room.saturating_sub(port.1);
            return with([(Column::Address(Client), rest), port]);
        }
        if one_client {
            let port = with_width(Column::Port(Client));
            let rest = room.saturating_sub(port.1);
            return with([port, (Column::Address(Server), rest)]);
        }
        let half = room / 2;
        with([
            (Column::Address(Client), half),
            (Column::Address(Server), room - half),
        ])
    }

    fn total(&self) -> usize {
        let widths = self.columns.iter().map(|(_, width)| width + self.gap);
        widths.sum::<usize>().saturating_sub(self.gap)
    }

    /// Each column, where it begins, and its width.
    pub fn places(&self) -> impl Iterator<Item = (Column, usize, usize)> {
        self.columns.iter().scan(0, |at, &(column, width)| {
            let begins = *at;
            *at += width + self.gap;
            Some((column, begins, width))
        })
    }
}
