"""The tables of evals, with their rows, cells and outputs, and of votes between two outputs.

Revision 0004, after 0003. Written out rather than taken from the classes: a migration must not change when they do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "evals",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("job", sa.String(32)),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("data_digest", sa.String(64), nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
    )
    op.create_index("ix_evals_created", "evals", ["created_at", "id"])
    op.create_table(
        "eval_rows",
        sa.Column("eval", sa.String(32), sa.ForeignKey("evals.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("vars", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("broken", sa.Text),
    )
    op.create_table(
        "eval_cells",
        sa.Column("eval", sa.String(32), sa.ForeignKey("evals.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("variant", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("repeat", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("output", sa.String(64)),
        sa.Column("cached", sa.Boolean, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Double),
        sa.Column("override", sa.Boolean),
        sa.Column("override_reason", sa.Text),
        sa.Column("override_at", _TIME),
        sa.Column("verdicts", sa.Text, nullable=False),
    )
    op.create_index("ix_eval_cells_variant", "eval_cells", ["eval", "variant", "row"])
    op.create_index("ix_eval_cells_output", "eval_cells", ["output"])
    op.create_table(
        "eval_outputs",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("model", sa.String(500), nullable=False),
        sa.Column("output", sa.Text, nullable=False),
    )
    op.create_table(
        "votes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("voter", sa.String(64), nullable=False),
        sa.Column("left_name", sa.String(200), nullable=False),
        sa.Column("right_name", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("left", sa.Text, nullable=False),
        sa.Column("right", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_votes_created", "votes", ["created_at", "id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("votes", "eval_outputs", "eval_cells", "eval_rows", "evals"):
        op.drop_table(table)
