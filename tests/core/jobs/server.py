"""A process that starts jobs, as the app's server does: prints their ids as one JSON list and lives until it is killed.

`python -m tests.core.jobs.server '[["count", {…}, false], …]'`: kind, request, whether it wants the accelerator.
"""

from __future__ import annotations

import json
import sys
import time

from core import jobs
from core.jobs import kinds

if __name__ == "__main__":
    kinds.KINDS |= {"count": "tests.core.jobs.counting", "odd": "tests.core.jobs.odd"}
    started = [
        jobs.start(kind, kind, request, accelerator=accelerator)
        for kind, request, accelerator in json.loads(sys.argv[1])
    ]
    print(json.dumps(started), flush=True)
    time.sleep(600)
