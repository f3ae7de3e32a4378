"""How quickly, how many, and what waiting costs: the ACD through its sockets.

The ACD is a process of its own with PostgreSQL, NATS, gRPC and ESL over TCP; so is the switch (the simulator,
or with `--freeswitch` a real one). The bench is the IVR and the gateway over gRPC, and listens to the switch
over a connection of its own, by whose clock all is measured. Beside it in the same run: a bare controller
(`bare`), which is the floor of what any controller can do on that switch, and on a real one mod_callcenter,
where that is built. `10/500` in a row's name: 10 waiting, 500 agents.

`BENCH_QUICK=1`: small and short, for trying the bench itself. `BENCH_PROFILE`: see `profiled`.
"""

import os

# gRPC would say at every process we start that it cannot fork; nobody forks here without another program.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

from tests.bench.routing.run import main

__all__ = ["main"]
