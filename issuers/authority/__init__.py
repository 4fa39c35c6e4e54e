"""Who may say what: one pure, replayable function used by the service at its door and by every auditor.

`judge.judge(view, statement, seq=, time_ms=)` answers with the facts an act changes, or raises `Refused`.
`party_facts` and `class_facts` are what a log adds up to, read through a `view`; `table` is the authority
table of the design; `case` is one act before the judge; the `*_rules` are the rules, one file a chapter. A
rule never changes: new rules are a new version named in the log, and this code keeps every version.
"""
