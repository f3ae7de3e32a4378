"""The IVR: flows, and what a caller hears and keys before, during and after the queue."""
