"""Watching live runs to their end: what happens on Ctrl-C, when nobody reads any more, when the store refuses.

Knows nothing of what a run does, nor of what a verb prints of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.cli.output import complain

if TYPE_CHECKING:
    from core.live.run import LiveRun

PATIENCE_S = 30.0


@contextmanager
def watched(*runs: LiveRun[Any, Any]) -> Iterator[None]:
    """Follow the runs inside; afterwards they have ended and are stored, or a line on stderr says that they are not.

    Raises:
        KeyboardInterrupt: the runs were stopped; what had arrived is kept, and said to be.
        BrokenPipeError: nobody reads any more; the runs were stopped.
    """
    try:
        yield
        for run in runs:
            run.wait()
    except (KeyboardInterrupt, BrokenPipeError) as ended:
        for run in runs:
            run.cancel()
        for run in runs:
            run.wait(PATIENCE_S)
        if isinstance(ended, KeyboardInterrupt):
            complain(f"Interrupted; what had arrived is kept as run {', '.join(run.id for run in runs)}.")
        raise
    for run in runs:
        if run.unsaved:
            complain(run.unsaved)
