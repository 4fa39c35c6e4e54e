"""A rule machine over the real service, publisher and witnesses: business, crashes, restores in any order."""
