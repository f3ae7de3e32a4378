"""The suite on one machine that has nothing but Python: `./switchyard demo | up | test | …`."""
