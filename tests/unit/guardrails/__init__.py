"""Each guardrail on its own."""
