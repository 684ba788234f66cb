"""A kind of job for tests: counts up to a number, writes every count into a file, resumes after the last one there.

A count is half-done between the file's two words: what kill -9 leaves of it must not be taken for a count.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.jobs import JobContext


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Count to `to`, waiting `pause_s` between; `stubborn` hears nothing, `child` starts one that lives on."""
    path = Path(request["file"])
    if request.get("child"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        path.with_suffix(".child").write_text(str(child.pid))
    done = len(counted(path))
    while done < request["to"]:
        job.progress(done, request["to"], "counts")
        if not request.get("stubborn"):
            job.check()
        with path.open("a") as file:
            file.write(f"{done} ")
            file.flush()
            time.sleep(request.get("pause_s", 0.01) / 2)
            file.write("done\n")
        time.sleep(request.get("pause_s", 0.01) / 2)
        done += 1
        job.metric("count", done, done)
    job.progress(done, request["to"], "counts")
    return {"counted": done}


def counted(path: Path) -> list[int]:
    """The counts that are whole; what is not is cut off."""
    if not path.exists():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [int(line.split()[0]) for line in whole.splitlines()]
