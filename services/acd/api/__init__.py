"""The gRPC edge of the ACD."""

from services.acd.api.front import Front
from services.acd.api.served import Api

__all__ = ["Api", "Front"]
