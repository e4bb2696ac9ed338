"""Two processes that die or stop at any two named points, on one conversation."""
