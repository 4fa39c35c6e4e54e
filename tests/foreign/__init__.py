"""Other people's implementations read what we write. None is imported here."""
