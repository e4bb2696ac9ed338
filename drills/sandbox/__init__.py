"""Small servers on loopback that behave like a provider, and pages that behave like a customer."""
