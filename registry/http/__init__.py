"""HTTP at the edge: strict bodies in, values out, one table from errors to problem documents.

Outside in: `shield` (headers, log line, no fault gets through), `gate` (addresses, headers and bodies that
mean one thing), `access` (the one table of who may do what), then a handler, which parses, calls one function
of the service and answers. Nothing echoes what was sent.
"""
