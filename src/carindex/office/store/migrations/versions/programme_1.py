"""Kept files, programme of work and assessments."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Day, Document, Moment, Packed
from carindex.office.store.permanent import append_only

revision = "programme_1"
down_revision = "store_1"
branch_labels = None
depends_on = None


def _key() -> sa.Column[str]:
    return sa.Column("key", sa.String(26), nullable=False)


def _link(name: str, table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.key"], name=f"fk_{table}_{name}", ondelete="RESTRICT")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "kept_file",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_kept_file"),
    )
    op.create_table(
        "car_model",
        _key(),
        sa.Column("maker", sa.String(26), nullable=False),
        sa.Column("name", Document, nullable=False),
        sa.Column("model_year", sa.Integer),
        sa.Column("example", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_car_model"),
        _link("maker", "car_model", "organisation"),
    )
    op.create_table(
        "candidate",
        _key(),
        sa.Column("car", sa.String(26), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("proposed", Moment, nullable=False),
        sa.Column("decided", Moment),
        sa.PrimaryKeyConstraint("key", name="pk_candidate"),
        _link("car", "candidate", "car_model"),
    )
    op.create_table(
        "candidate_reason",
        _key(),
        sa.Column("candidate", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_candidate_reason"),
        _link("candidate", "candidate_reason", "candidate"),
    )
    op.create_table(
        "vehicle",
        _key(),
        sa.Column("candidate", sa.String(26), nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("acquired", sa.String(40), nullable=False),
        sa.Column("on", Day, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("identification", sa.String(40)),
        sa.Column("price", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_vehicle"),
        sa.UniqueConstraint("identification", name="uq_vehicle_identification"),
        _link("candidate", "vehicle", "candidate"),
    )
    op.create_table(
        "test_order",
        _key(),
        sa.Column("vehicle", sa.String(26), nullable=False),
        sa.Column("laboratory", sa.String(26), nullable=False),
        sa.Column("protocol", sa.String(80), nullable=False),
        sa.Column("in_force", sa.String(40), nullable=False),
        sa.Column("tests", Document, nullable=False),
        sa.Column("due", Day),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_test_order"),
        _link("vehicle", "test_order", "vehicle"),
        _link("laboratory", "test_order", "organisation"),
    )
    op.create_table(
        "receipt",
        _key(),
        sa.Column("order", sa.String(26), nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_receipt"),
        _link("order", "receipt", "test_order"),
    )
    op.create_table(
        "assessment",
        _key(),
        sa.Column("car", sa.Text, nullable=False),
        sa.Column("candidate", sa.String(26)),
        sa.Column("previous", sa.String(26)),
        sa.Column("protocol", sa.String(80), nullable=False),
        sa.Column("protocol_hash", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("engine", sa.String(40), nullable=False),
        sa.Column("root", sa.String(40), nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.Column("outcome", Document, nullable=False),
        sa.Column("rating", Packed, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by", sa.String(26)),
        sa.PrimaryKeyConstraint("key", name="pk_assessment"),
        _link("candidate", "assessment", "candidate"),
        _link("previous", "assessment", "assessment"),
        _link("by", "assessment", "person"),
    )
    for table, column in (
        ("car_model", "maker"),
        ("candidate", "car"),
        ("candidate", "programme"),
        ("candidate_reason", "candidate"),
        ("vehicle", "candidate"),
        ("test_order", "vehicle"),
        ("test_order", "laboratory"),
        ("receipt", "order"),
        *(("assessment", column) for column in ("candidate", "previous", "protocol", "by", "car")),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    append_only(op.get_bind(), "assessment")
    append_only(op.get_bind(), "receipt")
    append_only(op.get_bind(), "kept_file")
