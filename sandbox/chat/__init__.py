"""The fake team chat: an incoming webhook and the channel that it fills."""

from sandbox.chat.vendor import build

__all__ = ["build"]
