"""A small classifier beside the rules of the screen: trained and measured here, and not part of the product."""
