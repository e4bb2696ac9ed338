"""The bot army, scripted half: attacks made from a tenant's own bundle, played through the real path, and attested."""
