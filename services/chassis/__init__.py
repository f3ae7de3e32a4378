"""How any Switchyard service starts, listens, logs, retries and stops."""
