//! System calls that the program never makes once its privileges are given up, and that would lead out of what Landlock leaves:
//! the kernel refuses them (seccomp(2)). What isn't named here goes on: a call that a newer libc makes instead of another costs no capture.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

/// Refused whatever their arguments are.
const NEVER: &[i64] = &[
    // Programs, and other processes' memory and descriptors.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_open_tree,
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
    libc::SYS_utimensat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    // Parts of the kernel that nothing here needs; io_uring makes calls past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
];

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
