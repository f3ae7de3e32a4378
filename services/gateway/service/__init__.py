"""The shell: carries out what was decided, asks the other services, keeps the sockets in step."""
