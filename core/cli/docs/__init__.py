"""`loupe docs`: files into collections, passages and answers out of them; one file per verb.

Knows nothing of how the work is done.
"""

HELP = "Collections of documents: add files, search them, ask them, measure retrieval."
VERBS: tuple[str, ...] = ("add", "list", "remove", "rebuild", "search", "ask", "measure")
"""Modules of this package; a further verb is a further file and its name here."""
