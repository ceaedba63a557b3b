"""A fake EasyPost (API v2): address verification, labels, trackers, webhooks."""

from sandbox.easypost.vendor import build

__all__ = ["build"]
