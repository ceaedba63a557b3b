"""Returns, exchanges, claims and withdrawals: their words, rules and sums. Pure."""
