"""`loupe adapters`: those that are here, what they are, deleted, merged into a model of its own. One file per verb.

Knows nothing of how they are made; that is `loupe tune`.
"""

HELP = "Adapters: what fine-tuning made; list, show, delete, merge into a whole model."
VERBS: tuple[str, ...] = ("list", "show", "delete", "merge")
"""Modules of this package; a further verb is a further file and its name here."""
