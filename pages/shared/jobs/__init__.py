"""Widgets of jobs: one on a line with bar and time left, what can be done with it, and all of it.

Pages that start a job embed `job_line`. Knows nothing of what the jobs do.
"""

from pages.shared.jobs.line import job_line

__all__ = ["job_line"]
