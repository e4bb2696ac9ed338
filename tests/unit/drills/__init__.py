"""The drills themselves."""
