"""The desk: where agents see what waits for a person, look at orders and decide. Its own process and origin."""
