"""How the service runs: where it listens, TLS, one process or several, and how it stops.

Promises that a stop loses nothing that was answered, and that no process outlives the one that started it.
Knows nothing of what the service answers.
"""
