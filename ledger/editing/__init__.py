"""What an edit of an order does in the ledger."""
