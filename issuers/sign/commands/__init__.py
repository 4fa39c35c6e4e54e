"""The commands of `malan-sign`, one module a chapter: they read what a person gives, show, ask, and report.

What is signed and sent is `issuers.sign.desk`; nothing in here decides it.
"""
