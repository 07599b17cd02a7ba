//! Users by number and name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;

use crate::story::owner::User;

/// Octets read of /etc/passwd.
const MOST: u64 = 1 << 20;

/// The users of this namespace of users.
#[derive(Debug, Default)]
pub struct Users {
    names: HashMap<u32, Vec<u8>>,
    /// Stands for everybody from outside the namespace; `None` where there is no outside.
    overflow: Option<u32>,
}

impl Users {
    /// Reads /etc/passwd; users that are kept elsewhere have only a number.
    pub fn read() -> Users {
        let mut passwd = Vec::new();
        if let Ok(file) = File::open("/etc/passwd") {
            let _ = file.take(MOST).read_to_end(&mut passwd);
        }
        let setting = |path| fs::read_to_string(path).unwrap_or_default();
        let has_outside = !holds_everybody(&setting("/proc/self/uid_map"));
        let overflow = setting("/proc/sys/kernel/overflowuid").trim().parse().ok();
        Users {
            names: names(&passwd),
            overflow: overflow.filter(|_| has_outside),
        }
    }

    pub fn user(&self, uid: u32) -> Option<User> {
        let name = self.names.get(&uid).map(Vec::as_slice);
        (self.overflow != Some(uid)).then(|| User::new(uid, name))
    }
}

/// The first name of a number counts, as for getpwuid(3).
fn names(passwd: &[u8]) -> HashMap<u32, Vec<u8>> {
    let mut names = HashMap::new();
    for line in passwd.split(|octet| *octet == b'\n') {
        let mut fields = line.split(|octet| *octet == b':');
        let (name, uid) = (fields.next(), fields.nth(1));
        let uid = uid.and_then(|uid| str::from_utf8(uid).ok()?.parse::<u32>().ok());
        if let (Some(name @ [_, ..]), Some(uid)) = (name, uid) {
            names.entry(uid).or_insert_with(|| name.to_vec());
        }
    }
    names
}

/// A namespace without an outside: `0 0 4294967295` (user_namespaces(7)).
fn holds_everybody(uid_map: &str) -> bool {
    uid_map
        .split_ascii_whitespace()
        .eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_counts() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n\n:x:5:5\nwww-data:x:33:33::/:\nx:y\nz::-1:";
        let users = Users {
            names: names(passwd),
            overflow: Some(65534),
        };
        let name = |uid| users.user(uid).unwrap().name;
        assert_eq!(
            (name(0), name(33)),
            (Some("root".into()), Some("www-data".into()))
        );
        assert_eq!((name(5), name(7)), (None, None));
        // Not "nobody": it may be anybody from outside.
        assert_eq!(users.user(65534), None);
    }

    #[test]
    fn only_the_first_namespace_has_no_outside() {
        assert!(holds_everybody("         0          0 4294967295\n"));
        assert!(!holds_everybody("      1000       1000          1\n"));
        assert!(!holds_everybody(""));
    }
}
