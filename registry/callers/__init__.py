"""Who asks, in whose name, and how often: signed requests, sessions, rate limits. Knows no HTTP."""
