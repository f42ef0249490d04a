"""Superset from files: the datasets, charts and dashboards of the utility, the server's configuration, and their publication.

Imported by two interpreters: the project's (server, publish, client, cli) and Superset's own (superset_config, offline), so this file
imports nothing.
"""
