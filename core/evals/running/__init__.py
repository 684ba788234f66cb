"""Running an eval: a matrix of variants × rows × repeats as a job, with a cache, a pace and a resume.

    record = start(file, path=…)         checks everything, stores the eval, starts the job "eval"
    job_of(record)                       how far it is
    resume(file, path)                   what is missing of the last run of a file; refused where something changed

`matrix.py` says which calls are missing, `calls.py` makes them at the pace that a model bears, `judged.py` turns
outputs into cells, `job.py` stores them. Knows nothing of formats, figures or reports.
"""

from __future__ import annotations

from core.evals.running.plan import Plan, command_of, plan_of
from core.evals.running.start import cells_of, check_models, delete, job_of, latest, prepare, resume, resume_eval, start

__all__ = [
    "Plan",
    "cells_of",
    "check_models",
    "command_of",
    "delete",
    "job_of",
    "latest",
    "plan_of",
    "prepare",
    "resume",
    "resume_eval",
    "start",
]
