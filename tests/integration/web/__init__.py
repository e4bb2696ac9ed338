"""Web over the real storage."""
