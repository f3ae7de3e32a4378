"""Ways to run the suite: local processes, container image, Kubernetes."""
