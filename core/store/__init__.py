"""The store: one row per run in SQLite or PostgreSQL, migrations, exports.

Knows nothing of models, prompts or pages: requests and results are JSON documents to it.
"""
