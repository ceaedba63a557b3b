"""The receiver: vendors' webhooks go into the inbox, and the own warehouse's handhelds read lists and send scans."""

from apps.receiver.app import create_app

__all__ = ["create_app"]
