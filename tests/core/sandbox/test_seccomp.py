"""The filters on system calls, run by a small interpreter of BPF: their answers to every call, on both processors."""

from __future__ import annotations

import errno
import struct

import pytest

from core.errors import Unsupported
from core.sandbox.seccomp import policy
from core.sandbox.seccomp.assembler import ALLOW, KILL, OWN_PID, Check, assemble, refuse

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
DENIED, UNKNOWN = refuse(errno.EPERM), refuse(errno.ENOSYS)
FORBIDDEN = {
    # name: x86-64, aarch64
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "sendmsg": (46, 211), "fork": (57, None),
    "vfork": (58, None), "clone": (56, 220), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "keyctl": (250, 219), "add_key": (248, 217),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "memfd_create": (319, 279), "seccomp": (317, 277),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "sched_setaffinity": (203, 122), "setpriority": (141, 140),
    "shmget": (29, 194), "shmat": (30, 196), "mq_open": (240, 180), "mknodat": (259, 33), "symlinkat": (266, 36),
    "linkat": (265, 37), "fchmod": (91, 52), "fchmodat": (268, 53), "fchownat": (260, 54), "setxattr": (188, 5),
    "setuid": (105, 146), "capset": (126, 91), "personality": (135, 92), "init_module": (175, 105),
    "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224), "sethostname": (170, 161), "flock": (73, 32),
    "inotify_init1": (294, 26), "fanotify_init": (300, 262), "timer_create": (222, 107), "kcmp": (312, 272),
}  # fmt: skip
NEEDED = {
    "read": (0, 63), "write": (1, 64), "openat": (257, 56), "close": (3, 57), "mmap": (9, 222), "munmap": (11, 215),
    "brk": (12, 214), "futex": (202, 98), "exit_group": (231, 94), "getrandom": (318, 278), "lseek": (8, 62),
    "clock_gettime": (228, 113), "newfstatat": (262, 79), "getdents64": (217, 61), "rt_sigreturn": (15, 139),
    "mkdirat": (258, 34), "unlinkat": (263, 35), "madvise": (28, 233), "mremap": (25, 216), "ppoll": (271, 73),
}  # fmt: skip


def answer(program: bytes, number: int, *arguments: int, architecture: int) -> int:
    """What the kernel would do: a run of the BPF program over `struct seccomp_data`."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", program))
    at = value = 0
    while True:
        operation, if_true, if_false, operand = steps[at]
        at += 1
        if operation == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif operation == 0x06:
            return operand
        elif operation == 0x54:
            value &= operand
        else:
            met = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[operation]
            at += if_true if met else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("platform.machine", lambda: request.param)
    return str(request.param)


def column(machine: str) -> int:
    return list(AUDIT).index(machine)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_calls_fail_whatever_they_are_given(name: str, machine: str) -> None:
    number = FORBIDDEN[name][column(machine)]
    if number is None:
        return
    rules = policy.program_filter()
    for arguments in ((), (1, 1, 1, 1, 1, 1), (17, 0), (2**64 - 1,) * 6, (0x10100, 0, 0)):
        assert answer(rules, number, *arguments, architecture=AUDIT[machine]) == DENIED


@pytest.mark.parametrize("name", NEEDED)
def test_needed_calls_pass(name: str, machine: str) -> None:
    for rules in (policy.program_filter(), policy.starter_filter(), policy.monty_filter()):
        assert answer(rules, NEEDED[name][column(machine)], architecture=AUDIT[machine]) == ALLOW


def test_arguments_decide(machine: str) -> None:
    def asks(name: str, *arguments: int) -> int:
        number = policy._NUMBERS[name][column(machine)]
        assert number is not None
        return answer(policy.program_filter(), number, *arguments, architecture=AUDIT[machine])

    assert asks("kill", OWN_PID, 6) == asks("tgkill", OWN_PID, OWN_PID, 6) == ALLOW
    assert {asks("kill", pid, 9) for pid in (0, 1, 2, 2**32 - 1, 2**64 - 1)} == {DENIED}
    assert asks("prlimit64", 0, 7) == ALLOW
    assert {asks("prlimit64", pid, 7) for pid in (1, 2, 99)} == {DENIED}
    assert asks("fcntl", 1, 3) == ALLOW
    assert {asks("fcntl", 1, command) for command in (8, 10, 15, 1024, 1026, 1031, 1033)} == {DENIED}
    assert asks("ioctl", 1, 0x5401) == ALLOW
    assert {asks("ioctl", 0, command) for command in (0x5412, 0x541C, 0x8901, 0x5412 + 2**32)} == {DENIED}
    assert asks("prctl", 15) == ALLOW
    assert {asks("prctl", option) for option in (1, 4, 22, 38, 47, 0x59616D61)} == {DENIED}
    assert asks("socketpair", 1) == ALLOW
    assert {asks("socketpair", family) for family in (2, 10, 16, 40)} == {DENIED}
    assert asks("sendto", 3, 0, 1, 0, 0) == ALLOW
    assert {asks("sendto", 3, 0, 1, 0, address) for address in (1, 2**32, 2**63)} == {DENIED}


def test_whoever_starts_programs_makes_processes_but_no_namespaces_and_no_sockets(machine: str) -> None:
    rules, number = policy.starter_filter(), policy._NUMBERS["clone"][column(machine)]
    assert number is not None
    assert answer(rules, number, 17, architecture=AUDIT[machine]) == ALLOW
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80):
        assert answer(rules, number, flag | 17, architecture=AUDIT[machine]) == DENIED
    for name in ("socket", "connect", "mount", "unshare", "ptrace", "bpf", "io_uring_setup"):
        assert answer(rules, FORBIDDEN[name][column(machine)] or 41, architecture=AUDIT[machine]) == DENIED


def test_another_processors_calls_kill(machine: str) -> None:
    rules = policy.program_filter()
    others = [0x40000003, 0xC000003E, 0xC00000B7, 0]
    others.remove(AUDIT[machine])
    assert {answer(rules, number, architecture=other) for other in others for number in (0, 1, 57)} == {KILL}


def test_the_second_table_of_x86_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for number in (0, 1, 41, 57, 512, 547):
        assert answer(policy.program_filter(), 0x40000000 | number, architecture=AUDIT["x86_64"]) == KILL


def test_what_later_kernels_invent_is_not_implemented(machine: str) -> None:
    for number in (435, 437, 439, 450, 460, 1000):
        assert answer(policy.program_filter(), number, architecture=AUDIT[machine]) == UNKNOWN


def test_no_call_is_allowed_that_is_not_in_the_table(machine: str) -> None:
    known = {numbers[column(machine)] for numbers in policy._NUMBERS.values()}
    rules = policy.program_filter()
    allowed = {n for n in range(600) if answer(rules, n, architecture=AUDIT[machine]) == ALLOW}
    assert allowed <= known
    assert 50 < len(allowed) < 110


def test_conditions_of_every_kind() -> None:
    rules = {7: (Check(0, (4, 9)), Check(1, (6,), "bits set"), Check(2, (8,), "bits clear"), Check(3, test="null"))}
    program = assemble(5, rules, x32=False)
    for arguments, expected in {
        (4, 6, 0, 0): ALLOW, (9, 7, 4, 0): ALLOW, (5, 6, 0, 0): DENIED, (4, 2, 0, 0): DENIED, (4, 6, 8, 0): DENIED,
        (4, 6, 0, 1): DENIED, (4, 6, 0, 1 << 40): DENIED,
    }.items():  # fmt: skip
        assert answer(program, 7, *arguments, architecture=5) == expected


def test_an_unknown_processor_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("riscv64", "armv7l", "i686", ""):
        monkeypatch.setattr("platform.machine", lambda name=name: name)
        with pytest.raises(Unsupported, match="No filter on system calls"):
            policy.program_filter()
