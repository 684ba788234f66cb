"""A run in several processes through `accelerate launch`: DDP, or FSDP, which splits the weights too.

This process starts them, passes on what the first of them tells, and stops them when asked; each of them is
`python -m core.tuning.training.process FOLDER`. The launcher gives each a session of its own, so that no signal to this
process's group reaches it: what ends it with this process is the pipe on its stdin. An argument list, never a shell.
Knows nothing of training.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from core.errors import LoupeError, ModelFailed
from core.models.child import PROJECT
from core.models.device import device
from core.tuning.request import TuneRequest
from core.tuning.training.teller import Teller, passed_on

POLL_S, PATIENCE_S = 0.2, 120.0
FSDP = {
    "FSDP_VERSION": "2",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}
"""Weights, gradients and optimizer split; what is saved is whole."""
ERROR = "error.txt"


def command(request: TuneRequest, folder: Path) -> list[str]:
    """The words that start the processes; without a GPU torch's own launcher, which accelerate's starts too.

    accelerate launches several processes on CPUs by MPI only.
    """
    settings = request.settings
    what = ["-m", "core.tuning.training.process", str(folder)]
    if device().type == "cpu":
        count = f"--nproc_per_node={settings.processes}"
        return [sys.executable, "-m", "torch.distributed.run", "--standalone", count, *what]
    words = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(settings.processes)),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
    ]
    if settings.strategy == "ddp":
        return [*words, "--multi_gpu", *what]
    return [*words, "--use_fsdp", *(f"--{name.lower()}={value}" for name, value in FSDP.items()), *what]


def environment(request: TuneRequest) -> dict[str, str]:
    """What the processes see: this one's, and what accelerate reads without its own launcher."""
    found = dict(os.environ)
    if device().type == "cpu":
        found |= {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
        if request.settings.strategy == "fsdp":
            found |= {"ACCELERATE_USE_FSDP": "true", **FSDP}
    return found


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
        children = subprocess.Popen(
            command(request, folder),
            stdout=log,
            stderr=log,
            stdin=subprocess.PIPE,  # nobody writes to it; it closes with this process, and the launcher passes it on
            env=environment(request),
            cwd=PROJECT,
        )
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
            children.wait()
        if children.stdin is not None:
            children.stdin.close()  # ends what a launcher that was killed has left
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
