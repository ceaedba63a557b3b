"""What every fake vendor shares: clock, faults, counters, webhooks, a small router and the control API."""
