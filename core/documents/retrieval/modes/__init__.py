"""One file a mode: how a question becomes a list of candidates.

Each has a `MODE`; a further mode is a further file, its line here, and its name in `core.documents.settings.Mode`.
"""

from __future__ import annotations

from core.documents.retrieval.modes import hybrid, keyword, mmr, similarity
from core.documents.retrieval.modes.mode import Mode

MODES: dict[str, Mode] = {each.MODE.name: each.MODE for each in (similarity, mmr, keyword, hybrid)}
