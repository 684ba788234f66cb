"""`loupe eval`: variants side by side on a data set, from a file, in a terminal or in CI; one file per verb.

Knows nothing of how the work is done.
"""

HELP = "Evals: run a file of variants, rows and assertions, list what was run, export reports."
VERBS: tuple[str, ...] = ("run", "list", "show", "export", "delete", "convert", "votes")
"""Modules of this package; a further verb is a further file and its name here."""
