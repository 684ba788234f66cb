"""Prompts and presets as files. Knows nothing of models or of pages."""
