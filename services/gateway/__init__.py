"""The one door: REST, WebSocket, sign-in, permissions and the web console."""
