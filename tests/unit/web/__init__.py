"""The web process over in-memory ports."""
