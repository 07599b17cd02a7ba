//! All that is known of a connection that is at hand: both ends, every row, and its log.

use std::net::SocketAddr;

use super::Record;
use super::log::{Befell, Log, Logged};
use super::shortened::Shortened;
use crate::conn::state::PerSide;
use crate::conn::{
    Connection, ConnectionId, ErrorSeen, Observed, Opening, Revision, Roles, Stimulus,
};
use crate::wire::Seq;

/// A connection of more rows than this stays warm: nobody should wait until it is followed anew.
const LONG: usize = 256;

/// The same for a log of more octets than this: rows with many options, or much that befell it.
const LONG_LOG: usize = 64 * LONG;

/// A row, and a SACK block of it.
type Sack = (u32, (Seq, Seq));

/// All that is known of a connection.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub struct Warm {
    pub connection: Connection,
    pub rows: Vec<Record>,
    /// The first SACK block of those rows that have one: few have.
    pub sacks: Vec<Sack>,
    pub log: Log,
    /// Of one that is only looked at the log lies elsewhere.
    keeps_log: bool,
    /// It was asked for since it was looked after.
    pub is_used: bool,
    /// It is long, and among those that may leave.
    pub may_leave: bool,
    /// So long that it never rests: it has no log any more.
    is_long: bool,
    /// Rows that it lost.
    pub lost: usize,
    /// How often it has been warmed again, and how many rounds it still waits.
    pub warmed: u8,
    pub waits: u16,
}

/// Rows for which an empty place keeps room: most connections have no more.
const SPARE_ROWS: usize = 32;

impl Warm {
    /// Rows that the longest keeps at the end, at least, where there is no room.
    pub const FEWEST: usize = 16;

    /// Rows that stay of those before, at most: what the connection's story refers to.
    pub const NAMED: usize = 64;

    /// Octets of what a cut leaves of it at most, where there is no room.
    pub const SHORTEST: usize = size_of::<Warm>()
        + (Self::FEWEST + Self::NAMED) * (size_of::<Record>() + size_of::<Sack>());

    pub fn new(connection: Connection, without_places: bool) -> Self {
        Warm {
            connection,
            rows: Vec::new(),
            sacks: Vec::new(),
            log: Log::new(without_places),
            keeps_log: true,
            is_used: false,
            may_leave: false,
            is_long: false,
            lost: 0,
            warmed: 0,
            waits: 0,
        }
    }

    /// Nobody's, until another one begins: rows are kept, and no log.
    pub fn to_look_at() -> Self {
        Warm {
            keeps_log: false,
            ..Warm::new(nobodys(), false)
        }
    }

    /// Begins another connection in the same memory.
    pub fn begin(&mut self, connection: Connection) {
        self.connection = connection;
        self.rows.clear();
        self.sacks.clear();
        self.log.clear();
        (self.is_used, self.may_leave, self.is_long) = (false, false, false);
        (self.warmed, self.waits, self.lost) = (0, 0, 0);
    }

    /// Gives back what the longer connections need: otherwise each place would in time keep as much as the longest that it had.
    pub fn slim(&mut self) {
        self.rows.clear();
        self.rows.shrink_to(SPARE_ROWS);
        self.sacks = Vec::new();
        self.log.slim();
    }

    /// Keeps a segment that the connection has observed.
    pub fn push(&mut self, id: ConnectionId, it: &Logged, observed: &Observed) {
        if let Some(block) = it.told.sack {
            let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
            self.sacks.push((row, block));
        }
        self.rows.push(Record {
            time_ns: it.time_ns,
            place: it.place,
            connection: id,
            from: it.from,
            flags: it.flags,
            seq: it.seq,
            ack: it.ack,
            len: it.len,
            wnd: it.wnd,
            notes: observed.notes,
            states: observed.states,
            certainty: observed.certainty,
        });
        if self.keeps_log && !self.is_long {
            self.log.segment(it);
            self.outgrow();
        }
    }

    /// Forgets the log of one that will never rest: the rows of long ones have a bound, logs at hand don't.
    fn outgrow(&mut self) {
        if self.rows.len() > LONG || self.log.octets().len() > LONG_LOG {
            self.is_long = true;
            self.log = Log::default();
        }
    }

    /// Whether it never rests.
    pub fn is_long(&self) -> bool {
        self.is_long
    }

    /// Octets that it would take with so many rows at most.
    pub fn octets(&self, most: usize) -> usize {
        let rows = self.rows.len().min(most) * size_of::<Record>();
        rows + self.sacks.len().min(most) * size_of::<Sack>() + size_of::<Warm>()
    }

    /// Keeps the last `most` rows only, and of those before the ones with which a state changed, or which something known
    /// of the connection refers to.
    pub fn shorten(&mut self, most: usize) -> Shortened {
        let from = self.rows.len().saturating_sub(most).max(1);
        let changes = self.rows[..from].windows(2).zip(1..);
        let changes = changes.filter(|(two, _)| two[0].states != two[1].states);
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let named = self.connection.rows_named().into_iter();
        let mut kept: Vec<_> = named.filter(|row| *row < number(from)).collect();
        let mut changes: Vec<_> = changes.map(|(_, row)| row).collect();
        // What is named always stays, or its number would lead to another row. There are far fewer than that.
        let room = Self::NAMED.saturating_sub(kept.len() + 1);
        if changes.len() > room {
            // States that somebody has changed again and again: the first and the last of them.
            changes.drain(room / 2..changes.len() - (room - room / 2));
        }
        kept.extend(changes);
        kept.push(0);
        kept.sort_unstable();
        kept.dedup();
        let id = self.rows[0].connection;
        let shortened = Shortened::new(id, number(from), kept.clone());
        let kept_rows: Vec<_> = kept.iter().map(|row| self.rows[*row as usize]).collect();
        self.rows.splice(..from, kept_rows);
        self.rows.shrink_to_fit();
        self.sacks.retain(|(row, _)| shortened.has(*row));
        self.sacks
            .iter_mut()
            .for_each(|(row, _)| *row = shortened.row(*row));
        self.sacks.shrink_to_fit();
        self.connection.renumber(|row| shortened.row(row));
        self.lost += shortened.lost();
        shortened
    }

    /// Corrects rows before.
    pub fn revise(&mut self, revisions: &[Revision]) {
        for revision in revisions {
            for record in &mut self.rows[revision.from as usize..revision.to as usize] {
                let state = &mut record.states[revision.side];
                *state = revision.correction.of(*state);
            }
        }
    }

    /// Something befalls it.
    pub fn befall(&mut self, stimulus: Stimulus<'_>) -> Option<(ErrorSeen, Vec<Revision>)> {
        let shown = self.connection.undergo(stimulus);
        // An ICMP error about nothing that is outstanding changes nothing.
        let is_logged = shown.is_some() || !matches!(stimulus, Stimulus::Error(_));
        if self.keeps_log && is_logged && !self.is_long {
            self.log.befell(Befell::of(stimulus, &self.connection));
            self.outgrow();
        }
        shown
    }
}

/// What is known of a connection that has left: nothing.
pub fn nobodys() -> Connection {
    let nowhere = SocketAddr::from(([0; 4], 0));
    let addresses = PerSide {
        client: nowhere,
        server: nowhere,
    };
    Connection::new(addresses, Opening::Midway, Roles::Guessed, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conn::State;
    use crate::conn::tests::segment;
    use crate::wire::{Captured, Place};

    fn warm_of(rows: u32) -> Warm {
        let mut warm = Warm::new(nobodys(), false);
        for row in 0..rows {
            let captured = Captured {
                time_ns: row.into(),
                place: Place::default(),
                segment: segment("> . 1:1 ack 1"),
            };
            let observed =
                warm.connection
                    .observe(&captured.segment, crate::conn::Side::Client, row.into());
            warm.push(
                0,
                &Logged::of(&captured, crate::conn::Side::Client),
                &observed,
            );
        }
        warm
    }

    #[test]
    fn of_very_many_changes_of_state_those_in_the_middle_go_but_what_the_story_names_stays() {
        let mut warm = warm_of(1000);
        for (row, record) in warm.rows.iter_mut().enumerate() {
            let state = [State::Established, State::CloseWait][row % 2];
            record.states = PerSide::of(|_| state);
        }
        warm.connection.time_wait_killed = Some(500);
        let shortened = warm.shorten(Warm::FEWEST);
        assert!(shortened.has(500) && shortened.has(1) && !shortened.has(499));
        let row = warm.connection.time_wait_killed.unwrap();
        assert_eq!(warm.rows[row as usize].time_ns, 500);
        assert!(warm.rows.len() <= Warm::FEWEST + Warm::NAMED);
    }

    #[test]
    fn one_that_is_long_for_what_befell_it_has_no_log_and_stays_long() {
        let mut warm = warm_of(3);
        for at in 0..LONG_LOG as u64 {
            warm.befall(Stimulus::Replaced { at });
        }
        assert!(warm.is_long() && warm.log.octets().is_empty());
        warm.begin(nobodys());
        assert!(!warm.is_long());
    }

    #[test]
    fn a_place_from_which_a_longer_connection_went_keeps_room_for_a_short_one_only() {
        let mut warm = warm_of(200);
        assert!(warm.rows.capacity() >= 200 && warm.log.octets().len() > 512);
        warm.slim();
        assert_eq!((warm.rows.len(), warm.log.octets().len()), (0, 0));
        assert_eq!(warm.rows.capacity(), SPARE_ROWS);
    }
}
