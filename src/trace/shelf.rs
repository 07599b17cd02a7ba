//! Where cold connections lie: one behind the other in large pieces of memory, which are given back once nothing in them
//! is needed any more.

/// Octets of a piece.
const PIECE: usize = 256 * 1024;

/// Octets that may be held without being needed, besides as many as are.
const SPARSE: usize = 2 * PIECE;

/// Where something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    piece: u32,
    at: u32,
    len: u32,
}

#[derive(Debug, Default)]
struct Piece {
    octets: Vec<u8>,
    /// How much of it is needed.
    needed: usize,
}

/// All that lies there.
#[derive(Debug, Default)]
pub struct Shelf {
    pieces: Vec<Piece>,
    /// Pieces that were given back.
    free: Vec<u32>,
    /// The one that is being filled.
    filling: Option<u32>,
    /// The number of the first piece.
    base: u32,
    /// Octets that are needed.
    needed: usize,
    /// Octets of memory.
    held: usize,
}

impl Shelf {
    /// Puts what `write` appends, at most `room` octets.
    pub fn put(&mut self, room: usize, write: impl FnOnce(&mut Vec<u8>)) -> Spot {
        let piece = self.with_room(room);
        let filled = &mut self.pieces[piece as usize];
        let at = filled.octets.len();
        write(&mut filled.octets);
        let len = filled.octets.len() - at;
        filled.needed += len;
        self.needed += len;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Spot {
            piece: self.base.wrapping_add(piece),
            at: number(at),
            len: number(len),
        }
    }

    fn with_room(&mut self, room: usize) -> u32 {
        let has_room = |piece: &u32| {
            let octets = &self.pieces[*piece as usize].octets;
            octets.capacity() - octets.len() >= room
        };
        if let Some(piece) = self.filling.filter(has_room) {
            return piece;
        }
        let octets = Vec::with_capacity(room.max(PIECE));
        self.held += octets.capacity();
        let new = Piece { octets, needed: 0 };
        let before = self.filling.take();
        let piece = match self.free.pop() {
            Some(piece) => {
                self.pieces[piece as usize] = new;
                piece
            }
            None => {
                self.pieces.push(new);
                u32::try_from(self.pieces.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.filling = Some(piece);
        if let Some(before) = before {
            self.tidy(before);
        }
        piece
    }

    fn index(&self, spot: Spot) -> u32 {
        spot.piece.wrapping_sub(self.base)
    }

    /// Octets that are needed.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// Whether much more memory is held than is needed: something small still lies in many pieces.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.held > 2 * self.needed + SPARSE
    }

    /// An empty one, on which nothing will lie where anything lies on this one.
    #[must_use]
    pub fn empty_behind(&self) -> Shelf {
        let pieces = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        Shelf {
            base: self.base.wrapping_add(pieces),
            ..Shelf::default()
        }
    }

    #[must_use]
    pub fn get(&self, spot: Spot) -> &[u8] {
        let octets = &self.pieces[self.index(spot) as usize].octets;
        &octets[spot.at as usize..][..spot.len as usize]
    }

    /// It isn't needed any more.
    pub fn drop(&mut self, spot: Spot) {
        let piece = self.index(spot);
        self.pieces[piece as usize].needed -= spot.len as usize;
        self.needed -= spot.len as usize;
        self.tidy(piece);
    }

    /// Gives a piece back in which nothing is needed.
    fn tidy(&mut self, piece: u32) {
        let unneeded = &mut self.pieces[piece as usize];
        if unneeded.needed == 0 && self.filling != Some(piece) {
            self.held -= unneeded.octets.capacity();
            unneeded.octets = Vec::new();
            self.free.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_stays_until_it_is_dropped_and_then_its_memory_is_used_again() {
        let mut shelf = Shelf::default();
        let put =
            |shelf: &mut Shelf, n: u8| shelf.put(90_000, |out| out.resize(out.len() + 90_000, n));
        let spots: Vec<_> = (0..20).map(|n| put(&mut shelf, n)).collect();
        for (n, spot) in (0..).zip(&spots) {
            assert_eq!(shelf.get(*spot), vec![n; 90_000]);
        }
        let pieces = shelf.pieces.len();
        for spot in spots {
            shelf.drop(spot);
        }
        let held: usize = shelf.pieces.iter().map(|it| it.octets.capacity()).sum();
        assert_eq!(held, PIECE, "only the one that is being filled");
        for n in 0..20 {
            put(&mut shelf, n);
        }
        assert_eq!(shelf.pieces.len(), pieces);
    }

    #[test]
    fn where_little_of_much_is_needed_it_can_be_moved_to_a_shelf_with_other_places() {
        let mut shelf = Shelf::default();
        let put = |shelf: &mut Shelf, n: u8| shelf.put(9000, |out| out.resize(out.len() + 9000, n));
        let spots: Vec<_> = (0..u8::MAX)
            .cycle()
            .take(2000)
            .map(|n| put(&mut shelf, n))
            .collect();
        assert!(!shelf.is_sparse());
        for spot in spots
            .iter()
            .skip(1)
            .step_by(2)
            .chain(spots.iter().step_by(4))
        {
            shelf.drop(*spot);
        }
        assert!(shelf.is_sparse());
        let mut moved = shelf.empty_behind();
        for spot in spots.iter().skip(2).step_by(4) {
            let octets = shelf.get(*spot);
            let new = moved.put(octets.len(), |out| out.extend_from_slice(octets));
            assert!(!spots.contains(&new));
            assert_eq!(moved.get(new), shelf.get(*spot));
        }
        assert!(!moved.is_sparse() && moved.needed() == shelf.needed());
    }

    #[test]
    fn something_larger_than_a_piece_has_its_own() {
        let mut shelf = Shelf::default();
        let spot = shelf.put(2 * PIECE, |out| out.resize(2 * PIECE, 7));
        assert_eq!(shelf.get(spot).len(), 2 * PIECE);
    }
}
