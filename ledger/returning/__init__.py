"""Returns: requests, what came back, and what follows for stock and money."""
