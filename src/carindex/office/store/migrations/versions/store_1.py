"""Audit log, people and organisations."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Document, Moment
from carindex.office.store.permanent import append_only

revision = "store_1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(26)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("details", Document, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entry"),
    )
    for column in ("actor", "action", "subject"):
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column])
    append_only(op.get_bind(), "audit_entry")
    op.create_table(
        "organisation",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("name", Document, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("country", sa.String(2)),
        sa.Column("parent", sa.String(26)),
        sa.Column("example", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_organisation"),
        sa.ForeignKeyConstraint(
            ["parent"], ["organisation.key"], name="fk_organisation_parent", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_organisation_parent", "organisation", ["parent"])
    op.create_table(
        "person",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("login", sa.String(120)),
        sa.Column("organisation", sa.String(26)),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_person"),
        sa.UniqueConstraint("login", name="uq_person_login"),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.key"], name="fk_person_organisation", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_person_organisation", "person", ["organisation"])
    op.create_table(
        "role_held",
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("person", "role", name="pk_role_held"),
        sa.ForeignKeyConstraint(["person"], ["person.key"], name="fk_role_held_person", ondelete="RESTRICT"),
        sa.CheckConstraint("role <> 'public'", name="ck_role_held_named"),
    )
