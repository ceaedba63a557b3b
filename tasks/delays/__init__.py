"""What flows do about delays: look for trouble, group it, show it."""
