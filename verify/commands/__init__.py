"""The commands of `malan-verify`, one module each; each is a door and registers itself on the program."""
