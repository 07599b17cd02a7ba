//! Where new files may be written once privileges are given up: the current folder, unless what is there counts for more than a
//! capture, and the folder for temporary files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the system: whoever stays root could change all of it there.
const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/run", "/sbin",
    "/sys", "/usr", "/var",
];

/// Folders in which, and below which, new files may be written.
#[derive(Debug, Default)]
pub struct Places {
    current: Option<PathBuf>,
    temporary: Option<PathBuf>,
}

impl Places {
    /// Those of this process.
    pub fn here() -> Places {
        let user = rustix::process::geteuid();
        let homes = homes(user.as_raw());
        let is_harmless = |folder: &PathBuf| is_harmless(folder, user.is_root(), &homes);
        let temporary = [env::temp_dir(), "/tmp".into()];
        let mut temporary = temporary.iter().filter_map(|it| it.canonicalize().ok());
        Places {
            current: env::current_dir().ok().filter(is_harmless),
            // TMPDIR may name any folder.
            temporary: temporary.find(is_harmless),
        }
    }

    pub fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        let temporary = self.temporary.as_ref();
        let is_apart = |it: &&PathBuf| temporary.is_none_or(|temporary| !it.starts_with(temporary));
        let current = self.current.as_ref().filter(is_apart);
        current.into_iter().chain(temporary)
    }

    /// The folder to name where the current one isn't among them.
    pub fn instead(&self) -> Option<&Path> {
        self.temporary.as_deref().filter(|_| self.current.is_none())
    }

    /// Why nothing may be written there, and what to type; `None` where something may.
    pub fn refuse(&self, path: &Path) -> Option<String> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().ok()?;
        if self.folders().any(|place| folder.starts_with(place)) {
            return None;
        }
        let told = format!("{}, since privileges were given up", self.told());
        let Some(place) = self.temporary.as_ref().or(self.current.as_ref()) else {
            return Some(format!("{told}; start tcpviz in a folder for captures"));
        };
        let instead = place.join(path.file_name()?);
        Some(format!("{told}; type {}", instead.display()))
    }

    /// In a few words.
    pub fn told(&self) -> String {
        let places: Vec<_> = self
            .folders()
            .map(|place| place.display().to_string())
            .collect();
        if places.is_empty() {
            return "no new files".into();
        }
        format!("new files below {} only", places.join(" or "))
    }
}

/// Whether what may be changed in a folder, and below it, starts no program by itself: a home folder has what a shell reads.
fn is_harmless(folder: &Path, is_root: bool, homes: &[PathBuf]) -> bool {
    let is_system = is_root && SYSTEM.iter().any(|system| folder.starts_with(system));
    let holds_home = homes.iter().any(|home| home.starts_with(folder));
    folder != Path::new("/") && !is_system && !holds_home
}

/// The home folders that a user may write to: root everybody's. Beside them those that are told: sudo tells root's, or the
/// caller's, or both.
fn homes(user: u32) -> Vec<PathBuf> {
    let told = ["HOME", "SUDO_HOME"].into_iter().filter_map(env::var_os);
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let kept = kept_homes(&passwd, user).map(PathBuf::from);
    let homes = told.map(PathBuf::from).chain(kept);
    homes.filter_map(|home| home.canonicalize().ok()).collect()
}

/// Of lines like `name:x:1000:1000:Name,,,:/home/name:/bin/sh`: this user's, for root all.
fn kept_homes(passwd: &str, user: u32) -> impl Iterator<Item = &str> {
    passwd.lines().filter_map(move |line| {
        let mut fields = line.split(':');
        let owner = fields.nth(2)?.parse::<u32>().ok()?;
        (user == 0 || owner == user).then(|| fields.nth(2))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_and_what_holds_it_is_not_written_to_but_what_is_below_it() {
        let homes = [PathBuf::from("/home/ann"), PathBuf::from("/root")];
        let is_harmless = |folder: &str| is_harmless(Path::new(folder), false, &homes);
        for folder in ["/", "/home", "/home/ann", "/root"] {
            assert!(!is_harmless(folder), "{folder}");
        }
        for folder in ["/home/ann/captures", "/home/anna", "/srv", "/etc"] {
            assert!(is_harmless(folder), "{folder}");
        }
    }

    #[test]
    fn root_writes_to_no_folder_of_the_system() {
        for (folder, expected) in [
            ("/etc", false),
            ("/var/spool/cron", false),
            ("/varied", true),
            ("/work/x", true),
        ] {
            assert_eq!(
                is_harmless(Path::new(folder), true, &[]),
                expected,
                "{folder}"
            );
        }
    }

    #[test]
    fn a_home_is_found_by_the_users_number_and_roots_are_all() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nx:y\nann:x:1000:100:Ann,,,:/home/ann:/bin/zsh\n";
        let homes = |user| kept_homes(passwd, user).collect::<Vec<_>>();
        assert_eq!(homes(1000), ["/home/ann"]);
        assert_eq!(homes(0), ["/root", "/home/ann"]);
        assert!(homes(100).is_empty());
    }

    #[test]
    fn what_is_refused_is_told_with_a_name_that_is_not() {
        let temporary = env::temp_dir().canonicalize().unwrap();
        let places = Places {
            current: None,
            temporary: Some(temporary.clone()),
        };
        let told = places.refuse(Path::new("/etc/x.pcap")).unwrap();
        let instead = temporary.join("x.pcap");
        assert!(
            told.ends_with(&format!("type {}", instead.display())),
            "{told}"
        );
        assert_eq!(places.refuse(&instead), None);
        // Of a folder that isn't there something else is told.
        assert_eq!(places.refuse(Path::new("/nowhere/x.pcap")), None);
        let only_current = Places {
            current: Some("/srv".into()),
            temporary: None,
        };
        let told = only_current.refuse(Path::new("/etc/x.pcap")).unwrap();
        assert!(told.ends_with("type /srv/x.pcap"), "{told}");
        let told = Places::default().refuse(Path::new("/etc/x.pcap")).unwrap();
        assert!(told.starts_with("no new files, since"), "{told}");
    }
}
