"""No splitting: a document is one chunk.

For documents that are short already, such as the rows of a corpus. Costs nothing; what a model does not read of a long
text has no influence on search.
"""

from __future__ import annotations

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.part import Part


def split(part: Part, settings: SplitSettings) -> list[Span]:
    """The whole of `part`."""
    found = part.trimmed(0, len(part.text))
    return [Span(*found)] if found else []
