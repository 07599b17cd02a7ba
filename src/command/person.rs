//! Who the command runs as: whoever called sudo, as `sudo -u` would have it, otherwise whoever runs this.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Gid, Uid};
#[cfg(target_os = "linux")]
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::privilege;

/// What sudo tells, and isn't so for who isn't run by sudo.
const SUDO: [&str; 4] = ["SUDO_COMMAND", "SUDO_USER", "SUDO_UID", "SUDO_GID"];

/// Where the programs that are asked about users are: the caller's PATH may name others.
const PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The user who called sudo.
#[derive(Debug)]
pub struct Person {
    user: Uid,
    group: Gid,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code))]
    groups: Vec<Gid>,
    /// Of the environment.
    variables: Vec<(&'static str, String)>,
}

impl Person {
    /// `None` where nobody called sudo. To be asked while there is no other child.
    pub fn invoking() -> Option<Person> {
        let (user, group) = privilege::invoking_user()?;
        let name = std::env::var("SUDO_USER").unwrap_or_default();
        let said = |program: &str, arguments: &[&str]| {
            let output = Command::new(program)
                .args(arguments)
                .env_clear()
                .env("PATH", PROGRAMS)
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                // Neither takes more rights than the caller's.
                .uid(user)
                .gid(group)
                .output()
                .ok()?;
            String::from_utf8(output.stdout).ok()
        };
        // Whoever is kept elsewhere than in /etc is known to these two.
        let groups = said("id", &["-G", "--", &name]).unwrap_or_default();
        let group = Gid::from_raw(group);
        let mut groups = numbers(&groups);
        if groups.is_empty() {
            groups.push(group);
        }
        let about = said("getent", &["passwd", &user.to_string()]).unwrap_or_default();
        Some(Person {
            user: Uid::from_raw(user),
            group,
            groups,
            variables: variables(&name, &about),
        })
    }

    /// Gives a command the user's environment.
    pub fn dress(&self, command: &mut Command) {
        for name in SUDO {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        #[cfg(not(target_os = "linux"))]
        command.uid(self.user.as_raw()).gid(self.group.as_raw());
    }

    /// Elsewhere a process can't be somebody for a while: the command becomes the user as it is started.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub fn act<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        Ok(act())
    }

    /// Does something as this user: this process is the user meanwhile, and keeps a way back.
    ///
    /// # Errors
    /// It can't become the user, or root again.
    #[cfg(target_os = "linux")]
    pub fn act<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        let root = (Uid::ROOT, Gid::ROOT);
        let groups = rustix::process::getgroups()?;
        set_thread_groups(&self.groups)?;
        set_thread_res_gid(self.group, self.group, root.1)?;
        set_thread_res_uid(self.user, self.user, root.0)?;
        let done = act();
        set_thread_res_uid(root.0, root.0, root.0)?;
        set_thread_res_gid(root.1, root.1, root.1)?;
        set_thread_groups(&groups)?;
        Ok(done)
    }
}

fn numbers(text: &str) -> Vec<Gid> {
    let numbers = text.split_ascii_whitespace();
    numbers
        .filter_map(|number| number.parse().ok().map(Gid::from_raw))
        .collect()
}

/// `name:x:1000:1000:Name,,,:/home/name:/bin/sh`.
fn variables(name: &str, about: &str) -> Vec<(&'static str, String)> {
    let mut told = vec![("USER", name.to_string()), ("LOGNAME", name.to_string())];
    let fields: Vec<_> = about.trim_end().split(':').collect();
    if let [_, _, _, _, _, home, shell] = fields[..] {
        told.extend([("HOME", home.to_string()), ("SHELL", shell.to_string())]);
    }
    told.retain(|(_, value)| !value.is_empty());
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_users_as_far_as_it_is_known() {
        let about = "ann:x:1000:1000:Ann,,,:/home/ann:/bin/zsh\n";
        let told = variables("ann", about);
        let home = ("HOME", "/home/ann".to_string());
        assert!(told.contains(&home) && told.contains(&("SHELL", "/bin/zsh".into())));
        assert_eq!(variables("ann", "").len(), 2);
        assert_eq!(variables("", "nonsense"), []);
    }

    #[test]
    fn groups_are_numbers() {
        let groups: Vec<_> = numbers("1000 27 x\n")
            .iter()
            .map(|it| it.as_raw())
            .collect();
        assert_eq!(groups, [1000, 27]);
    }
}
