"""Which system calls a jail may make, by a short list that Python, NumPy and SymPy work with.

An allow-list: what is not here fails with EPERM, so a call that a later kernel invents is refused from its first day.
Three policies: the process that starts programs, a program, and Monty with the process that drives it. A program's
filter is installed on top of its parent's; the kernel takes the stricter answer of the two.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from core.errors import Unsupported
from core.sandbox.seccomp.assembler import OWN_PID, Check, Rules, assemble


@dataclass(frozen=True, slots=True)
class Architecture:
    """The kernel's number for it, the column of `_NUMBERS`, and whether it has a second table (x32) to shut."""

    audit: int
    column: int
    x32: bool


_ARCHITECTURES = {
    "x86_64": Architecture(audit=0xC000003E, column=0, x32=True),
    "aarch64": Architecture(audit=0xC00000B7, column=1, x32=False),
}
# name x86-64 aarch64, from the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
_TABLE = """
read 0 63 · write 1 64 · readv 19 65 · writev 20 66 · pread64 17 67 · pwrite64 18 68 · open 2 -
openat 257 56 · close 3 57 · close_range 436 436 · fstat 5 80 · stat 4 - · lstat 6 - · newfstatat 262 79
statx 332 291 · access 21 - · faccessat 269 48 · lseek 8 62 · mmap 9 222 · mprotect 10 226 · munmap 11 215
mremap 25 216 · madvise 28 233 · brk 12 214 · rt_sigaction 13 134 · rt_sigprocmask 14 135
rt_sigreturn 15 139 · rt_sigpending 127 136 · rt_sigtimedwait 128 137 · sigaltstack 131 132 · dup 32 23
dup2 33 - · dup3 292 24 · pipe 22 - · pipe2 293 59 · select 23 - · pselect6 270 72 · poll 7 - · ppoll 271 73
epoll_create 213 - · epoll_create1 291 20 · epoll_ctl 233 21 · epoll_wait 232 - · epoll_pwait 281 22
eventfd2 290 19 · futex 202 98 · set_robust_list 273 99 · get_robust_list 274 100 · rseq 334 293
set_tid_address 218 96 · gettid 186 178 · getpid 39 172 · getppid 110 173 · getuid 102 174 · geteuid 107 175
getgid 104 176 · getegid 108 177 · getgroups 115 158 · getresuid 118 148 · getresgid 120 150 · getpgrp 111 -
getpgid 121 155 · getsid 124 156 · getrandom 318 278 · clock_gettime 228 113 · clock_getres 229 114
clock_nanosleep 230 115 · nanosleep 35 101 · gettimeofday 96 169 · time 201 - · times 100 153 · getcpu 309 168
sched_yield 24 124 · sched_getaffinity 204 123 · getrlimit 97 163 · getrusage 98 165 · sysinfo 99 179
uname 63 160 · getcwd 79 17 · chdir 80 49 · fchdir 81 50 · getdents 78 - · getdents64 217 61 · readlink 89 -
readlinkat 267 78 · mkdir 83 - · mkdirat 258 34 · unlink 87 - · unlinkat 263 35 · rmdir 84 - · rename 82 -
renameat 264 38 · renameat2 316 276 · truncate 76 45 · ftruncate 77 46 · fallocate 285 47
umask 95 166 · fsync 74 82 · fdatasync 75 83
exit 60 93 · exit_group 231 94 · restart_syscall 219 128 · getitimer 36 102 · setitimer 38 103 · alarm 37 -
arch_prctl 158 - · clone 56 220 · clone3 435 435 · fork 57 - · vfork 58 - · execve 59 221 · wait4 61 260
waitid 247 95 · kill 62 129 · tgkill 234 131 · tkill 200 130 · prctl 157 167 · seccomp 317 277
setrlimit 160 164 · statfs 137 43 · prlimit64 302 261 · ioctl 16 29 · fcntl 72 25 · socketpair 53 199 · sendto 44 206
recvfrom 45 207 · getsockname 51 204 · shutdown 48 210 · getsockopt 55 209 · pidfd_open 434 434
pidfd_send_signal 424 424
"""
_NUMBERS: dict[str, tuple[int | None, ...]] = {
    name: tuple(None if number == "-" else int(number) for number in numbers)
    for name, *numbers in (entry.split() for entry in _TABLE.replace("·", "\n").splitlines() if entry.strip())
}

_NAMESPACES = 0x7E020080
_AF_UNIX = 1
_PROGRAM: dict[str, tuple[Check, ...]] = {
    name: ()
    for name in (
        # files that are already there, and the scratch folder
        *("read", "write", "readv", "writev", "pread64", "pwrite64", "open", "openat", "close", "close_range", "lseek"),
        *("fstat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "getcwd", "chdir", "fchdir"),
        *("getdents", "getdents64", "readlink", "readlinkat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"),
        *("rename", "renameat", "renameat2", "truncate", "ftruncate", "fallocate"),
        *("umask", "fsync", "fdatasync", "dup", "dup2", "dup3", "pipe", "pipe2"),
        # memory
        *("mmap", "mprotect", "munmap", "mremap", "madvise", "brk"),
        # waiting and time
        *("select", "pselect6", "poll", "ppoll", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait"),
        *("epoll_pwait", "eventfd2", "futex", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres"),
        *("gettimeofday", "time", "times", "getitimer", "setitimer", "alarm", "sched_yield", "restart_syscall"),
        # its own signals and its end; no clone of any kind: tens of thousands of threads cost the machine a gigabyte
        # that no limit of the process counts, and for root RLIMIT_NPROC counts nothing
        *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack", "exit", "exit_group"),
        # who it is and what the machine is
        *("gettid", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid"),
        *("getresgid", "getpgrp", "getpgid", "getsid", "getrandom", "getcpu", "sched_getaffinity", "getrlimit"),
        *("getrusage", "sysinfo", "uname"),
        # asyncio's wake-up pipe; see `socketpair` below
        *("recvfrom", "getsockname", "getsockopt", "shutdown"),
    )
} | {
    # signals to itself: abort() and raise() use them
    "kill": (Check(0, (OWN_PID,)),),
    "tgkill": (Check(0, (OWN_PID,)),),
    # its own limits, which it can only lower
    "prlimit64": (Check(0, (0,)),),
    # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_DUPFD_CLOEXEC; not F_SETOWN and F_SETSIG,
    # which make the kernel send signals to others
    "fcntl": (Check(1, (0, 1, 2, 3, 4, 5, 6, 7, 1030)),),
    # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX; not TIOCSTI and TIOCLINUX
    "ioctl": (Check(1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),),
    # PR_SET_NAME PR_GET_NAME PR_SET_VMA
    "prctl": (Check(0, (15, 16, 0x53564D41)),),
    # a pair that only this process holds, and nothing that goes to an address
    "socketpair": (Check(0, (_AF_UNIX,)),),
    "sendto": (Check(4, test="null"),),
}
_STARTER: dict[str, tuple[Check, ...]] = _PROGRAM | {
    name: ()
    for name in (
        *("clone", "fork", "vfork", "execve", "wait4", "waitid", "kill", "tgkill", "rt_sigtimedwait", "prctl"),
        *("seccomp", "setrlimit", "prlimit64", "arch_prctl", "statfs", "set_robust_list", "get_robust_list", "rseq"),
        "set_tid_address",
    )
}
_STARTER["clone"] = (Check(0, (_NAMESPACES,), "bits clear"),)
_MONTY: dict[str, tuple[Check, ...]] = _STARTER | {"pidfd_open": (), "pidfd_send_signal": (), "fcntl": ()}


def program_filter() -> bytes:
    """What a program may do; holds `assembler.OWN_PID` where its number belongs.

    Raises:
        Unsupported: the processor's table of calls is not known.
    """
    return _assemble(_PROGRAM)


def starter_filter() -> bytes:
    """What the process may do that forks programs; every program has it too."""
    return _assemble(_STARTER)


def monty_filter() -> bytes:
    """What Monty's worker and the process that drives it may do."""
    return _assemble(_MONTY)


def _assemble(policy: dict[str, tuple[Check, ...]]) -> bytes:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    architecture = _ARCHITECTURES.get(machine)
    if architecture is None or sys.maxsize < 2**32 or sys.byteorder != "little":
        raise Unsupported(f"No filter on system calls is known for this processor ({machine}).")
    rules: Rules = {
        number: checks for name, checks in policy.items() if (number := _NUMBERS[name][architecture.column]) is not None
    }
    return assemble(architecture.audit, rules, x32=architecture.x32)
