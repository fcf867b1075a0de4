"""The log of publications, batches, results and their versions, appeals and rules."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Document, Moment, Packed
from carindex.office.store.permanent import append_only

revision = "publication_1"
down_revision = "panel_1"
branch_labels = None
depends_on = None

_KEY = sa.String(26)
_DIGEST = sa.String(64)
_CODE = sa.String(40)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.key"], name=name, ondelete="RESTRICT")


def upgrade() -> None:
    """Make the tables of publication."""
    op.create_table(
        "publication_record",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_publication_record"),
    )
    append_only(op.get_bind(), "publication_record")
    op.create_table(
        "publication_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_publication_head"),
        sa.CheckConstraint("id = 1", name="ck_publication_head_one"),
    )
    op.create_table(
        "batch",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("name", Document, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("sealed_at", Moment),
        sa.Column("release_at", Moment),
        sa.Column("released_at", Moment),
        sa.PrimaryKeyConstraint("key", name="pk_batch"),
    )
    op.create_index("ix_batch_state", "batch", ["state"])
    op.create_table(
        "published_result",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("batch", _KEY, nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("maker", _KEY, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("published_at", Moment),
        sa.Column("retest_of", _KEY),
        sa.Column("retest_ordered", Document),
        sa.Column("document", Packed, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_published_result"),
        _link("published_result", "batch", "batch"),
        _link("published_result", "maker", "organisation"),
        _link("published_result", "retest_of", "published_result"),
    )
    for column in ("batch", "maker", "state", "retest_of"):
        op.create_index(f"ix_published_result_{column}", "published_result", [column])
    op.create_table(
        "published_version",
        sa.Column("result", _KEY, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("reason", Document, nullable=False),
        sa.Column("record", sa.Integer, nullable=False),
        sa.Column("document", Packed),
        sa.Column("digest", _DIGEST),
        sa.PrimaryKeyConstraint("result", "version", name="pk_published_version"),
        sa.UniqueConstraint("record", name="uq_published_version_record"),
        _link("published_version", "result", "published_result"),
    )
    append_only(op.get_bind(), "published_version")
    op.create_table(
        "appeal",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("result", _KEY, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("organisation", _KEY, nullable=False),
        sa.Column("filed_by", _KEY, nullable=False),
        sa.Column("filed_at", Moment, nullable=False),
        sa.Column("grounds", sa.Text, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("rules", _KEY, nullable=False),
        sa.Column("due", Moment),
        sa.Column("decided_at", Moment),
        sa.Column("decision", sa.Text),
        sa.Column("remedy", _CODE),
        sa.Column("signed_by", Document, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_appeal"),
        _link("appeal", "result", "published_result"),
        _link("appeal", "organisation", "organisation"),
        _link("appeal", "filed_by", "person"),
        _link("appeal", "rules", "statute"),
    )
    for column in ("result", "organisation", "filed_by", "state", "rules"):
        op.create_index(f"ix_appeal_{column}", "appeal", [column])
