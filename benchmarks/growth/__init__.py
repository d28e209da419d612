"""How the renewals of 1 million and 100 million accounts go: the real sweep, and a simulation of queue and workers."""
