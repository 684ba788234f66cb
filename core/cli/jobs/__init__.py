"""`loupe jobs`: what is running, waiting, interrupted; cancel, resume, log. One file per verb.

Knows nothing of what the jobs do.
"""

HELP = "Long work: what runs, waits or was interrupted; cancel, resume, read its log."
VERBS: tuple[str, ...] = ("list", "show", "cancel", "resume", "log")
"""Modules of this package; a further verb is a further file and its name here."""
