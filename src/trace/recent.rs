//! Things in order, of which only the latest are kept where there are bounds.

/// Counted from 0 on; the oldest may be gone.
#[derive(Clone, Debug)]
pub struct Recent<T> {
    gone: usize,
    all: Vec<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent {
            gone: 0,
            all: Vec::new(),
        }
    }
}

impl<T> Recent<T> {
    pub fn push(&mut self, thing: T) {
        self.all.push(thing);
    }

    /// How many there ever were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gone + self.all.len()
    }

    /// Those from the `n`th on that are still there.
    #[must_use]
    pub fn since(&self, n: usize) -> &[T] {
        self.all
            .get(n.saturating_sub(self.gone)..)
            .unwrap_or_default()
    }

    /// Those that are still there, for who corrects them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.all.iter_mut()
    }

    /// Forgets the older half once there are twice as many.
    pub fn forget_beyond(&mut self, most: usize) {
        if self.all.len() / 2 > most {
            let older = self.all.len() - most;
            self.all.drain(..older);
            self.gone += older;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_there_are_twice_as_many_only_the_latest_are_there_under_their_numbers() {
        let mut recent = Recent::default();
        for n in 0..22 {
            recent.push(n);
            recent.forget_beyond(10);
        }
        assert_eq!(recent.len(), 22);
        assert_eq!(recent.since(0), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
        assert_eq!(recent.since(20), [20, 21]);
        assert!(recent.since(99).is_empty());
    }
}
