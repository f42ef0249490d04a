"""What all the other packages use: settings, the warehouse and its embedded server, the run log, the semantic layer, the CLI.

No business rule lives here.
"""
