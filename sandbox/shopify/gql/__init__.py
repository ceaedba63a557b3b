"""GraphQL as the vendor speaks it: documents checked once, then executed by a small synchronous executor."""
