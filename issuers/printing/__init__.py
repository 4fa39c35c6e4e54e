"""The certificate people hold: the card picture, its typography and the font it needs."""
