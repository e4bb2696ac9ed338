"""A tenant folder in, a bundle and diagnostics out. Never touches a database or a network."""
