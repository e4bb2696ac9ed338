"""Which models may be asked, what they cost, and the ladder that asks one after the other."""
