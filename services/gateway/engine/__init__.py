"""The gateway's decisions, without clock, network or database."""
