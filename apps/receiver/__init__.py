"""The receiver: vendors' webhooks go into the inbox, and the own warehouse's handhelds read lists and send scans."""
