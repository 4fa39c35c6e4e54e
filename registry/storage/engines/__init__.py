"""What one kind of database needs and no other: a module for each, behind one interface (`interface`).

`storage.database` picks one by the URL and is the only module that asks for it. Nothing else in the service
knows which database it runs on.
"""
