"""How far a job is, in the words that pages and the command line share. Knows nothing of where they are shown."""

from __future__ import annotations

from core.events import Progress
from core.jobs.view import JobView


def status_text(job: JobView) -> str:
    """`running`, `waits, place 2`, `stopping`, `finished` and so on."""
    if job.status == "queued":
        return f"waits, place {job.place}" if job.place else "waits"
    return "stopping" if job.stopping else job.status


def progress_text(job: Progress | JobView) -> str:
    """`120 of 300 chunks · 40 % · 12/s · 15 s left`; the note, which others may have written, is the caller's."""
    parts = [count(job.done) + (f" of {count(job.total)}" if job.total is not None else "")]
    if job.unit:
        parts[0] += f" {job.unit}"
    if job.total:
        parts.append(f"{min(100 * job.done / job.total, 100):.0f} %")
    if job.rate:
        parts.append(f"{rate(job.rate)}")
    if job.eta_s is not None:
        parts.append(f"{duration(job.eta_s)} left")
    return " · ".join(parts)


def printable(text: str) -> str:
    """`text` without what a terminal would obey: file names, and errors that quote them, may hold escape sequences."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def rate(per_second: float) -> str:
    """`12/s`; what is slower than one in two seconds is told by the minute or the hour: `6.2/min`."""
    if per_second >= 0.5:
        return f"{count(per_second)}/s"
    if per_second * 60 >= 0.5:
        return f"{count(per_second * 60)}/min"
    return f"{count(per_second * 3600)}/h"


def duration(seconds: float) -> str:
    """`15 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,} day{'s' if days > 1 else ''} {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count(number: float) -> str:
    """A number of units: `1,200`, `3.5`."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:,.1f}"
