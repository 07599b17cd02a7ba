//! What this process may still reach by name once it has given up its privileges: Landlock (landlock(7)), as far as the
//! kernel has it. Files that are open stay as they are.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope, path_beneath_rules,
};

use super::Needs;
use super::places::Places;

/// The newest that this was tried with: Linux 6.12 and later have all of it.
const TRIED: ABI = ABI::V6;

/// Folders that may be read: sockets and their owners; drop counters and processors; time zones; what looks names of hosts up
/// for `--filter`.
const FOLDERS: &[&str] = &[
    "/proc",
    "/sys/devices",
    "/sys/fs/cgroup",
    "/usr/share/zoneinfo",
    "/usr/lib",
    "/lib",
    "/lib64",
];

/// Files that may be read: names of users, the time zone, and names of hosts, ports and protocols.
const FILES: &[&str] = &[
    "/etc/passwd",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/networks",
    "/etc/ethers",
];

/// How much of it the kernel enforces.
#[derive(Debug)]
pub struct Fence {
    is_enforced: bool,
    told: String,
}

impl Fence {
    /// Anything of it is.
    pub fn is_enforced(&self) -> bool {
        self.is_enforced
    }
}

impl Display for Fence {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Landlock {}", self.told)
    }
}

/// Encloses this thread, and all that it starts. What the kernel doesn't have isn't enforced.
pub fn enclose(needs: &Needs, places: &Places) -> Fence {
    let (is_enforced, told) = match rules(needs, places) {
        Err(why) => (false, format!("isn't enforced: {why}")),
        Ok(status) => (status.ruleset != RulesetStatus::NotEnforced, told(&status)),
    };
    Fence { is_enforced, told }
}

fn told(status: &RestrictionStatus) -> String {
    let abi = match status.landlock {
        LandlockStatus::NotEnabled => return "isn't enforced: it is switched off at boot".into(),
        LandlockStatus::NotImplemented => return "isn't enforced: this kernel has none".into(),
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u8,
    };
    let how = match status.ruleset {
        RulesetStatus::FullyEnforced => "is fully enforced",
        RulesetStatus::PartiallyEnforced => "is partly enforced: this kernel has less of it",
        RulesetStatus::NotEnforced => "isn't enforced",
    };
    format!("{how} (ABI {abi})")
}

fn rules(needs: &Needs, places: &Places) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let terminal = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let reopen = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    // New files, but none is read.
    let create = AccessFs::MakeReg | AccessFs::WriteFile | AccessFs::RemoveFile;
    let remove: BitFlags<AccessFs> = AccessFs::RemoveFile.into();
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TRIED))?
        .handle_access(AccessNet::from_all(TRIED))?
        .scope(Scope::from_all(TRIED))?
        .create()?
        .add_rules(path_beneath_rules(FOLDERS, read))?
        .add_rules(path_beneath_rules(FILES, read))?
        .add_rules(path_beneath_rules(time_zone(), read))?
        .add_rules(path_beneath_rules(terminals(), terminal))?
        .add_rules(path_beneath_rules(&needs.files, reopen))?
        .add_rules(path_beneath_rules(folders_of(&needs.removed), remove))?
        .add_rules(path_beneath_rules(places.folders(), create))?
        .restrict_self()
}

/// Elsewhere than usual (tzset(3)).
fn time_zone() -> Vec<PathBuf> {
    let named = ["TZ", "TZDIR"].into_iter().filter_map(env::var_os);
    let named = named.filter_map(|name| name.into_string().ok());
    let paths = named.map(|name| PathBuf::from(name.trim_start_matches(':')));
    paths.filter(|path| path.is_absolute()).collect()
}

/// Keys are read from there, and the background's colour is asked.
fn terminals() -> Vec<PathBuf> {
    let standard = (0..3).filter_map(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).ok());
    let mut terminals: Vec<_> = standard.filter(|path| path.starts_with("/dev/")).collect();
    terminals.push("/dev/tty".into());
    terminals
}

/// The folders that files stand in.
fn folders_of(files: &[PathBuf]) -> Vec<&Path> {
    let folders = files.iter().filter_map(|path| path.parent());
    let here = Path::new(".");
    folders
        .map(|folder| {
            if folder == Path::new("") {
                here
            } else {
                folder
            }
        })
        .collect()
}
