"""Fake vendors that speak the real protocols over loopback; imports nothing of the project."""
