"""What answers HTTP: webhooks, the chat page, the desk, health. `site.build` puts them together."""
