//! Numbers that are the same from the same seed, on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `limit`, which isn't 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// True with this probability (0 to 1).
    pub fn happens(&mut self, probability: f64) -> bool {
        // 53 bits are what a float holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "only 53 bits are left")]
        let drawn = (self.number() >> 11) as f64 / (1u64 << 53) as f64;
        drawn < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_reference_implementation() {
        let mut random = Random::new(1_234_567);
        let first: Vec<_> = (0..3).map(|_| random.number()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn happens_as_often_as_asked() {
        let mut random = Random::new(1);
        let often = (0..10_000).filter(|_| random.happens(0.08)).count();
        assert!((700..900).contains(&often), "{often}");
        assert!(!random.happens(0.0) && random.happens(1.0));
    }
}
