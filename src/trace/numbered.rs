//! Things by number, from 0 on, of which the old ones may leave.

/// Numbers of a chunk.
const CHUNK: usize = 256;

/// A chunk of no more than so many is kept without room for those that have left.
const FEW: usize = CHUNK / 4;

/// Like a `Vec` whose parts give their memory back as things leave.
#[derive(Clone, Debug)]
pub struct Numbered<T> {
    chunks: Vec<Option<Box<Chunk<T>>>>,
    len: usize,
    /// How many have left.
    removed: usize,
}

#[derive(Clone, Debug)]
enum Chunk<T> {
    Many {
        things: Vec<Option<T>>,
        left: usize,
    },
    /// By number within the chunk, in order.
    Few(Vec<(u8, T)>),
}

impl<T> Chunk<T> {
    /// By number within the chunk.
    fn get(&self, number: usize) -> Option<&T> {
        match self {
            Chunk::Many { things, .. } => things.get(number)?.as_ref(),
            Chunk::Few(things) => Some(&things[place(things, number)?].1),
        }
    }

    fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        match self {
            Chunk::Many { things, .. } => things.get_mut(number)?.as_mut(),
            Chunk::Few(things) => {
                let at = place(things, number)?;
                Some(&mut things[at].1)
            }
        }
    }

    fn remove(&mut self, number: usize) -> Option<T> {
        match self {
            Chunk::Many { things, left } => {
                let thing = things.get_mut(number)?.take()?;
                *left += 1;
                if CHUNK - *left <= FEW && things.len() == CHUNK {
                    let things = (0..=u8::MAX).zip(things.drain(..));
                    let few = things.filter_map(|(at, thing)| Some((at, thing?)));
                    *self = Chunk::Few(few.collect());
                }
                Some(thing)
            }
            Chunk::Few(things) => {
                let (_, thing) = things.remove(place(things, number)?);
                if things.capacity() > 2 * things.len() {
                    things.shrink_to_fit();
                }
                Some(thing)
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Chunk::Few(things) if things.is_empty())
    }
}

fn place<T>(things: &[(u8, T)], number: usize) -> Option<usize> {
    let found = things.binary_search_by_key(&number, |(at, _)| usize::from(*at));
    found.ok()
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered {
            chunks: Vec::new(),
            len: 0,
            removed: 0,
        }
    }
}

impl<T> Numbered<T> {
    /// How many there ever were: the next number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many there are.
    #[must_use]
    pub fn present(&self) -> usize {
        self.len - self.removed
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push(&mut self, thing: T) {
        if self.len.is_multiple_of(CHUNK) {
            let things = Vec::with_capacity(CHUNK);
            self.chunks
                .push(Some(Box::new(Chunk::Many { things, left: 0 })));
        }
        if let Some(Chunk::Many { things, .. }) =
            self.chunks.last_mut().and_then(Option::as_deref_mut)
        {
            things.push(Some(thing));
        }
        self.len += 1;
    }

    /// `None` if it has left, or never was.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&T> {
        let chunk = self.chunks.get(number / CHUNK)?.as_ref()?;
        chunk.get(number % CHUNK)
    }

    #[must_use]
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        let chunk = self.chunks.get_mut(number / CHUNK)?.as_mut()?;
        chunk.get_mut(number % CHUNK)
    }

    /// Those that are there, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        (0..self.len).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// Those that are there, in order; what has left costs as good as nothing.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let chunks = self.chunks.iter_mut().flatten();
        chunks.flat_map(|chunk| {
            let (many, few) = match chunk.as_mut() {
                Chunk::Many { things, .. } => (&mut things[..], &mut [][..]),
                Chunk::Few(things) => (&mut [][..], &mut things[..]),
            };
            let few = few.iter_mut().map(|(_, thing)| thing);
            many.iter_mut().flatten().chain(few)
        })
    }

    /// Takes one out.
    pub fn remove(&mut self, number: usize) -> Option<T> {
        let place = self.chunks.get_mut(number / CHUNK)?;
        let chunk = place.as_mut()?;
        let thing = chunk.remove(number % CHUNK)?;
        self.removed += 1;
        if chunk.is_empty() {
            *place = None;
        }
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_gone_and_a_chunk_of_which_nothing_is_left_gives_its_memory_back() {
        let mut numbered = Numbered::default();
        (0..3 * CHUNK + 7).for_each(|number| numbered.push(number));
        for number in (0..2 * CHUNK).filter(|number| *number != 3) {
            assert_eq!(numbered.remove(number), Some(number));
            assert_eq!(numbered.remove(number), None);
        }
        assert_eq!(numbered.len(), 3 * CHUNK + 7);
        assert_eq!(numbered.get(3), Some(&3));
        assert_eq!(numbered.get(2 * CHUNK), Some(&(2 * CHUNK)));
        assert_eq!((numbered.get(4), numbered.get(9999)), (None, None));
        let held: Vec<_> = numbered.chunks.iter().map(Option::is_some).collect();
        assert_eq!(held, [true, false, true, true]);
        assert_eq!(numbered.iter().count(), 1 + CHUNK + 7);
        let values: Vec<_> = numbered.values_mut().map(|it| *it).collect();
        assert!(values.iter().eq(numbered.iter().map(|(_, it)| it)));
        assert_eq!(numbered.present(), 1 + CHUNK + 7);
        numbered.push(1);
        assert_eq!(numbered.len(), 3 * CHUNK + 8);
    }
}
