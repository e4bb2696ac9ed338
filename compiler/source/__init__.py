"""The tenant as typed values, each with its file, line and column: the positioned tree and what is read from it."""
