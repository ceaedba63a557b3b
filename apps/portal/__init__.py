"""Pages for customers, server-rendered and usable without JavaScript."""
