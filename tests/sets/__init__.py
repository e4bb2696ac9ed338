"""What people might write and what a model might say, written blind to lexicons and guardrails, and how well those do on it."""
