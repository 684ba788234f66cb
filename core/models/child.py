"""Child processes that handle what others wrote (GGUF files, chat templates): what they may see and use.

Knows nothing of what the child does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""Working directory of children, so that `python -m core.…` finds this very code."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LOUPE_HOME")


def child_environment() -> dict[str, str]:
    """A short environment: no tokens or keys, no network for the hub's library, no progress bars."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    quiet = {"TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONUTF8": "1"}
    return kept | quiet | {"HF_HUB_OFFLINE": "1"}


def limit_this_process(memory_bytes: int, cpu_seconds: int | None) -> None:
    """Cap this process's address space and processor time; without rlimits only the parent's timeout holds."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
