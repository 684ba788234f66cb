"""What Alembic runs to migrate: `core.store.database` hands it an open connection inside one transaction.

Knows nothing of settings or of where the database is.
"""

from __future__ import annotations

from alembic import context

from core.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # all or nothing on SQLite too
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
