"""Several processes on one database, at once: nothing lost, nothing doubled, no money paid twice."""
