"""Passwords, failed sign-ins, sessions and tokens."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Document, Moment

revision = "people_1"
down_revision = "store_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account",
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("changed", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_account"),
        sa.ForeignKeyConstraint(["person"], ["person.key"], name="fk_account_person", ondelete="RESTRICT"),
    )
    op.create_table(
        "failed_sign_in",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("login", sa.String(120), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_failed_sign_in"),
    )
    op.create_index("ix_failed_sign_in_login", "failed_sign_in", ["login"])
    op.create_index("ix_failed_sign_in_source", "failed_sign_in", ["source"])
    op.create_table(
        "bearer",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("scopes", Document, nullable=False),
        sa.Column("made", Moment, nullable=False),
        sa.Column("used", Moment, nullable=False),
        sa.Column("ends", Moment, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_bearer"),
        sa.UniqueConstraint("digest", name="uq_bearer_digest"),
        sa.ForeignKeyConstraint(["person"], ["person.key"], name="fk_bearer_person", ondelete="RESTRICT"),
    )
    op.create_index("ix_bearer_person", "bearer", ["person"])
