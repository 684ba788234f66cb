"""One of several training processes: `python -m core.tuning.training.process FOLDER`, started by `launch.py`.

Reads the request from the folder, trains, leaves checkpoints there; ends with whoever started it. Knows nothing of jobs
or of the store.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from core.errors import LoupeError
from core.jobs import end_with_parent
from core.memory.measured import Peak
from core.models.device import device
from core.tuning.data import open_tokens
from core.tuning.request import TuneRequest
from core.tuning.training import session, training
from core.tuning.training.launch import ERROR
from core.tuning.training.same_rows import require_same_rows
from core.tuning.training.teller import Lines, Stopped


def main(folder: Path) -> int:
    """Train as the folder's request says; 0 when it came to its end or was asked to stop."""
    import torch

    request = TuneRequest.model_validate_json((folder / "request.json").read_text(encoding="utf-8"))
    speaks = os.environ.get("RANK", "0") == "0"
    try:
        with open_tokens(request.model) as tokens:
            data = session.prepare_data(request, tokens)
            require_same_rows(folder, request, data)
            if (here := device()).type == "cuda":
                torch.cuda.set_device(here)  # libraries that ask for no device take this one
            peak = Peak(here)
            model, _ = session.load_prepared(request, data)
            outcome = training.train(request, data, model, tokens, folder, Lines(folder, speaks), peak)
    except Stopped:
        return 0
    except LoupeError as error:
        if speaks:
            (folder / ERROR).write_text(str(error), encoding="utf-8")
        return 1
    if speaks:
        found = {"tokens": outcome.tokens, "seconds": outcome.seconds, "peak_bytes": outcome.peak_bytes}
        (folder / "outcome.json").write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(Path(sys.argv[1])))
