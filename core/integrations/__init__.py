"""Loupe inside other people's frameworks, one file each. Knows nothing of pages or of the command line."""
