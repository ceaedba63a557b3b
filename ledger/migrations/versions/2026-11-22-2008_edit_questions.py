"""Questions of agents to customers about a request, and their answers."""

import sqlalchemy as sa
from alembic import op

revision = "202611222008_edit_questions"
down_revision = "202611222007_throttles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edit_question",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_edit_question"),
    )
    op.create_index(
        "uq_edit_question_open",
        "edit_question",
        ["request_id"],
        unique=True,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_edit_question_request_id", "edit_question", ["request_id"])
    op.create_index("ix_edit_question_case_id", "edit_question", ["case_id"])
    op.create_index("ix_edit_question_order_id", "edit_question", ["order_id"])


def downgrade() -> None:
    op.drop_table("edit_question")
