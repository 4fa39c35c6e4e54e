"""Who may say what, and the credential they sign. Imports only `ledger`. `SPEC.md` is the contract.

acts/         the closed vocabulary             authority/   the pure, replayable judge over it
credential, digits, qr                          the bytes a holder carries
status, bundle, bundled_acts, carried           what stands, and what verifiers and desks hold
standard, evidence                              from scores to results, and what opens them
enrolment, request                              what else a key signs
identifiers/  names, ID numbers, codes          office/      CSV files as offices export them
printing/     the card                          sign/        `malan-sign`, a party's own program
shape, base64url, json_in, files                values in and out, strictly
"""
