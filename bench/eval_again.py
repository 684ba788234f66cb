"""The same eval a second time through `loupe eval run`: from the command to its JSON, with no call made."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.common import Figure, Setup, run
from bench.eval_matrix import PROMPTS, ROWS, done
from bench.filled import own_home

NAME = "the same eval again, 200 cells, seconds from the command to its JSON"
TARGET = "≤ 3"


def measure(setup: Setup) -> Figure:
    from core.evals.formats import read_eval

    run(setup.request("The lens", 1))  # loads the model, from where it is unpacked
    with own_home() as home:
        file = Path(home) / "again.yaml"
        tests = [{"vars": {"a": each, "b": 3 * each + 1}, "assert": [_asserted(each)]} for each in range(1, ROWS + 1)]
        providers = [{"id": setup.model, "config": {"max_tokens": 2}}]
        file.write_text(json.dumps({"prompts": list(PROMPTS), "providers": providers, "tests": tests}))
        done(read_eval(file))
        seconds, calls = [], 0
        for _ in range(setup.repeats):
            began = time.perf_counter()
            ended = subprocess.run(
                [Path(sys.executable).with_name("loupe"), "eval", "run", str(file), "--json", "--quiet"],
                capture_output=True,
                text=True,
                env={**os.environ, "LOUPE_HOME": str(home)},
                check=False,
            )
            seconds.append(time.perf_counter() - began)
            calls += json.loads(ended.stdout)["calls"]
    return Figure(statistics.median(seconds), f"{calls} calls; {min(seconds):.2f} to {max(seconds):.2f} s")


def _asserted(number: int) -> dict[str, str]:
    return {"type": "contains", "value": str(4 * number + 1)}
