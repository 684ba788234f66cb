"""Classic BPF programs for seccomp, assembled in Python: rules in, bytes for the kernel out.

Needs neither libseccomp nor a compiler. Knows nothing of which calls are allowed. Sources: seccomp(2) and the kernel's
Documentation/userspace-api/seccomp_filter.rst; layout of `struct seccomp_data`: nr, arch, instruction_pointer, args[6].
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW = 0x7FFF0000
KILL = 0x80000000
OWN_PID = 0x7FABCDEF
"""Stands for the process's own number; `guest/python.py` puts the number in after it has forked."""
_X32 = 0x40000000
_FIRST_UNKNOWN = 435
"""Calls from here on (clone3, openat2, …) answer "not implemented", so that the C library falls back to older ones."""


def refuse(number: int) -> int:
    """The action: the call fails with this errno."""
    return 0x00050000 | number


@dataclass(frozen=True, slots=True)
class Check:
    """One condition on an argument's low 32 bits: it is one of `values`, or (`bits`) these are all set or all clear."""

    argument: int
    values: tuple[int, ...] = ()
    test: Literal["one of", "bits set", "bits clear", "null"] = "one of"


Rules = Mapping[int, tuple[Check, ...]]
"""Number of a call → conditions that must all hold; without any, the call is allowed as it is."""


def assemble(architecture: int, rules: Rules, *, x32: bool) -> bytes:
    """The filter: another architecture kills, a call without a rule fails with EPERM."""
    code = [_step(_LOAD, 4), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, KILL), _step(_LOAD, 0)]
    if x32:
        code += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, KILL)]
    for number, checks in rules.items():
        block = [*_all_of(checks), _step(_RETURN, ALLOW)]
        code += [_step(_EQUAL, number, 0, len(block)), *block]
    code += [_step(_AT_LEAST, _FIRST_UNKNOWN, 0, 1), _step(_RETURN, refuse(errno.ENOSYS))]
    code.append(_step(_RETURN, refuse(errno.EPERM)))
    return b"".join(code)


def _all_of(checks: Iterable[Check]) -> list[bytes]:
    """Instructions that fall through when every condition holds and refuse otherwise."""
    code: list[bytes] = []
    no = _step(_RETURN, refuse(errno.EPERM))
    for check in checks:
        low = 16 + 8 * check.argument
        if check.test == "null":
            code += [_step(_LOAD, low), _step(_EQUAL, 0, 1, 0), no, _step(_LOAD, low + 4), _step(_EQUAL, 0, 1, 0), no]
        elif check.test == "bits set":
            (bits,) = check.values
            code += [_step(_LOAD, low), _step(_AND, bits), _step(_EQUAL, bits, 1, 0), no]
        elif check.test == "bits clear":
            (bits,) = check.values
            code += [_step(_LOAD, low), _step(_ANY_BIT, bits, 0, 1), no]
        else:
            code.append(_step(_LOAD, low))
            left = len(check.values)
            for value in check.values:
                code.append(_step(_EQUAL, value, left, 0))
                left -= 1
            code.append(no)
    return code


def _step(operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, if_true, if_false, operand)
