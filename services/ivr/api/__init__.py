"""gRPC, both ways: what the IVR can be asked (`served`), and what it asks of others (`peers`)."""

from services.ivr.api.peers import Acd, Crm
from services.ivr.api.served import Api

__all__ = ["Acd", "Api", "Crm"]
