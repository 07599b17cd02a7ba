//! Who the command runs as: whoever called sudo, as `sudo -u` would have it, otherwise whoever runs this.

use std::io;
#[cfg(not(target_os = "linux"))]
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::privilege::Caller;

/// What sudo tells, and isn't so for who isn't run by sudo.
const SUDO: [&str; 4] = ["SUDO_COMMAND", "SUDO_USER", "SUDO_UID", "SUDO_GID"];

/// The user who called sudo.
#[derive(Debug)]
pub struct Person {
    caller: Caller,
    /// Of the environment.
    variables: Vec<(&'static str, String)>,
}

impl Person {
    /// `None` where nobody called sudo. To be asked while there is no other child.
    pub fn invoking() -> Option<Person> {
        let caller = Caller::invoking()?;
        let name = std::env::var("SUDO_USER").unwrap_or_default();
        let user = caller.user.as_raw().to_string();
        let about = caller.asked("getent", &["passwd", &user]);
        Some(Person {
            variables: variables(&name, &about.unwrap_or_default()),
            caller,
        })
    }

    /// Gives a command the user's environment.
    pub fn dress(&self, command: &mut Command) {
        for name in SUDO {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        #[cfg(not(target_os = "linux"))]
        command
            .uid(self.caller.user.as_raw())
            .gid(self.caller.group.as_raw());
    }

    /// Does something as this user; elsewhere than on Linux the command becomes the user as it is started.
    ///
    /// # Errors
    /// Those of [`Caller::act`].
    pub fn act<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        self.caller.act(act)
    }
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
}
