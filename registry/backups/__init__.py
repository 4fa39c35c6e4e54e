"""Backups: a folder of rows as of one moment, for either database, and the way back.

`row_files` writes and reads the rows of a table; `manifest` is what a backup says of itself; `shelf` the
folder where backups lie; `taking` makes one while the service writes; `loading` puts one into an empty
database; `restoring` is the order in which a restored registry becomes one that may be served.
"""
