"""The gateway's edges towards people (HTTP, WebSocket) and towards the other services (gRPC)."""
