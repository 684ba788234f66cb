"""Files and addresses in, text out: one file a type, read in a child process with limits.

Knows nothing of splitting, of the store or of collections.
"""

from core.documents.loading.loader import Loader, load
from core.documents.loading.source import Limits
from core.documents.loading.url import Fetched, FetchLimits, fetch

__all__ = ["load", "Loader", "Limits", "fetch", "Fetched", "FetchLimits"]
