"""FreeSWITCH as this suite uses it: `conf/` for the real one, `simulator/` for its stand-in."""
