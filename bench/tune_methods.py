"""Every method on the ten intents of banking77 in shared/data: share trained, accuracy with interval, peak, time.

Not a ratio: a table in Markdown, `python -m bench.tune_methods [METHOD …]`, about three minutes a method on two cores.
"""

import argparse
import shutil
import time
from pathlib import Path

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "finetune" / "banking77"
ROW = "| {} | {:.3g} % | {:.1f} ({:.1f}–{:.1f}) | {:.1f} ({:.1f}–{:.1f}) | {:,.0f} / {:,.0f} MiB | {:.0f} | {:,.0f} |"


def main() -> None:
    from bench.filled import own_home
    from core import jobs
    from core.models.bundled import ensure_converted
    from core.tuning import start
    from core.tuning.methods import METHODS
    from core.tuning.request import TuneRequest

    parser = argparse.ArgumentParser(prog="python -m bench.tune_methods", description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="default: all")
    parser.add_argument("--epochs", type=float, help="default: the method's preset")
    options = parser.parse_args()
    print("| method | trained | base, % | tuned, % | peak / estimate | seconds | tokens/s |")
    print("|---|---|---|---|---|---|---|")
    unpacked = ensure_converted()
    for method in options.methods or METHODS:
        settings = {"wording": "{{text}}", "max_length": 128}
        if options.epochs:
            settings["epochs"] = options.epochs
        with own_home() as home:
            shutil.copytree(unpacked, home / "models" / unpacked.name)
            request = TuneRequest.parse(
                method=method, model="smollm2", name="intents", settings=settings,
                data=str(DATA / "small_train.jsonl"), eval_data=str(DATA / "small_test.jsonl"),
            )  # fmt: skip
            began = time.perf_counter()
            job = jobs.wait(start.start(request), 1800)
            took = time.perf_counter() - began
        if job.status != "finished":
            print(f"| {method} | {job.error} |", flush=True)
            continue
        found, mib = job.result, 1024**2
        base, tuned = (found["comparison"][who] for who in ("base", "tuned"))
        share = 100 * found["trainable_parameters"] / found["total_parameters"]
        figures = [100 * each for who in (base, tuned) for each in (who["score"], *who["ci95"])]
        memory = (found["peak_memory_bytes"] / mib, found["estimated_memory_bytes"] / mib)
        print(ROW.format(method, share, *figures, *memory, took, found["tokens_per_s"]), flush=True)


if __name__ == "__main__":
    main()
