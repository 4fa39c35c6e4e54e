"""The certificate people hold: the card picture, the page on paper, their typography and the font they need.

`card` draws the PNG. `page` says what paper shows, `press` sets it by a text of `templates` (in `paper/`),
`certificate_pdf` attaches credential and proof, `seal` signs the file and `attached` takes it apart again.
"""
