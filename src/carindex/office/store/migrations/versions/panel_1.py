"""The organisation's rules, and the expert panel."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Day, Document, Moment
from carindex.office.store.permanent import append_only

revision = "panel_1"
down_revision = "store_1"
branch_labels = None
depends_on = None


def _link(name: str, table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.key"], name=f"fk_{table}_{name}", ondelete="RESTRICT")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "statute",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_statute"),
    )
    op.create_table(
        "appointment",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("affiliation", sa.String(26)),
        sa.Column("begins", Day, nullable=False),
        sa.Column("ends", Day, nullable=False),
        sa.Column("left", sa.Text, nullable=False),
        sa.Column("statute", sa.String(26), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_appointment"),
        _link("person", "appointment", "person"),
        _link("affiliation", "appointment", "organisation"),
        _link("statute", "appointment", "statute"),
    )
    op.create_table(
        "affiliation",
        sa.Column("key", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("organisation", sa.String(26), nullable=False),
        sa.Column("nature", sa.Text, nullable=False),
        sa.Column("begins", Day, nullable=False),
        sa.Column("ends", Day),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_affiliation"),
        _link("person", "affiliation", "person"),
        _link("organisation", "affiliation", "organisation"),
    )
    for table, column in (
        ("statute", "subject"),
        ("appointment", "person"),
        ("appointment", "affiliation"),
        ("affiliation", "person"),
        ("affiliation", "organisation"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    append_only(op.get_bind(), "statute")
