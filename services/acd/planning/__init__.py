"""Planning: what a day will be like, tried on the engine that routes the real one.

`reading` makes a `Plan` of a YAML text, `day` lives it through, `results` says how it went and how sure that
is, `search` looks for the number of agents. `erlang` is the theory the simulator is held to. Pure like the
engine: files, progress and pictures on screens are for whoever calls.
"""
