"""Long work that outlives a page: a row in the store, done by a worker process of its own.

`start` a job of a kind, and `get`, `list_jobs`, `follow`, `cancel`, `resume` or `delete` it from any process that opens
the same store. See docs/jobs.md. Knows nothing of what the kinds do.
"""

from core.jobs.context import JobCancelled, JobContext
from core.jobs.control import cancel, delete, follow, get, list_jobs, log_tail, metrics, resume, start, wait
from core.jobs.lifeline import end_with_parent
from core.jobs.view import JobView
from core.store.jobs import JobStatus, MetricRow

__all__ = [
    "JobCancelled",
    "JobContext",
    "JobStatus",
    "JobView",
    "MetricRow",
    "cancel",
    "delete",
    "end_with_parent",
    "follow",
    "get",
    "list_jobs",
    "log_tail",
    "metrics",
    "resume",
    "start",
    "wait",
]
