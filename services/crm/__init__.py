"""Customers: who they are, what happened with them, and who may not call."""
