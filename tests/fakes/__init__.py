"""Stand-ins for what surrounds the sidecar: real servers on real sockets, shared by tests, demo and benchmarks."""
