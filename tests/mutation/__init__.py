"""Mutation check of the compiler's rules: what is taken out of a rule must turn a test red."""
