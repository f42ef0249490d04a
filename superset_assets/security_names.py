"""What `security.py`, in Superset's interpreter, and the publisher, in Caudal's, must both know."""

import re

GUEST_ROLE = "invitado"  # of ops.user_access: the only accesses that a guest's token can use
ANYBODY, WHOLE_UTILITY = "cualquiera", "toda_la_empresa"  # in a row rule's marker: who sees the rows, where they are of no place
CODE = re.compile(r"[\w ./-]+")  # a code of a municipality or sector: what a rule's SQL may hold between quotes
RESERVED = "is_reserved"  # of a mart: rows that are only for who sees all of the utility
NOTHING, EVERYTHING = "1 = 0", "1 = 1"  # a rule's condition
