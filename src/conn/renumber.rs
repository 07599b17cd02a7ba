//! The rows that a connection refers to, for who keeps only some of them.

use super::Connection;
use crate::conn::Side;

impl Connection {
    /// Each row, from 0, that something known of the connection refers to.
    #[must_use]
    pub fn rows_named(&self) -> Vec<u32> {
        let mut named = Vec::new();
        self.clone().each_row(|row| named.push(*row));
        named
    }

    /// Some rows are gone: `new` says where one stands now, or how many of so many stayed.
    pub fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        self.each_row(|row| *row = new(*row));
        self.rows = new(self.rows);
        if let Some(error) = &mut self.last_error {
            error.rows = new(error.rows);
        }
    }

    fn each_row(&mut self, mut each: impl FnMut(&mut u32)) {
        self.fins.iter_mut().for_each(|fin| each(&mut fin.row));
        self.reset.iter_mut().for_each(|reset| each(&mut reset.row));
        self.time_wait_killed.iter_mut().for_each(&mut each);
        for side in Side::BOTH {
            let end = &mut self.ends[side];
            let told = [
                &mut end.fin_received_at,
                &mut end.data_at,
                &mut end.repeated_at,
            ];
            told.into_iter().flatten().for_each(&mut each);
            let got = &mut end.got;
            let got = [&mut got.syn, &mut got.ack, &mut got.fin, &mut got.reset];
            let got = got.into_iter().flatten();
            got.for_each(|presumed| each(&mut presumed.row));
        }
    }
}
