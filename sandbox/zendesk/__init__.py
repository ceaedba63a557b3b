"""A fake Zendesk Support: tickets with comments, and the users who ask."""

from sandbox.zendesk.vendor import build

__all__ = ["build"]
