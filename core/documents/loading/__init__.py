"""Files and addresses in, text out: one file a type, read in a child process with limits.

Knows nothing of splitting, of the store or of collections.
"""

from core.documents.loading.loader import Loader, load

__all__ = ["load", "Loader"]
