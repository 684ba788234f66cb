"""The tests; they mirror `core/` and `pages/`."""
