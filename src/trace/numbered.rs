//! Things by number, from 0 on, of which the old ones may leave.

/// Numbers of a chunk.
const CHUNK: usize = 256;

/// Like a `Vec` whose parts give their memory back once everything in them has left.
#[derive(Clone, Debug)]
pub struct Numbered<T> {
    chunks: Vec<Option<Box<Chunk<T>>>>,
    len: usize,
    /// How many have left.
    removed: usize,
}

#[derive(Clone, Debug)]
struct Chunk<T> {
    things: Vec<Option<T>>,
    left: usize,
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
            self.chunks.push(Some(Box::new(Chunk { things, left: 0 })));
        }
        if let Some(Some(chunk)) = self.chunks.last_mut() {
            chunk.things.push(Some(thing));
        }
        self.len += 1;
    }

    /// `None` if it has left, or never was.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&T> {
        let chunk = self.chunks.get(number / CHUNK)?.as_ref()?;
        chunk.things.get(number % CHUNK)?.as_ref()
    }

    #[must_use]
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        let chunk = self.chunks.get_mut(number / CHUNK)?.as_mut()?;
        chunk.things.get_mut(number % CHUNK)?.as_mut()
    }

    /// Those that are there, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        (0..self.len).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// Takes one out.
    pub fn remove(&mut self, number: usize) -> Option<T> {
        let place = self.chunks.get_mut(number / CHUNK)?;
        let chunk = place.as_mut()?;
        let thing = chunk.things.get_mut(number % CHUNK)?.take()?;
        chunk.left += 1;
        self.removed += 1;
        if chunk.left == CHUNK {
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
        assert_eq!(numbered.present(), 1 + CHUNK + 7);
        numbered.push(1);
        assert_eq!(numbered.len(), 3 * CHUNK + 8);
    }
}
