"""Reviews, comments, opinions and votes."""

import sqlalchemy as sa
from alembic import op

from carindex.office.store.columns import Document, Moment
from carindex.office.store.permanent import append_only

revision = "review_1"
down_revision = ("programme_1", "panel_1")
branch_labels = None
depends_on = None


def _key() -> sa.Column[str]:
    return sa.Column("key", sa.String(26), nullable=False)


def _link(name: str, table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.key"], name=f"fk_{table}_{name}", ondelete="RESTRICT")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review",
        _key(),
        sa.Column("assessment", sa.String(26), nullable=False),
        sa.Column("candidate", sa.String(26), nullable=False),
        sa.Column("statute", sa.String(26), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("opened", Moment, nullable=False),
        sa.Column("closed", Moment),
        sa.PrimaryKeyConstraint("key", name="pk_review"),
        sa.UniqueConstraint("assessment", name="uq_review_assessment"),
        _link("assessment", "review", "assessment"),
        _link("candidate", "review", "candidate"),
        _link("statute", "review", "statute"),
    )
    op.create_table(
        "assignment",
        _key(),
        sa.Column("review", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("grounds", Document, nullable=False),
        sa.Column("excused", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_assignment"),
        sa.UniqueConstraint("review", "person", name="uq_assignment_review_person"),
        _link("review", "assignment", "review"),
        _link("person", "assignment", "person"),
    )
    op.create_table(
        "review_comment",
        _key(),
        sa.Column("review", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("channel", sa.String(64)),
        sa.Column("reply_to", sa.String(26)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_review_comment"),
        _link("review", "review_comment", "review"),
        _link("person", "review_comment", "person"),
        _link("reply_to", "review_comment", "review_comment"),
    )
    op.create_table(
        "opinion",
        _key(),
        sa.Column("review", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_opinion"),
        _link("review", "opinion", "review"),
        _link("person", "opinion", "person"),
    )
    op.create_table(
        "question",
        _key(),
        sa.Column("review", sa.String(26), nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("modifier", sa.Text, nullable=False),
        sa.Column("options", Document, nullable=False),
        sa.Column("scale", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.Column("closed", Moment),
        sa.PrimaryKeyConstraint("key", name="pk_question"),
        _link("review", "question", "review"),
    )
    op.create_table(
        "ballot",
        _key(),
        sa.Column("question", sa.String(26), nullable=False),
        sa.Column("person", sa.String(26), nullable=False),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_ballot"),
        _link("question", "ballot", "question"),
        _link("person", "ballot", "person"),
    )
    for table, column in (
        ("review", "candidate"),
        ("review", "state"),
        ("assignment", "review"),
        ("assignment", "person"),
        ("review_comment", "review"),
        ("review_comment", "person"),
        ("review_comment", "reply_to"),
        ("opinion", "review"),
        ("opinion", "person"),
        ("question", "review"),
        ("ballot", "question"),
        ("ballot", "person"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    for table in ("review_comment", "opinion", "ballot"):
        append_only(op.get_bind(), table)
