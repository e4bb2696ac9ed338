"""The contract between the two halves: what a tenant may write, what a bundle holds, and the pure code both need."""
