"""A run in several processes through `accelerate launch`: DDP, or FSDP, which splits the weights too.

This process starts them, passes on what the first of them tells, and stops them when asked; each of them is
`python -m core.tuning.training.process FOLDER`. An argument list, never a shell. Knows nothing of training.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from core.errors import LoupeError, ModelFailed
from core.models.device import device
from core.tuning.request import TuneRequest
from core.tuning.training.teller import Teller, passed_on

POLL_S, PATIENCE_S = 0.2, 120.0
ERROR = "error.txt"


def command(request: TuneRequest, folder: Path) -> list[str]:
    """The words that start the processes."""
    settings = request.settings
    words = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(settings.processes)),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
    ]
    if device().type == "cpu":
        words += ["--cpu", "--num_cpu_threads_per_process", "1"]
    else:
        words += ["--multi_gpu"] if settings.strategy == "ddp" else []
    if settings.strategy == "fsdp":
        words += [
            *("--use_fsdp", "--fsdp_version", "2", "--fsdp_state_dict_type", "FULL_STATE_DICT"),
            *("--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP", "--fsdp_cpu_ram_efficient_loading", "false"),
        ]
    return [*words, "-m", "core.tuning.training.process", str(folder)]


def run(request: TuneRequest, folder: Path, teller: Teller) -> None:
    """Train in several processes; returns when they have ended well.

    Raises:
        LoupeError: one of them failed; its sentence.
        BaseException: what `teller.check` raises, once they have saved their state and ended.
    """
    for name in ("stop", ERROR):
        (folder / name).unlink(missing_ok=True)
    told = folder / "told.jsonl"
    told.write_text("", encoding="utf-8")
    with (folder / "processes.log").open("ab") as log:
        children = subprocess.Popen(command(request, folder), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    asked: BaseException | None = None
    deadline = float("inf")
    try:
        with told.open(encoding="utf-8") as stream:
            while True:
                over = children.poll() is not None
                for line in stream:
                    passed_on(line, teller)
                if over:
                    break
                if asked is None:
                    try:
                        teller.check()
                    except BaseException as error:
                        asked, deadline = error, time.monotonic() + PATIENCE_S
                        (folder / "stop").touch()
                elif time.monotonic() > deadline:
                    break
                time.sleep(POLL_S)
    finally:
        if children.poll() is None:
            children.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                children.wait(10)
            children.kill()
    if asked is not None:
        raise asked
    if children.returncode:
        with contextlib.suppress(OSError):
            raise LoupeError((folder / ERROR).read_text(encoding="utf-8"))
        raise ModelFailed(
            f"A training process ended with code {children.returncode}; the end of its log: {_tail(folder)}"
        )


def _tail(folder: Path) -> str:
    with contextlib.suppress(OSError):
        lines = (folder / "processes.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return " ".join(" ".join(lines[-3:]).split())[-300:]
    return "there is none"
