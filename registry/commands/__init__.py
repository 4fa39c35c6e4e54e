"""The commands of `malan`, a file for each group; every one takes --home and --json."""
