"""HTTP at the edge: strict bodies in, values out, one table from errors to problem documents.

A handler parses, calls one function of the service and answers; the work is elsewhere. Nothing here decides
who may do what, and nothing echoes what was sent.
"""
