"""The channels: bytes in, events out; a message in, one request out."""
