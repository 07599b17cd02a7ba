//! Text put together cell by cell, in one buffer. ASCII only: an octet is a column.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

/// The cells so far.
#[derive(Debug, Default)]
pub struct Cells(Vec<u8>);

impl Cells {
    /// Goes on behind what stands in `octets`.
    #[must_use]
    pub fn onto(octets: Vec<u8>) -> Self {
        Cells(octets)
    }

    #[must_use]
    pub fn take(self) -> Vec<u8> {
        self.0
    }

    /// How much there is.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.len()
    }

    pub fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    pub fn number(&mut self, number: u64) {
        self.text(itoa::Buffer::new().format(number));
    }

    /// Seconds with six decimals.
    pub fn seconds(&mut self, ns: u64) {
        let micros = ns / 1000;
        self.number(micros / 1_000_000);
        // Seven digits, of which the first stands where the point belongs.
        let begun = self.width();
        self.number(1_000_000 + micros % 1_000_000);
        self.0[begun] = b'.';
    }

    pub fn address(&mut self, address: SocketAddr) {
        match address.ip() {
            IpAddr::V4(ip) => {
                for (index, octet) in ip.octets().into_iter().enumerate() {
                    if index > 0 {
                        self.text(".");
                    }
                    self.number(octet.into());
                }
                self.text(":");
                self.number(address.port().into());
            }
            // Writing into memory doesn't fail.
            IpAddr::V6(_) => drop(write!(self.0, "{address}")),
        }
    }

    pub fn blanks(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, b' ');
    }

    /// Makes a cell that began at `begun` this wide, its text on the left.
    pub fn align_left(&mut self, begun: usize, width: usize) {
        self.blanks((begun + width).saturating_sub(self.width()));
    }

    pub fn end_line(&mut self) {
        self.text("\n");
    }
}

/// How wide a number is.
#[must_use]
pub fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// How wide `seconds` are.
#[must_use]
pub fn seconds_width(ns: u64) -> usize {
    digits(ns / 1_000_000_000) + ".123456".len()
}

/// How wide an address is.
#[must_use]
pub fn address_width(address: SocketAddr) -> usize {
    match address.ip() {
        IpAddr::V4(ip) => {
            let octets = ip.octets().into_iter();
            let host: usize = octets.map(|octet| digits(octet.into()) + 1).sum();
            host + digits(address.port().into())
        }
        IpAddr::V6(_) => address.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(make: impl Fn(&mut Cells)) -> String {
        let mut cells = Cells::default();
        make(&mut cells);
        String::from_utf8(cells.take()).unwrap()
    }

    #[test]
    fn cells_read_as_their_values_do() {
        for address in ["127.0.0.1:4321", "255.10.0.199:65535", "[::1]:80"] {
            assert_eq!(
                made(|cells| cells.address(address.parse().unwrap())),
                address
            );
        }
        for (ns, wanted) in [
            (0, "0.000000"),
            (1_002_003_999, "1.002003"),
            (u64::MAX, "18446744073.709551"),
        ] {
            assert_eq!(made(|cells| cells.seconds(ns)), wanted);
        }
    }

    #[test]
    fn what_is_put_into_a_cell_is_as_wide_as_was_said() {
        for number in [0, 9, 10, 99_999, 100_000, u64::MAX] {
            let text = made(|cells| cells.number(number));
            assert_eq!(text.len(), digits(number));
            let text = made(|cells| cells.seconds(number));
            assert_eq!(text.len(), seconds_width(number));
        }
        for address in [
            "1.2.3.4:5",
            "127.0.0.1:4321",
            "255.10.0.199:65535",
            "[::1]:80",
        ] {
            let address = address.parse().unwrap();
            let text = made(|cells| cells.address(address));
            assert_eq!(text.len(), address_width(address));
        }
    }

    #[test]
    fn a_cell_is_filled_up_and_never_cut() {
        let cell = |width| {
            made(|cells| {
                cells.text("a ");
                cells.number(123);
                cells.align_left(2, width);
            })
        };
        assert_eq!([cell(5), cell(2)], ["a 123  ", "a 123"]);
    }
}
