"""What tests of measuring share."""

from tests.core.documents.retrieval.library import words

__all__ = ["words"]
