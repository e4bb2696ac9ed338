"""Every test of convo: unit, integration, acceptance, and the bench."""
