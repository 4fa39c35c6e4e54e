"""What a district's supervisor sees: the log's health, the trace of a certificate, audits, counts.

`ward` says whose classes somebody may see; `book` counts as the log grows; `health`, `trace`, `classes`,
`issuing` answer from these, `stopped` from what counters tried; `audits` runs the auditor in a process of its
own (`audit_worker`) and keeps its reports. Every function takes the service and who asks, and refuses by
itself what is not of their district.
"""
