"""Bundles and messages in, replies and an audit trail out. Never reads tenants/."""
