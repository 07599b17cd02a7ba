//! System calls that the program never makes once its privileges are given up, and that would lead out of what Landlock leaves:
//! the kernel refuses them (seccomp(2)). What isn't named here goes on: a call that a newer libc makes instead of another costs no capture.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

/// Calls that libc has no names for yet: Linux 6.13 to 6.17 brought them, with the same number on every machine.
const SETXATTRAT: i64 = 463;
const REMOVEXATTRAT: i64 = 466;
const OPEN_TREE_ATTR: i64 = 467;
const FILE_SETATTR: i64 = 469;

/// Refused whatever their arguments are.
const NEVER: &[i64] = &[
    // Programs, and other processes' memory and descriptors.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    // Whose a file is, and who may do what with it: Landlock lets that be.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
    libc::SYS_utimensat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    // Parts of the kernel that nothing here needs; io_uring makes calls past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
];

/// Commands (ioctl(2)) that set attributes of files as well, as chattr(1) does (linux/fs.h).
const FS_IOC_SETFLAGS: i32 = 0x4008_6602;
const FS_IOC_FSSETXATTR: i32 = 0x401c_5820;

/// Unless names of hosts may have to be asked for: connections of any kind, and what is sent to an address.
const NETWORK: &[i64] = &[
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
];

/// Has these calls refused from now on in this thread and in all that it starts. `names`: `--filter` may still have names of hosts
/// asked for.
///
/// # Errors
/// The kernel has no filters, or this machine's calls aren't known.
pub fn refuse(names: bool) -> Result<(), String> {
    let told = |why: &dyn std::fmt::Display| why.to_string();
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|why| told(&why))?;
    let refused = rules(names).map_err(|why| told(&why))?;
    // libc takes this answer for an old kernel's, and calls clone, whose flags can be looked at.
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    for (rules, errno) in [(refused, libc::EPERM), (unknown, libc::ENOSYS)] {
        let answer = SeccompAction::Errno(errno.cast_unsigned());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, arch);
        let program: BpfProgram = filter
            .and_then(TryInto::try_into)
            .map_err(|why| told(&why))?;
        apply_filter(&program).map_err(|why| told(&why))?;
    }
    Ok(())
}

fn rules(names: bool) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let is = |argument, how, value: i32| {
        let value = u64::from(value.cast_unsigned());
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value)
    };
    let newuser = SeccompCmpOp::MaskedEq(u64::from(libc::CLONE_NEWUSER.cast_unsigned()));
    let mut rules: BTreeMap<_, _> = NEVER.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(
        libc::SYS_clone,
        vec![SeccompRule::new(vec![is(
            0,
            newuser,
            libc::CLONE_NEWUSER,
        )?])?],
    );
    let set_attributes = [FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR]
        .map(|command| SeccompRule::new(vec![is(1, SeccompCmpOp::Eq, command)?]));
    rules.insert(
        libc::SYS_ioctl,
        set_attributes.into_iter().collect::<Result<_, _>>()?,
    );
    if !names {
        rules.extend(NETWORK.iter().map(|call| (*call, Vec::new())));
        // Netlink: which sockets there are; Unix: names of interfaces.
        let others = vec![
            is(0, SeccompCmpOp::Ne, libc::AF_NETLINK)?,
            is(0, SeccompCmpOp::Ne, libc::AF_UNIX)?,
        ];
        rules.insert(libc::SYS_socket, vec![SeccompRule::new(others)?]);
        let to_somebody = SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
        rules.insert(libc::SYS_sendto, vec![SeccompRule::new(vec![to_somebody])?]);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most of them are made by no library that a test could ask (tests/privileges tries those that are).
    #[test]
    fn of_the_calls_that_change_attributes_or_times_none_is_left_out() {
        let refused = rules(true).unwrap();
        for call in [
            libc::SYS_setxattr,
            libc::SYS_lsetxattr,
            libc::SYS_fsetxattr,
            463, // setxattrat
            libc::SYS_removexattr,
            libc::SYS_lremovexattr,
            libc::SYS_fremovexattr,
            466, // removexattrat
            469, // file_setattr
            libc::SYS_utimensat,
        ] {
            assert_eq!(refused.get(&call), Some(&Vec::new()), "{call}");
        }
        #[cfg(target_arch = "x86_64")]
        for call in [libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat] {
            assert_eq!(refused.get(&call), Some(&Vec::new()), "{call}");
        }
    }
}
